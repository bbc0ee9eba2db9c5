"""The request that makes a recipe: it takes what the recipe counts, and nothing else."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from jwstpipe.discovery.recipes.candidates import Candidate
from jwstpipe.discovery.recipes.fields import Field
from jwstpipe.requests import ProcessTargetRequest
from jwstpipe.sky.regions import separation_deg

__all__ = ["Asked", "asked_for"]

MOST_NAMED = 60
"""Observations that a request names one by one, where a search by place would find others too."""

MOST_MOVING = 500
"""The same of what moves, which no place finds."""

_FAR_ARCSEC = 1.0
"""Images of a target that moves that lie further apart than this would show it twice."""


@dataclass(frozen=True)
class Asked:
    """A request, and what a person should know of it."""

    request: ProcessTargetRequest
    notes: tuple[str, ...] = ()


def asked_for(
    candidate: Candidate, own: Field, fields: Sequence[Field], *, name: str | None, start: tuple[float, float] | None
) -> Asked:
    """Write the request that makes a picture: its place, filters, level and colours.

    Parameters
    ----------
    candidate, own
        The picture, and the field that it is of.
    fields
        All fields: what else a search by place would find. Then, and of what moves, observations are named.
    name
        How the target is asked for; None = by the middle of the field.
    start
        Where the search begins, degrees; None = in the middle of the field.
    """
    bands = candidate.bands
    programs = {row.program for band in bands for row in band.rows}
    middle = own.centre
    begin = middle if start is None else start
    places = [(row.ra, row.dec) for band in bands for row in band.rows if math.isfinite(row.ra)]
    far = separation_deg(*begin, [ra for ra, _ in places], [dec for _, dec in places]).max() if places else 0.0
    instruments = {band.instrument for band in bands}
    published = candidate.published
    request = ProcessTargetRequest(
        target=f"{middle[0]:.5f} {middle[1]:.5f}" if name is None else name,
        radius=min(max(math.ceil((float(far) + 1e-3) * 1000.0) / 1000.0, 0.01), 10.0),
        instrument=instruments.pop() if len(instruments) == 1 else None,
        filters=tuple(dict.fromkeys(band.filter for band in bands)),
        program=programs.pop() if len(programs) == 1 else None,
        level=2 if own.level == 2 else 3,
        recipe=None if published is None else published.name,
        palette=candidate.palette if published is None else "chromatic",
        luminance=candidate.luminance,
    )
    ids = tuple(sorted({row.obs_id for band in bands for row in band.rows}))
    if own.moving:
        return _moving(request, ids, places)
    more = _found_besides(candidate, own, fields, request, begin)
    if more and len(ids) <= MOST_NAMED:
        return Asked(request.model_copy(update={"observations": ids, "radius": 0.05}))
    return Asked(request, (f"a run by place takes {', '.join(more)} too",) if more else ())


def _moving(request: ProcessTargetRequest, ids: tuple[str, ...], places: Sequence[tuple[float, float]]) -> Asked:
    notes = ["the target moves: observations of one epoch only, by their names"]
    drift = max((float(separation_deg(*places[0], *place)) * 3600.0 for place in places), default=0.0)
    if drift > _FAR_ARCSEC:
        notes.append(
            f"it moved {drift:.0f} arcsec between these images: a run lays them by where their headers say that it"
            " stands; where combined ones do not say it, take exposures (--level 2)"
        )
    if len(ids) > MOST_MOVING:
        notes.append(f"{len(ids)} observations are too many to be named: run it by programme")
        return Asked(request, tuple(notes))
    return Asked(request.model_copy(update={"observations": ids, "radius": 0.05}), tuple(notes))


def _found_besides(
    candidate: Candidate, own: Field, fields: Sequence[Field], request: ProcessTargetRequest,
    begin: tuple[float, float],
) -> list[str]:  # fmt: skip
    """Name what else a search by place would find: other instruments, coronagraphs and fields with the same filters."""
    mine = {band.key for band in candidate.bands}
    found = set()
    for other in fields:
        if other.moving or other.level != own.level:
            continue
        (point,) = other.plane.project(*([value] for value in begin))  # type: ignore[arg-type]
        for band in other.bands:
            wanted = band.filter in request.filters and request.instrument in (None, band.instrument)
            programs = {row.program for row in band.rows}
            if not wanted or (other is own and band.key in mine) or request.program not in ({None} | programs):
                continue
            if band.union.distance(shapely.Point(point)) <= request.radius * 60.0:
                what = " of a coronagraph" if band.coronagraph else " of another field" if other is not own else ""
                found.add(f"{band.instrument} {band.filter}{what}")
    return sorted(found)
