"""What a query asks for besides its words: filters, lines, classes, wavelengths, programmes, dates, exposure times.

Each part is a condition of a facet. Within a facet any of several will do; several facets add up, and none is a must.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache

from jwstpipe.discovery.targets.normal_form import normal_form
from jwstpipe.discovery.targets.table import Target, known_target, known_targets
from jwstpipe.discovery.thesaurus import Term, terms
from jwstpipe.discovery.words.conditions import NEGATIONS, Condition, is_negated, take
from jwstpipe.discovery.words.normal import STOP_WORDS, tokens
from jwstpipe.discovery.words.quantities import dates, exposures, wavelengths
from jwstpipe.names import FILTER_WAVELENGTHS

__all__ = ["MOST_LETTERS", "Query", "parse_query"]

MOST_LETTERS = 500

_PROGRAM_WORDS = frozenset({"program", "proposal", "pid", "go", "gto", "ers", "ddt", "dd", "id", "prop", "number"})


@dataclass(frozen=True)
class Query:
    """A query, taken apart."""

    text: str
    words: tuple[str, ...]
    """All words that tell something, in normal form."""

    conditions: tuple[Condition, ...]
    refused: tuple[Condition, ...] = ()
    """What was understood, but is not meant."""

    corrected: Mapping[str, str] = field(default_factory=dict)
    """Words that were misspelt, and what was taken for them."""


def parse_query(
    text: str, *, programs: Iterable[int] = (), people: Iterable[str] = (), without: Iterable[str] = (),
    today: date | None = None,
) -> Query:  # fmt: skip
    """Take a query apart; anything is answered: an empty one, too, has no words and no conditions.

    Parameters
    ----------
    text
        What somebody typed; letters beyond 500 are left out.
    programs, people
        Programme numbers and words of names of principal investigators that there are.
    without
        Labels of conditions that are not meant, in any case: neither they nor their words count.
    today
        Day that *last month* counts from.
    """
    plain = text[:MOST_LETTERS].replace(">", " over ").replace("<", " under ")
    words, corrected = _corrected(list(tokens(plain)))
    taken = [False] * len(words)
    found: list[Condition] = []
    now = today or datetime.now(UTC).date()
    for reader in (_targets, _phrases, _filters, wavelengths, exposures, dates(now), _programs(set(programs)),
                   _people(set(people))):  # fmt: skip
        found += reader(words, taken)
    unwanted = {label.strip().casefold() for label in without}
    refused = [one for one in found if one.label.casefold() in unwanted]
    meant = tuple(dict.fromkeys(one for one in found if one not in refused))
    silent = {word for one in refused for word in one.said} - {word for one in meant for word in one.said}
    told = tuple(word for word in words if word not in STOP_WORDS and word not in NEGATIONS and word not in silent)
    return Query(text, told, meant, tuple(dict.fromkeys(refused)), corrected)


def _targets(words: list[str], taken: list[bool]) -> list[Condition]:
    """Find names of targets, the longest first."""
    found = []
    for length in range(min(7, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            if any(taken[start : start + length]):
                continue
            target = _target_of(tuple(words[start : start + length]))
            if target is not None:
                take(taken, start, length)
                said = tuple(words[start : start + length])
                negated = is_negated(words, start)
                found.append(Condition("target", f"target {target.name}", (target.name,), negated=negated, said=said))
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
            take(taken, start, length)
            said = tuple(words[start : start + length])
            found += [replace(_of_term(term), negated=is_negated(words, start), said=said) for term in held]
    return found


def _of_term(term: Term) -> Condition:
    if term.facet == "line":
        assert term.filter is not None
        return Condition("line", f"{term.filter} = {term.name}", (term.filter,))
    if term.facet == "survey":
        return Condition("program", f"survey {term.name}", tuple(map(str, term.programs)))
    if term.facet == "kind":
        return Condition("kind", term.name, term.filters)
    if term.facet == "band":
        return Condition("band", term.name, span=term.um)
    if term.facet == "exposure":
        return Condition("exposure", term.name, span=term.seconds)
    return Condition(term.facet, f"{term.facet} {term.name}", (term.name,))


def _filters(words: list[str], taken: list[bool]) -> list[Condition]:
    found = []
    for at, word in enumerate(words):
        name = word.upper()
        near = [one for one in FILTER_WAVELENGTHS if one.startswith(name)] if re.fullmatch(r"F\d{3,4}", name) else []
        if name in FILTER_WAVELENGTHS or near:
            taken[at] = True
            chosen = (name,) if name in FILTER_WAVELENGTHS else tuple(near)
            label = f"filter {'/'.join(chosen)}"
            found.append(Condition("filter", label, chosen, negated=is_negated(words, at), said=(word,)))
    return found


def _programs(known: set[int]) -> Callable[[list[str], list[bool]], list[Condition]]:
    def read(words: list[str], taken: list[bool]) -> list[Condition]:
        found = []
        for at, word in enumerate(words):
            prefix = re.fullmatch(r"jw0*(\d+)", word)
            number = int(prefix[1]) if prefix else int(word) if re.fullmatch(r"0*\d{3,5}", word) else 0
            named = bool(prefix) or (at > 0 and words[at - 1] in _PROGRAM_WORDS)
            if number and (named or (number in known and not taken[at])):
                taken[at] = True
                label, negated = f"programme {number}", is_negated(words, at)
                found.append(Condition("program", label, (str(number),), negated=negated, said=(word,)))
        return found

    return read


def _people(known: set[str]) -> Callable[[list[str], list[bool]], list[Condition]]:
    def read(words: list[str], taken: list[bool]) -> list[Condition]:
        found = []
        for at, word in enumerate(words):
            if word in known and not taken[at] and len(word) > 2 and word not in STOP_WORDS:
                taken[at] = True
                found.append(Condition("pi", f"PI {word}", (word,), negated=is_negated(words, at), said=(word,)))
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
