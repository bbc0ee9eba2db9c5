"""An exposure over the mosaic in coarse cells of its detector, and where its cells lie on another exposure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.cleaning.pattern.compared import Compared
from jwstpipe.cleaning.readout import Readout, readout_of
from jwstpipe.images.image import SkyImage
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.frames import rotated
from jwstpipe.sky.wcs.sky_wcs import SkyWcs

__all__ = ["Cells", "block_means", "cell_side", "cells_of", "side_for"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]

CELLS = 64
"""Cells along a side of a detector: 32 pixels of 2048, about what filaments of wisps are wide."""

SMALLEST = 4
"""Pixels along a side of a cell, at least."""

FINE = 0.9
"""Share of the variance of a template that cells must keep: claws and rings are narrower than wisps."""

MOST_VALUES = 1 << 25
"""Of the equations of all exposures: cells, times the square of the number of exposures."""

CLIP = 3.0
"""What lies further from the median of its cell takes no part, standard deviations of a pixel."""

FEWEST = 0.3
"""Share of the pixels of a cell that must take part."""

NODES = 7
"""Along a side, places that are looked up on another exposure; a polynomial of second degree gives the others."""


@dataclass(frozen=True, eq=False)
class Cells:
    """An exposure over the mosaic."""

    name: str
    rest: Floats
    """(row, column): mean over a cell of what the exposure has more than the mosaic; NaN where nothing tells."""

    error: Floats
    """(row, column): its standard deviation."""

    side: int
    """Pixels along a side of a cell."""

    lines: tuple[NDArray[np.int64], ...]
    """(row, column): which stripe of the exposure a cell lies on, for each axis that has stripes."""

    wcs: SkyWcs

    def places_on(self, other: "Cells") -> Floats:
        """Give row and column, in cells, of the middle of each cell on another exposure: (2, row, column)."""
        rows, columns = self.rest.shape
        grid = np.meshgrid(*(np.linspace(0.0, n - 1.0, NODES) for n in (rows, columns)), indexing="ij")
        y, x = (self._middle(part.ravel()) for part in grid)
        lon, lat = self.wcs.to_sky(x, y)
        other_x, other_y = other.wcs.to_pixel(*rotated(lon, lat, self.wcs.frame, other.wcs.frame))
        found = np.stack([(part + 0.5) / other.side - 0.5 for part in (other_y, other_x)], axis=-1)
        terms, *_ = np.linalg.lstsq(_powers(grid[0].ravel(), grid[1].ravel()), found, rcond=None)
        whole = np.indices((rows, columns), dtype=np.float64).reshape(2, -1)
        return np.asarray((_powers(*whole) @ terms).T.reshape(2, rows, columns))

    def _middle(self, cell: Floats) -> Floats:
        return np.asarray((cell + 0.5) * self.side - 0.5)


def _powers(y: Floats, x: Floats) -> Floats:
    y, x = y / CELLS, x / CELLS
    return np.stack([np.ones_like(y), y, x, y * y, y * x, x * x], axis=-1)


def cell_side(shape: tuple[int, int]) -> int:
    """Give the pixels along a side of a cell."""
    return max(SMALLEST, -(-max(shape) // CELLS))


def side_for(template: Float32Image, exposures: int) -> int:
    """Give the side of cells, pixels, that are small enough for a template, as far as so many exposures allow."""
    side, whole = cell_side(template.shape), float(np.var(template, dtype=np.float64))
    while side >= 2 * SMALLEST and np.var(block_means(template, side)) < FINE * whole:
        if 4 * exposures**2 * template.size > MOST_VALUES * side**2:
            break
        side //= 2
    return side


def cells_of(exposure: SkyImage, compared: Compared, side: int) -> Cells:
    """Average what an exposure has more than the mosaic over cells of so many pixels along a side."""
    shape = tuple(-(-n // side) for n in compared.rest.shape)
    rest, error = np.empty(shape), np.empty(shape)
    _means(compared.rest, compared.noise, compared.known, side, int(FEWEST * side * side), rest, error)
    wcs = exposure.image_wcs.exact(name=exposure.address)
    return Cells(exposure.name, rest, error, side, _lines(readout_of(exposure), rest.shape), wcs)


def block_means(values: Float32Image, side: int) -> Floats:
    """Average an image over cells; those at the far edges of what pixels they have."""
    rows, columns = (-(-n // side) * side for n in values.shape)
    padded = np.full((rows, columns), np.nan)
    padded[: values.shape[0], : values.shape[1]] = values
    parts = padded.reshape(rows // side, side, columns // side, side)
    known = np.isfinite(parts)
    return np.asarray(np.where(known, parts, 0.0).sum(axis=(1, 3)) / np.maximum(known.sum(axis=(1, 3)), 1))


def _lines(readout: Readout, shape: tuple[int, ...]) -> tuple[NDArray[np.int64], ...]:
    """Tell which stripe each cell lies on: a row, or column, of cells in the band of an amplifier."""
    found = []
    for number, axis in enumerate(readout.stripes):
        across, along = np.indices(shape) if axis == "rows" else np.indices(shape)[::-1]
        bands = readout.amplifiers if number == 0 else 1
        found.append(across * bands + along * bands // (int(along.max()) + 1))
    return tuple(found)


@compiled(error_model="numpy")
def _means(
    rest: Float32Image, noise: Float32Image, known: NDArray[np.bool_], side: int, fewest: int, means: Floats,
    errors: Floats,
) -> None:  # fmt: skip
    room = np.empty(side * side, np.float32)
    rows, columns = rest.shape
    for by in range(means.shape[0]):
        for bx in range(means.shape[1]):
            count, variance = 0, 0.0
            for i in range(by * side, min((by + 1) * side, rows)):
                for j in range(bx * side, min((bx + 1) * side, columns)):
                    if known[i, j]:
                        room[count] = rest[i, j]
                        variance += noise[i, j] ** 2
                        count += 1
            means[by, bx], errors[by, bx] = np.nan, np.inf
            if count < max(fewest, 4):
                continue
            sigma = np.sqrt(variance / count)
            middle = np.median(room[:count])
            total, kept = 0.0, 0
            for k in range(count):
                if abs(room[k] - middle) < CLIP * sigma:
                    total += room[k]
                    kept += 1
            if kept >= 4:
                means[by, bx], errors[by, bx] = total / kept, sigma / np.sqrt(kept)
