"""How large a pixel of the plane is in an image: the Jacobian of a `PixelMap`, from the same cubic polynomials."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.pixelmap import PixelMap

__all__ = ["area_row", "areas", "derivative_weights"]

Floats = NDArray[np.float64]


def derivative_weights(step: int) -> Floats:
    """Weigh nodes as `lagrange_weights` does, for the derivative by the position in pixels, shape (4, step)."""
    t = np.arange(max(step, 1), dtype=np.float64) / max(step, 1)
    weights = np.stack(
        [
            -(3.0 * t * t - 6.0 * t + 2.0) / 6.0,
            (3.0 * t * t - 4.0 * t - 1.0) / 2.0,
            -(3.0 * t * t - 2.0 * t - 2.0) / 2.0,
            (3.0 * t * t - 1.0) / 6.0,
        ]
    )
    return weights / max(step, 1)


@compiled()
def area_row(
    nodes: Floats, step: int, weights: Floats, slopes: Floats, row: int, first: int, scratch: Floats, areas: Floats
) -> None:
    """Write the areas, in pixels of the image, of the pixels of one row of a mapped window, from column `first` on.

    Parameters
    ----------
    nodes, step, weights
        The map (see `jwstpipe.sky.wcs.lattice`).
    slopes
        From `derivative_weights`.
    row, first
        Row and first column of the window.
    scratch
        Room of shape (nx, 4).
    areas
        Result.
    """
    if step == 0:
        areas[:] = 1.0
        return
    if step == 1:
        _difference_row(nodes, row, first, areas)
        return
    cell, t = row // step, row % step
    left, right = first // step, (first + areas.size - 1) // step
    for i in range(left, right + 4):
        for k in range(2):
            scratch[i, k], scratch[i, 2 + k] = 0.0, 0.0
            for n in range(4):
                scratch[i, k] += weights[n, t] * nodes[cell + n, i, k]
                scratch[i, 2 + k] += slopes[n, t] * nodes[cell + n, i, k]
    for i in range(left, right + 1):
        start = i * step - first
        for u in range(max(-start, 0), min(step, areas.size - start)):
            dx_dx, dy_dx, dx_dy, dy_dy = 0.0, 0.0, 0.0, 0.0
            for n in range(4):
                dx_dx += slopes[n, u] * scratch[i + n, 0]
                dy_dx += slopes[n, u] * scratch[i + n, 1]
                dx_dy += weights[n, u] * scratch[i + n, 2]
                dy_dy += weights[n, u] * scratch[i + n, 3]
            areas[start + u] = abs(dx_dx * dy_dy - dx_dy * dy_dx)


@compiled()
def _difference_row(nodes: Floats, row: int, first: int, areas: Floats) -> None:
    """Take central differences of exact positions, one-sided at the rim; a window of one pixel has no area."""
    low, high = max(row - 1, 0), min(row + 1, nodes.shape[0] - 1)
    for j in range(areas.size):
        left, right = max(first + j - 1, 0), min(first + j + 1, nodes.shape[1] - 1)
        across = (nodes[row, right] - nodes[row, left]) / max(right - left, 1)
        along = (nodes[high, first + j] - nodes[low, first + j]) / max(high - low, 1)
        areas[j] = abs(across[0] * along[1] - across[1] * along[0])


def areas(where: PixelMap) -> Floats:
    """Give the areas, in pixels of the image, of all pixels of a mapped window."""
    found = np.empty(where.box.shape)
    scratch = np.empty((where.nodes.shape[1], 4))
    slopes = derivative_weights(where.step)
    for row in range(found.shape[0]):
        area_row(where.nodes, where.step, where.weights, slopes, row, 0, scratch, found[row])
    return found
