"""Gaussian blurs that know of missing pixels, the same to the last bit for every window."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["gaussian_reach", "gaussian_taps", "smoothed"]

Float32Image = NDArray[np.float32]

_TRUNCATE = 3.0


def gaussian_reach(sigma: float) -> int:
    """Give the pixels on each side that a blur, cut at three sigma, looks at."""
    return int(np.ceil(_TRUNCATE * sigma))


def gaussian_taps(sigma: float) -> Float32Image:
    """Make the weights of a blur, cut at three sigma, sum 1."""
    reach = gaussian_reach(sigma)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.asarray(taps / taps.sum(), np.float32)


@njit(nogil=True, cache=True)
def smoothed(values: Float32Image, taps: Float32Image) -> Float32Image:
    """Blur with a separable kernel over what has data; NaN where a pixel itself has none.

    The sums run tap by tap from one end, so that every window gives the same bits.
    """
    rows, columns = values.shape
    reach = taps.size // 2
    sums = np.zeros((rows, columns), np.float32)
    weights = np.zeros((rows, columns), np.float32)
    for i in range(rows):
        for t in range(taps.size):
            shift = t - reach
            for j in range(max(0, -shift), min(columns, columns - shift)):
                value = values[i, j + shift]
                if not np.isnan(value):
                    sums[i, j] += taps[t] * value
                    weights[i, j] += taps[t]
    result = np.zeros((rows, columns), np.float32)
    total = np.zeros((rows, columns), np.float32)
    for t in range(taps.size):
        shift = t - reach
        for i in range(max(0, -shift), min(rows, rows - shift)):
            for j in range(columns):
                result[i, j] += taps[t] * sums[i + shift, j]
                total[i, j] += taps[t] * weights[i + shift, j]
    for i in range(rows):
        for j in range(columns):
            result[i, j] = result[i, j] / total[i, j] if not np.isnan(values[i, j]) else np.float32(np.nan)
    return result
