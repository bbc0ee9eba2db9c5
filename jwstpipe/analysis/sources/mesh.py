"""A mesh of the sky and its noise, and its value at every pixel.

Its boxes are counted from the absolute origin, and every pixel evaluates it at its absolute position by the same
expression, so that no tile and no window changes a bit. `mesh_boxes` measures it.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from jwstpipe.sky.box import Box

__all__ = ["LEVEL", "NOISE", "RIM", "SMOOTH_NOISE", "Mesh", "filled_at", "level_at", "level_on_pixels", "on_pixels"]

Float32 = NDArray[np.float32]

LEVEL, NOISE, SMOOTH_NOISE = 0, 1, 2
"""Layers of a mesh: sky; its noise; the noise of the smoothed image. With weights, noise is times sqrt(weight)."""

RIM = 2
"""Boxes around the image that interpolation looks at."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A mesh, or a part of it."""

    first: tuple[int, int]
    """Absolute row and column of its first box."""

    box: int
    layers: Float32
    """(3, ny, nx): `LEVEL`, `NOISE`, `SMOOTH_NOISE`."""

    filled: int = 0
    """Boxes that had too few samples."""

    empty: NDArray[np.bool_] | None = None
    """(ny, nx), which these were; None for a part of a mesh."""

    def part(self, window: Box) -> "Mesh":
        """Give the boxes that pixels of a window (absolute) look at; the whole mesh has a rim of `RIM` boxes."""
        y0, x0 = window.y0 // self.box - RIM - self.first[0], window.x0 // self.box - RIM - self.first[1]
        y1 = (window.y1 - 1) // self.box + 1 + RIM - self.first[0]
        x1 = (window.x1 - 1) // self.box + 1 + RIM - self.first[1]
        y0, x0 = max(y0, 0), max(x0, 0)
        layers = np.ascontiguousarray(self.layers[:, y0:y1, x0:x1])
        return Mesh((self.first[0] + y0, self.first[1] + x0), self.box, layers)


@njit(nogil=True, cache=True)
def on_pixels(layer: Float32, first: tuple[int, int], box: int, y0: int, x0: int, rows: int, columns: int) -> Float32:
    """Evaluate a layer of a mesh on a window of absolute pixels, bilinearly between the middles of boxes.

    Every pixel follows from its absolute position alone, by the same operations in the same order.
    """
    found = np.empty((rows, columns), np.float32)
    cells, shares = np.empty(columns, np.int64), np.empty(columns)
    for j in range(columns):
        u = 2 * (x0 + j) + 1 - box
        cell = u // (2 * box)
        cells[j], shares[j] = cell - first[1], (u - cell * 2 * box) / (2.0 * box)
    line = np.empty(layer.shape[1])
    for i in range(rows):
        v = 2 * (y0 + i) + 1 - box
        cell = v // (2 * box)
        t = (v - cell * 2 * box) / (2.0 * box)
        a = cell - first[0]
        for b in range(cells[0], cells[columns - 1] + 2):
            line[b] = layer[a, b] + t * (layer[a + 1, b] - layer[a, b])
        for j in range(columns):
            b = cells[j]
            found[i, j] = line[b] + shares[j] * (line[b + 1] - line[b])
    return found


@njit(nogil=True, cache=True)
def level_on_pixels(
    layer: Float32, first: tuple[int, int], box: int, y0: int, x0: int, rows: int, columns: int
) -> Float32:
    """Evaluate the sky by cubics through the middles of boxes (Keys 1981), exact for parabolas; see `on_pixels`.

    Noise, which may jump, has no cubics: they overshoot.
    """
    found = np.empty((rows, columns), np.float32)
    cells = np.empty(columns, np.int64)
    taps = np.empty((columns, 4))
    for j in range(columns):
        u = 2 * (x0 + j) + 1 - box
        cell = u // (2 * box)
        cells[j] = cell - first[1]
        _cubic((u - cell * 2 * box) / (2.0 * box), taps[j])
    across = np.empty(4)
    line = np.empty(layer.shape[1])
    for i in range(rows):
        v = 2 * (y0 + i) + 1 - box
        cell = v // (2 * box)
        a = cell - first[0]
        _cubic((v - cell * 2 * box) / (2.0 * box), across)
        for b in range(cells[0] - 1, cells[columns - 1] + 3):
            line[b] = (
                across[0] * layer[a - 1, b] + across[1] * layer[a, b]
                + across[2] * layer[a + 1, b] + across[3] * layer[a + 2, b]
            )  # fmt: skip
        for j in range(columns):
            b, tap = cells[j], taps[j]
            found[i, j] = tap[0] * line[b - 1] + tap[1] * line[b] + tap[2] * line[b + 1] + tap[3] * line[b + 2]
    return found


@njit(nogil=True, cache=True)
def _cubic(t: float, out: NDArray[np.float64]) -> None:
    out[0] = 0.5 * t * (t * (2.0 - t) - 1.0)
    out[1] = 0.5 * (t * t * (3.0 * t - 5.0) + 2.0)
    out[2] = 0.5 * t * (t * (4.0 - 3.0 * t) + 1.0)
    out[3] = 0.5 * t * t * (t - 1.0)


def filled_at(mesh: Mesh, ys: NDArray[np.int64], xs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell of absolute pixels whether the sky of their box is that of its neighbours."""
    if mesh.empty is None:
        return np.zeros(len(ys), bool)
    found: NDArray[np.bool_] = mesh.empty[ys // mesh.box - mesh.first[0], xs // mesh.box - mesh.first[1]]
    return found


def level_at(mesh: Mesh, ys: NDArray[np.int64], xs: NDArray[np.int64]) -> Float32:
    """Evaluate the sky at single absolute pixels (see `level_on_pixels`)."""
    values = [
        level_on_pixels(mesh.layers[LEVEL], mesh.first, mesh.box, int(y), int(x), 1, 1)[0, 0]
        for y, x in zip(ys, xs, strict=True)
    ]
    return np.array(values, np.float32)
