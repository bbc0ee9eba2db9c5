"""Combinations that need all samples of a pixel at once: the median, and the mean of what survives clipping."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["CLIP_GRADIENTS", "CLIP_SIGMAS", "FEW", "clip", "median"]

CLIP_SIGMAS = 4.0
"""A sample this many standard deviations from the reference is an outlier, unless the gradient explains it."""

CLIP_GRADIENTS = 1.0
"""Share of the steepest step to a neighbouring pixel that two samplings of one sky may differ by.

The official pipeline compares with 1.2 and then 0.7 of the derivative of the median image; it is what keeps the cores
of undersampled stars, whose samples depend on where the star falls on the pixels.
"""

FEW = 24
"""So many inputs are put in their order fastest pair by pair."""

Reals = NDArray[np.floating]
Counts = NDArray[np.uint16]
Offsets = NDArray[np.int64]


@compiled(error_model="numpy")
def _present(stack: Reals, y: int, there: Offsets) -> int:
    """List the inputs that have samples in a row, and give their number."""
    found = 0
    for k in range(stack.shape[2]):
        for value in stack[0, y, k]:
            if np.isfinite(value):
                there[found] = k
                found += 1
                break
    return found


@compiled(error_model="numpy")
def _exchange(low: Reals, high: Reals) -> None:
    """Put the lower ones of pairs of numbers first."""
    for j in range(low.size):
        a, b = low[j], high[j]
        swapped = a > b
        low[j] = b if swapped else a
        high[j] = a if swapped else b


@compiled(error_model="numpy")
def _sort_columns(stack: Reals, y: int, there: Offsets, room: Reals, count: Counts) -> None:
    """Sort the samples of each pixel of a row into columns of `room`, and count them; what is none comes last.

    A few rows are exchanged pair by pair for all pixels together, in vectors.
    """
    count[:] = 0
    for m in range(there.size):
        samples, into = stack[0, y, there[m]], room[m]
        for j in range(samples.size):
            good = np.isfinite(samples[j])
            into[j] = samples[j] if good else np.inf
            count[j] += np.uint16(1) if good else np.uint16(0)
    if there.size > FEW:
        for j in range(room.shape[1]):
            room[: there.size, j] = np.sort(room[: there.size, j])
        return
    for last in range(there.size - 1, 0, -1):
        for m in range(last):
            _exchange(room[m], room[m + 1])


@compiled(error_model="numpy")
def _middle(room: Reals, j: int, n: np.int64) -> float:
    """Give the median of the first `n` of a sorted column."""
    return float(0.5 * (np.float64(room[(n - 1) // 2, j]) + np.float64(room[n // 2, j])))


@compiled(error_model="numpy")
def median(stack: Reals, sci: Reals, err: Reals, wht: Reals) -> None:
    """Take the median of each pixel's samples.

    Its standard deviation is that of the mean, times sqrt(pi/2) from three inputs on: what the median of normal
    samples has in the limit.

    Parameters
    ----------
    stack
        (3, y, input, x): samples (NaN = none), weights, variances.
    sci, err, wht
        Results (y, x); `err` may have no pixels.
    """
    width = sci.shape[1]
    room, there = np.empty((stack.shape[2], width), dtype=stack.dtype), np.empty(stack.shape[2], dtype=np.int64)
    count, weight, spread = np.empty(width, dtype=np.uint16), np.empty(width), np.empty(width)
    for i in range(sci.shape[0]):
        present = there[: _present(stack, i, there)]
        _sort_columns(stack, i, present, room, count)
        weight[:], spread[:] = 0.0, 0.0
        for k in present:
            samples, weights, variances = stack[0, i, k], stack[1, i, k], stack[2, i, k]
            for j in range(width):
                good = np.isfinite(samples[j])
                weight[j] += weights[j] if good else 0.0
                spread[j] += variances[j] if good else 0.0
        for j in range(width):
            n = np.int64(count[j])
            sci[i, j] = _middle(room, j, n) if n else np.nan
            wht[i, j] = weight[j] if n else np.nan
            if err.size > 0:
                err[i, j] = np.sqrt(spread[j]) / n * (np.sqrt(np.pi / 2.0) if n > 2 else 1.0) if n else np.nan


@compiled(error_model="numpy")
def clip(stack: Reals, noise: Reals, sci: Reals, err: Reals, wht: Reals, count: Counts, rejected: Counts) -> None:
    """Take the weighted mean of the samples that agree with the median of their pixel.

    A sample f is an outlier when ``|f - m| > k sigma + s |grad m|``: m is the median, sigma^2 the variance of the
    sample plus that of the median, and grad the steepest step of the median image to one of four neighbours. Of two
    samples that contradict each other the lower one is kept: what calibrated exposures still contain is mostly too
    bright (cosmic rays). (The scheme of the JWST outlier detection, on samples instead of blotted images.)

    Parameters
    ----------
    stack
        (3, y + 2, input, x + 2): the strip with one pixel of margin on each side.
    noise
        Standard deviation of each input, for samples without a variance.
    sci, err, wht
        Results (y, x); `err` may have no pixels.
    count, rejected
        Results (y, x): samples that took part, and that were clipped.
    """
    inputs, width = stack.shape[2], stack.shape[3]
    middle = np.full((stack.shape[1], width), np.nan)
    room, there = np.empty((inputs, width), dtype=stack.dtype), np.empty(inputs, dtype=np.int64)
    numbers = np.empty(width, dtype=np.uint16)
    for y in range(stack.shape[1]):
        _sort_columns(stack, y, there[: _present(stack, y, there)], room, numbers)
        for j in range(width):
            n = np.int64(numbers[j])
            if n == 2:
                middle[y, j] = room[0, j]
            elif n:
                middle[y, j] = _middle(room, j, n)
    sums = np.empty((4, width - 2))
    kept = np.empty(width - 2, dtype=np.int64)
    for i in range(sci.shape[0]):
        present = there[: _present(stack, i + 1, there)]
        _sum_row(stack[:, i + 1, :, 1:-1], noise, present, middle, i + 1, sums, kept, count[i])
        for j in range(sci.shape[1]):
            n = np.int64(count[i, j])
            if n and not kept[j]:  # the median fell between two camps: the lower one is kept
                kept[j] = _sum_lower(stack[:, i + 1, :, j + 1], present, middle[i + 1, j + 1], sums[:, j])
            some = kept[j] > 0
            count[i, j], rejected[i, j] = kept[j], n - kept[j]
            sci[i, j] = sums[0, j] / sums[1, j] if some else np.nan
            wht[i, j] = sums[1, j] if some else np.nan
            if err.size > 0:
                err[i, j] = np.sqrt(sums[2, j]) / sums[1, j] if some else np.nan


@compiled(error_model="numpy")
def _sum_row(
    stack: Reals, noise: Reals, there: Offsets, middle: Reals, y: int, sums: Reals, kept: Offsets, count: Counts
) -> None:  # fmt: skip
    """Sum up a row (3, input, x): samples, weights and variances of what is no outlier; count all, and what is kept."""
    total, weight, spread, variance = sums
    width = total.size
    sums[:], kept[:], count[:] = 0.0, 0, 0
    for k in there:
        samples, variances, usual = stack[0, k], stack[2, k], noise[k] ** 2
        for j in range(width):
            good = np.isfinite(samples[j])
            count[j] += np.uint16(1) if good else np.uint16(0)
            variance[j] += (variances[j] if variances[j] > 0.0 else usual) if good else 0.0
    allowed = np.empty(width)
    _steepest(middle, y, allowed)
    for j in range(width):
        allowed[j] *= CLIP_GRADIENTS
        n = np.int64(count[j])
        variance[j] = 0.5 * np.pi * variance[j] / (n * n) if n > 2 else variance[j] / max(n, 1)
    reference = middle[y, 1:-1]
    for k in there:
        samples, weights, variances, usual = stack[0, k], stack[1, k], stack[2, k], noise[k] ** 2
        for j in range(width):
            own = variances[j] if variances[j] > 0.0 else usual
            limit = CLIP_SIGMAS * np.sqrt(own + variance[j]) + allowed[j]
            outlier = (count[j] > 1) & (abs(samples[j] - reference[j]) > limit)
            taken = np.isfinite(samples[j]) & (not outlier)
            total[j] += weights[j] * samples[j] if taken else 0.0
            weight[j] += weights[j] if taken else 0.0
            spread[j] += weights[j] ** 2 * variances[j] if taken else 0.0
            kept[j] += 1 if taken else 0


@compiled(error_model="numpy")
def _sum_lower(stack: Reals, there: Offsets, reference: float, sums: Reals) -> int:
    """Sum up the samples (3, input) of a pixel that do not lie above the reference, and count them."""
    total, weight, spread, kept = 0.0, 0.0, 0.0, 0
    for k in there:
        if np.isfinite(stack[0, k]) and not stack[0, k] > reference:
            total += stack[1, k] * stack[0, k]
            weight += stack[1, k]
            spread += stack[1, k] ** 2 * stack[2, k]
            kept += 1
    sums[0], sums[1], sums[2] = total, weight, spread
    return kept


@compiled(error_model="numpy")
def _steepest(middle: Reals, y: int, out: Reals) -> None:
    """Write the steepest steps of a row to its neighbours, but for those of its ends."""
    below, here, above = middle[y - 1], middle[y], middle[y + 1]
    for j in range(out.size):
        own = here[j + 1]
        out[j] = _larger(_larger(0.0, below[j + 1] - own), above[j + 1] - own)
        out[j] = _larger(_larger(out[j], here[j] - own), here[j + 2] - own)


@compiled(error_model="numpy")
def _larger(steepest: float, step: float) -> float:
    size = abs(step)
    return size if np.isfinite(size) & (size > steepest) else steepest
