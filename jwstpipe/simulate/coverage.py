"""The grid of a combined image, and which exposures see each of its pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.simulate.cards import exposure_science
from jwstpipe.simulate.detector.effects import science_corner
from jwstpipe.simulate.plan import Exposure, Target
from jwstpipe.simulate.plane import Plane

__all__ = ["GRID_ROLL", "Grid", "context", "corners", "grid_corners", "grid_over"]

Floats = NDArray[np.float64]

GRID_ROLL = 1.5
"""Position angle of the y axis of combined images, degrees."""

_EDGE_POINTS = 9
"""Points along each edge of a footprint: distortion bends edges by a fraction of a pixel between them."""


@dataclass(frozen=True)
class Grid:
    """Pixels of a combined image: a TAN projection about the target."""

    target: Target
    scale: float
    """Side of a pixel, arcsec."""

    column: int
    """Column of the target, pixels from 0."""

    row: int
    """Row of the target, pixels from 0."""

    shape: tuple[int, int]
    """Rows and columns."""

    def to_pixels(self, ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
        """Give column and row, pixels from 0, of positions in degrees."""
        east, north = Plane(self.target.ra, self.target.dec, self.scale, 1).to_plane(ra, dec)
        cosine, sine = np.cos(np.radians(GRID_ROLL)), np.sin(np.radians(GRID_ROLL))
        columns = self.column + (-east * cosine + north * sine) / self.scale
        return columns, self.row + (east * sine + north * cosine) / self.scale


def grid_over(exposures: Sequence[Exposure]) -> Grid:
    """Lay a grid over the footprints of exposures of one band."""
    target, scale = exposures[0].target, exposures[0].detector.scale
    origin = Grid(target, scale, 0, 0, (1, 1))
    edges = np.concatenate([np.stack(origin.to_pixels(*_outline(exposure)), axis=1) for exposure in exposures])
    low, high = np.floor(edges.min(axis=0)).astype(int), np.ceil(edges.max(axis=0)).astype(int)
    return Grid(target, scale, int(-low[0]), int(-low[1]), (int(high[1] - low[1] + 1), int(high[0] - low[0] + 1)))


def corners(exposure: Exposure) -> tuple[Floats, Floats]:
    """Give RA and Dec, degrees, of the four outer corners of a detector."""
    high = exposure.detector.size - 0.5
    x, y = np.array([-0.5, high, high, -0.5]), np.array([-0.5, -0.5, high, high])
    ra, dec = WCS(exposure_science(exposure)).all_pix2world(x, y, 0)
    return ra, dec


def grid_corners(grid: Grid) -> tuple[Floats, Floats]:
    """Give RA and Dec, degrees, of the four outer corners of a grid."""
    height, width = grid.shape
    x = (np.array([-0.5, width - 0.5, width - 0.5, -0.5]) - grid.column) * grid.scale
    y = (np.array([-0.5, -0.5, height - 0.5, height - 0.5]) - grid.row) * grid.scale
    cosine, sine = np.cos(np.radians(GRID_ROLL)), np.sin(np.radians(GRID_ROLL))
    plane = Plane(grid.target.ra, grid.target.dec, grid.scale, 1)
    return plane.to_sky(-x * cosine + y * sine, x * sine + y * cosine)


def context(exposures: Sequence[Exposure], grid: Grid) -> NDArray[np.int32]:
    """Mark which exposures see each pixel: bit n of plane p for exposure 32 p + n; (planes, y, x)."""
    words = np.zeros((-(-len(exposures) // 32), *grid.shape), np.uint32)
    for index, exposure in enumerate(exposures):
        columns, rows = grid.to_pixels(*_outline(exposure))
        _mark(words[index // 32], columns, rows, np.uint32(1 << (index % 32)))
    return words.view(np.int32)


def _outline(exposure: Exposure) -> tuple[Floats, Floats]:
    """Walk around the part of a detector that sees the sky; RA and Dec, degrees."""
    detector = exposure.detector
    left, right, bottom, top = detector.border
    x0, x1, y0, y1 = left - 0.5, detector.size - right - 0.5, bottom - 0.5, detector.size - top - 0.5
    points = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    shade = science_corner(detector)
    if shade is not None:
        width, height = shade
        points[3:] = [(width - 0.5, y1), (width - 0.5, height - 0.5), (x0, height - 0.5)]
    walk = np.array([*points, points[0]])
    steps = np.arange((len(walk) - 1) * _EDGE_POINTS) / _EDGE_POINTS
    along = [np.interp(steps, np.arange(len(walk)), walk[:, axis]) for axis in (0, 1)]
    ra, dec = WCS(exposure_science(exposure)).all_pix2world(*along, 0)
    return ra, dec


@compiled()
def _mark(word: NDArray[np.uint32], columns: Floats, rows: Floats, bit: np.uint32) -> None:
    """Set a bit in every pixel whose centre lies in a polygon: each crossing of a row flips all that is behind it."""
    height, width = word.shape
    count = columns.size
    for n in range(count):
        x0, y0, x1, y1 = columns[n], rows[n], columns[(n + 1) % count], rows[(n + 1) % count]
        if y0 > y1:
            x0, y0, x1, y1 = x1, y1, x0, y0
        for i in range(max(0, int(np.ceil(y0))), min(height - 1, int(np.ceil(y1)) - 1) + 1):
            crossing = x0 + (i - y0) / (y1 - y0) * (x1 - x0)
            for j in range(max(0, int(np.ceil(crossing))), width):
                word[i, j] ^= bit
