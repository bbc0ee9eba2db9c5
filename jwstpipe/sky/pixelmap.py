"""`PixelMap`: where each pixel of a window of the plane lies in an image, by a checked lattice.

Coordinates are most of a mosaic's cost. The exact WCS is evaluated only on a lattice; positions between come from
cubic interpolation, checked against the exact WCS in the middle of every cell; the lattice is refined until the error
is below the tolerance, and given up for exact evaluation where that takes steps below 8 pixels. SWarp controls the
error of its lattice in the same spirit. Nodes stand at multiples of the step on the plane, whatever the window, so
that a pixel has the same position in every tile, strip and cutout.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import rotated
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.wcs.lattice import fill_row, lagrange_weights, row_scratch
from jwstpipe.sky.wcs.sky_wcs import SkyWcs

__all__ = ["PixelMap", "Transform", "lattice_map", "pixel_map"]

Floats = NDArray[np.float64]

Transform = Callable[[Floats, Floats], Floats]
"""From rows and columns to positions (..., 2)."""

FIRST_STEP = 128
LAST_STEP = 8
EXTENT_STEP = 64
"""Pixels between those that are looked at to bound the positions of a window."""

WHOLE_PIXEL = 1e-6
"""A map this close to a whole-pixel shift, pixels, is one: same plane, samples are copied bit for bit."""


@dataclass(frozen=True, eq=False)
class PixelMap:
    """Positions (x, y) in an image, 0-based pixels, of every pixel of a window of the plane."""

    box: Box
    """The window: what was asked for, grown at its first row and column to whole steps of the plane."""

    nodes: Floats
    """Node positions (ny, nx, 2), see `jwstpipe.sky.wcs.lattice`."""

    step: int
    """Distance of nodes, pixels; 1 = exact positions, 0 = whole-pixel shift."""

    max_error: float
    """Largest error found in the middle of a cell, pixels; 0 for exact positions."""

    weights: Floats = field(init=False)
    """Interpolation weights of `lattice.lagrange_weights`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", lagrange_weights(self.step))

    def positions(self) -> tuple[Floats, Floats]:
        """Evaluate all positions: two arrays (y, x) of the window's shape."""
        xs, ys = np.empty(self.box.shape), np.empty(self.box.shape)
        _fill(self.nodes, self.step, self.weights, row_scratch(self.nodes), xs, ys)
        return xs, ys

    def extent(self, part: Box | None = None) -> tuple[float, float, float, float] | None:
        """Bound the positions of a part of the window (None = all of it).

        Returns
        -------
        tuple of float or None
            x min, x max, y min, y max; None when no position is finite. Positions of a lattice are sampled, and they
            are smooth: add a pixel of margin.
        """
        inner = (part or self.box).relative_to(self.box)
        if self.step == 1:
            found = _exact_extent(self.nodes[inner.slices])
        else:
            rows, columns = _samples(inner.y0, inner.y1), _samples(inner.x0, inner.x1)
            found = _extent(self.nodes, self.step, self.weights, rows, columns)
        return None if found[0] > found[1] else (float(found[0]), float(found[1]), float(found[2]), float(found[3]))


def pixel_map(grid: SkyGrid, wcs: SkyWcs, box: Box, *, tolerance: float = 1e-3) -> PixelMap:
    """Map a window of the plane into an image.

    Parameters
    ----------
    grid
        The plane.
    wcs
        Exact WCS of the image.
    box
        Window of the plane; best cut to where the image is, because a lattice with a node that has no position is
        refused and costs exact evaluation.
    tolerance
        Largest error of interpolated positions, pixels of the image.
    """
    return lattice_map(_Exact(grid, wcs), box, tolerance=tolerance)


