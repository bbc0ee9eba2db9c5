"""Robust location and spread: medians, absolute deviations, clipping."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["MAD_TO_SIGMA", "clipped_noise", "middle", "middle_value", "quantiles"]

Values = NDArray[np.float64]

MAD_TO_SIGMA = 1.482602218505602
"""Standard deviation of a normal distribution over its median absolute deviation."""

_CLIP_ROUNDS = 8


def clipped_noise(residuals: Values) -> float:
    """Estimate a standard deviation by the median absolute deviation, clipped at 3 sigma until it settles."""
    kept = np.sort(residuals, axis=None)  # sorted once, all the medians of the rounds are look-ups
    sigma = 0.0
    for _ in range(_CLIP_ROUNDS):
        centre = 0.5 * (kept[(kept.size - 1) // 2] + kept[kept.size // 2])
        sigma = MAD_TO_SIGMA * _middle_distance(kept, centre)
        first = np.searchsorted(kept, centre - 3.0 * sigma, "left")
        last = np.searchsorted(kept, centre + 3.0 * sigma, "right")
        if last - first in (kept.size, 0):
            break
        kept = kept[first:last]
    return sigma


def _middle_distance(ordered: Values, centre: float) -> float:
    """Give the median of the distances of sorted values from a point, by bisection.

    The n nearest values lie side by side; the first of them is where leaving one out on the left for one more on the
    right begins to cost distance.
    """
    found = []
    for count in ((ordered.size + 1) // 2, ordered.size // 2 + 1):
        low, high = 0, ordered.size - count
        while low < high:
            middle = (low + high) // 2
            if centre - ordered[middle] > ordered[middle + count] - centre:
                low = middle + 1
            else:
                high = middle
        found.append(max(centre - ordered[low], ordered[low + count - 1] - centre))
    return float(0.5 * (found[0] + found[1]))


def middle(values: NDArray[Any]) -> NDArray[Any]:
    """Give the median of a few rows, none of which has a NaN: `numpy.median` loads the masked arrays for it.

    Parameters
    ----------
    values
        (n, ...), at least one row.
    """
    ordered, count = np.sort(values, axis=0), len(values)
    return np.asarray((ordered[(count - 1) // 2] + ordered[count // 2]) / 2.0)


def middle_value(values: ArrayLike) -> float:
    """Give the median of numbers, none of which is NaN, in their own precision; see `middle`."""
    return float(middle(np.ravel(values)))


def quantiles(values: NDArray[Any], shares: Sequence[float]) -> list[float]:
    """Give the values below which shares of numbers lie, none of which is NaN; between two of them linearly.

    They are those of `numpy.quantile`, which loads the masked arrays, as `numpy.median` does.
    """
    ordered = np.sort(values, axis=None)
    found = []
    for share in shares:
        place = share * (ordered.size - 1)
        below = int(place)
        low, high = ordered[below], ordered[min(below + 1, ordered.size - 1)]
        part, step = place - below, float(high - low)
        found.append(float(high) - step * (1.0 - part) if part >= 0.5 else float(low) + step * part)
    return found
