"""Plain sums of many samples in double precision, in four chains: an addition need not wait for the one before."""

import math

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.numerics.ranks import Slots, count_keys

__all__ = ["counted_and_added", "plain_sums"]

_BLOCK = 1024
"""Samples that are added up by themselves, so that few additions round."""


@compiled()
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
    count, lowest, highest, total, squares = 0, np.inf, -np.inf, 0.0, 0.0
    for start in range(0, values.size, _BLOCK):
        chains[:] = 0.0
        for k in range(start, min(start + _BLOCK, values.size)):
            value = float(values[k])
            if math.isfinite(value):
                count += 1
                lowest, highest = min(lowest, value), max(highest, value)
                chains[k & 3] += value
        total += (chains[0] + chains[1]) + (chains[2] + chains[3])
    if not count:
        return 0, lowest, highest, 0.0, 0.0
    mean = total / count
    for start in range(0, values.size, _BLOCK):
        chains[:] = 0.0
        for k in range(start, min(start + _BLOCK, values.size)):
            away = float(values[k]) - mean
            if math.isfinite(away):
                chains[k & 3] += away * away
        squares += (chains[0] + chains[1]) + (chains[2] + chains[3])
    return count, lowest, highest, total, squares


_CACHED = 1 << 15
"""Samples that stay in the processor's cache from one look to the next."""


@compiled()
def counted_and_added(
    values: NDArray[np.float32], slots: Slots, upper: NDArray[np.uint32], low: NDArray[np.uint32],
    listed: NDArray[np.uint32], *, add: bool,
) -> tuple[int, tuple[int, float, float, float, float]]:  # fmt: skip
    """Count samples by their keys (`count_keys`), and add them up (`plain_sums`): they are read from memory once.

    Returns
    -------
    int, tuple
        How many keys are listed, and the sums. Without `add` these are the number of finite samples, and zeros.
    """
    many, count, lowest, highest, total, mean, deviations = 0, 0, np.inf, -np.inf, 0.0, 0.0, 0.0
    for start in range(0, values.size, _CACHED):
        part = values[start : start + _CACHED]
        found, good = count_keys(part, slots, upper, low, listed[many:])
        many += found
        if not add:
            count += good
            continue
        number, least, most, added, squares = plain_sums(part)
        if number:
            step = added / number - mean
            deviations += squares + step * step * (float(count) * number / (count + number))
            mean += step * number / (count + number)
            count += number
            lowest, highest, total = min(lowest, least), max(highest, most), total + added
    return many, (count, lowest, highest, total, deviations)
