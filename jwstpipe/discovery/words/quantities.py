"""Wavelengths, exposure times and dates in the words of a query."""

import math
from collections.abc import Callable
from datetime import date, timedelta

from jwstpipe.archive.search.row_filters import mjd
from jwstpipe.discovery.words.conditions import Condition, is_negated, is_number, take
from jwstpipe.discovery.words.dates import dates_at

__all__ = ["dates", "exposures", "wavelengths"]

_UNITS = {"s": 1.0, "sec": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0, "ks": 1000.0}
_MORE = frozenset({"longer", "over", "above", "more", "beyond", "least", "exceeding", "greater", "redder", "past"})
_LESS = frozenset({"shorter", "under", "below", "less", "most", "bluer"})


def wavelengths(words: list[str], taken: list[bool]) -> list[Condition]:
    """Find ``2.12 um``, ``3 to 5 um``, ``between 3 and 5 um``, ``beyond 10 um``."""
    found = []
    for at, word in enumerate(words):
        if word != "um" or at == 0 or not is_number(words[at - 1]):
            continue
        value, start = float(words[at - 1]), at - 1
        span = (value, value)
        if at >= 3 and words[at - 2] in ("to", "and", "through") and is_number(words[at - 3]):
            span, start = (float(words[at - 3]), value), at - 3
        elif at >= 2 and is_number(words[at - 2]) and float(words[at - 2]) < value:
            span, start = (float(words[at - 2]), value), at - 2
        else:
            before = [one for one in words[max(0, at - 4) : at - 1] if one not in ("than", "at", "the")]
            if before and before[-1] in _MORE:
                span = (value * 1.0001, 100.0)
            elif before and before[-1] in _LESS:
                span = (0.1, value * 0.9999)
        if span[0] > 0 and math.isfinite(span[1]):
            take(taken, start, at + 1 - start)
            low, high = min(span), max(span)
            label = f"{value:g} um" if low == high else f"{low:g} to {high:g} um"
            said, negated = tuple(words[start : at + 1]), is_negated(words, start)
            found.append(Condition("wavelength", label, span=(low, high), negated=negated, said=said))
    return found


def exposures(words: list[str], taken: list[bool]) -> list[Condition]:
    """Find ``longer than 1000 s``, ``under 2 minutes``."""
    found = []
    for at in range(1, len(words)):
        unit = _UNITS.get(words[at])
        if unit is None or not is_number(words[at - 1]) or taken[at]:
            continue
        before = [one for one in words[max(0, at - 4) : at - 1] if one not in ("than", "at", "of", "the")]
        seconds = float(words[at - 1]) * unit
        more, less = bool(before) and before[-1] in _MORE, bool(before) and before[-1] in _LESS
        span = (seconds, 1e9) if more else (0.0, seconds) if less else (seconds * 0.7, seconds * 1.4)
        take(taken, at - 1, 2)
        word = "more than" if more else "less than" if less else "about"
        said, negated = tuple(words[at - 1 : at + 1]), is_negated(words, at - 1)
        found.append(Condition("exposure", f"{word} {seconds:g} s", span=span, negated=negated, said=said))
    return found


def dates(today: date) -> Callable[[list[str], list[bool]], list[Condition]]:
    """Give what finds days, months and years, counted from today."""

    def read(words: list[str], taken: list[bool]) -> list[Condition]:
        found = []
        for at, word in enumerate(words):
            if taken[at]:
                continue
            span = dates_at(words, at, today)
            if span is None:
                continue
            first, beyond, length = span
            before = words[at - 1] if at else ""
            if before in ("since", "after"):
                beyond = date(2200, 1, 1)
            elif before in ("before", "until"):
                first, beyond = date(2000, 1, 1), first
            take(taken, at, length)
            label = f"observed {first} to {beyond - timedelta(days=1)}"
            said, negated = tuple(words[at : at + length]), is_negated(words, at)
            found.append(Condition("date", label, span=(mjd(first), mjd(beyond)), negated=negated, said=said))
            del word
        return found

    return read
