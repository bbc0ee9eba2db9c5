"""From fields to recipes, ranked: which pictures can be made, and everything about each."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import shapely

from jwstpipe.discovery.recipes.asked import Asked, asked_for
from jwstpipe.discovery.recipes.candidates import LAST_RANK, Candidate, candidates_of
from jwstpipe.discovery.recipes.estimate import cost_of
from jwstpipe.discovery.recipes.fields import BandKey, Field
from jwstpipe.discovery.recipes.rates import Rates
from jwstpipe.discovery.recipes.recipe import BandFacts, Recipe, RecipeTag, command_of
from jwstpipe.discovery.recipes.rows import day_of
from jwstpipe.discovery.recipes.select import common_area
from jwstpipe.discovery.targets.table import Target
from jwstpipe.discovery.thesaurus import lines
from jwstpipe.display.colour.palette import band_colours
from jwstpipe.display.colour.resolution import psf_fwhm_arcsec
from jwstpipe.display.presets.load import load_preset
from jwstpipe.requests import ProcessTargetRequest

__all__ = ["Surroundings", "recipes_of"]

EPOCHS_APART_DAYS = 30.0
"""Filters observed further apart than this may show another state of what varies."""

_LEAST_ARCMIN2 = 1e-4


@dataclass(frozen=True)
class Surroundings:
    """What recipes depend on besides the rows."""

    name: str
    """How the target is asked for in the archive: its catalogue name, or a position."""

    position: tuple[float, float] | None = None
    """Where the target is, degrees; None for what moves."""

    target: Target | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Bytes by observation id."""

    here: Collection[str] = ()
    """Ids of observations that the library holds."""

    rates: Rates = field(default_factory=Rates)
    threads: int = 2


def recipes_of(fields: Sequence[Field], around: Surroundings) -> tuple[Recipe, ...]:
    """Give every picture that is worth making, the best first; fields in any order give the same list.

    Parameters
    ----------
    fields
        Of `fields_of`.
    around
        Target, library, site.
    """
    found: list[Recipe] = []
    ordered = _nearest_first(fields, around.position)
    for number, own in enumerate(ordered):
        seen: set[tuple[tuple[BandKey, ...], str | None]] = set()
        for candidate in candidates_of(own, around.target, main=number == 0):
            key = tuple(band.key for band in candidate.bands), candidate.luminance
            if key in seen or common_area(candidate.bands).area < _LEAST_ARCMIN2:
                continue
            seen.add(key)
            found.append(_recipe(candidate, number, ordered, around))
    return tuple(
        sorted(found, key=lambda one: (one.rank, one.field, one.source is None, -len(one.filters),
                                       -one.common_area_arcmin2, one.name, one.filters))
    )  # fmt: skip


def _nearest_first(fields: Sequence[Field], position: tuple[float, float] | None) -> list[Field]:
    """Order fields: those that hold the target or lie close first, then the larger ones."""

    def apart(own: Field) -> float:
        if position is None:
            return 0.0
        if own.moving:
            return math.inf  # it passed by
        x, y = own.plane.project(*([value] for value in position))[0]  # type: ignore[arg-type]
        return float(own.whole.distance(shapely.Point(x, y))) if math.isfinite(x) else math.inf

    return sorted(fields, key=lambda own: (round(apart(own), 3), -round(own.area, 6), own.plane.ra, own.plane.dec))


