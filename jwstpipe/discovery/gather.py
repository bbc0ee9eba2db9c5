"""Rows of a place: from the archive, else from answers on disk of any age, else from the library; it is said which."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jwstpipe.archive.search.products import choose_products, list_products
from jwstpipe.archive.search.response_cache import Answers
from jwstpipe.archive.search.search import SearchResult, search
from jwstpipe.catalog.records.plain_values import present
from jwstpipe.discovery.library import Held
from jwstpipe.discovery.targets.normal_form import normal_form
from jwstpipe.discovery.targets.resolve import Place
from jwstpipe.errors import NotFoundError, ServiceError
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import SearchRequest, validated
from jwstpipe.settings import ArchiveSettings
from jwstpipe.sky.regions import regions_within, separation_deg

__all__ = ["Gathered", "all_kept_rows", "gather", "kept_rows", "listed_sizes", "plain_rows"]

MOST_LISTED = 60
"""Observations whose files are asked for, to learn their sizes; of more they are estimated."""

_CAOM = "Mast.Caom.Filtered"


@dataclass(frozen=True)
class Gathered:
    """What is known of the observations of a place."""

    rows: tuple[Mapping[str, Any], ...]
    """With MAST's names."""

    source: str
    """archive, answers on disk, or library."""

    asked_at: float | None
    """When the archive said so, the oldest part of it, seconds since 1970; None for the library."""

    notes: tuple[str, ...] = ()
    """What a person should know: the archive is down, an answer was cut."""

    found: SearchResult | None = None
    """Of the archive."""


def gather(
    place: Place,
    *,
    radius: float,
    instrument: str | None,
    settings: ArchiveSettings,
    answers: Answers | None,
    held: Held,
    report: Reporter = silent,
) -> Gathered:
    """Find the observations of a place, whatever can be reached.

    Parameters
    ----------
    place, radius, instrument
        Where, how far around, and of which instrument (None = all).
    settings, answers
        Which archive; what it said before.
    held
        What the library holds there.
    report
        Told of pages.
    """
    notes: list[str] = []
    try:
        return _asked(place, radius, instrument, settings, answers, report)
    except ServiceError as error:
        if not settings.offline:
            notes.append(f"{error}: what was answered before is taken")
    if answers is not None:
        rows, oldest = kept_rows(answers, settings.server, place, radius)
        if rows:
            chosen = tuple(row for row in rows if _is_of(row, instrument))
            return Gathered(chosen, "answers on disk", oldest, tuple(notes))
    if held.rows:
        notes.append("no answer of the archive is kept for this place: these are the images of the library only")
    else:
        notes.append("no answer of the archive is kept for this place, and the library has nothing of it")
    return Gathered(tuple(row for row in held.rows if _is_of(row, instrument)), "library", None, tuple(notes))


def _asked(
    place: Place, radius: float, instrument: str | None, settings: ArchiveSettings, answers: Answers | None,
    report: Reporter,
) -> Gathered:  # fmt: skip
    results = []
    for values in _questions(place, radius):
        request = validated(
            SearchRequest, instrument=instrument, level=(2, 3), spectra=True, proprietary=True, **values
        )
        results.append(search(request, settings=settings, answers=answers, report=report))
    rows = [row for result in results for row in plain_rows(result)]
    if place.ra is None:
        rows = [row for row in rows if _is_named(row, place)]
    notes = tuple(f"incomplete: {result.cut}" for result in results if result.cut is not None)
    oldest = min((result.asked_at for result in results), default=None)
    return Gathered(tuple(rows), "archive", oldest, notes, results[0] if len(results) == 1 else None)


def _questions(place: Place, radius: float) -> Iterator[dict[str, Any]]:
    """Ask for a cone; of what moves, for the programmes that observed it."""
    if place.ra is not None and place.dec is not None:
        yield {"ra": place.ra, "dec": place.dec, "radius": radius}
        return
    programs = place.target.programs if place.target is not None else ()
    if not programs:
        raise NotFoundError(f"{place.name} moves, and no programme that observed it is known here; search by programme")
    yield from ({"program": program} for program in programs)


