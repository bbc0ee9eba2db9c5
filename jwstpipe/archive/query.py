"""Which observations of JWST the archive has: by object, position, observation id or programme.

The archive is asked for a superset by the columns that it filters well; instrument, filters, ids, level, footprint and
rights are then checked row by row here, where their rules are known: compound filters, exact underscores, true cones.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.table import Table
from numpy.typing import NDArray

from jwstpipe.archive.cone import distance_to_region_deg, separation_deg
from jwstpipe.archive.portal import Rows, all_rows, build_filters, count_rows, open_portal
from jwstpipe.archive.resolve import resolve_name
from jwstpipe.errors import UsageError
from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.requests import SearchRequest
from jwstpipe.settings import ArchiveSettings

__all__ = ["SearchResult", "search"]

INSTRUMENTS = ("NIRCam", "MIRI", "NIRISS", "NIRSpec", "FGS")
ROUNDING_DEG = 1e-6
"""Footprints are written with a few decimals: an edge this far outside the cone still counts."""

UNIX_EPOCH_MJD = 40587.0

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What a search found."""

    request: SearchRequest
    """What was asked."""

    observations: Table
    """One row for each observation, every MAST field kept, sorted by ``obs_id``; empty when nothing was found."""

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
    """Observations that match but are not public yet."""


def search(request: SearchRequest, *, settings: ArchiveSettings, report: Reporter = silent) -> SearchResult:
    """Find the public JWST image observations that a request asks for.

    Parameters
    ----------
    request
        Selectors and filters; all that are given must hold. With an observation id and no level given, all levels
        count. Level 1 is found under observations of levels 1 and 2, where the archive keeps raw files.
    settings
        Which archive, and how patient to be.
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
    portal = open_portal(settings)
    position, name = None, None
    if request.target is not None:
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
    expected = count_rows(portal, service, params)
    rows = all_rows(
        portal,
        service,
        params,
        expected=expected,
        told=lambda done, total: report(Progress("search", done, total, "rows")),
    )
    return _result(request, rows, position, name, instrument)


def _instrument(name: str | None) -> str | None:
    if name is None:
        return None
    for known in INSTRUMENTS:
        if known.upper() == name.strip().upper():
            return known.upper()
    raise UsageError(f"instrument {name!r}: JWST has {', '.join(INSTRUMENTS)}")


def _levels(request: SearchRequest) -> frozenset[int]:
    """Tell the levels of observations to look under; empty = all."""
    if request.obs_id is not None and "level" not in request.model_fields_set:
        return frozenset()
    levels = frozenset(request.level)
    return levels | {2} if 1 in levels else levels


def _criteria(request: SearchRequest, instrument: str | None) -> dict[str, Any]:
    criteria: dict[str, Any] = {"obs_collection": ["JWST"], "dataproduct_type": ["image"]}
    if levels := _levels(request):
        criteria["calib_level"] = sorted(levels)
    if instrument is not None:
        criteria["instrument_name"] = [f"{instrument}*"]
    if request.program is not None:
        criteria["proposal_id"] = list(dict.fromkeys([str(request.program), f"{request.program:05d}"]))
    if request.obs_id is not None:
        wild = "*" in request.obs_id or "%" in request.obs_id
        criteria["obs_id"] = [request.obs_id] if wild else list(dict.fromkeys([request.obs_id, request.obs_id.lower()]))
    return criteria


def _result(
    request: SearchRequest, rows: Rows, position: tuple[float, float] | None, name: str | None, instrument: str | None
) -> SearchResult:
    table = rows.table
    first = _first_of_each(table)
    cut = rows.cut
    if cut is None and len(first) < len(table) and "obsid" in table.colnames:
        cut = f"{len(table) - len(first)} rows came twice: the archive changed during the search"
    table = table[first]
    keep = _asked_for(table, request, instrument)
    if position is not None:
        keep &= _in_cone(table, position, request.radius)
    public = _public(table)
    observations = table[keep & public]
    if len(observations):
        observations.sort(["obs_id"])
    return SearchResult(
        request=request,
        observations=observations,
        position=None if position is None else SkyCoord(position[0], position[1], unit="deg", frame="icrs"),
        resolved_name=name,
        reported=rows.reported,
        complete=cut is None,
        cut=cut,
        withheld=int((keep & ~public).sum()),
    )


def _first_of_each(table: Table) -> NDArray[np.int64]:
    """Index the first row of each observation: pages may overlap when the archive grows meanwhile."""
    if "obsid" not in table.colnames:
        return np.arange(len(table))
    seen: dict[str, int] = {}
    for index, key in enumerate(_texts(table, "obsid")):
        seen.setdefault(key or f"row {index}", index)
    return np.array(list(seen.values()), dtype=np.int64)


def _asked_for(table: Table, request: SearchRequest, instrument: str | None) -> Mask:
    keep: Mask = np.ones(len(table), dtype=bool)

    def need(column: str, test: Callable[[str], bool]) -> None:
        keep[:] &= np.fromiter((test(text) for text in _texts(table, column)), dtype=bool, count=len(table))

    need("obs_collection", lambda text: text.upper() == "JWST")
    need("dataproduct_type", lambda text: text.lower() == "image")
    if levels := _levels(request):
        need("calib_level", lambda text: text.lstrip("-").isdigit() and int(text) in levels)
    if instrument is not None:
        need("instrument_name", lambda text: text.split("/")[0].strip().upper() == instrument)
    if request.program is not None:
        need("proposal_id", lambda text: text.isdigit() and int(text) == request.program)
    if request.obs_id is not None:
        pattern = re.compile(re.sub(r"(\\\*|%)", ".*", re.escape(request.obs_id)), re.IGNORECASE)
        need("obs_id", lambda text: pattern.fullmatch(text) is not None)
    if request.filters:
        wanted = {name.strip().upper() for name in request.filters}
        need("filters", lambda text: not wanted.isdisjoint(part.strip().upper() for part in text.split(";")))
    return keep


def _in_cone(table: Table, position: tuple[float, float], radius: float) -> Mask:
    """Check the cone; a row that says nothing of its place is trusted to the archive."""
    ra, dec = position
    rows = zip(_texts(table, "s_region"), _numbers(table, "s_ra"), _numbers(table, "s_dec"), strict=True)
    keep: Mask = np.ones(len(table), dtype=bool)
    for index, (region, row_ra, row_dec) in enumerate(rows):
        distance = distance_to_region_deg(ra, dec, region)
        if distance is None and np.isfinite(row_ra) and np.isfinite(row_dec):
            distance = separation_deg(ra, dec, row_ra, row_dec)
        keep[index] = distance is None or distance <= radius + ROUNDING_DEG
    return keep


def _public(table: Table) -> Mask:
    """Tell which rows are free to fetch: rights public, release date not in the future."""
    now = time.time() / 86400.0 + UNIX_EPOCH_MJD
    release = _numbers(table, "t_obs_release")
    rights = np.fromiter((text.upper() in ("", "PUBLIC") for text in _texts(table, "dataRights")), bool, len(table))
    public: Mask = rights & ~(release > now)
    return public


def _texts(table: Table, column: str) -> list[str]:
    if column not in table.colnames:
        return [""] * len(table)
    return ["" if value is None else str(value) for value in np.ma.asarray(table[column]).tolist()]


def _numbers(table: Table, column: str) -> NDArray[np.float64]:
    if column not in table.colnames:
        return np.full(len(table), np.nan)
    return np.ma.filled(np.ma.asarray(table[column], dtype=np.float64), np.nan)
