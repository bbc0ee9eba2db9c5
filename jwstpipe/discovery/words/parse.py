"""What a query asks for besides its words: filters, lines, classes, wavelengths, programmes, dates, exposure times.

Each part is a condition of a facet. Within a facet any of several will do; several facets add up, and none is a must.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache

from jwstpipe.archive.search.row_filters import mjd
from jwstpipe.discovery.targets.normal_form import normal_form
from jwstpipe.discovery.targets.table import Target, known_target, known_targets
from jwstpipe.discovery.thesaurus import Term, terms
from jwstpipe.discovery.words.dates import dates_at
from jwstpipe.discovery.words.normal import STOP_WORDS, tokens
from jwstpipe.names import FILTER_WAVELENGTHS

__all__ = ["MOST_LETTERS", "Condition", "Query", "parse_query"]

MOST_LETTERS = 500

_NOT = frozenset({"not", "without", "except", "excluding", "no", "minus", "ignoring"})
_UNITS = {"s": 1.0, "sec": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0, "ks": 1000.0}
_MORE = frozenset({"longer", "over", "above", "more", "beyond", "least", "exceeding", "greater", "redder", "past"})
_LESS = frozenset({"shorter", "under", "below", "less", "most", "bluer"})
_PROGRAM_WORDS = frozenset({"program", "proposal", "pid", "go", "gto", "ers", "ddt", "dd", "id", "prop", "number"})


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


@dataclass(frozen=True)
class Query:
    """A query, taken apart."""

    text: str
    words: tuple[str, ...]
    """All words that tell something, in normal form."""

    conditions: tuple[Condition, ...]
    corrected: Mapping[str, str] = field(default_factory=dict)
    """Words that were misspelt, and what was taken for them."""


def parse_query(
    text: str, *, programs: Iterable[int] = (), people: Iterable[str] = (), today: date | None = None
) -> Query:
    """Take a query apart; anything is answered: an empty one, too, has no words and no conditions.

    Parameters
    ----------
    text
        What somebody typed; letters beyond 500 are left out.
    programs, people
        Programme numbers and words of names of principal investigators that there are.
    today
        Day that *last month* counts from.
    """
    words, corrected = _corrected(list(tokens(text[:MOST_LETTERS])))
    taken = [False] * len(words)
    found: list[Condition] = []
    now = today or datetime.now(UTC).date()
    for reader in (_targets, _phrases, _filters, _wavelengths, _exposures, _dates(now), _programs(set(programs)),
                   _people(set(people))):  # fmt: skip
        found += reader(words, taken)
    told = tuple(word for word in words if word not in STOP_WORDS and word not in _NOT)
    return Query(text, told, tuple(dict.fromkeys(found)), corrected)


def _take(taken: list[bool], start: int, length: int) -> None:
    taken[start : start + length] = [True] * length


def _negated(words: Sequence[str], start: int) -> bool:
    before = [
        word for word in words[max(0, start - 3) : start] if word not in ("in", "from", "any", "the", "with", "by")
    ]
    return bool(before) and before[-1] in _NOT


def _targets(words: list[str], taken: list[bool]) -> list[Condition]:
    """Find names of targets, the longest first."""
    found = []
    for length in range(min(7, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            if any(taken[start : start + length]):
                continue
            target = _target_of(tuple(words[start : start + length]))
            if target is not None:
                _take(taken, start, length)
                found.append(
                    Condition("target", f"target {target.name}", (target.name,), negated=_negated(words, start))
                )
    return found


@cache
def _target_forms() -> dict[str, str]:
    """Give targets by the words of their names, joined."""
    forms: dict[str, str] = {}
    for target in known_targets():
        for name in target.names:
            forms.setdefault("".join(tokens(name)), target.name)
            forms.setdefault(normal_form(name), target.name)
    return forms


def _target_of(words: tuple[str, ...]) -> Target | None:
    joined = "".join(words)
    if len(joined) < 2 or joined.isdigit() or joined.upper() in FILTER_WAVELENGTHS or words[0] in STOP_WORDS:
        return None
    if len(words) == 1 and joined in _phrase_table_words():
        return None
    for form in (joined, joined.removesuffix("nebula"), joined.removesuffix("galaxy"), joined.removesuffix("cluster")):
        if form in _target_forms() and (form == joined or len(form) > 3):
            return known_target(_target_forms()[form])
    return None


@cache
def _phrase_table() -> dict[tuple[str, ...], tuple[Term, ...]]:
    found: dict[tuple[str, ...], list[Term]] = {}
    for term in terms():
        for form in (*term.forms, term.name):
            words = tokens(form)
            held = found.setdefault(words, [])
            if term not in held:
                held.append(term)
    return {words: tuple(held) for words, held in found.items()}


@cache
def _phrase_table_words() -> frozenset[str]:
    return frozenset(words[0] for words in _phrase_table() if len(words) == 1)


def _phrases(words: list[str], taken: list[bool]) -> list[Condition]:
    """Find phrases of the thesaurus, the longest first; a phrase may belong to several terms, and then all count."""
    table, found = _phrase_table(), []
    for length in range(min(6, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            held = table.get(tuple(words[start : start + length]))
            if held is None or any(taken[start : start + length]):
                continue
            _take(taken, start, length)
            found += [_of_term(term, negated=_negated(words, start)) for term in held]
    return found


def _of_term(term: Term, *, negated: bool) -> Condition:
    if term.facet == "line":
        assert term.filter is not None
        return Condition("line", f"{term.filter} = {term.name}", (term.filter,), negated=negated)
    if term.facet == "kind":
        return Condition("kind", term.name, term.filters, negated=negated)
    if term.facet == "band":
        return Condition("band", term.name, span=term.um, negated=negated)
    if term.facet == "exposure":
        return Condition("exposure", term.name, span=term.seconds, negated=negated)
    return Condition(term.facet, f"{term.facet} {term.name}", (term.name,), negated=negated)


def _filters(words: list[str], taken: list[bool]) -> list[Condition]:
    found = []
    for at, word in enumerate(words):
        name = word.upper()
        near = [one for one in FILTER_WAVELENGTHS if one.startswith(name)] if re.fullmatch(r"F\d{3,4}", name) else []
        if name in FILTER_WAVELENGTHS or near:
            taken[at] = True
            chosen = (name,) if name in FILTER_WAVELENGTHS else tuple(near)
            found.append(Condition("filter", f"filter {'/'.join(chosen)}", chosen, negated=_negated(words, at)))
    return found


def _wavelengths(words: list[str], taken: list[bool]) -> list[Condition]:
    """Find ``2.12 um``, ``3 to 5 um``, ``between 3 and 5 um``, ``beyond 10 um``."""
    found = []
    for at, word in enumerate(words):
        if word != "um" or at == 0 or not _is_number(words[at - 1]):
            continue
        value, start = float(words[at - 1]), at - 1
        span = (value, value)
        if at >= 3 and words[at - 2] in ("to", "and", "through") and _is_number(words[at - 3]):
            span, start = (float(words[at - 3]), value), at - 3
        elif at >= 2 and _is_number(words[at - 2]) and float(words[at - 2]) < value:
            span, start = (float(words[at - 2]), value), at - 2
        else:
            before = [one for one in words[max(0, at - 4) : at - 1] if one not in ("than", "at", "the")]
            if before and before[-1] in _MORE:
                span = (value * 1.0001, 100.0)
            elif before and before[-1] in _LESS:
                span = (0.1, value * 0.9999)
        if span[0] > 0 and math.isfinite(span[1]):
            _take(taken, start, at + 1 - start)
            low, high = min(span), max(span)
            label = f"{value:g} um" if low == high else f"{low:g} to {high:g} um"
            found.append(Condition("wavelength", label, span=(low, high), negated=_negated(words, start)))
    return found


def _exposures(words: list[str], taken: list[bool]) -> list[Condition]:
    """Find ``longer than 1000 s``, ``under 2 minutes``."""
    found = []
    for at in range(1, len(words)):
        unit = _UNITS.get(words[at])
        if unit is None or not _is_number(words[at - 1]) or taken[at]:
            continue
        before = [one for one in words[max(0, at - 4) : at - 1] if one not in ("than", "at", "of", "the")]
        seconds = float(words[at - 1]) * unit
        more, less = bool(before) and before[-1] in _MORE, bool(before) and before[-1] in _LESS
        span = (seconds, 1e9) if more else (0.0, seconds) if less else (seconds * 0.7, seconds * 1.4)
        _take(taken, at - 1, 2)
        word = "more than" if more else "less than" if less else "about"
        found.append(Condition("exposure", f"{word} {seconds:g} s", span=span, negated=_negated(words, at - 1)))
    return found


def _dates(today: date) -> Callable[[list[str], list[bool]], list[Condition]]:
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
            _take(taken, at, length)
            label = f"observed {first} to {beyond - timedelta(days=1)}"
            found.append(Condition("date", label, span=(mjd(first), mjd(beyond)), negated=_negated(words, at)))
            del word
        return found

    return read


def _programs(known: set[int]) -> Callable[[list[str], list[bool]], list[Condition]]:
    def read(words: list[str], taken: list[bool]) -> list[Condition]:
        found = []
        for at, word in enumerate(words):
            prefix = re.fullmatch(r"jw0*(\d+)", word)
            number = int(prefix[1]) if prefix else int(word) if re.fullmatch(r"0*\d{3,5}", word) else 0
            named = bool(prefix) or (at > 0 and words[at - 1] in _PROGRAM_WORDS)
            if number and (named or (number in known and not taken[at])):
                taken[at] = True
                found.append(Condition("program", f"programme {number}", (str(number),), negated=_negated(words, at)))
        return found

    return read


def _people(known: set[str]) -> Callable[[list[str], list[bool]], list[Condition]]:
    def read(words: list[str], taken: list[bool]) -> list[Condition]:
        found = []
        for at, word in enumerate(words):
            if word in known and not taken[at] and len(word) > 2 and word not in STOP_WORDS:
                taken[at] = True
                found.append(Condition("pi", f"PI {word}", (word,), negated=_negated(words, at)))
        return found

    return read


@cache
def _known_words() -> frozenset[str]:
    """Words that a misspelt one may have meant: those of the thesaurus and of the targets."""
    found = {word for words in _phrase_table() for word in words}
    found |= {word for target in known_targets() for name in target.names for word in tokens(name)}
    return frozenset(word for word in found if word.isalpha() and len(word) > 4)


def _corrected(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Put right what is a letter or two away from a word of the field, and no word of it itself."""
    told: dict[str, str] = {}
    known = _known_words()
    said = {word for target in known_targets() for word in tokens(target.says)}
    for at, word in enumerate(words):
        if len(word) < 6 or not word.isalpha() or word in known or word in said or word in STOP_WORDS:
            continue
        near = [one for one in known if abs(len(one) - len(word)) <= 1 and one[0] == word[0] and _close(word, one)]
        if near:
            words[at] = told[word] = min(near)
    return words, told


def _close(a: str, b: str) -> bool:
    """Tell whether one letter was changed, left out, put in, or two were swapped."""
    if len(a) == len(b):
        differing = [k for k in range(len(a)) if a[k] != b[k]]
        swapped = len(differing) == 2 and differing[1] == differing[0] + 1
        return len(differing) == 1 or (
            swapped and a[differing[0]] == b[differing[1]] and a[differing[1]] == b[differing[0]]
        )
    short, long = sorted((a, b), key=len)
    return any(long[:k] + long[k + 1 :] == short for k in range(len(long)))


def _is_number(word: str) -> bool:
    return bool(re.fullmatch(r"\d{1,6}(?:\.\d+)?", word))
