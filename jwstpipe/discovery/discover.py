"""What can be made of a target: rows gathered, sorted by field, and written as recipes."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from jwstpipe.archive.search.response_cache import Answers
from jwstpipe.catalog.reader import CatalogReader
from jwstpipe.discovery.gather import Gathered, gather, listed_sizes
from jwstpipe.discovery.library import Held, held_near
from jwstpipe.discovery.recipes.build import Surroundings, recipes_of
from jwstpipe.discovery.recipes.fields import Field, fields_of
from jwstpipe.discovery.recipes.rates import Rates
from jwstpipe.discovery.recipes.recipe import Recipe
from jwstpipe.discovery.recipes.rows import Dropped, sort_rows
from jwstpipe.discovery.targets.resolve import Place, resolve_place
from jwstpipe.discovery.targets.table import featured
from jwstpipe.errors import UsageError
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.discovery import DiscoverRequest
from jwstpipe.settings import ArchiveSettings

__all__ = ["Discovery", "Site", "discover_featured", "discover_target", "place_of"]


DAY_S = 86_400.0


@dataclass(frozen=True)
class Site:
    """Where questions are answered from, and how fast this site is."""

    archive: ArchiveSettings
    answers: Answers | None = None
    catalog: CatalogReader | None = None
    rates: Rates = field(default_factory=Rates)
    threads: int = 2


@dataclass(frozen=True)
class Discovery:
    """What can be made of a target."""

    place: Place
    radius: float
    recipes: tuple[Recipe, ...]
    fields: tuple[Field, ...]
    dropped: tuple[Dropped, ...]
    """What was left out, and why."""

    gathered: Gathered
    held: Held

    @property
    def age_s(self) -> float | None:
        """How old the archive's answer is, seconds; None where it was not asked."""
        return None if self.gathered.asked_at is None else max(time.time() - self.gathered.asked_at, 0.0)


def place_of(request: DiscoverRequest, site: Site) -> Place:
    """Find the place that a request names."""
    if request.target is not None:
        return resolve_place(request.target, settings=site.archive, answers=site.answers)
    if request.ra is None or request.dec is None:
        raise UsageError("give a target, or a position (ra and dec)")
    text = f"{request.ra:.6f} {request.dec:.6f}"
    return resolve_place(text, settings=site.archive, answers=site.answers)


def discover_target(
    request: DiscoverRequest, site: Site, *, ask_sizes: bool = True, report: Reporter = silent
) -> Discovery:
    """Tell what can be made of a target or at a position.

    Parameters
    ----------
    request
        Target or position; how far around (default: as its imaging reaches); instrument and filters.
    site
        Archive, answers on disk, catalogue.
    ask_sizes
        Ask the archive how large the files of the first field are; else sizes are estimated.
    report
        Told of pages.

    Raises
    ------
    TargetNotFoundError
        Nobody knows the name.
    """
    place = place_of(request, site)
    radius = request.radius or place.radius
    moves = place.ra is None or place.dec is None
    held = Held() if site.catalog is None or moves else held_near(site.catalog, place.ra, place.dec, radius)  # type: ignore[arg-type]
    gathered = gather(
        place, radius=radius, instrument=request.instrument, settings=site.archive, answers=site.answers, held=held,
        report=report,
    )  # fmt: skip
    asked = sort_rows(gathered.rows)
    wanted = {name.strip().upper() for name in request.filters}
    rows = [row for row in asked.rows if not wanted or row.filter in wanted]
    if moves:
        rows = [replace(row, moving=True) for row in rows]
    fields = fields_of(rows)
    near = frozenset(row.obs_id for own in fields[:1] for band in own.bands for row in band.rows) - held.ids
    sizes = dict(held.sizes)
    if gathered.found is not None and ask_sizes:
        sizes |= listed_sizes(
            gathered.found, near, settings=site.archive, answers=site.answers, report=report
        )  # fmt: skip
    around = Surroundings(
        place.name, None if moves else (place.ra, place.dec), place.target, sizes, held.ids, site.rates, site.threads  # type: ignore[arg-type]
    )  # fmt: skip
    return Discovery(
        place, radius, recipes_of(fields, around), fields, _all_dropped(asked.dropped, fields), gathered, held
    )


def discover_featured(site: Site, *, report: Reporter = silent) -> tuple[Discovery, ...]:
    """Tell what the archive and the library hold of the featured targets.

    Answers of the last day are taken from disk. When the archive does not answer once, it is not asked again.
    """
    answers = None if site.answers is None else replace(site.answers, max_age_s=max(site.answers.max_age_s, DAY_S))
    own, found = replace(site, answers=answers), []
    for target in featured():
        found.append(discover_target(DiscoverRequest(target=target.name), own, ask_sizes=False, report=report))
        if found[-1].gathered.source != "archive" and not own.archive.offline:
            offline = own.archive.model_copy(update={"offline": True})
            kept = None if own.answers is None else replace(own.answers, offline=True)
            own = replace(own, archive=offline, answers=kept)
    return tuple(found)


def _all_dropped(dropped: Iterable[Dropped], fields: Iterable[Field]) -> tuple[Dropped, ...]:
    return (*dropped, *(one for own in fields for one in own.outlying))
