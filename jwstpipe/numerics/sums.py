"""Plain sums of many samples in double precision, in four chains: an addition need not wait for the one before."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["plain_sums"]


@njit(nogil=True, cache=True)
def plain_sums(values: NDArray[np.float32]) -> tuple[int, float, float, float, float]:
    """Add up finite samples.

    Parameters
    ----------
    values
        (n,); NaN and infinities are left out.

    Returns
    -------
    int, float, float, float, float
        How many are finite, the lowest and the highest, their sum, and the sum of squared distances from their mean.
    """
    chains = np.zeros(4)
    count, lowest, highest = 0, np.inf, -np.inf
    for k in range(values.size):
        value = float(values[k])
        if math.isfinite(value):
            count += 1
            lowest, highest = min(lowest, value), max(highest, value)
            chains[k & 3] += value
    total = (chains[0] + chains[1]) + (chains[2] + chains[3])
    if not count:
        return 0, lowest, highest, 0.0, 0.0
    mean = total / count
    chains[:] = 0.0
    for k in range(values.size):
        away = float(values[k]) - mean
        if math.isfinite(away):
            chains[k & 3] += away * away
    return count, lowest, highest, total, (chains[0] + chains[1]) + (chains[2] + chains[3])
