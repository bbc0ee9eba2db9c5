"""Corners of the pixels of a row on the plane, shared by neighbours, and which way each pixel is laid."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["APART", "CALMLY", "OUTSIDE", "corners_of_row", "ways_of"]

Floats = NDArray[np.float64]
Flags = NDArray[np.uint8]

OUTSIDE, CALMLY, APART = 0, 1, 2
"""Ways of a pixel: not at all, with its neighbours, by itself."""


@compiled(error_model="numpy")
def corners_of_row(i: int, xs: Floats, ys: Floats, box_y: int, box_x: int, px: Floats, py: Floats) -> None:
    """Place the corners above row `i` of a window, and with its first row those below; (2, columns + 1) each."""
    below, here, above = i % 3, (i + 1) % 3, (i + 2) % 3
    low, high = i % 2, (i + 1) % 2
    if i == 0:
        _corner_row(xs[below], xs[here], box_x, px[low])
        _corner_row(ys[below], ys[here], box_y, py[low])
    _corner_row(xs[here], xs[above], box_x, px[high])
    _corner_row(ys[here], ys[above], box_y, py[high])


@compiled(error_model="numpy")
def _corner_row(below: Floats, above: Floats, origin: int, out: Floats) -> None:
    """Place a row of corners on one axis, each amid four centres; pixel k of the window covers k to k + 1."""
    shift = 0.5 - origin
    for j in range(out.size):
        out[j] = 0.25 * ((below[j] + below[j + 1]) + (above[j] + above[j + 1])) + shift


@compiled(error_model="numpy")
def ways_of(
    x0: Floats, y0: Floats, x1: Floats, y1: Floats, height: int, width: int,
    below: Flags, here: Flags, above: Flags, areas: Floats, out: Flags,
) -> None:  # fmt: skip
    """Choose the way of each pixel of a row between two rows of corners; areas have the sign of the turn."""
    for j in range(areas.size):
        k = j + 1
        areas[j] = 0.5 * ((x0[j] - x1[k]) * (y0[k] - y1[j]) - (x0[k] - x1[j]) * (y0[j] - y1[k]))
        right, left = max(x0[j], x0[k], x1[j], x1[k]), min(x0[j], x0[k], x1[j], x1[k])
        upper, lower = max(y0[j], y0[k], y1[j], y1[k]), min(y0[j], y0[k], y1[j], y1[k])
        meets = (right >= 0.0) & (upper >= 0.0) & (left < width) & (lower < height) & (areas[j] != 0.0)
        calm = below[j] & below[k] & below[j + 2] & here[j] & here[k] & here[j + 2]
        calm &= above[j] & above[k] & above[j + 2]
        out[j] = (CALMLY if calm else APART) if meets else OUTSIDE
