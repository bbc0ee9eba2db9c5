"""Exact ranks of samples that are never in memory together, and of their distances from a value: in two passes.

The bits of a float32, with the sign turned, sort as whole numbers do: keys. The first pass counts all samples by the
upper 20 bits. `Ranks` then tells which bins the wanted ranks lie in; another pass counts the lower 12 bits in these, or
keeps the keys where they are few. Counts only add up, so that neither the order of the windows nor the number of
workers matters.

Passes count words as they stand in memory, without a look at sign or NaN: that takes less than a nanosecond a sample.
The tables are put in the order of keys afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = [
    "LOW", "UPPER", "Bins", "Ranks", "Span", "bins_for", "count_words", "ends_of", "in_order", "keys_of", "look_into",
    "lower_in_order", "ranks_of", "values_of",
]  # fmt: skip

UPPER_BITS = 20
UPPER = 1 << UPPER_BITS
LOW_BITS = 32 - UPPER_BITS
LOW = 1 << LOW_BITS

LISTED = -1
"""Slot of a bin whose keys are listed."""

MOST_COUNTED = 1024
"""Bins whose lower bits are counted in one pass, 16 kB each."""

KEPT = 1.0 / 128
"""Share of all samples whose keys are kept in one pass."""

_HALF = UPPER // 2
_ENDLESS = 0x7F8 << (UPPER_BITS - 12)
"""First of the words' upper bits that are no finite number; those of negative ones are `_HALF` more."""

Keys = NDArray[np.uint32]
Counts = NDArray[np.int64]
Table = NDArray[np.uint32]
Slots = NDArray[np.int16]
Span = tuple[int, int]


@dataclass(frozen=True)
class Bins:
    """Bins that a pass looks into."""

    counted: tuple[int, ...] = ()
    """Bins whose lower bits are counted: those with many samples."""

    listed: tuple[Span, ...] = ()
    """Ranges (first, last) of bins whose keys are kept; those of them that are counted are not."""

    def slots(self) -> Slots:
        """Give for every bin, by the upper bits of words, 0, its row + 1 where it is counted, or `LISTED`."""
        found = np.zeros(UPPER, np.int16)
        for first, last in self.listed:
            found[_turned(np.arange(first, last + 1))] = LISTED
        found[_turned(np.array(self.counted, np.int64))] = np.arange(1, len(self.counted) + 1)
        return found


