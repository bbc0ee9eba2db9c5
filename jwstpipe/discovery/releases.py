"""What the archive released, by programme and target, and which pictures that made possible."""

import math
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely

from jwstpipe.archive.search.row_filters import UNIX_EPOCH_MJD, mjd
from jwstpipe.archive.search.search import search
from jwstpipe.discovery.discover import Site
from jwstpipe.discovery.gather import all_kept_rows, plain_rows
from jwstpipe.discovery.library import Held, held_near
from jwstpipe.discovery.recipes.build import Surroundings, recipes_of
from jwstpipe.discovery.recipes.fields import fields_of
from jwstpipe.discovery.recipes.footprints import footprints_of
from jwstpipe.discovery.recipes.recipe import Recipe
from jwstpipe.discovery.recipes.rows import Dropped, Row, day_of, sort_rows
from jwstpipe.discovery.targets.table import Target, target_at
from jwstpipe.errors import ServiceError
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import SearchRequest
from jwstpipe.sky.regions import separation_deg
from jwstpipe.sky.tangent_plane import Plane

__all__ = ["Release", "Releases", "recent_releases"]

MOST_LOOKED_AT = 60
"""Newest releases whose pictures are worked out; the others are listed."""

_AROUND_DEG = 0.1
_LAST_CHOICE = 4


@dataclass(frozen=True)
class Release:
    """What one programme has of one target, as far as it was released in the window."""

    program: int | None
    name: str
    """Of the target in the proposal."""

    target: Target | None
    """What our table knows of the place."""

    title: str
    pi: str
    ra: float
    dec: float
    filters: tuple[str, ...]
    """As ``NIRCam F200W``, by wavelength."""

    observations: int
    exposure_s: float
    area_arcmin2: float
    first: str
    last: str
    """Days of the first and the last release in the window."""

    here: int
    """Observations of it that the library holds."""

    held_there: int
    """Observations that the library holds around it."""

    recipes: tuple[Recipe, ...] = ()
    """Pictures that were not possible before the window."""

    released: float = math.nan
    """Last release, MJD."""

    def is_newer_than(self, when: float | None) -> bool:
        """Tell whether it was released after a moment, seconds since 1970; None = any is."""
        return when is None or (self.released - UNIX_EPOCH_MJD) * 86400.0 > when


@dataclass(frozen=True)
class Releases:
    """What was released since a day."""

    since: date
    releases: tuple[Release, ...]
    """The newest first."""

    dropped: tuple[Dropped, ...]
    source: str
    asked_at: float | None
    notes: tuple[str, ...]

    @property
    def age_s(self) -> float | None:
        """How old the archive's answer is, seconds."""
        return None if self.asked_at is None else max(time.time() - self.asked_at, 0.0)

    def newer_than(self, when: float | None) -> int:
        """Count the releases after a moment, seconds since 1970."""
        return sum(one.is_newer_than(when) for one in self.releases)


def recent_releases(
    since: date, site: Site, *, instrument: str | None = None, report: Reporter = silent
) -> Releases:  # fmt: skip
    """Tell what was released since a day, complete, the newest first.

    Parameters
    ----------
    since
        First day of the window.
    site
        Archive, answers on disk, catalogue. Without a network the answers on disk are looked through, of any age.
    instrument
        Only of this one.
    report
        Told of pages.
    """
    kept = [] if site.answers is None else list(all_kept_rows(site.answers, site.archive.server))
    known = {str(row.get("obs_id")): row for _, row in sorted(kept, key=lambda one: one[0])}
    notes: tuple[str, ...] = ()
    request = SearchRequest(released_since=since, instrument=instrument, level=(3,))
    try:
        found = search(request, settings=site.archive, answers=site.answers, report=report)
    except ServiceError as error:
        rows = [row for row in known.values() if _released(row) >= mjd(since) and _is_wanted(row, instrument)]
        source = "answers on disk"
        asked_at = min((when for when, _ in kept), default=None) if rows else None
        if not site.archive.offline:
            notes = (f"{error}: what was answered before is taken",)
    else:
        rows, source, asked_at = list(plain_rows(found)), "archive", found.asked_at
        notes = () if found.cut is None else (f"incomplete: {found.cut}",)
    chosen = sort_rows(rows)
    window = [row for row in chosen.rows if row.released >= mjd(since)]
    groups = sorted(_grouped(window), key=lambda group: (-max(row.released for row in group), group[0].obs_id))
    releases = tuple(
        _release(group, known.values() if number < MOST_LOOKED_AT else (), since, site)
        for number, group in enumerate(groups)
    )
    return Releases(since, releases, chosen.dropped, source, asked_at, notes)


