"""Records ranked for a query: what it asks for adds up, words decide among the rest."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jwstpipe.discovery.words.conditions import Condition
from jwstpipe.discovery.words.index import WordIndex, class_bits
from jwstpipe.discovery.words.parse import Query
from jwstpipe.names import FILTER_WAVELENGTHS

__all__ = ["ENCODER_SHARE", "Encoder", "Ranked", "rank", "why"]

Floats = NDArray[np.float32]

WEIGHTS = {
    "program": 2.0, "target": 1.8, "filter": 1.6, "pi": 1.5, "line": 1.4, "class": 1.3, "wavelength": 1.3, "kind": 1.1,
    "instrument": 1.1, "date": 1.1, "product": 1.1, "level": 1.0, "band": 1.0, "exposure": 1.0,
}  # fmt: skip
"""What each facet that is met adds to the score; words add one at most."""

SEVERAL_CLASSES = 0.2
"""More for a record that is of two of the classes that a word may mean: it is the special one among them."""

THRESHOLD = 0.25
"""Results below this share of the best are none."""

MOST_RANKED = 5_000
"""Results that are put in order; nobody looks further."""

ENCODER_SHARE = 0.3
"""Most that vectors may say."""

_HALF_WIDTHS = (("W2", 0.25), ("W", 0.12), ("M", 0.05), ("N", 0.02), ("C", 0.06))
"""Half the width of a passband, in ln of the wavelength, by kind of filter."""


class Encoder(Protocol):
    """A model of a site's own that turns texts to vectors; none comes with jwstpipe."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Give a unit vector for each text, float32 (n, d)."""
        ...


@dataclass(frozen=True)
class Ranked:
    """One record that fits."""

    row: int
    score: float


def rank(index: WordIndex, query: Query, *, within: NDArray[np.bool_] | None = None, vectors: Floats | None = None,
         vector: Floats | None = None, most: int = MOST_RANKED) -> list[Ranked]:  # fmt: skip
    """Rank the records of an index, the best first; equal ones by id.

    Parameters
    ----------
    index, query
        What, and for what.
    within
        Records that may be given, (records,); None = all.
    most
        Results wanted.
    vectors, vector
        Unit vectors of the records and of the query, where a site has an encoder.
    """
    words = index.bm25(query.words)
    best_word = float(words.max()) if len(index) else 0.0
    score = words / best_word if best_word > 0 else words
    wanted: dict[str, Floats] = {}
    several: Floats = np.zeros(len(index), np.float32)
    for condition in query.conditions:
        fits = _fit(index, condition)
        if condition.negated:
            score = score - 3.0 * fits
            continue
        held = wanted.get(condition.facet)
        if condition.facet == "class" and held is not None:
            several += np.minimum(fits, held)
        wanted[condition.facet] = fits if held is None else np.maximum(held, fits)
    for facet, fits in wanted.items():
        score = score + np.float32(WEIGHTS[facet]) * fits
    score = score + np.float32(SEVERAL_CLASSES) * np.minimum(several, 1.0)
    if vectors is not None and vector is not None and len(index):
        score = (1.0 - ENCODER_SHARE) * score + ENCODER_SHARE * float(score.max()) * np.clip(vectors @ vector, 0, 1)
    if within is not None:
        score = np.where(within, score, -1.0)
    if not len(index) or float(score.max()) <= 0.0:
        return []
    chosen = np.flatnonzero(score >= max(THRESHOLD * float(score.max()), 1e-6))
    if len(chosen) > most:  # all that tie with the last one stay, so that the order by id decides
        least = np.partition(score[chosen], len(chosen) - most)[len(chosen) - most]
        chosen = (
            chosen[score[chosen] > least]
            if (score[chosen] > least).sum() >= most // 2
            else chosen[score[chosen] >= least]
        )
    order = chosen[np.lexsort((chosen, -np.round(score[chosen].astype(np.float64), 6)))][:most]
    return [Ranked(int(row), float(score[row])) for row in order]


