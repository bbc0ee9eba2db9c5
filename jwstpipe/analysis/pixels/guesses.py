"""Which bins a pass shall look into: guessed from a sample of the samples, or known from counts of all of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.ranks import UPPER, Bins, Span, keys_of, shares_of, spans_joined
from jwstpipe.sky.box import Box

__all__ = ["SAMPLES", "bins_for", "guessed", "sampled_cells"]

Float32 = NDArray[np.float32]

SAMPLES = 1 << 18
"""Samples that a guess is made from, at most."""

MOST_CELLS, FEWEST_CELLS, SHARE_OF_CELLS = 128, 8, 8
"""Places that they are read from: one in so many, within limits."""

_SURE = 2.0
"""Standard errors of a guess that are looked into on each side."""

_GROUPS = 4
"""Groups of places, each all over the image, from which errors are estimated."""

_MOST_COUNTED = 1024
"""Bins whose lower bits are counted, 32 kB each."""

_MOST_DIRECT, _FULL = 32, 0.01
"""Bins that are counted as samples come, 16 kB each, and the share of all samples that makes it worth it."""

_KEPT = 1.0 / 128
"""Share of all samples whose keys are kept."""

_SORTED = 0.3
"""Share of all samples that a guess may have sorted: another pass costs as much."""

_RATIOS = (0.7548776662466927, 0.5698402909980532)
"""Steps of a sequence that fills a square evenly (Roberts 2018, from the plastic number)."""


def sampled_cells(box: Box, side: int) -> list[Box]:
    """Choose cells of a box, evenly over it; all of them where they are few."""
    cells = list(box.cells(side))
    wanted = min(max(len(cells) // SHARE_OF_CELLS, FEWEST_CELLS), MOST_CELLS)
    if len(cells) <= wanted:
        return cells
    columns = -(-box.x1 // side) - box.x0 // side
    rows = len(cells) // columns
    places = (
        (int((0.5 + k * _RATIOS[0]) % 1 * rows), int((0.5 + k * _RATIOS[1]) % 1 * columns)) for k in range(wanted)
    )
    return [cells[row * columns + column] for row, column in dict.fromkeys(places)]


def guessed(parts: Sequence[Float32], percents: Sequence[float], *, spread: bool, whole: bool) -> Bins:
    """Guess bins that hold percentiles, and those in which the median distance from the median is decided.

    Parameters
    ----------
    parts
        Samples from several places, (n,) each.
    percents
        0 to 100.
    spread
        Guess for the median distance, too.
    whole
        The parts are all there is: what they say is exact.
    """
    known = [part[np.isfinite(part)] for part in parts]
    rising = np.sort(np.concatenate([*known, np.empty(0, np.float32)]))
    known = [part for part in known if part.size]
    if not rising.size:
        return Bins()
    spans = [_span(*_limits(rising, known, percent, whole=whole)) for percent in percents]
    if spread:
        low, high = _limits(rising, known, 50.0, whole=whole)
        middle = rising[rising.size // 2]
        away = [np.abs(part - middle) for part in known]
        near, far = _limits(np.sort(np.abs(rising - middle)), away, 50.0, whole=whole)
        spans += [_span(low - far, high - near), _span(low + near, high + far)]
    return bins_for(spans, shares_of(rising), most_sorted=_SORTED)


def _limits(rising: Float32, parts: Sequence[Float32], percent: float, *, whole: bool) -> tuple[float, float]:
    """Give the limits that a percentile lies between: places differ by more than chance alone would have it."""
    count = rising.size
    rank = (count - 1) * percent / 100.0
    middle = rising[int(rank)]
    error = 0.0
    if not whole:
        groups = [np.concatenate([np.empty(0, np.float32), *parts[k::_GROUPS]]) for k in range(_GROUPS)]
        shares = np.array([np.count_nonzero(group <= middle) / group.size for group in groups if group.size])
        chance = (percent / 100.0 * (1.0 - percent / 100.0) + 1.0 / count) / count
        error = _SURE * count * np.sqrt(shares.var() / len(shares) + chance)
    low, high = int(np.floor(rank - error)), int(np.ceil(rank + error)) + 1
    return float(rising[low]) if low >= 0 else -np.inf, float(rising[high]) if high < count else np.inf


def _span(low: float, high: float) -> Span:
    most = float(np.finfo(np.float32).max)
    first, last = (keys_of(np.array([low, high]).clip(-most, most).astype(np.float32)) // (2**32 // UPPER)).tolist()
    return first, last


def bins_for(
    spans: Sequence[Span], shares: tuple[NDArray[np.int64], NDArray[np.float64]], *, most_sorted: float = 1.0
) -> Bins:
    """Choose how to look into ranges of bins: the fullest are counted, keys of the others kept if they are few.

    Parameters
    ----------
    spans
        Ranges (first, last) of bins.
    shares
        Bins that hold samples, rising, and the share of all samples in each.
    most_sorted
        Largest share of all samples that is sorted before it is counted; where it would be more, that is left.
    """
    ranges = spans_joined(spans)
    held, amount = shares
    inside = np.zeros(held.size, bool)
    for first, last in ranges:
        inside[np.searchsorted(held, first) : np.searchsorted(held, last, side="right")] = True
    held, amount = held[inside], amount[inside]
    order = np.argsort(-amount, kind="stable")
    left = np.maximum(float(amount.sum()) - np.concatenate([[0.0], np.cumsum(amount[order])]), 0.0)
    direct = min(int(np.count_nonzero(amount >= _FULL)), _MOST_DIRECT)
    counted = max(int(np.argmax(left <= _KEPT)) if (left <= _KEPT).any() else len(order), direct)
    if left[direct] > most_sorted or counted > _MOST_COUNTED:
        return Bins(tuple(held[order[:direct]].tolist()), direct)
    return Bins(tuple(held[order[:counted]].tolist()), direct, tuple(ranges))