def _turned(upper: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the upper bits of words of bins, whose order is that of keys."""
    return np.where(upper >= _HALF, upper - _HALF, UPPER - 1 - upper)


def in_order(upper: Table) -> tuple[NDArray[np.int32], Table]:
    """Give the bins that hold finite samples, rising, and how many each, from a table of words' upper bits."""
    negative, positive = upper[_HALF : _HALF + _ENDLESS], upper[:_ENDLESS]
    below, above = np.flatnonzero(negative)[::-1], np.flatnonzero(positive)
    bins = np.concatenate([_HALF - 1 - below, _HALF + above]).astype(np.int32)
    return bins, np.concatenate([negative[below], positive[above]])


def lower_in_order(bins: Bins, low: Table) -> Table:
    """Turn the rows of negative samples in a table of words' lower bits."""
    negative = np.array(bins.counted, np.int64) < _HALF
    low[negative] = low[negative, ::-1]
    return low


def keys_of(values: NDArray[np.float32]) -> Keys:
    """Give the keys of samples."""
    words = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return np.asarray(np.where(words >> 31, ~words, words ^ np.uint32(0x80000000)), np.uint32)


def values_of(keys: Keys) -> NDArray[np.float32]:
    """Give the samples of keys."""
    keys = np.asarray(keys, np.uint32)
    return np.where(keys >> 31, keys ^ np.uint32(0x80000000), ~keys).astype(np.uint32).view(np.float32)


def ends_of(span: Span) -> list[float]:
    """Give the lowest and the highest sample of a range of bins."""
    ends = [span[0] << LOW_BITS, (span[1] << LOW_BITS) | (LOW - 1)]
    return [float(one) for one in values_of(np.array(ends, np.uint32))]


@compiled()
def count_words(words: Keys, upper: Table) -> None:
    """Count words (n,) by their upper bits, in a table (`UPPER`,)."""
    for k in range(words.size):
        upper[words[k] >> np.uint32(LOW_BITS)] += np.uint32(1)


@compiled()
def look_into(words: Keys, slots: Slots, low: Table, listed: Keys) -> int:
    """Count the lower bits of words in some bins, and list the words of others.

    Parameters
    ----------
    words
        (n,), the bits of samples.
    slots
        (`UPPER`,), see `Bins.slots`.
    low
        (rows, `LOW`), added to.
    listed
        Filled with words from the first place on; has room for all.

    Returns
    -------
    int
        How many words are listed.
    """
    n = 0
    for k in range(words.size):
        word = words[k]
        slot = slots[word >> np.uint32(LOW_BITS)]
        if slot > 0:
            low[slot - 1, word & np.uint32(LOW - 1)] += np.uint32(1)
        elif slot < 0:
            listed[n] = word
            n += 1
    return n


@compiled()
def _reach(centre: np.float32, distance: np.float32) -> tuple[int, int]:
    """Give the lowest and the highest key of samples that are not farther from a value, in single precision."""
    word = np.empty(1, np.uint32)
    value = word.view(np.float32)
    ends = np.empty(2, np.int64)
    lowest, highest = np.int64(0x00800000), np.int64(0xFF7FFFFF)  # keys of the largest finite numbers
    for side in range(2):
        value[0] = centre
        middle = np.int64(word[0])
        middle = 0xFFFFFFFF - middle if middle >> 31 else middle + 0x80000000
        inside, outside = middle, (lowest - 1 if side == 0 else highest + 1)
        while abs(outside - inside) > 1:
            key = (inside + outside) // 2
            word[0] = np.uint32(key - 0x80000000 if key >> 31 else 0xFFFFFFFF - key)
            if abs(value[0] - centre) <= distance:
                inside = key
            else:
                outside = key
        ends[side] = inside
    return ends[0], ends[1]


class Ranks:
    """What passes counted."""

    def __init__(self) -> None:
        self.upper: Counts = np.zeros(UPPER, np.int64)
        self._rows: dict[int, Counts] = {}
        """By bin: how many samples have lower bits up to each."""

        self._lists: list[tuple[Span, Keys]] = []
        self._ends: Counts = self.upper

    @property
    def count(self) -> int:
        """Samples in all."""
        return int(self._ends[-1])

    def learn(self, bins: Bins | None, upper: Counts, low: Counts, listed: Keys) -> None:
        """Take what a pass counted, for good: the first one by upper bits, others what is in some bins."""
        if bins is None:
            self.upper, self._ends = upper, np.cumsum(upper)
            return
        np.cumsum(low, axis=1, out=low)
        self._rows |= {one: low[row] for row, one in enumerate(bins.counted)}
        rising = np.sort(listed)
        self._lists += [(span, rising) for span in bins.listed]

    def value(self, rank: int) -> float | Span:
        """Give the sample of a rank from 0; or the range of bins that has to be looked into first."""
        one = int(np.searchsorted(self._ends, rank, side="right"))
        within = rank - int(self._ends[one] - self.upper[one])
        if one in self._rows:
            key = (one << LOW_BITS) | int(np.searchsorted(self._rows[one], within, side="right"))
            return _value(key)
        keys = self._listed(one)
        if keys is None:
            return one, one
        return _value(int(keys[np.searchsorted(keys, np.uint32(one << LOW_BITS)) + within]))

    def distance(self, rank: int, centre: float) -> float | tuple[Span, Span]:
        """Give the distance from a value of a rank from 0, in single precision; or the ranges to look into first."""
        middle = np.float32(centre)
        surely = self._least(rank, middle, surely=True)
        perhaps = self._least(rank, middle, surely=False)
        if surely == perhaps:
            return float(_float(surely))
        (a, d), (b, c) = _reach(middle, _float(surely)), _reach(middle, _float(perhaps))
        return (a >> LOW_BITS, b >> LOW_BITS), (c >> LOW_BITS, d >> LOW_BITS)

    def _least(self, rank: int, centre: np.float32, *, surely: bool) -> int:
        """Give the bits of the least distance that more samples than `rank` do not exceed; surely, or perhaps."""
        low, high = -1, 0x7F7FFFFF
        while high - low > 1:
            bits = (low + high) // 2
            first, last = _reach(centre, _float(bits))
            before, until = self._below(first), self._below(last + 1)
            count = until[0] - before[1] if surely else until[1] - before[0]
            low, high = (low, bits) if count > rank else (bits, high)
        return high

    def _below(self, key: int) -> Span:
        """Bound the number of samples whose keys are lower."""
        one, rest = key >> LOW_BITS, key & (LOW - 1)
        first = int(self._ends[one] - self.upper[one])
        if rest == 0 or not self.upper[one]:
            return first, first
        if one in self._rows:
            exact = first + int(self._rows[one][rest - 1])
            return exact, exact
        keys = self._listed(one)
        if keys is None:
            return first, first + int(self.upper[one])
        begin, end = np.searchsorted(keys, np.array([one << LOW_BITS, key], np.uint32)).tolist()
        return first + end - begin, first + end - begin

    def _listed(self, one: int) -> Keys | None:
        for (first, last), keys in self._lists:
            if first <= one <= last:
                return keys
        return None


def _float(bits: int) -> np.float32:
    return np.float32(np.array([bits], np.uint32).view(np.float32)[0])


def _value(key: int) -> float:
    return float(values_of(np.array([key], np.uint32))[0])


def bins_for(spans: Sequence[Span], upper: Counts) -> Bins:
    """Choose how to look into ranges of bins: the fullest are counted, keys of the others kept if they are few.

    Where they are not, only the fullest are looked into; what they tell leaves less to ask for.
    """
    ranges = _joined(spans)
    held = np.concatenate([first + np.flatnonzero(upper[first : last + 1]) for first, last in ranges])
    order = held[np.argsort(-upper[held], kind="stable")]
    left = int(upper[order].sum()) - np.cumsum(upper[order])
    counted = int(np.count_nonzero(left > KEPT * upper.sum())) + 1
    few = counted <= MOST_COUNTED
    return Bins(tuple(order[: min(counted, MOST_COUNTED)].tolist()), tuple(ranges) if few else ())


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Join ranges of whole numbers that overlap or touch."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def ranks_of(count: int, percents: Sequence[float]) -> list[tuple[int, int, float]]:
    """Give, for each percentile, the ranks below and above it and the share of the upper one (as numpy's linear)."""
    found = []
    for percent in percents:
        place = (count - 1) * percent / 100.0
        low = int(np.floor(place))
        found.append((low, min(low + 1, count - 1), place - low))
    return found
