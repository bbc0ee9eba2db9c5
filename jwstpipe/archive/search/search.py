"""Which observations of JWST the archive has: by object, position, observation id or programme.

The archive is asked for a superset by the columns that it filters well; instrument, filters, ids, level, footprint and
rights are then checked row by row here, where their rules are known: compound filters, exact underscores, true cones.
"""

import time
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.table import Table

from jwstpipe.archive.search.name_columns import with_names
from jwstpipe.archive.search.portal import Rows, all_rows, build_filters, open_portal
from jwstpipe.archive.search.resolve import resolve_name
from jwstpipe.archive.search.response_cache import Answers
from jwstpipe.archive.search.row_filters import (
    asked_for,
    first_of_each,
    in_cone,
    kinds_of,
    levels_of,
    mjd,
    numbers,
    public,
)
from jwstpipe.errors import UsageError
from jwstpipe.notebook import Shown, facts_html, rows_html
from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.requests import SearchRequest
from jwstpipe.requests.fields.angles import position_in
from jwstpipe.settings import ArchiveSettings

__all__ = ["SearchResult", "search"]

INSTRUMENTS = ("NIRCam", "MIRI", "NIRISS", "NIRSpec", "FGS")
FAR_FUTURE = date(2200, 1, 1)

COLUMNS = ("obs_id", "target_name", "instrument_name", "filters", "t_exptime", "proposal_id")
"""What a notebook shows of an observation."""


@dataclass(frozen=True, eq=False, repr=False)
class SearchResult(Shown):
    """What a search found."""

    request: SearchRequest
    """What was asked."""

    observations: Table
    """One row for each observation, every MAST field kept, and what its name says (``name_level``...); sorted by
    ``obs_id``, of a search by release date alone newest first. Empty when nothing was found."""

    position: SkyCoord | None
    """Centre of the cone, ICRS; None for a search without position."""

    resolved_name: str | None
    """Canonical name of the target, where one was named."""

    reported: int
    """Rows that the archive said it has before they were checked here."""

    complete: bool
    """Whether all reported rows came."""

    cut: str | None
    """Where and how the answer fell short; None when complete."""

    withheld: int
    """Observations that match but are not public yet; they are left out unless the request wants them."""

    asked_at: float
    """When the archive answered, seconds since 1970."""

    @property
    def age_s(self) -> float:
        """How old the answer is, seconds."""
        return max(time.time() - self.asked_at, 0.0)

    def facts(self) -> dict[str, object]:
        """Give what a person wants to know first."""
        return {
            "observations": len(self.observations),
            "target": self.resolved_name,
            "position": self.position and self.position.to_string("decimal", precision=5),
            "not public yet": self.withheld or None,
            "cut": self.cut,
        }

    def _repr_html_(self) -> str:
        """Show the facts, and the first observations."""
        columns = [name for name in COLUMNS if name in self.observations.colnames]
        rows = [[row[name] for name in columns] for row in self.observations] if columns else []
        return facts_html("Search", self.facts()) + rows_html("Observations", columns, rows)


def search(
    request: SearchRequest, *, settings: ArchiveSettings, answers: Answers | None = None, report: Reporter = silent
) -> SearchResult:
    """Find the JWST observations that a request asks for: public images, unless it says otherwise.

    Parameters
    ----------
    request
        Selectors and filters; all that are given must hold. With an observation id and no level given, all levels
        count. Level 1 is found under observations of levels 1 and 2, where the archive keeps raw files.
    settings
        Which archive, and how patient to be.
    answers
        Answers kept on disk, taken where they are young enough; None = always ask, keep nothing.
    report
        Told after each page.

    Returns
    -------
    SearchResult
        With an empty table when nothing matches.

    Raises
    ------
    TargetNotFoundError
        No resolver knows the target, in any spelling.
    UsageError
        An instrument that JWST does not have.
    ArchiveError
        The archive does not answer, or not like MAST.
    """
    instrument = _instrument(request.instrument)
    portal = open_portal(settings, answers=answers)
    position, name = None, None
    if request.target is not None:
        position = position_in(request.target)
        if position is None:
            found = resolve_name(portal, request.target)
            position, name = (found.ra, found.dec), found.name
    elif request.ra is not None and request.dec is not None:
        position = (request.ra, request.dec)
    service = "Mast.Caom.Filtered" if position is None else "Mast.Caom.Filtered.Position"
    params: dict[str, Any] = {
        "columns": "*",
        "filters": build_filters(portal, service, _criteria(request, instrument)),
    }
    if position is not None:
        params["position"] = f"{position[0]!r}, {position[1]!r}, {request.radius!r}"
    report(Progress("search", 0, 0, "rows"))
    rows = all_rows(
        portal,
        service,
        params,
        counted=True,
        report=lambda done, total: report(Progress("search", done, total, "rows")),
    )
    return _result(request, rows, position, name, instrument)


def _instrument(name: str | None) -> str | None:
    if name is None:
        return None
    for known in INSTRUMENTS:
        if known.upper() == name.strip().upper():
            return known.upper()
    raise UsageError(f"instrument {name!r}: JWST has {', '.join(INSTRUMENTS)}")


def _criteria(request: SearchRequest, instrument: str | None) -> dict[str, Any]:
    criteria: dict[str, Any] = {"obs_collection": ["JWST"], "dataproduct_type": list(kinds_of(request))}
    if levels := levels_of(request):
        criteria["calib_level"] = sorted(levels)
    if instrument is not None:
        criteria["instrument_name"] = [f"{instrument}*"]
    if request.program is not None:
        criteria["proposal_id"] = list(dict.fromkeys([str(request.program), f"{request.program:05d}"]))
    if request.obs_id is not None:
        wild = "*" in request.obs_id or "%" in request.obs_id
        criteria["obs_id"] = [request.obs_id] if wild else list(dict.fromkeys([request.obs_id, request.obs_id.lower()]))
    if request.released_since is not None or request.released_before is not None:
        since = 0.0 if request.released_since is None else mjd(request.released_since)
        criteria["t_obs_release"] = [since, mjd(request.released_before or FAR_FUTURE)]
    return criteria


def _result(
    request: SearchRequest, rows: Rows, position: tuple[float, float] | None, name: str | None, instrument: str | None
) -> SearchResult:
    table = rows.table
    first = first_of_each(table)
    cut = rows.cut
    if cut is None and len(first) < len(table) and "obsid" in table.colnames:
        cut = f"{len(table) - len(first)} rows came twice: the archive changed during the search"
    table = table[first]
    keep = asked_for(table, request, instrument)
    if position is not None:
        keep[keep] = in_cone(table[keep], position, request.radius)
    free = public(table)
    observations = table[keep] if request.proprietary else table[keep & free]
    return SearchResult(
        request=request,
        observations=with_names(_ordered(observations, request), "obs_id"),
        position=None if position is None else SkyCoord(position[0], position[1], unit="deg", frame="icrs"),
        resolved_name=name,
        reported=rows.reported,
        complete=cut is None,
        cut=cut,
        withheld=int((keep & ~free).sum()),
        asked_at=rows.asked_at,
    )


def _ordered(observations: Table, request: SearchRequest) -> Table:
    if len(observations):
        observations.sort(["obs_id"])
        if request.by_date_alone:
            release = numbers(observations, "t_obs_release")
            observations = observations[np.argsort(-release, kind="stable")]
    return observations
