"""Which filters go together: adjacent ones pruned, the classic three, the best of many, lines over their continuum."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise, product

import shapely

from jwstpipe.discovery.recipes.fields import Band
from jwstpipe.discovery.thesaurus import line_of, lines

__all__ = ["MANY", "best_of_many", "classic_three", "common_area", "line_pairs", "pruned", "sharing", "well_covered"]

MANY = 7
"""More filters than these are too many for one picture."""

ADJACENT = 1.3
"""Filters whose wavelengths differ by less, as a ratio, show much the same."""

LEAST_SHARE = 0.1
"""A filter that covers less, as a share of the median, lies elsewhere."""

_BINS = 6
_FEWEST, _EACH = 5, 2


def common_area(bands: Sequence[Band]) -> shapely.Geometry:
    """Give what all bands cover."""
    if not bands:
        return shapely.Polygon()
    common = bands[0].union
    for band in bands[1:]:
        common = shapely.intersection(common, band.union)
    return common


def sharing(bands: Sequence[Band]) -> tuple[Band, ...]:
    """Choose the most bands that have a common area worth looking at; the others lie elsewhere.

    Each band is tried as the first, and the others are added, the largest first, as long as a tenth of the smallest
    stays common. Most bands win, then the larger area, then names.
    """
    ordered = sorted(bands, key=lambda band: (-round(band.area, 6), band.key))
    best: tuple[tuple[int, float], tuple[Band, ...]] = ((0, 0.0), ())
    for first in ordered:
        kept, common, smallest = [first], first.union, first.area
        for band in ordered:
            if band is first:
                continue
            smaller = shapely.intersection(common, band.union)
            if smaller.area >= LEAST_SHARE * min(smallest, band.area) and smaller.area > 0.0:
                kept, common, smallest = [*kept, band], smaller, min(smallest, band.area)
        merit = (len(kept), round(float(common.area), 6))
        if merit > best[0]:
            best = (merit, tuple(kept))
        if len(kept) == len(ordered):
            break  # no other start can keep more
    return _by_wavelength(best[1])


def well_covered(bands: Sequence[Band]) -> tuple[Band, ...]:
    """Leave out bands that cover less than a tenth of the median of their instrument: fields of view differ."""
    least = {}
    for instrument in {band.instrument for band in bands}:
        areas = sorted(band.area for band in bands if band.instrument == instrument)
        least[instrument] = LEAST_SHARE * areas[len(areas) // 2]
    return tuple(band for band in bands if band.area >= least[band.instrument])


def pruned(bands: Sequence[Band]) -> tuple[Band, ...]:
    """Thin out adjacent bands: wide ones stay before medium and narrow ones, but one line stays in any case."""
    kept = list(_by_wavelength(bands))
    named = [band for band in kept if line_of(band.filter) is not None]
    order = list(lines())
    favourite = min(named, key=lambda band: (-round(band.area, 2), order.index(band.filter)), default=None)
    while True:
        pairs = [(a, b) for a, b in pairwise(kept) if b.wavelength_um < ADJACENT * a.wavelength_um]
        losers = [loser for pair in pairs if (loser := _loser(*pair, favourite)) is not None]
        if not losers:
            return tuple(kept)
        kept.remove(min(losers, key=lambda band: (_width(band), round(band.area, 6), band.key)))


def classic_three(bands: Sequence[Band]) -> tuple[Band, ...]:
    """Choose a short, a middle and a long band: the triple with the largest common area times depth.

    One is taken of each third of the bands by wavelength; where no such triple shares anything, any three.
    """
    ordered = _by_wavelength(well_covered(bands))
    if len(ordered) < 3:
        return ()
    third = len(ordered) / 3.0
    parts = [ordered[round(k * third) : round((k + 1) * third)] for k in range(3)]
    triples = [_by_wavelength(triple) for triple in product(*parts)]
    found = _best_triple(triples)
    if found:
        return found
    count = len(ordered)
    anything = [
        (ordered[a], ordered[b], ordered[c])
        for a in range(count) for b in range(a + 1, count) for c in range(b + 1, count)
    ]  # fmt: skip
    return _best_triple(anything)


def best_of_many(bands: Sequence[Band]) -> tuple[Band, ...]:
    """Choose five to seven of many bands: one of each of six logarithmic bins, two at least of each instrument."""
    candidates = _by_wavelength(well_covered(pruned(bands)))
    if len(candidates) <= MANY:
        return _at_least(candidates, bands, _FEWEST)
    low, high = math.log(candidates[0].wavelength_um), math.log(candidates[-1].wavelength_um)
    step = (high - low) / _BINS or 1.0

    def merit(centre: float) -> Callable[[Band], tuple[int, float, tuple[str, str, bool]]]:
        return lambda band: (-_width(band), abs(math.log(band.wavelength_um) - centre), band.key)

    chosen: list[Band] = []
    for k in range(_BINS):
        start = low + k * step
        within = [
            band for band in candidates
            if start - 1e-9 <= math.log(band.wavelength_um) < start + step + (1e-6 if k == _BINS - 1 else -1e-9)
        ]  # fmt: skip
        if within:
            chosen.append(min(within, key=merit(start + step / 2.0)))
    for instrument in sorted({band.instrument for band in candidates}):
        own = [band for band in candidates if band.instrument == instrument]
        for band in sorted(own, key=lambda band: (-_width(band), -round(band.area, 6), band.key)):
            if sum(one.instrument == instrument for one in chosen) < min(_EACH, len(own)) and band not in chosen:
                chosen.append(band)
    return _at_least(_by_wavelength(chosen)[:MANY], candidates, _FEWEST)


def line_pairs(bands: Sequence[Band]) -> tuple[tuple[Band, tuple[Band, ...]], ...]:
    """Give each line with the bands beside it from which it can be told apart, where both cover the same sky."""
    by_filter = {band.filter: band for band in bands}
    found = []
    for name, line in lines().items():
        own = by_filter.get(name)
        for beside in line.continuum if own is not None else ():
            others = tuple(by_filter[other] for other in beside if other in by_filter)
            together = (own, *others)
            if len(others) == len(beside) and common_area(together).area >= LEAST_SHARE * own.area:  # type: ignore[union-attr,arg-type]
                found.append((own, others))
                break
    return tuple(found)  # type: ignore[arg-type]


def _best_triple(triples: Sequence[tuple[Band, ...]]) -> tuple[Band, ...]:
    ranked = sorted(triples, key=lambda triple: (-round(_reach(triple), 6), _order(triple)))
    best: tuple[Band, ...] = ()
    most = 0.0
    for triple in ranked:
        if most > 0.0 and _reach(triple) <= most:
            break  # none that follows can be better
        merit = common_area(triple).area * max(min(band.depth[0] for band in triple), 1e-3)
        if merit > most * (1.0 + 1e-9):
            best, most = triple, merit
    return best


def _reach(triple: tuple[Band, ...]) -> float:
    """Give the most that a triple can have: the smallest area times the least depth."""
    return min(band.area for band in triple) * max(min(band.depth[0] for band in triple), 1e-3)


def _order(triple: tuple[Band, ...]) -> tuple[int, tuple[tuple[str, str, bool], ...]]:
    return -sum(_width(band) for band in triple), tuple(band.key for band in triple)


def _loser(a: Band, b: Band, favourite: Band | None) -> Band | None:
    """Tell which of two adjacent bands goes; None where the favourite line stands beside a wider one: both stay."""
    if favourite in (a, b):
        other = b if a is favourite else a
        return other if _width(other) == _width(favourite) else None
    return min((a, b), key=lambda band: (_width(band), round(band.area, 6), band.key))


def _width(band: Band) -> int:
    """Rank filters by width: wide 2, medium 1, narrow 0."""
    return 2 if band.filter.endswith(("W", "W2")) else 1 if band.filter.endswith("M") else 0


def _by_wavelength(bands: Sequence[Band]) -> tuple[Band, ...]:
    return tuple(sorted(bands, key=lambda band: (band.wavelength_um, band.key)))


def _at_least(chosen: Sequence[Band], others: Sequence[Band], fewest: int) -> tuple[Band, ...]:
    """Fill up with the widest and largest of the others, so that a picture of many filters has some."""
    rest = [band for band in others if band not in chosen]
    rest.sort(key=lambda band: (-_width(band), -round(band.area, 6), band.key))
    return _by_wavelength([*chosen, *rest[: max(0, fewest - len(chosen))]])
