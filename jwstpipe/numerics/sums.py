"""Plain sums of many samples in double precision, in eight chains: an addition need not wait for the one before."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["plain_sums"]

_BLOCK = 1024
"""Samples that are added up by themselves, so that few additions round; they stay in the first-level cache."""

_CHAINS = 8


Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]


@compiled()
def plain_sums(values: Float32) -> tuple[int, float, float, float, float]:
    """Add up finite samples.

    Parameters
    ----------
    values
        (n,); NaN and infinities are left out.

    Returns
    -------
    int, float, float, float, float
        How many are finite, the lowest and the highest, their sum, and the sum of squared distances from their mean
        (joined block by block: Chan, Golub and LeVeque 1983).
    """
    added, squared, good = np.zeros(_CHAINS), np.zeros(_CHAINS), np.zeros(_CHAINS, np.int64)
    lowest, highest = np.full(_CHAINS, np.inf, np.float32), np.full(_CHAINS, -np.inf, np.float32)
    count, total, mean, deviations = 0, 0.0, 0.0, 0.0
    for start in range(0, values.size, _BLOCK):
        block = values[start : start + _BLOCK]
        if block.size < _BLOCK:
            block = np.full(_BLOCK, np.nan, np.float32)
            block[: values.size - start] = values[start:]
        added[:], squared[:], good[:] = 0.0, 0.0, 0
        _add(block, added, good, lowest, highest)
        number, part = good.sum(), added.sum()
        if not number:
            continue
        middle = part / number
        _add_squares(block, middle, squared)
        step = middle - mean
        deviations += squared.sum() + step * step * (float(count) * number / (count + number))
        mean += step * number / (count + number)
        count, total = count + number, total + part
    return count, float(lowest.min()), float(highest.max()), total, deviations


@compiled()
def _add(block: Float32, added: Floats, good: NDArray[np.int64], lowest: Float32, highest: Float32) -> None:
    """Add a block to the chains: a function of its own, whose loop becomes one of vectors."""
    nothing = np.float32(0.0)
    for first in range(0, block.size, _CHAINS):
        for k in range(_CHAINS):
            value = block[first + k]
            finite = value - value == nothing
            added[k] += float(value) if finite else 0.0
            good[k] += 1 if finite else 0
            lowest[k] = value if finite and value < lowest[k] else lowest[k]
            highest[k] = value if finite and value > highest[k] else highest[k]


@compiled()
def _add_squares(block: Float32, middle: float, squared: Floats) -> None:
    nothing = np.float32(0.0)
    for first in range(0, block.size, _CHAINS):
        for k in range(_CHAINS):
            value = block[first + k]
            away = float(value) - middle
            squared[k] += away * away if value - value == nothing else 0.0
