"""Display limits as IRAF's zscale has them: the slope of the sorted samples about their median."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["zscale_limits"]

_SAMPLES = 1000
_CONTRAST = 0.25
_LEAST_SHARE = 0.5
_LEAST_SAMPLES = 5
_REJECTED = 2.5
"""Standard deviations."""

_ROUNDS = 5
_GROWN_SHARE = 0.01
"""Share of the samples beside a rejected one that are rejected with it."""


def zscale_limits(values: NDArray[Any]) -> tuple[float, float]:
    """Give the limits of finite values.

    A straight line is fitted to a thousand of them in the order of their size, without those far off it; the limits
    are where the line, four times as steep, leaves the median at both ends.

    Parameters
    ----------
    values
        (n,), at least one.

    Returns
    -------
    tuple of float
        The same numbers, bit for bit, as `astropy.visualization.ZScaleInterval` gives for 1000 samples and contrast
        0.25; a picture shall not load all of that package for them.
    """
    samples = np.sort(values[:: int(max(1.0, values.size / _SAMPLES))][:_SAMPLES])
    count = len(samples)
    low, high = samples[0], samples[-1]
    least = max(_LEAST_SAMPLES, int(count * _LEAST_SHARE))
    places = np.arange(count)
    off = np.zeros(count, bool)
    neighbours = np.ones(max(1, int(count * _GROWN_SHARE)), bool)
    kept, before, line = count, count + 1, np.zeros(2)
    for _ in range(_ROUNDS):
        if kept >= before or kept < least:
            break
        line = np.polyfit(places, samples, deg=1, w=(~off).astype(int))
        rest = samples - np.poly1d(line)(places)
        threshold = _REJECTED * rest[~off].std()
        off[(rest < -threshold) | (rest > threshold)] = True
        off = np.convolve(off, neighbours, mode="same")
        before, kept = kept, np.sum(~off)
    if kept >= least:
        slope = line[0] / _CONTRAST
        middle = (count - 1) // 2
        median = np.median(samples)
        low = max(low, median - (middle - 1) * slope)
        high = min(high, median + (count - middle) * slope)
    return float(low), float(high)
