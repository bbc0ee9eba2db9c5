"""Means of square blocks of pixels, over what has data."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["block_means"]


@compiled(error_model="numpy")
def block_means(values: NDArray[np.float32], halvings: int, out: NDArray[np.float32]) -> None:
    """Average blocks of ``2**halvings`` pixels a side; NaN where none of a block has a finite value.

    Sums are made by halving again and again, in double precision: left and right, then upper and lower, so that they
    are the same whatever window a block stands in.

    Parameters
    ----------
    values
        (y, x); the last blocks may go beyond it.
    halvings
        At least 1.
    out
        (blocks along y, blocks along x), written.
    """
    side = 1 << halvings
    rows, columns = values.shape
    sums = np.empty((side, side))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            sums[:, :] = 0.0
            count = 0
            for y in range(min(side, rows - i * side)):
                for x in range(min(side, columns - j * side)):
                    value = values[i * side + y, j * side + x]
                    if np.isfinite(value):
                        sums[y, x] = value
                        count += 1
            _halve_all(sums)
            out[i, j] = sums[0, 0] / count if count else np.nan


@compiled(error_model="numpy")
def _halve_all(sums: NDArray[np.float64]) -> None:
    """Add up a block in place; what is written is read no more."""
    side = sums.shape[0] // 2
    while side:
        for y in range(side):
            for x in range(side):
                upper = sums[2 * y, 2 * x] + sums[2 * y, 2 * x + 1]
                sums[y, x] = upper + (sums[2 * y + 1, 2 * x] + sums[2 * y + 1, 2 * x + 1])
        side //= 2
