"""A mesh of the sky and its noise, and its value at every pixel.

Its boxes are counted from the absolute origin, and every pixel evaluates it at its absolute position by the same
expression, so that no tile and no window changes a bit. `mesh_boxes` measures it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.box import Box

__all__ = [
    "COARSE_NOISE", "LEVEL", "NOISE", "RIM", "SMOOTH_NOISE", "Mesh", "exceeding", "filled_at", "level_at",
    "level_on_pixels", "on_pixels", "subtract_level",
]  # fmt: skip

Float32 = NDArray[np.float32]

LEVEL, NOISE, SMOOTH_NOISE, COARSE_NOISE = 0, 1, 2, 3
"""Layers of a mesh: sky; its noise; the noise of the smoothed image, and of the smoothed image at half resolution. With
weights, noise is times sqrt(weight)."""

RIM = 2
"""Boxes around the image that interpolation looks at."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A mesh, or a part of it."""

    first: tuple[int, int]
    """Absolute row and column of its first box."""

    box: int
    layers: Float32
    """(4, ny, nx): `LEVEL`, `NOISE`, `SMOOTH_NOISE`, `COARSE_NOISE`."""

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


@compiled()
def _across(
    x0: int, columns: int, step: int, box: int, first: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Tell for pixels of a row which boxes they lie between: the boxes, where each begins, and how far right of it."""
    cells, starts, shares = np.empty(columns + 1, np.int64), np.empty(columns + 2, np.int64), np.empty(columns)
    n = 0
    for j in range(columns):
        u = 2 * (x0 + step * j) + 1 - box
        cell = u // (2 * box)
        shares[j] = (u - cell * 2 * box) / (2.0 * box)
        if n == 0 or cell - first != cells[n - 1]:
            cells[n], starts[n] = cell - first, j
            n += 1
    starts[n] = columns
    return cells[:n], starts[: n + 1], shares


@compiled()
def _noise_row(
    layer: Float32, first: int, box: int, y: int, cells: NDArray[np.int64], starts: NDArray[np.int64],
    shares: NDArray[np.float64], row: Float32,
) -> None:  # fmt: skip
    """Evaluate a layer along one row of pixels, bilinearly."""
    v = 2 * y + 1 - box
    cell = v // (2 * box)
    t = (v - cell * 2 * box) / (2.0 * box)
    a = cell - first
    for k in range(cells.size):
        b = cells[k]
        left = layer[a, b] + t * (layer[a + 1, b] - layer[a, b])
        rise = layer[a, b + 1] + t * (layer[a + 1, b + 1] - layer[a, b + 1]) - left
        for j in range(starts[k], starts[k + 1]):
            row[j] = left + shares[j] * rise


@compiled()
def on_pixels(layer: Float32, first: tuple[int, int], box: int, y0: int, x0: int, rows: int, columns: int) -> Float32:
    """Evaluate a layer of a mesh on a window of absolute pixels, bilinearly between the middles of boxes.

    Every pixel follows from its absolute position alone, by the same operations in the same order.
    """
    found = np.empty((rows, columns), np.float32)
    cells, starts, shares = _across(x0, columns, 1, box, first[1])
    for i in range(rows):
        _noise_row(layer, first[0], box, y0 + i, cells, starts, shares, found[i])
    return found


@compiled(error_model="numpy")
def exceeding(
    values: Float32, weights: Float32, layer: Float32, first: tuple[int, int], box: int, y0: int, x0: int, step: int,
    threshold: float,
) -> NDArray[np.bool_]:  # fmt: skip
    """Tell which values exceed so many standard deviations, those of a layer of a mesh; NaN does not.

    Parameters
    ----------
    values, weights
        (y, x); weights of size 0 where noise needs none.
    layer, first, box
        Of a mesh.
    y0, x0, step
        Absolute pixel of the first value, and pixels from one value to the next.
    threshold
        Standard deviations.
    """
    rows, columns = values.shape
    found = np.empty((rows, columns), np.bool_)
    cells, starts, shares = _across(x0, columns, step, box, first[1])
    noise, times = np.empty(columns, np.float32), np.float32(threshold)
    for i in range(rows):
        _noise_row(layer, first[0], box, y0 + step * i, cells, starts, shares, noise)
        if weights.size:
            for j in range(columns):
                noise[j] = noise[j] / np.sqrt(weights[i, j])
        for j in range(columns):
            found[i, j] = values[i, j] > times * noise[j]
    return found


@compiled()
def _level_row(
    layer: Float32, first: int, box: int, y: int, cells: NDArray[np.int64], starts: NDArray[np.int64],
    taps: NDArray[np.float64], row: Float32,
) -> None:  # fmt: skip
    """Evaluate the sky along one row of pixels, by cubics."""
    v = 2 * y + 1 - box
    cell = v // (2 * box)
    a = cell - first
    across = _cubic((v - cell * 2 * box) / (2.0 * box))
    near = np.empty(4)
    for k in range(cells.size):
        for n in range(4):
            b = cells[k] - 1 + n
            near[n] = (
                across[0] * layer[a - 1, b] + across[1] * layer[a, b]
                + across[2] * layer[a + 1, b] + across[3] * layer[a + 2, b]
            )  # fmt: skip
        p, q, r, s = near[0], near[1], near[2], near[3]
        for j in range(starts[k], starts[k + 1]):
            row[j] = taps[0, j] * p + taps[1, j] * q + taps[2, j] * r + taps[3, j] * s


@compiled()
def level_on_pixels(
    layer: Float32, first: tuple[int, int], box: int, y0: int, x0: int, rows: int, columns: int
) -> Float32:
    """Evaluate the sky by cubics through the middles of boxes (Keys 1981), exact for parabolas; see `on_pixels`.

    Noise, which may jump, has no cubics: they overshoot.
    """
    found = np.empty((rows, columns), np.float32)
    cells, starts, shares = _across(x0, columns, 1, box, first[1])
    taps = np.empty((4, columns))
    for j in range(columns):
        taps[0, j], taps[1, j], taps[2, j], taps[3, j] = _cubic(shares[j])
    for i in range(rows):
        _level_row(layer, first[0], box, y0 + i, cells, starts, taps, found[i])
    return found


@compiled()
def subtract_level(values: Float32, layer: Float32, first: tuple[int, int], box: int, y0: int, x0: int) -> None:
    """Take the sky of `level_on_pixels` away from samples, in place; infinities are no data."""
    rows, columns = values.shape
    cells, starts, shares = _across(x0, columns, 1, box, first[1])
    taps, level = np.empty((4, columns)), np.empty(columns, np.float32)
    for j in range(columns):
        taps[0, j], taps[1, j], taps[2, j], taps[3, j] = _cubic(shares[j])
    for i in range(rows):
        _level_row(layer, first[0], box, y0 + i, cells, starts, taps, level)
        for j in range(columns):
            away = values[i, j] - level[j]
            values[i, j] = away if abs(away) < np.float32(np.inf) else np.float32(np.nan)


@compiled()
def _cubic(t: float) -> tuple[float, float, float, float]:
    return (
        0.5 * t * (t * (2.0 - t) - 1.0),
        0.5 * (t * t * (3.0 * t - 5.0) + 2.0),
        0.5 * t * (t * (4.0 - 3.0 * t) + 1.0),
        0.5 * t * t * (t - 1.0),
    )


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