def _recipe(candidate: Candidate, number: int, fields: Sequence[Field], around: Surroundings) -> Recipe:
    own, bands = fields[number], candidate.bands
    passing = own.moving and around.position is not None
    name = (bands[0].rows[0].target or None) if passing else around.name if own.moving or number == 0 else None
    asked = asked_for(candidate, own, fields, name=name, start=around.position if number == 0 else None)
    request = asked.request
    cost = cost_of(
        bands, request, sizes=around.sizes, here=around.here, rates=around.rates, threads=around.threads
    )  # fmt: skip
    facts = _band_facts(candidate, request)
    rows = sorted({row.obs_id: row for band in bands for row in band.rows}.values(), key=lambda row: row.obs_id)
    common, areas = float(common_area(bands).area), [band.area for band in bands]
    spans = [band.span for band in bands]
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    between = _between(spans)
    here = sum(row.obs_id in set(around.here) for row in rows)
    widths = [width for band in bands if (width := psf_fwhm_arcsec(band.passband)) is not None]
    published = candidate.published
    tag: RecipeTag = (
        "all data" if candidate.rank == LAST_RANK and candidate.kind == "all"
        else "recommended" if published is None else "NASA-style" if published.source is None else "published"
    )  # fmt: skip
    return Recipe(
        name=f"{candidate.name}, {day_of(first)}" if own.moving else candidate.name,
        rank=candidate.rank, kind=candidate.kind, tag=tag,
        source=None if published is None else published.source,
        filters=tuple(band.filter for band in bands),
        instruments=tuple(dict.fromkeys(band.instrument for band in bands)),
        colours={one.filter: one.colour for one in facts},
        weights={one.filter: one.weight for one in facts if one.weight != 1.0},
        luminance=candidate.luminance,
        bands=facts,
        reasons=_reasons(candidate, common, max(areas)),
        description=_description(facts),
        warnings=_warnings(candidate, asked, between),
        missing=candidate.missing,
        ra=round(own.centre[0], 6), dec=round(own.centre[1], 6), field=number, level=own.level,
        common_area_arcmin2=round(common, 4),
        share_of_smallest=round(min(common / min(areas), 1.0), 4),
        share_of_largest=round(min(common / max(areas), 1.0), 4),
        depth_s=round(min(band.depth[0] for band in bands), 1),
        epochs=tuple(dict.fromkeys((day_of(first), day_of(last)))),
        epoch_span_days=round(between, 2),
        possible_since=day_of(max(band.released for band in bands)),
        programs=tuple(sorted({row.program for row in rows if row.program is not None})),
        observation_ids=tuple(row.obs_id for row in rows),
        requires_mosaic=any(band.needs_mosaic for band in bands),
        recommended_feather=0.15 if len({band.instrument for band in bands}) > 1 else 0.1,
        resolution_arcsec=(round(min(widths), 3), round(max(widths), 3)),
        width=cost.width, height=cost.height, scale_arcsec=cost.scale_arcsec,
        inputs=len(rows), here=here, files_to_fetch=len(rows) - here, bytes_to_fetch=cost.bytes_to_fetch,
        bytes_from=cost.bytes_from if len(rows) - here else "all is here",
        memory_bytes=cost.memory_bytes, seconds=cost.seconds, seconds_from=around.rates.told,
        request=request.model_dump(mode="json", exclude_defaults=True), command=command_of(request),
    )  # fmt: skip


def _band_facts(candidate: Candidate, request: ProcessTargetRequest) -> tuple[BandFacts, ...]:
    """Tell of each filter what it covers, and the colour that the picture will give it."""
    named = {} if request.recipe is None else load_preset(request.recipe).colours
    looks = band_colours(named, [band.passband for band in candidate.bands], request.palette)
    facts = []
    for band, look in zip(candidate.bands, looks, strict=True):
        assert look.colour is not None
        line = lines().get(band.filter)
        facts.append(
            BandFacts(
                filter=band.filter, instrument=band.instrument, wavelength_um=band.wavelength_um,
                shows=None if line is None else line.name, colour=look.colour.hex, weight=look.weight,
                area_arcmin2=round(band.area, 4), depth_s=round(band.depth[0], 1),
                depth_range_s=(round(band.depth[1], 1), round(band.depth[2], 1)), inputs=len(band.rows),
                observed=(day_of(band.span[0]), day_of(band.span[1])),
                programs=tuple(sorted({row.program for row in band.rows if row.program is not None})),
            )
        )  # fmt: skip
    return tuple(facts)


def _between(spans: Sequence[tuple[float, float]]) -> float:
    """Give the longest time between the observations of two filters, days."""
    told = [span for span in spans if math.isfinite(span[0])]
    return max(span[1] for span in told) - min(span[0] for span in told) if told else 0.0


def _reasons(candidate: Candidate, common: float, largest: float) -> str:
    count = len(candidate.bands)
    words = ("one filter", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    many = words[0] if count == 1 else f"{words[count - 1] if count <= len(words) else count} filters"
    depth = min(band.depth[0] for band in candidate.bands)
    parts = [many, f"{common:.1f} of {largest:.1f} square arcmin shared", _hours(depth)]
    parts += candidate.notes[:1] if candidate.missing else ()
    return ", ".join(parts)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600.0:.1f} h" if seconds >= 3600.0 else f"{seconds / 60.0:.0f} min"


def _description(facts: Sequence[BandFacts]) -> str:
    shown = [f"{one.filter} ({one.shows})" if one.shows else one.filter for one in facts]
    return ", ".join(shown)


def _warnings(candidate: Candidate, asked: Asked, between: float) -> tuple[str, ...]:
    found = list(candidate.notes)
    if between > EPOCHS_APART_DAYS:
        found.append(f"its filters were observed up to {between:.0f} days apart: what varies will differ")
    guessed = sum(not row.region for band in candidate.bands for row in band.rows)
    if guessed:
        found.append(f"{guessed} inputs tell no footprint: a circle of the instrument's size stands for each")
    found += asked.notes
    return tuple(found)