def _grouped(rows: Sequence[Row]) -> list[list[Row]]:
    groups: dict[tuple[int | None, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.program, row.target].append(row)
    return list(groups.values())


def _release(group: Sequence[Row], known: Iterable[Mapping[str, Any]], since: date, site: Site) -> Release:
    placed = [row for row in group if math.isfinite(row.ra) and math.isfinite(row.dec)]
    plane = Plane.around([row.ra for row in placed], [row.dec for row in placed]) if placed else Plane(0.0, 0.0)
    target = None if not placed or group[0].moving else target_at(plane.ra, plane.dec)
    held = Held() if site.catalog is None or not placed else held_near(site.catalog, plane.ra, plane.dec, _AROUND_DEG)
    area = shapely.union_all(footprints_of(placed, plane)).area if placed else 0.0
    bands = {(row.wavelength_um, f"{row.instrument} {row.filter}") for row in group}
    recipes = _possible_now(group, [*known, *held.rows], plane, target, held, since, site)
    return Release(
        program=group[0].program, name=group[0].target, target=target, title=group[0].title, pi=group[0].pi,
        ra=plane.ra, dec=plane.dec, filters=tuple(name for _, name in sorted(bands)), observations=len(group),
        exposure_s=sum(row.exposure_s for row in group), area_arcmin2=round(float(area), 3),
        first=day_of(min(row.released for row in group)), last=day_of(max(row.released for row in group)),
        here=sum(row.obs_id in held.ids for row in group), held_there=len(held.ids), recipes=recipes,
        released=max(row.released for row in group),
    )  # fmt: skip


def _possible_now(
    group: Sequence[Row], known: Sequence[Mapping[str, Any]], plane: Plane, target: Target | None, held: Held,
    since: date, site: Site,
) -> tuple[Recipe, ...]:  # fmt: skip
    """Give the pictures of a place, first choices only, that need something of the window."""
    if not known and len(group) < 2:
        return ()
    near = sort_rows(_near(known, plane)).rows if known else ()
    rows = {row.obs_id: row for row in (*near, *group) if row.level == 3 and row.moving == group[0].moving}
    name = target.name if target is not None else f"{plane.ra:.5f} {plane.dec:.5f}"
    around = Surroundings(name, (plane.ra, plane.dec), target, held.sizes, held.ids, site.rates, site.threads)
    found = recipes_of(fields_of(rows.values()), around)
    new = [one for one in found if one.rank <= _LAST_CHOICE and one.possible_since >= since.isoformat()]
    return tuple(one for one in new if one.possible_since != "unknown" and one.field == 0)


def _near(known: Sequence[Mapping[str, Any]], plane: Plane) -> Iterator[Mapping[str, Any]]:
    held = [row for row in known if row.get("s_ra") is not None and row.get("s_dec") is not None]
    if not held:
        return
    apart = separation_deg(
        plane.ra, plane.dec, *(np.array([row[key] for row in held], float) for key in ("s_ra", "s_dec"))
    )
    yield from (row for row, far in zip(held, apart.tolist(), strict=True) if far <= _AROUND_DEG)


def _released(row: Mapping[str, Any]) -> float:
    value = row.get("t_obs_release")
    return float(value) if isinstance(value, int | float) else -math.inf


def _is_wanted(row: Mapping[str, Any], instrument: str | None) -> bool:
    told = str(row.get("instrument_name") or "").partition("/")[0].upper()
    jwst = str(row.get("obs_collection") or "").upper() == "JWST"
    return jwst and str(row.get("calib_level")) == "3" and (instrument is None or told == instrument.upper())
