"""The level and the noise of a patch of sky that has sources on it, by clipping sorted samples."""

import math

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["BINS", "MODE", "clipped_from", "clipped_sky", "sorted_samples"]

Float32 = NDArray[np.float32]

BINS = 1024
"""Bins that `clipped_from` counts samples in."""

MODE = 2.5
"""Differences of median and mean that lie between the mean and the level of a sky with sources on it."""

_REACH = 6.0
"""First estimates of the standard deviation that its bins go to on either side."""


@compiled()
def sorted_samples(values: Float32, keys: NDArray[np.uint32], spare: NDArray[np.uint32]) -> int:
    """Sort finite samples by three rounds of counting 11 bits of their keys, several times quicker than comparing.

    Parameters
    ----------
    values
        (n,), overwritten: the finite ones in rising order come first.
    keys, spare
        Room for n keys each.

    Returns
    -------
    int
        How many are finite.
    """
    words = values.view(np.uint32)
    n = 0
    for k in range(words.size):
        word = words[k]
        if word & np.uint32(0x7F800000) != np.uint32(0x7F800000):
            keys[n] = word ^ (np.uint32(0xFFFFFFFF) if word >> np.uint32(31) else np.uint32(0x80000000))
            n += 1
    counts = np.zeros((3, 2048), np.int32)
    for k in range(n):
        key = keys[k]
        counts[0, key & np.uint32(2047)] += 1
        counts[1, (key >> np.uint32(11)) & np.uint32(2047)] += 1
        counts[2, key >> np.uint32(22)] += 1
    for part in range(3):
        shift = np.uint32(11 * part)
        ends = np.cumsum(counts[part])
        counts[part, 1:] = ends[:-1]
        counts[part, 0] = 0
        for k in range(n):
            digit = np.int64((keys[k] >> shift) & np.uint32(2047))
            spare[counts[part, digit]] = keys[k]
            counts[part, digit] += 1
        keys, spare = spare, keys
    for k in range(n):
        key = keys[k]
        words[k] = key ^ (np.uint32(0x80000000) if key >> np.uint32(31) else np.uint32(0xFFFFFFFF))
    return n


@compiled()
def clipped_sky(ordered: Float32, n: int, sigma: float, rounds: int) -> tuple[float, float]:
    """Estimate the level and the standard deviation of sky.

    Parameters
    ----------
    ordered
        Samples in rising order.
    n
        How many of them count.
    sigma, rounds
        Samples further from the median than so many standard deviations are left out, again and again.

    Returns
    -------
    tuple of float
        Level and standard deviation. The level is ``2.5 median - 1.5 mean`` where mean and median agree within 0.3
        sigma, else the median (Da Costa 1992; Bertin and Arnouts 1996).
    """
    first, last = 0, n
    pivot = float(ordered[n // 2])
    total, squares = 0.0, 0.0
    for k in range(n):
        away = ordered[k] - pivot
        total += away
        squares += away * away
    median, mean, std = pivot, pivot, 0.0
    for step in range(rounds + 1):
        number = last - first
        median = 0.5 * (float(ordered[first + (number - 1) // 2]) + float(ordered[first + number // 2]))
        shift = total / number
        mean = pivot + shift
        std = math.sqrt(max(squares / number - shift * shift, 0.0))
        if step == rounds:
            break
        low, high = median - sigma * std, median + sigma * std
        before = number
        while last - first > 1 and ordered[first] < low:
            away = ordered[first] - pivot
            total -= away
            squares -= away * away
            first += 1
        while last - first > 1 and ordered[last - 1] > high:
            away = ordered[last - 1] - pivot
            total -= away
            squares -= away * away
            last -= 1
        if last - first == before:
            break
    if abs(mean - median) < 0.3 * std:
        return mean + MODE * (median - mean), std
    return median, std


@compiled()
def clipped_from(  # noqa: C901 - one compiled pass
    values: Float32, sky: tuple[float, float], sigma: float, rounds: int, skew: float, counts: NDArray[np.int32]
) -> tuple[float, float]:
    """Estimate level and standard deviation as `clipped_sky` does, of samples in any order, from a first estimate.

    Samples are counted in bins, which takes a fraction of the time of sorting them.

    Parameters
    ----------
    values
        Samples; those without data, and those far from the first estimate, do not count.
    sky
        First estimate of level and standard deviation; that may be a few times too large. It is given back where no
        samples lie near it.
    sigma, rounds
        As `clipped_sky` has them.
    skew
        Of the level ``mean + skew (median - mean)``: `MODE` as `clipped_sky` has it; 0 the mean, which scatters half as
        much, for samples without sources.
    counts
        Room for `BINS` numbers.
    """
    start, width = sky[0] - _REACH * sky[1], 2.0 * _REACH * sky[1] / BINS
    if not width > 0.0:
        return sky
    counts[:] = 0
    low, scale = np.float32(start), np.float32(1.0 / width)
    for k in range(values.size):
        place = (values[k] - low) * scale
        if place >= np.float32(0.0) and place < np.float32(BINS):
            counts[int(place)] += 1
    first, last = 0, BINS
    number, total, squares = np.int64(0), np.int64(0), np.int64(0)  # whole numbers: taking bins out again is exact
    for k in range(BINS):
        some = np.int64(counts[k])
        number += some
        total += some * k
        squares += some * k * k
    below, k = np.int64(0), 0
    median, mean, std = sky[0], sky[0], sky[1]
    for step in range(rounds + 1):
        if number == 0:
            return sky
        while k > first and 2 * below >= number:
            k -= 1
            below -= counts[k]
        while 2 * (below + counts[k]) < number:
            below += counts[k]
            k += 1
        middle = k + (0.5 * number - below) / max(counts[k], 1)
        shift = total / number
        spread = math.sqrt(max(squares / number - shift * shift, 0.0))
        median, mean, std = start + middle * width, start + (shift + 0.5) * width, spread * width
        lowest, highest = math.ceil(middle - sigma * spread), math.floor(middle + sigma * spread)
        if step == rounds or (lowest <= first and highest >= last) or highest - lowest < 2:
            break
        while first < lowest:
            some = np.int64(counts[first])
            number -= some
            total -= some * first
            squares -= some * first * first
            below -= some
            first += 1
        while last > highest:
            last -= 1
            some = np.int64(counts[last])
            number -= some
            total -= some * last
            squares -= some * last * last
    if abs(mean - median) < 0.3 * std:
        return mean + skew * (median - mean), std
    return median, std
