"""Counts of the samples of shards by their keys (`jwstpipe.numerics.ranks`), and those of all shards together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.pixels.guesses import bins_for
from jwstpipe.numerics.ranks import LOW, UPPER, Bins, Ranks, Span, runs_of
from jwstpipe.numerics.sums import counted_and_added

__all__ = ["Counted", "ShardCounts", "counted_shard", "known"]

Counts = NDArray[np.int64]

MOST_KEPT, FEW_KEPT = 1.0 / 32, 4096
"""Share of all samples whose keys are kept at most, and so many in any case."""

_MOST_PASSES = 8
"""Passes for one question; two are enough."""


@dataclass(frozen=True, eq=False)
class ShardCounts:
    """Keys of a shard."""

    bins: NDArray[np.int32]
    """Bins that hold samples."""

    counts: NDArray[np.uint32]
    low: NDArray[np.uint32]
    """Lower counts of bins that are counted directly."""

    keys: NDArray[np.uint32]
    """Keys of the other bins that were looked into, each once, rising."""

    times: NDArray[np.uint32]
    """How often each is there."""


class Counted:
    """Keys of all shards, as counts and lists."""

    def __init__(self, bins: Bins) -> None:
        self.upper: Counts = np.zeros(UPPER, np.int64)
        self.low: Counts = np.zeros((len(bins.counted), LOW), np.int64)
        self._rows = np.full(UPPER, -1, np.int32)
        self._rows[list(bins.counted)] = np.arange(len(bins.counted))
        self._direct = bins.direct
        self._lists: list[NDArray[np.uint32]] = [np.empty(0, np.uint32)]
        self._kept = self._samples = 0

    def add(self, part: ShardCounts) -> None:
        """Add those of a shard."""
        self.upper[part.bins] += part.counts
        self.low[: self._direct] += part.low
        rows = self._rows[part.keys // LOW]
        counted = rows >= 0
        self.low[rows[counted], part.keys[counted] % LOW] += part.times[counted]
        self._samples += int(part.counts.sum())
        kept = np.repeat(part.keys[~counted], part.times[~counted])
        self._kept += kept.size
        if self.complete:
            self._lists.append(kept)

    @property
    def complete(self) -> bool:
        """Whether the keys that are kept are still few; more would fill the memory."""
        return self._kept <= MOST_KEPT * self._samples + FEW_KEPT

    @property
    def listed(self) -> NDArray[np.uint32] | None:
        """All keys that are kept; None where they were too many."""
        return np.concatenate(self._lists) if self.complete else None


def counted_shard(
    values: NDArray[np.float32], bins: Bins, *, add: bool
) -> tuple[tuple[int, float, float, float, float], ShardCounts]:
    """Count the samples (n,) of a shard, and add them up if wanted; see `counted_and_added`."""
    upper, low = np.zeros(UPPER, np.uint32), np.zeros((bins.direct, LOW), np.uint32)
    listed = np.empty(values.size, np.uint32)
    many, sums = counted_and_added(values, bins.slots(), upper, low, listed, add=add)
    held = np.flatnonzero(upper).astype(np.int32)
    return sums, ShardCounts(held, upper[held], low, *runs_of(np.sort(listed[:many])))


def known(
    ranks: Ranks,
    ask: Callable[[int], float | Span | tuple[Span, Span]],
    wanted: Sequence[int],
    again: Callable[[Bins], None],
    *,
    ahead: Callable[[], Sequence[Span]] = tuple,
) -> list[float]:
    """Ask for ranks, and let a pass look into the bins that they ask for; each pass brings them closer.

    A pass that is made looks into the bins `ahead`, too, which will be asked for next.
    """
    for _ in range(_MOST_PASSES):
        found = [ask(rank) for rank in wanted]
        missing = [one for one in found if isinstance(one, tuple)]
        if not missing:
            return [one for one in found if not isinstance(one, tuple)]
        spans = [span for one in missing for span in (one if isinstance(one[0], tuple) else (one,))]
        spans += ahead()
        held = ranks.upper.nonzero()[0]
        again(bins_for(spans, (held, ranks.upper[held] / ranks.count)))
    raise AssertionError("ranks that no pass can find")
