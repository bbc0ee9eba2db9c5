"""Combinations that need all samples of a pixel at once: the median, and the mean of what survives clipping."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["CLIP_GRADIENTS", "CLIP_SIGMAS", "clip", "median", "sort_few"]

CLIP_SIGMAS = 4.0
"""A sample this many standard deviations from the reference is an outlier, unless the gradient explains it."""

CLIP_GRADIENTS = 1.0
"""Share of the steepest step to a neighbouring pixel that two samplings of one sky may differ by.

The official pipeline compares with 1.2 and then 0.7 of the derivative of the median image; it is what keeps the cores
of undersampled stars, whose samples depend on where the star falls on the pixels.
"""

FEW = 24
"""So many values are sorted fastest one by one."""

Reals = NDArray[np.floating]
Counts = NDArray[np.uint16]


@compiled(error_model="numpy")
def sort_few(values: Reals) -> None:
    """Sort in place; a few are put in their order one by one."""
    if values.size > FEW:
        values.sort()
        return
    for k in range(1, values.size):
        value, place = values[k], k
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value


@compiled(error_model="numpy")
def _middle(sorted_values: Reals, n: int) -> float:
    return float(0.5 * (sorted_values[(n - 1) // 2] + sorted_values[n // 2]))


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
    kept = np.empty(stack.shape[2])
    for i in range(sci.shape[0]):
        for j in range(sci.shape[1]):
            n, spread, weight = 0, 0.0, 0.0
            for k in range(stack.shape[2]):
                if np.isfinite(stack[0, i, k, j]):
                    kept[n] = stack[0, i, k, j]
                    weight += stack[1, i, k, j]
                    spread += stack[2, i, k, j]
                    n += 1
            sort_few(kept[:n])
            sci[i, j] = _middle(kept, n) if n else np.nan
            wht[i, j] = weight if n else np.nan
            if err.size > 0:
                err[i, j] = np.sqrt(spread) / n * (np.sqrt(np.pi / 2.0) if n > 2 else 1.0) if n else np.nan


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
    middle = np.full((stack.shape[1], stack.shape[3]), np.nan)
    kept = np.empty(stack.shape[2])
    for i in range(middle.shape[0]):
        for j in range(middle.shape[1]):
            n = 0
            for k in range(stack.shape[2]):
                if np.isfinite(stack[0, i, k, j]):
                    kept[n] = stack[0, i, k, j]
                    n += 1
            if n == 2:
                middle[i, j] = min(kept[0], kept[1])
            elif n:
                sort_few(kept[:n])
                middle[i, j] = _middle(kept, n)
    for i in range(sci.shape[0]):
        for j in range(sci.shape[1]):
            _clip_pixel(stack, noise, middle, i, j, kept, sci, err, wht, count, rejected)


@compiled(error_model="numpy")
def _steepest(middle: Reals, y: int, x: int) -> float:
    here, steepest = middle[y, x], 0.0
    for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        step = abs(middle[y + dy, x + dx] - here)
        if np.isfinite(step):
            steepest = max(steepest, step)
    return steepest


@compiled(error_model="numpy")
def _clip_pixel(
    stack: Reals, noise: Reals, middle: Reals, i: int, j: int, spreads: Reals,
    sci: Reals, err: Reals, wht: Reals, count: Counts, rejected: Counts,
) -> None:  # fmt: skip
    """Combine the samples of a pixel; `spreads` is room for a number of each input."""
    y, x = i + 1, j + 1
    reference = middle[y, x]
    allowed = CLIP_GRADIENTS * _steepest(middle, y, x)
    n, mean_variance = 0, 0.0
    for k in range(stack.shape[2]):
        spreads[k] = np.nan
        if np.isfinite(stack[0, y, k, x]):
            n += 1
            spreads[k] = stack[2, y, k, x] if stack[2, y, k, x] > 0.0 else noise[k] ** 2
            mean_variance += spreads[k]
    of_reference = 0.5 * np.pi * mean_variance / max(n, 1) ** 2 if n > 2 else mean_variance / max(n, 1)
    total, weight, spread, survivors = 0.0, 0.0, 0.0, 0
    for attempt in range(2):
        for k in range(stack.shape[2]):
            if not np.isfinite(stack[0, y, k, x]):
                continue
            limit = CLIP_SIGMAS * np.sqrt(spreads[k] + of_reference) + allowed
            outlier = abs(stack[0, y, k, x] - reference) > limit if attempt == 0 else stack[0, y, k, x] > reference
            if n > 1 and outlier:
                continue
            total += stack[1, y, k, x] * stack[0, y, k, x]
            weight += stack[1, y, k, x]
            spread += stack[1, y, k, x] ** 2 * stack[2, y, k, x]
            survivors += 1
        if survivors:  # else the median fell between two camps: the lower one is kept
            break
    count[i, j], rejected[i, j] = survivors, n - survivors
    sci[i, j] = total / weight if survivors else np.nan
    wht[i, j] = weight if survivors else np.nan
    if err.size > 0:
        err[i, j] = np.sqrt(spread) / weight if survivors else np.nan
