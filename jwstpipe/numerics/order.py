"""Exact medians and percentiles of samples that are never in memory together.

The bits of a float32, with the sign turned, sort as whole numbers do. Two passes find any rank: counts by the upper 16
bits name the bin that holds it, counts by the lower 16 bits of that bin name the value. Counts only add up, so that
neither the order of the windows nor the number of workers matters.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["BINS", "count_low", "count_upper", "percentiles", "ranks_of"]

Float32 = NDArray[np.float32]
Counts = NDArray[np.int64]

BINS = 1 << 16


@njit(nogil=True, cache=True)
def count_upper(values: Float32, centre: np.float32, counts: Counts, *, distances: bool) -> None:
    """Count finite samples by the upper 16 bits of their place in the order.

    Parameters
    ----------
    values
        (n,), NaN and infinities are left out.
    centre, distances
        With `distances`, samples are replaced by their distances from the centre, in single precision.
    counts
        (65536,), added to.
    """
    words = values.view(np.uint32)
    tables = np.zeros((4, BINS), np.uint32)  # neighbours share a bin: one after the other in one table would wait
    away = np.empty(1, np.float32)
    bits = away.view(np.uint32)
    for k in range(words.size):
        word = words[k]
        if word & np.uint32(0x7F800000) != np.uint32(0x7F800000):
            if distances:
                away[0] = abs(values[k] - centre)
                word = bits[0]
            flip = np.uint32(0xFFFFFFFF) if word >> np.uint32(31) else np.uint32(0x80000000)
            tables[k & 3, (word ^ flip) >> np.uint32(16)] += np.uint32(1)
    for table in range(4):
        for k in range(BINS):
            counts[k] += tables[table, k]


@njit(nogil=True, cache=True)
def count_low(
    values: Float32, centre: np.float32, slots: NDArray[np.int16], counts: Counts, *, distances: bool
) -> None:
    """Count the samples of chosen upper bins by their lower 16 bits (see `count_upper`).

    Parameters
    ----------
    slots
        (65536,): row of `counts` for each upper bin, -1 for those that are not asked for.
    counts
        (n, 65536), added to.
    """
    words = values.view(np.uint32)
    away = np.empty(1, np.float32)
    bits = away.view(np.uint32)
    for k in range(values.size):
        word = words[k]
        if word & np.uint32(0x7F800000) == np.uint32(0x7F800000):
            continue
        if distances:
            away[0] = abs(values[k] - centre)
            word = bits[0]
        key = word ^ (np.uint32(0xFFFFFFFF) if word >> np.uint32(31) else np.uint32(0x80000000))
        slot = slots[key >> np.uint32(16)]
        if slot >= 0:
            counts[slot, key & np.uint32(0xFFFF)] += 1


def ranks_of(count: int, percents: Sequence[float]) -> list[tuple[int, int, float]]:
    """Give, for each percentile, the ranks below and above it and the share of the upper one (as numpy's linear)."""
    found = []
    for percent in percents:
        place = (count - 1) * percent / 100.0
        low = int(np.floor(place))
        found.append((low, min(low + 1, count - 1), place - low))
    return found


def percentiles(
    upper: Counts, percents: Sequence[float], low_counts: Callable[[NDArray[np.int16], int], Counts]
) -> list[float]:
    """Find percentiles.

    Parameters
    ----------
    upper
        Counts of all samples, from `count_upper`.
    percents
        0 to 100.
    low_counts
        Makes the second pass: takes the `slots` of `count_low` and how many there are, gives its counts.

    Returns
    -------
    list of float
        Exact values, between two samples interpolated linearly; NaN for all when there are no samples.
    """
    count = int(upper.sum())
    if not count:
        return [float("nan")] * len(percents)
    ranks = ranks_of(count, percents)
    ends = np.cumsum(upper)
    wanted = sorted({int(np.searchsorted(ends, rank, side="right")) for low, high, _ in ranks for rank in (low, high)})
    slots = np.full(BINS, -1, np.int16)
    slots[wanted] = np.arange(len(wanted), dtype=np.int16)
    lower = np.cumsum(low_counts(slots, len(wanted)), axis=1)

    def value(rank: int) -> float:
        bin_ = int(np.searchsorted(ends, rank, side="right"))
        within = rank - int(ends[bin_] - upper[bin_])
        key = (bin_ << 16) | int(np.searchsorted(lower[slots[bin_]], within, side="right"))
        bits = key ^ 0x80000000 if key >> 31 else key ^ 0xFFFFFFFF
        return float(np.array([bits], np.uint32).view(np.float32)[0])

    found = []
    for low, high, share in ranks:
        below, above = value(low), value(high)
        found.append(below if share == 0.0 else below + (above - below) * share)
    return found
