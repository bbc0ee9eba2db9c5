"""Clipped and biweight statistics from one pass, whatever the number of rounds.

Samples are counted in bins of z, the distance from the median in robust standard deviations: 1.2e-4 wide up to 8, and
2e-4 of z from there on. All rounds of clipping run on these counts.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["CLIP_ROUNDS", "CLIP_SIGMA", "PLACES", "Clipped", "clip_counts", "clipped_from_counts"]

CLIP_SIGMA = 3.0
CLIP_ROUNDS = 5

_EVEN = 8.0
"""Distance up to which bins have one width, and from which on they grow with it."""

_FARTHEST = 1e6
_FINE = 1 << 16
"""Bins of each kind on one side."""

_GROWTH = _FINE / math.log(_FARTHEST / _EVEN)

PLACES = 4 * _FINE + 1
"""Bins in all."""


@dataclass(frozen=True)
class Clipped:
    """Mean, median and standard deviation of what is left after clipping at 3 sigma around the median, 5 rounds.

    Correct to about 1e-4 of the standard deviation.
    """

    mean: float
    median: float
    std: float
    count: int


@compiled()
def clip_counts(
    values: NDArray[np.float32], centre: float, spread: float, counts: NDArray[np.int64], sums: NDArray[np.float64]
) -> None:
    """Count samples, and add up the sums of the biweight location (c = 6) and scale (c = 9).

    Parameters
    ----------
    values
        (n,); NaN and infinities are left out.
    centre, spread
        Median and 1.4826 times the median absolute deviation.
    counts
        (`PLACES`,), added to.
    sums
        (4,), added to: location numerator and denominator, scale numerator and denominator, in units of the spread.
    """
    near, far = 1.482602218505602 / 6.0, 1.482602218505602 / 9.0
    middle, per_spread, scale = 2 * _FINE, 1.0 / spread, _FINE / _EVEN
    for k in range(values.size):
        z = (float(values[k]) - centre) * per_spread
        if not math.isfinite(z):
            continue
        size = abs(z)
        place = int(min(size, _EVEN) * scale + 0.5)
        if size > _EVEN:
            place = _FINE + int(min(math.log(size / _EVEN) * _GROWTH, _FINE))
        counts[middle + place if z >= 0.0 else middle - place] += 1
        u = z * near
        if abs(u) < 1.0:
            rest = 1.0 - u * u
            weight = rest * rest
            sums[0] += z * weight
            sums[1] += weight
        u = z * far
        if abs(u) < 1.0:
            square = u * u
            rest = 1.0 - square
            fourth = rest * rest
            sums[2] += z * z * (fourth * fourth)
            sums[3] += rest * (1.0 - 5.0 * square)


def _middles() -> NDArray[np.float64]:
    """Give the z of each bin."""
    even = np.arange(_FINE + 1) * (_EVEN / _FINE)
    growing = _EVEN * np.exp((np.arange(1, _FINE + 1) + 0.5) / _GROWTH)
    one_side = np.concatenate([even, growing])
    return np.concatenate([-one_side[:0:-1], one_side])


def clipped_from_counts(counts: NDArray[np.int64], *, centre: float, spread: float, mean: float, std: float) -> Clipped:
    """Run the rounds of clipping on the counts of `clip_counts`; `mean` and `std` are those of all samples."""
    middles = _middles()
    zs_mean, zs_std, zs_median = (mean - centre) / spread, std / spread, 0.0
    first, last = 0, PLACES
    for _ in range(CLIP_ROUNDS):
        low = int(np.searchsorted(middles, zs_median - CLIP_SIGMA * zs_std, "left"))
        high = int(np.searchsorted(middles, zs_median + CLIP_SIGMA * zs_std, "right"))
        low, high = max(low, first), min(high, last)
        if (low, high) == (first, last) or not counts[low:high].any():
            break
        first, last = low, high
        kept, places = counts[first:last], middles[first:last]
        number = int(kept.sum())
        zs_mean = float(kept @ places) / number
        zs_std = math.sqrt(float(kept @ (places - zs_mean) ** 2) / number)
        zs_median = _median(kept, places, number)
    return Clipped(
        centre + spread * zs_mean, centre + spread * zs_median, spread * zs_std, int(counts[first:last].sum())
    )


def _median(counts: NDArray[np.int64], places: NDArray[np.float64], number: int) -> float:
    ends = np.cumsum(counts)
    low, high = (int(np.searchsorted(ends, rank, "right")) for rank in ((number - 1) // 2, number // 2))
    return float(0.5 * (places[low] + places[high]))