def why(index: WordIndex, query: Query, rows: Sequence[int]) -> list[tuple[str, ...]]:
    """Say of records what of a query each meets."""
    asked = [(one.label, _fit(index, one)[list(rows)]) for one in query.conditions if not one.negated]
    found = []
    for place, row in enumerate(rows):
        labels = [label for label, fits in asked if fits[place] >= 0.5]
        held = [] if labels else [word for word in query.words if index.holds(word, row)]
        found.append(tuple(dict.fromkeys([*labels, *([f"words {', '.join(held)}"] if held else [])])))
    return found


def _fit(index: WordIndex, condition: Condition) -> Floats:
    """Tell for every record how well it meets a condition, 0 to 1."""
    return _FITS[condition.facet](index, condition)


def _by_filter(index: WordIndex, condition: Condition) -> Floats:
    wanted = set(condition.values)
    return index.among("filter", lambda name: float(name in wanted))


def _by_kind(index: WordIndex, condition: Condition) -> Floats:
    ends = tuple(condition.values)
    return index.among("filter", lambda name: float(name in FILTER_WAVELENGTHS and name.endswith(ends)))


def _by_wavelength(index: WordIndex, condition: Condition) -> Floats:
    assert condition.span is not None
    low, high = condition.span

    def fits(name: str) -> float:
        um = FILTER_WAVELENGTHS.get(name)
        if um is None:
            return 0.0
        half = next(width for end, width in _HALF_WIDTHS if name.endswith(end))
        away = max(math.log(low / um), math.log(um / high), 0.0)
        if low == high:  # of filters that hold the value the nearer and narrower one fits better
            return (
                (1.0 - 0.15 * min(away / 0.25, 1.0) - 0.2 * half)
                if away <= half
                else 0.6 * math.exp(-(((away - half) / half) ** 2))
            )
        return 1.0 if away <= 0.0 else 0.3 if away <= half / 2 else 0.0

    return index.among("filter", fits)


def _by_band(index: WordIndex, condition: Condition) -> Floats:
    assert condition.span is not None
    um = index.numbers["um"]
    return ((um >= condition.span[0]) & (um < condition.span[1])).astype(np.float32)


def _by_class(index: WordIndex, condition: Condition) -> Floats:
    mask = np.uint64(class_bits().get(condition.values[0], 0))
    held: Floats = ((index.classes & mask) != 0).astype(np.float32)
    return held


def _by_target(index: WordIndex, condition: Condition) -> Floats:
    wanted = set(condition.values)
    return index.among("target", lambda name: float(name in wanted))


def _by_exposure(index: WordIndex, condition: Condition) -> Floats:
    assert condition.span is not None
    seconds = index.numbers["exposure_s"]
    return ((seconds >= condition.span[0]) & (seconds < condition.span[1])).astype(np.float32)


def _by_date(index: WordIndex, condition: Condition) -> Floats:
    assert condition.span is not None
    observed = index.numbers["observed"]
    return ((observed >= condition.span[0]) & (observed < condition.span[1])).astype(np.float32)


def _by_program(index: WordIndex, condition: Condition) -> Floats:
    held: Floats = np.isin(index.numbers["program"], [float(one) for one in condition.values]).astype(np.float32)
    return held


def _by_pi(index: WordIndex, condition: Condition) -> Floats:
    return index.among("pi", lambda name: float(condition.values[0] in name.split()))


def _by_level(index: WordIndex, condition: Condition) -> Floats:
    (wanted,) = condition.values
    by_level = index.among("level", lambda name: float(name == wanted))
    return (
        np.maximum(by_level, index.among("kind", lambda kind: float(kind == "mosaic"))) if wanted == "L3" else by_level
    )


def _by_instrument(index: WordIndex, condition: Condition) -> Floats:
    return index.among("instrument", lambda name: float(name == condition.values[0]))


def _by_product(index: WordIndex, condition: Condition) -> Floats:
    return index.among("kind", lambda kind: float(kind == condition.values[0]))


_FITS: dict[str, Callable[[WordIndex, Condition], Floats]] = {
    "filter": _by_filter, "line": _by_filter, "kind": _by_kind, "wavelength": _by_wavelength, "band": _by_band,
    "class": _by_class, "target": _by_target, "exposure": _by_exposure, "date": _by_date, "program": _by_program,
    "pi": _by_pi, "level": _by_level, "instrument": _by_instrument, "product": _by_product,
}  # fmt: skip