def lattice_map(exact: Transform, box: Box, *, tolerance: float) -> PixelMap:
    """Build the map of a window from an exact transform.

    Parameters
    ----------
    exact
        Gives positions (..., 2) of rows and columns; NaN where there is none.
    box
        The window.
    tolerance
        Largest error of interpolated positions.
    """
    step = FIRST_STEP
    while step >= LAST_STEP:
        aligned = Box(box.y0 // step * step, box.x0 // step * step, box.y1, box.x1)
        nodes = _lattice(exact, aligned, step)
        if np.isfinite(nodes).all():
            error = _midpoint_error(exact, aligned, nodes, step)
            if error <= tolerance:
                return _as_shift(aligned, nodes, step) or PixelMap(aligned, nodes, step, error)
        step //= 2
    rows, columns = np.mgrid[box.y0 : box.y1, box.x0 : box.x1].astype(np.float64)
    return PixelMap(box, exact(rows, columns), 1, 0.0)


class _Exact:
    """The exact way from the plane into an image."""

    def __init__(self, grid: SkyGrid, wcs: SkyWcs) -> None:
        self._plane = grid.plane_wcs()
        self._frame = grid.frame
        self._wcs = wcs

    def __call__(self, rows: Floats, columns: Floats) -> Floats:
        """Give positions (..., 2) of plane pixels; NaN where there is none."""
        lon, lat = self._plane.to_sky(columns.ravel(), rows.ravel())
        x, y = self._wcs.to_pixel(*rotated(lon, lat, self._frame, self._wcs.frame))
        return np.stack([x.reshape(rows.shape), y.reshape(rows.shape)], axis=-1)


def _lattice(exact: Transform, box: Box, step: int) -> Floats:
    """Give the nodes that interpolation over the window needs: one more on each side."""
    cells_y, cells_x = -(-box.shape[0] // step), -(-box.shape[1] // step)
    rows = box.y0 + step * (np.arange(cells_y + 3) - 1.0)
    columns = box.x0 + step * (np.arange(cells_x + 3) - 1.0)
    return exact(*np.meshgrid(rows, columns, indexing="ij"))


def _midpoint_error(exact: Transform, box: Box, nodes: Floats, step: int) -> float:
    half = lagrange_weights(2)[:, 1]
    cells_y, cells_x = nodes.shape[0] - 3, nodes.shape[1] - 3
    along_y = sum(half[k] * nodes[k : k + cells_y] for k in range(4))
    between = sum(half[k] * along_y[:, k : k + cells_x] for k in range(4))
    rows = box.y0 + step * (np.arange(cells_y) + 0.5)
    columns = box.x0 + step * (np.arange(cells_x) + 0.5)
    truth = exact(*np.meshgrid(rows, columns, indexing="ij"))
    error = np.hypot(*np.moveaxis(between - truth, -1, 0))
    return float(error.max()) if np.isfinite(error).all() else np.inf


def _as_shift(box: Box, nodes: Floats, step: int) -> PixelMap | None:
    rows, columns = np.mgrid[: nodes.shape[0], : nodes.shape[1]]
    offsets = nodes - step * (np.stack([columns, rows], axis=-1) - 1.0)
    whole = np.rint(offsets[:1, :1])
    if np.abs(offsets - whole).max() > WHOLE_PIXEL:
        return None
    return PixelMap(box, whole, 0, 0.0)


@compiled()
def _fill(nodes: Floats, step: int, weights: Floats, scratch: Floats, xs: Floats, ys: Floats) -> None:
    for row in range(xs.shape[0]):
        fill_row(nodes, step, weights, row, 0, scratch, xs[row], ys[row])


@lru_cache(maxsize=1024)  # all inputs of a block ask for the same ones
def _samples(first: int, end: int) -> NDArray[np.int64]:
    """Choose rows or columns that are looked at: both ends, and some between them."""
    return np.linspace(first, end - 1, 2 + (end - first) // EXTENT_STEP).astype(np.int64)


@compiled()
def _extent(nodes: Floats, step: int, weights: Floats, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Floats:
    found = np.array([np.inf, -np.inf, np.inf, -np.inf])
    for row in rows:
        for column in columns:
            if step == 0:
                x, y = nodes[0, 0, 0] + column, nodes[0, 0, 1] + row
            else:
                x, y = 0.0, 0.0
                for a in range(4):
                    for b in range(4):
                        weight = weights[a, row % step] * weights[b, column % step]
                        x += weight * nodes[row // step + a, column // step + b, 0]
                        y += weight * nodes[row // step + a, column // step + b, 1]
            found[0], found[1] = min(found[0], x), max(found[1], x)
            found[2], found[3] = min(found[2], y), max(found[3], y)
    return found


def _exact_extent(nodes: Floats) -> Floats:
    known = np.isfinite(nodes).all(axis=-1, keepdims=True)
    low = nodes.min(axis=(0, 1), initial=np.inf, where=known)
    high = nodes.max(axis=(0, 1), initial=-np.inf, where=known)
    return np.array([low[0], high[0], low[1], high[1]])