def kept_rows(
    answers: Answers, server: str, place: Place, radius: float
) -> tuple[tuple[Mapping[str, Any], ...], float | None]:
    """Collect what any answer on disk says of a place, and the age of the oldest answer that is needed for it."""
    newest: dict[str, tuple[float, Mapping[str, Any]]] = {}
    for asked_at, rows in _kept_answers(answers, server, lambda question: _reaches(question, place, radius)):
        for row in _near(rows, place, radius):
            name = str(row.get("obs_id"))
            if name not in newest or newest[name][0] < asked_at:
                newest[name] = (asked_at, row)
    if not newest:
        return (), None
    ordered = [newest[name] for name in sorted(newest)]
    return tuple(row for _, row in ordered), min(when for when, _ in ordered)


def all_kept_rows(answers: Answers, server: str) -> Iterator[tuple[float, Mapping[str, Any]]]:
    """Give every observation of any answer on disk, with the time of the answer, seconds since 1970."""
    for asked_at, rows in _kept_answers(answers, server, lambda _: True):
        yield from ((asked_at, row) for row in rows)


def _kept_answers(
    answers: Answers, server: str, wanted: Callable[[Mapping[str, Any]], bool]
) -> Iterator[tuple[float, list[dict[str, Any]]]]:
    for question, answer in answers.each_kept():
        if question.get("server") == server and str(question.get("service", "")).startswith(_CAOM) and wanted(question):
            yield answer.asked_at, [row for page in answer.content.get("pages", ()) for row in page.get("data") or ()]


def listed_sizes(found: SearchResult, wanted: frozenset[str], **where: Any) -> dict[str, int]:
    """Ask the archive for the sizes of the images of some observations; {} where there are too many, or no answer."""
    if not len(found.observations) or not 0 < len(wanted) <= MOST_LISTED:
        return {}
    mask = [str(name).lower() in wanted for name in found.observations["obs_id"]]
    part = replace(found, observations=found.observations[mask])
    try:
        listing = list_products(part, **where)
    except ServiceError:
        return {}
    sizes: dict[str, int] = {}
    for product in choose_products(listing, level=(2, 3)):
        name = product.obs_id.lower()
        sizes[name] = sizes.get(name, 0) + product.size
    return sizes


def plain_rows(result: SearchResult) -> Iterator[Mapping[str, Any]]:
    """Give the observations of a search as plain values."""
    table = result.observations
    columns = {name: table[name].tolist() for name in table.colnames}
    names = list(columns)
    for values in zip(*columns.values(), strict=True):
        yield present(dict(zip(names, values, strict=True)))


def _near(rows: list[dict[str, Any]], place: Place, radius: float) -> Iterator[Mapping[str, Any]]:
    jwst = [row for row in rows if str(row.get("obs_collection", "")).upper() == "JWST"]
    if place.ra is None or place.dec is None:
        yield from (row for row in jwst if _is_named(row, place))
        return
    inside = regions_within(place.ra, place.dec, radius, [str(row.get("s_region") or "") for row in jwst])
    for row, touches in zip(jwst, inside, strict=True):
        ra, dec = row.get("s_ra"), row.get("s_dec")
        if touches is None and ra is not None and dec is not None:
            touches = float(separation_deg(place.ra, place.dec, ra, dec)) <= radius  # noqa: PLW2901 - decided by centre
        if touches:
            yield row


def _reaches(question: Mapping[str, Any], place: Place, radius: float) -> bool:
    """Tell whether the cone of a question touches a place; one without a cone may."""
    position = (question.get("params") or {}).get("position")
    if position is None or place.ra is None or place.dec is None:
        return True
    try:
        ra, dec, reach = map(float, str(position).split(","))
    except ValueError:
        return False
    return math.isfinite(ra + dec) and float(separation_deg(place.ra, place.dec, ra, dec)) <= reach + radius + 0.1


def _is_of(row: Mapping[str, Any], instrument: str | None) -> bool:
    told = str(row.get("instrument_name") or "").partition("/")[0].upper()
    return instrument is None or told == instrument.strip().upper()


def _is_named(row: Mapping[str, Any], place: Place) -> bool:
    named = normal_form(str(row.get("target_name") or ""))
    return place.target is not None and any(normal_form(name) in named for name in place.target.names)
