"""Which rows of an answer are wanted: the rules of JWST and of the sphere, checked row by row.

The archive is asked for a superset; what it calls a match is not always one.
"""

import re
import time
from collections.abc import Callable
from datetime import date

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from jwstpipe.requests import SearchRequest
from jwstpipe.sky.regions import regions_within, separation_deg

__all__ = [
    "KINDS",
    "asked_for",
    "first_of_each",
    "in_cone",
    "is_empty_sky",
    "kinds_of",
    "levels_of",
    "mjd",
    "numbers",
    "public",
    "texts",
]

KINDS = ("image", "spectrum", "cube", "timeseries")
"""Types of data, as the archive names them; an image search takes the first only."""

ROUNDING_DEG = 1e-6
"""Footprints are written with a few decimals: an edge this far outside the cone still counts. Centres are exact."""

UNIX_EPOCH_MJD = 40587.0

_BACKGROUND = re.compile(r".*[-_ ](BKG|BG|BCKGND|CAL)\d*|.*BACKGROUND.*", re.IGNORECASE)

Mask = NDArray[np.bool_]


def mjd(day: date) -> float:
    """Give the Modified Julian Date of the start of a day, UTC."""
    return float((day - date(1970, 1, 1)).days + UNIX_EPOCH_MJD)


def levels_of(request: SearchRequest) -> frozenset[int]:
    """Tell the levels of observations to look under; empty = all."""
    if request.obs_id is not None and "level" not in request.model_fields_set:
        return frozenset()
    levels = frozenset(request.level)
    return levels | {2} if 1 in levels else levels


def kinds_of(request: SearchRequest) -> tuple[str, ...]:
    """Tell the types of data that are wanted."""
    return KINDS if request.spectra else KINDS[:1]


def asked_for(table: Table, request: SearchRequest, instrument: str | None) -> Mask:
    """Tell which rows have what a request asks for, place and rights apart."""
    keep: Mask = np.ones(len(table), dtype=bool)

    def need(column: str, test: Callable[[str], bool]) -> None:
        keep[:] &= np.fromiter((test(text) for text in texts(table, column)), dtype=bool, count=len(table))

    kinds = kinds_of(request)
    need("obs_collection", lambda text: text.upper() == "JWST")
    need("dataproduct_type", lambda text: text.lower() in kinds)
    if levels := levels_of(request):
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
    release = numbers(table, "t_obs_release")
    if request.released_since is not None:
        keep &= release >= mjd(request.released_since)
    if request.released_before is not None:
        keep &= release < mjd(request.released_before)
    return keep


def in_cone(table: Table, position: tuple[float, float], radius: float) -> Mask:
    """Check the cone; a row that says nothing of its place is trusted to the archive."""
    ra, dec = position
    touching = regions_within(ra, dec, radius + ROUNDING_DEG, texts(table, "s_region"))
    centre_ra, centre_dec = numbers(table, "s_ra"), numbers(table, "s_dec")
    placed = np.isfinite(centre_ra) & np.isfinite(centre_dec)
    near: Mask = ~placed
    near[placed] = separation_deg(ra, dec, centre_ra[placed], centre_dec[placed]) <= radius
    return np.array(
        [bool(by_centre) if by_shape is None else by_shape for by_shape, by_centre in zip(touching, near, strict=True)],
        dtype=bool,
    )


def public(table: Table) -> Mask:
    """Tell which rows are free to fetch: rights public, release date not in the future."""
    now = time.time() / 86400.0 + UNIX_EPOCH_MJD
    release = numbers(table, "t_obs_release")
    rights = np.fromiter((text.upper() in ("", "PUBLIC") for text in texts(table, "dataRights")), bool, len(table))
    free: Mask = rights & ~(release > now)
    return free


def is_empty_sky(target_name: str) -> bool:
    """Tell whether a proposal calls a target a pointing at empty sky, or a calibration: ``NGC-3132-BKG``."""
    return _BACKGROUND.fullmatch(target_name) is not None


def first_of_each(table: Table) -> NDArray[np.int64]:
    """Index the first row of each observation: pages may overlap when the archive grows meanwhile."""
    if "obsid" not in table.colnames:
        return np.arange(len(table))
    seen: dict[str, int] = {}
    for index, key in enumerate(texts(table, "obsid")):
        seen.setdefault(key or f"row {index}", index)
    return np.array(list(seen.values()), dtype=np.int64)


def texts(table: Table, column: str) -> list[str]:
    """Read a column as text; empty where it is masked or not there."""
    if column not in table.colnames:
        return [""] * len(table)
    return ["" if value is None else str(value) for value in np.ma.asarray(table[column]).tolist()]


def numbers(table: Table, column: str) -> NDArray[np.float64]:
    """Read a column as float64; NaN where it is masked or not there."""
    if column not in table.colnames:
        return np.full(len(table), np.nan)
    return np.ma.filled(np.ma.asarray(table[column], dtype=np.float64), np.nan)
