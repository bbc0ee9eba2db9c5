"""Cubic interpolation on a lattice of nodes, row by row: the compiled half of `PixelMap`.

A map is an array of nodes (ny, nx, 2) with their x and y, and a step:

- step > 1: node (j, i) stands at row ``(j - 1) step`` and column ``(i - 1) step`` of the mapped window; values between
  nodes come from the four-point Lagrange polynomial on each axis, exact for cubic distortions;
- step = 1: one node for each pixel, no interpolation;
- step = 0: one node, the whole-pixel shift (x, y) of an image on the same plane.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["fill_row", "lagrange_weights", "row_scratch"]

Floats = NDArray[np.float64]


def lagrange_weights(step: int) -> Floats:
    """Weigh the nodes at -1, 0, 1, 2 for each of the `step` positions from node 0 to node 1, shape (4, step)."""
    t = np.arange(max(step, 1), dtype=np.float64) / max(step, 1)
    return np.stack(
        [
            -t * (t - 1.0) * (t - 2.0) / 6.0,
            (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0,
            -(t + 1.0) * t * (t - 2.0) / 2.0,
            (t + 1.0) * t * (t - 1.0) / 6.0,
        ]
    )


def row_scratch(nodes: Floats) -> Floats:
    """Make room for the nodes of one row, shape (nx, 2)."""
    return np.empty((nodes.shape[1], 2), dtype=np.float64)


@compiled()
def fill_row(
    nodes: Floats, step: int, weights: Floats, row: int, first: int, scratch: Floats, xs: Floats, ys: Floats
) -> None:
    """Write the positions of one row of the mapped window, from column `first` on, to `xs` and `ys`."""
    if step == 0:
        for j in range(xs.size):
            xs[j] = nodes[0, 0, 0] + (first + j)
            ys[j] = nodes[0, 0, 1] + row
        return
    if step == 1:
        for j in range(xs.size):
            xs[j] = nodes[row, first + j, 0]
            ys[j] = nodes[row, first + j, 1]
        return
    cell, t = row // step, row % step
    w0, w1, w2, w3 = weights[0, t], weights[1, t], weights[2, t], weights[3, t]
    left, right = first // step, (first + xs.size - 1) // step
    for i in range(left, right + 4):
        for k in range(2):
            scratch[i, k] = (
                w0 * nodes[cell, i, k]
                + w1 * nodes[cell + 1, i, k]
                + w2 * nodes[cell + 2, i, k]
                + w3 * nodes[cell + 3, i, k]
            )
    for i in range(left, right + 1):
        u0, u1 = max(first - i * step, 0), min(first + xs.size - i * step, step)
        j0, j1 = i * step + u0 - first, i * step + u1 - first
        across, along = xs[j0:j1], ys[j0:j1]
        v0, v1, v2, v3 = weights[0, u0:u1], weights[1, u0:u1], weights[2, u0:u1], weights[3, u0:u1]
        x0, x1, x2, x3 = scratch[i, 0], scratch[i + 1, 0], scratch[i + 2, 0], scratch[i + 3, 0]
        y0, y1, y2, y3 = scratch[i, 1], scratch[i + 1, 1], scratch[i + 2, 1], scratch[i + 3, 1]
        for u in range(across.size):
            across[u] = v0[u] * x0 + v1[u] * x1 + v2[u] * x2 + v3[u] * x3
            along[u] = v0[u] * y0 + v1[u] * y1 + v2[u] * y2 + v3[u] * y3
