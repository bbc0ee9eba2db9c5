"""`Condition`: one part of a query that was understood, and what its readers share."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["NEGATIONS", "Condition", "is_negated", "is_number", "take"]

NEGATIONS = frozenset({"not", "without", "except", "excluding", "no", "minus", "ignoring"})


@dataclass(frozen=True)
class Condition:
    """One part of a query that was understood."""

    facet: str
    label: str
    """For people: ``filter F212N``, ``class planetary nebula``."""

    values: tuple[str, ...] = ()
    """Names that fit; of a wavelength, an exposure or a date none."""

    span: tuple[float, float] | None = None
    """From and to: micrometres, seconds, or MJD."""

    negated: bool = False

    said: tuple[str, ...] = field(default=(), compare=False)
    """The words that said so."""


def take(taken: list[bool], start: int, length: int) -> None:
    """Mark words as read."""
    taken[start : start + length] = [True] * length


def is_negated(words: Sequence[str], start: int) -> bool:
    """Tell whether a *not* stands before a place."""
    before = [
        word for word in words[max(0, start - 3) : start] if word not in ("in", "from", "any", "the", "with", "by")
    ]
    return bool(before) and before[-1] in NEGATIONS


def is_number(word: str) -> bool:
    """Tell whether a word is a number that queries have."""
    return bool(re.fullmatch(r"\d{1,6}(?:\.\d+)?", word))
