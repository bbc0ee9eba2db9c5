"""Gaussian blurs that know of missing pixels, the same to the last bit for every window."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["gaussian_reach", "gaussian_taps", "smoothed", "white_left"]

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


def white_left(taps: Float32Image) -> float:
    """Give the standard deviation of white noise behind a blur along both axes, as a share of that before it."""
    return float(np.sum(taps.astype(np.float64) ** 2))


@njit(nogil=True, cache=True)
def smoothed(values: Float32Image, taps: Float32Image) -> Float32Image:
    """Blur with a separable kernel over what has data; NaN where a pixel itself has none.

    The sums run tap by tap from one end, so that every window gives the same bits.
    """
    rows, columns = values.shape
    reach = taps.size // 2
    sums = np.zeros((rows, columns), np.float32)
    weights = np.zeros((rows, columns), np.float32)
    known, there = np.zeros(columns + 2 * reach, np.float32), np.zeros(columns + 2 * reach, np.float32)
    for i in range(rows):
        for j in range(columns):
            value = values[i, j]
            missing = value != value  # noqa: PLR0124 - NaN; plain comparisons become vector instructions
            known[reach + j] = np.float32(0.0) if missing else value
            there[reach + j] = np.float32(0.0) if missing else np.float32(1.0)
        total, weight = sums[i], weights[i]
        for t in range(taps.size):
            tap, before, present = taps[t], known[t : t + columns], there[t : t + columns]
            for j in range(columns):
                total[j] += tap * before[j]
                weight[j] += tap * present[j]
    result = np.zeros((rows, columns), np.float32)
    total, weight = np.empty(columns, np.float32), np.empty(columns, np.float32)
    for i in range(rows):
        total[:] = 0.0
        weight[:] = 0.0
        for t in range(max(0, reach - i), min(taps.size, rows + reach - i)):
            tap, above, present = taps[t], sums[i + t - reach], weights[i + t - reach]
            for j in range(columns):
                total[j] += tap * above[j]
                weight[j] += tap * present[j]
        for j in range(columns):
            value = values[i, j]
            result[i, j] = np.float32(np.nan) if value != value else total[j] / weight[j]  # noqa: PLR0124
    return result
