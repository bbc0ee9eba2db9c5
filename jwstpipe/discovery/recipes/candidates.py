"""Which sets of filters of a field make a picture: published ones, all, the best, classic, narrow, broad, lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jwstpipe.discovery.recipes.fields import Band, Field
from jwstpipe.discovery.recipes.published import Published, published_for
from jwstpipe.discovery.recipes.recipe import RecipeKind
from jwstpipe.discovery.recipes.select import (
    LEAST_SHARE,
    MANY,
    best_of_many,
    classic_three,
    common_area,
    line_pairs,
    pruned,
    sharing,
    well_covered,
)
from jwstpipe.discovery.targets.table import Target
from jwstpipe.discovery.thesaurus import lines
from jwstpipe.requests import Palette

__all__ = ["LAST_RANK", "Candidate", "candidates_of"]

LAST_RANK = 10
"""Of published colours anywhere else than on their target, and of pictures of all data."""

_CROSS = ("NIRCam", "MIRI")


@dataclass(frozen=True)
class Candidate:
    """Filters that belong together, before anything is known of the picture."""

    kind: RecipeKind
    rank: int
    name: str
    bands: tuple[Band, ...]
    palette: Palette = "chromatic"
    published: Published | None = None
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    luminance: str | None = None
    """Filter that brings the lightness."""


def candidates_of(own: Field, target: Target | None, *, main: bool) -> Iterator[Candidate]:
    """Give the recipes of a field in the order in which they win over others of the same filters."""
    plain = [band for band in own.bands if not band.coronagraph]
    blocked = [band for band in own.bands if band.coronagraph]
    for published in published_for(target):
        yield from _from_publication(published, plain, rank=0 if main else LAST_RANK)
    cross = _cross(plain)
    shift = 1 if cross else 0
    if cross:
        yield from _whole_set(cross, "NIRCam + MIRI", rank=1, palette="instruments")
    for instrument in sorted({band.instrument for band in plain}):
        yield from _of_instrument([band for band in plain if band.instrument == instrument], instrument, shift)
    if blocked:
        for instrument in sorted({band.instrument for band in blocked}):
            mine = sharing([band for band in blocked if band.instrument == instrument])
            yield Candidate("coronagraph", 6 + shift, f"{instrument} coronagraph", mine)


def _from_publication(published: Published, bands: Sequence[Band], *, rank: int) -> Iterator[Candidate]:
    """Offer a published picture if all its filters are there, or all but one."""
    by_key = {(band.instrument, band.filter): band for band in bands}
    wanted = [(published.instrument_of(name), name) for name in published.colours]
    held = tuple(by_key[key] for key in wanted if key in by_key)
    missing = tuple(name for instrument, name in wanted if (instrument, name) not in by_key)
    few = len(missing) > 1 or len(held) < 2 or (missing and published.source is None)
    if few or common_area(held).area < LEAST_SHARE * min(band.area for band in held):
        return
    notes = tuple(f"{name} is missing" for name in missing)
    ordered = tuple(sorted(held, key=lambda band: (band.wavelength_um, band.key)))
    yield Candidate("published", rank, published.title, ordered, published=published, missing=missing, notes=notes)


def _cross(bands: Sequence[Band]) -> tuple[Band, ...]:
    """Give the bands of NIRCam and MIRI that cover one place, if there are some of both."""
    both = sharing([band for band in bands if band.instrument in _CROSS])
    return both if {band.instrument for band in both} == set(_CROSS) else ()


def _of_instrument(bands: Sequence[Band], instrument: str, shift: int) -> Iterator[Candidate]:
    shared = sharing(bands)
    elsewhere = [band for band in bands if band not in shared]
    notes = (f"{_names(elsewhere)} lies elsewhere",) if elsewhere else ()
    if len(shared) == 1:
        if len(bands) == 1:
            yield Candidate("single", 8 + shift, f"{instrument}, one filter", shared)
        else:
            for band in bands:
                yield Candidate("single", 8 + shift, f"{instrument} {band.filter} alone", (band,))
        return
    yield from _whole_set(shared, instrument, rank=1 + shift, notes=notes)
    three = classic_three(bands)
    if three:
        yield Candidate("classic", 2 + shift, f"{instrument} classic three", three)
    for kind, ends, fewest, rank, word in (
        ("narrowband", ("N",), 2, 3, "narrow bands"), ("broadband", ("W", "W2"), 3, 4, "broad bands"),
    ):  # fmt: skip
        some = sharing(well_covered([band for band in bands if band.filter.endswith(ends)]))
        if len(some) >= fewest:
            thin = pruned(some) if len(some) > MANY else some
            yield Candidate(kind, rank + shift, f"{instrument} {word}", thin)  # type: ignore[arg-type]
    for line, beside in line_pairs(bands):
        told = f"the lightness is that of {line.filter}, the colours tell it from {_names(beside)}"
        pair = tuple(sorted((line, *beside), key=lambda band: (band.wavelength_um, band.key)))
        name = f"{lines()[line.filter].name} over its continuum"
        yield Candidate("line", 5 + shift, name, pair, notes=(told,), luminance=line.filter)


def _whole_set(
    bands: tuple[Band, ...], word: str, *, rank: int, palette: Palette = "chromatic", notes: tuple[str, ...] = ()
) -> Iterator[Candidate]:
    """Offer all filters, or the best of many and all of them last."""
    small = [band for band in bands if band not in well_covered(bands)]
    told = (*notes, *((f"{_names(small)} covers little of it",) if small else ()))
    if len(bands) <= MANY:
        yield Candidate("all", rank, f"{word}, all filters", bands, palette, notes=told)
        return
    best = sharing(best_of_many(bands))
    yield Candidate("best", rank, f"{word}, the best {len(best)} filters", best, palette, notes=notes)
    yield Candidate("all", LAST_RANK, f"{word}, all data", bands, palette, notes=told)


def _names(bands: Sequence[Band]) -> str:
    return " and ".join(band.filter for band in bands)
