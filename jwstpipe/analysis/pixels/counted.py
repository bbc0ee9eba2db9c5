"""Counts of the samples of shards by their keys (`jwstpipe.numerics.ranks`), and those of all shards together."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.ranks import (
    LOW,
    UPPER,
    Bins,
    Ranks,
    Span,
    bins_for,
    count_words,
    in_order,
    keys_of,
    look_into,
    lower_in_order,
)

__all__ = ["Counted", "ShardCounts", "counted_shard", "known"]

Counts = NDArray[np.int64]
Table = NDArray[np.uint32]

_MOST_PASSES = 8
"""Passes for one question; one is enough, but for distributions that nobody has seen."""


@dataclass(frozen=True, eq=False)
class ShardCounts:
    """What a pass counted in a shard; the first one by upper bits, others in some bins."""

    held: NDArray[np.int32]
    """Bins that hold samples, rising."""

    counts: Table
    """How many each of them holds."""

    low: Table
    """Lower counts of the bins that are counted."""

    keys: Table
    """Keys of the bins that are listed."""


def counted_shard(parts: Iterable[NDArray[np.float32]], bins: Bins | None) -> ShardCounts:
    """Count the samples of a shard, (n,) piece by piece; by upper bits where `bins` is None, else those in bins."""
    if bins is None:
        upper = np.zeros(UPPER, np.uint32)
        for values in parts:
            count_words(values.view(np.uint32), upper)
        return ShardCounts(*in_order(upper), np.empty((0, LOW), np.uint32), np.empty(0, np.uint32))
    low, slots, keys = np.zeros((len(bins.counted), LOW), np.uint32), bins.slots(), [np.empty(0, np.uint32)]
    for values in parts:
        listed = np.empty(values.size, np.uint32)
        many = look_into(values.view(np.uint32), slots, low, listed)
        keys.append(keys_of(listed[:many].view(np.float32)))
    nothing = np.empty(0, np.int32), np.empty(0, np.uint32)
    return ShardCounts(*nothing, lower_in_order(bins, low), np.concatenate(keys))


class Counted:
    """Counts of all shards, as they come."""

    def __init__(self, bins: Bins | None) -> None:
        self.bins = bins
        self._upper: Counts = np.zeros(UPPER, np.int64)
        self._low: Counts = np.zeros((len(bins.counted) if bins else 0, LOW), np.int64)
        self._keys = [np.empty(0, np.uint32)]

    def add(self, part: ShardCounts) -> None:
        """Add those of a shard."""
        self._upper[part.held] += part.counts
        self._low += part.low
        self._keys.append(part.keys)

    def teach(self, ranks: Ranks) -> None:
        """Tell them to who wants to know ranks."""
        ranks.learn(self.bins, self._upper, self._low, np.concatenate(self._keys))


def known(
    ranks: Ranks,
    ask: Callable[[int], float | Span | tuple[Span, Span]],
    wanted: Sequence[int],
    again: Callable[[Bins], None],
    *,
    ahead: Callable[[], Sequence[Span]] = tuple,
) -> list[float]:
    """Ask for ranks, and let a pass look into the bins that they ask for; each pass brings them closer.

    A pass that is made looks into the bins `ahead`, too, which will be asked for next, if all can be looked into.
    """
    for _ in range(_MOST_PASSES):
        found = [ask(rank) for rank in wanted]
        missing = [one for one in found if isinstance(one, tuple)]
        if not missing:
            return [one for one in found if not isinstance(one, tuple)]
        spans = [span for one in missing for span in (one if isinstance(one[0], tuple) else (one,))]
        both = bins_for([*spans, *ahead()], ranks.upper)
        again(both if both.listed else bins_for(spans, ranks.upper))
    raise AssertionError("ranks that no pass can find")
