"""Gaussian blurs that know of missing pixels, the same to the last bit for every window."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = [
    "FILLED_FROM",
    "gaussian_reach",
    "gaussian_taps",
    "gaussian_taps_to",
    "smoothed",
    "weighted_means",
    "white_left",
]

Float32Image = NDArray[np.float32]

_TRUNCATE = 3.0

FILLED_FROM = 0.5
"""Share of a kernel that must have data before it speaks for a pixel that has none."""


def gaussian_reach(sigma: float) -> int:
    """Give the pixels on each side that a blur, cut at three sigma, looks at."""
    return int(np.ceil(_TRUNCATE * sigma))


def gaussian_taps(sigma: float) -> Float32Image:
    """Make the weights of a blur, cut at three sigma, sum 1."""
    return gaussian_taps_to(sigma, gaussian_reach(sigma))


def gaussian_taps_to(sigma: float, reach: int) -> Float32Image:
    """Make the weights of a Gaussian over `reach` pixels on each side, sum 1."""
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.asarray(taps / taps.sum(), np.float32)


def white_left(taps: Float32Image) -> float:
    """Give the standard deviation of white noise behind a blur along both axes, as a share of that before it."""
    return float(np.sum(taps.astype(np.float64) ** 2))


def smoothed(values: Float32Image, taps: Float32Image) -> Float32Image:
    """Blur with a separable kernel over what has data; NaN where a pixel itself has none (`weighted_means`)."""
    made: Float32Image = weighted_means(values, taps, fill=False)
    return made


@njit(nogil=True, cache=True)
def weighted_means(values: Float32Image, taps: Float32Image, *, fill: bool) -> Float32Image:
    """Convolve with a separable kernel over what has data.

    The sums run tap by tap from one end, so that every window gives the same bits.

    Parameters
    ----------
    values
        (y, x), NaN = no data.
    taps
        (2 r + 1,), sum 1.
    fill
        Give values to pixels without data too, where at least half of the kernel's weight has some.

    Returns
    -------
    ndarray
        (y, x), NaN = no data.
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
    result = np.empty((rows, columns), np.float32)
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
            kept = value == value or (fill and weight[j] >= FILLED_FROM)  # noqa: PLR0124 - not NaN
            result[i, j] = total[j] / weight[j] if kept else np.float32(np.nan)
    return result
