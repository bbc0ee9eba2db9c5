"""Convolution with a kernel of any shape, over what has data."""

import math

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["convolved", "convolved_variances"]

Float32 = NDArray[np.float32]

FEWEST = 0.5
"""Share of a kernel's sum that must fall on data."""


@compiled()
def convolved(values: Float32, kernel: NDArray[np.float64]) -> Float32:
    """Convolve an image; sums run row by row, so that no window changes a bit of a pixel that sees its whole kernel.

    Parameters
    ----------
    values
        (y, x), NaN = no data, which stays so; beyond the image there is none.
    kernel
        (n, m), odd sides. Where pixels are missing, the sum of what is left of it counts as its whole sum.
    """
    rows, columns = values.shape
    up, across = kernel.shape[0] // 2, kernel.shape[1] // 2
    whole = kernel.sum()
    found = np.full((rows, columns), np.nan, np.float32)
    for i in range(rows):
        for j in range(columns):
            if math.isnan(values[i, j]):
                continue
            total, weight = 0.0, 0.0
            for u in range(max(i - up, 0), min(i + up + 1, rows)):
                for v in range(max(j - across, 0), min(j + across + 1, columns)):
                    value = values[u, v]
                    if not math.isnan(value):
                        tap = kernel[i - u + up, j - v + across]
                        total += tap * value
                        weight += tap
            if weight >= FEWEST * whole:
                found[i, j] = total * whole / weight
    return found


@compiled()
def convolved_variances(values: Float32, variances: Float32, kernel: NDArray[np.float64]) -> Float32:
    """Give the variances of convolved samples whose noise is independent: ``sum k^2 v``, over what has data.

    Parameters
    ----------
    values
        (y, x), as `convolved` takes them: NaN takes no part.
    variances
        (y, x), of the values; a value without one counts, its noise does not.
    kernel
        (n, m), odd sides.

    Returns
    -------
    ndarray
        NaN where `convolved` has no sample.
    """
    rows, columns = values.shape
    up, across = kernel.shape[0] // 2, kernel.shape[1] // 2
    whole = kernel.sum()
    found = np.full((rows, columns), np.nan, np.float32)
    for i in range(rows):
        for j in range(columns):
            if math.isnan(values[i, j]):
                continue
            total, weight = 0.0, 0.0
            for u in range(max(i - up, 0), min(i + up + 1, rows)):
                for v in range(max(j - across, 0), min(j + across + 1, columns)):
                    if not math.isnan(values[u, v]):
                        tap = kernel[i - u + up, j - v + across]
                        weight += tap
                        if not math.isnan(variances[u, v]):
                            total += tap * tap * variances[u, v]
            if weight >= FEWEST * whole:
                found[i, j] = total * (whole / weight) ** 2
    return found
