"""Dates as people write them in a query: a year, a month, a day, or how long ago."""

import calendar
import re
from collections.abc import Sequence
from datetime import date, timedelta

__all__ = ["dates_at"]

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name} | {
    name.lower(): number for number, name in enumerate(calendar.month_abbr) if name
}


def dates_at(words: Sequence[str], at: int, today: date) -> tuple[date, date, int] | None:
    """Read the dates that begin at a word: the first day, the day behind the last, and how many words that took.

    Parameters
    ----------
    words
        In normal form.
    at
        Number of the word.
    today
        What ``last week`` counts from.

    Returns
    -------
    tuple, or None
        None where no date begins there.
    """
    return _relative(words, at, today) or _calendar(words, at)


def _relative(words: Sequence[str], at: int, today: date) -> tuple[date, date, int] | None:
    if words[at] not in ("last", "past", "this") or at + 1 >= len(words):
        return None
    tomorrow = today + timedelta(days=1)
    lengths = {"day": 1, "week": 7, "month": 31, "year": 366}
    nxt = words[at + 1]
    if nxt in lengths and words[at] != "this":
        return today - timedelta(days=lengths[nxt]), tomorrow, 2
    if nxt == "year":
        return date(today.year, 1, 1), tomorrow, 2
    if nxt == "month":
        return today.replace(day=1), tomorrow, 2
    if nxt.isdigit() and len(nxt) < 5 and at + 2 < len(words) and words[at + 2] in lengths:
        return today - timedelta(days=int(nxt) * lengths[words[at + 2]]), tomorrow, 3
    return None


def _calendar(words: Sequence[str], at: int) -> tuple[date, date, int] | None:
    """Read a year, a month of a year, or a day, in British, American and ISO order."""
    rest = list(words[at : at + 3])
    years = [k for k, word in enumerate(rest) if re.fullmatch(r"20[12]\d", word)]
    if not years:
        return None
    year = int(rest[years[0]])
    month = next((k for k, word in enumerate(rest) if word in _MONTHS), None)
    if years[0] == 0 and len(rest) >= 2 and re.fullmatch(r"0[1-9]|1[0-2]", rest[1]):
        day = int(rest[2]) if len(rest) == 3 and re.fullmatch(r"0[1-9]|[12]\d|3[01]", rest[2]) else None
        return _span(year, int(rest[1]), day, 3 if day else 2)
    if month is not None and month < years[0]:
        between = [word for k, word in enumerate(rest[: years[0]]) if k != month]
        if all(re.fullmatch(r"[0-3]?\d(?:st|nd|rd|th)?", word) for word in between):
            day = int(re.sub(r"\D", "", between[0])) if between else None
            return _span(year, _MONTHS[rest[month]], day, years[0] + 1)
        return None
    return _span(year, None, None, 1) if years[0] == 0 else None


def _span(year: int, month: int | None, day: int | None, length: int) -> tuple[date, date, int] | None:
    try:
        if month is None:
            return date(year, 1, 1), date(year + 1, 1, 1), length
        if day is None:
            return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1), length
        first = date(year, month, day)
    except ValueError:
        return None
    return first, first + timedelta(days=1), length
