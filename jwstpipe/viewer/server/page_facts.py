"""What the pages beside the picture tell: searches, the state of the site; plain values."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from jwstpipe import __version__
from jwstpipe.api.archive.observations import search
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.statistics import Share
from jwstpipe.errors import JwstPipeError, UsageError
from jwstpipe.requests import SearchRequest
from jwstpipe.settings import Settings
from jwstpipe.viewer.server.library import Library

__all__ = ["asked", "found_in_archive", "site_status"]

MOST_ROWS = 500
MOST_SHARES = 20
"""Targets and users that the status page lists, the largest first."""

_SEARCH_COLUMNS = (
    "obs_id",
    "target_name",
    "instrument_name",
    "filters",
    "calib_level",
    "t_min",
    "s_ra",
    "s_dec",
    "s_region",
)


def asked(model: type[Any], wishes: Any) -> Any:
    """Check wishes of a page.

    Raises
    ------
    UsageError
        The message names the field.
    """
    try:
        return model.model_validate(wishes)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise UsageError(f"{where or 'wishes'}: {fault['msg'].removeprefix('Value error, ')}") from None


def found_in_archive(wishes: Any, library: Library) -> dict[str, Any]:
    """Search the archive, and say which observations are in the library already."""
    found = search(request=asked(SearchRequest, wishes), settings=library.settings)
    table = found.observations
    columns = [name for name in _SEARCH_COLUMNS if name in table.colnames]
    rows = [{name: _plain(row[name]) for name in columns} for row in table[:MOST_ROWS]]
    here: dict[str, int] = {}
    if library.exists:
        with library.catalog() as catalog:
            here = {str(row["obs_id"]): catalog.count(RecordQuery(obs_id=str(row["obs_id"]))) for row in rows[:100]}
    return {
        "total": len(table),
        "rows": [{**row, "here": here.get(str(row.get("obs_id")), 0)} for row in rows],
        "name": found.resolved_name,
        "cut": found.cut,
        "withheld": found.withheld,
        "centre": None if found.position is None else [float(found.position.ra.deg), float(found.position.dec.deg)],
    }


def site_status(library: Library, limits: dict[str, Any], runs: dict[str, Any]) -> dict[str, Any]:
    """Tell the parts of the site and whether they answer, what is stored, what waits and what was done.

    Parameters
    ----------
    library
        Catalogue and store.
    limits
        Of this viewer.
    runs
        What Prefect knows (`page_jobs.runs_of`).
    """
    settings = library.settings
    parts = [
        _part("catalogue", lambda: _catalogue(library)),
        _part("store", lambda: _store(settings)),
        {"name": "Prefect", "well": not runs["note"], "says": runs["note"] or "answers"},
    ]
    stored: dict[str, Any] = {}
    if library.exists:
        with library.catalog() as catalog:
            stats = catalog.stats()
            found = {name: getattr(stats, f"by_{name}") for name in ("kind", "instrument", "filter", "level", "size")}
            largest = {"target": catalog.shares("target"), "user": catalog.shares("user")}
        found |= {name: dict(sorted(shares.items(), key=_bytes)[:MOST_SHARES]) for name, shares in largest.items()}
        found["user"] = {name or "the site": share for name, share in found["user"].items()}
        stored = {
            name: {key or "?": [share.records, share.bytes] for key, share in shares.items()}
            for name, shares in found.items()
        }
    home = settings.home.expanduser()
    usage = shutil.disk_usage(home if home.exists() else Path.cwd())
    return {
        "version": __version__,
        "parts": parts,
        "runs": runs,
        "stored": stored,
        "disk": {"total": usage.total, "free": usage.free},
        "limits": limits,
    }


def _bytes(item: tuple[str, Share]) -> tuple[int, str]:
    return -item[1].bytes, item[0]


def _part(name: str, look: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"name": name, "well": True, "says": look()}
    except (JwstPipeError, OSError) as error:
        return {"name": name, "well": False, "says": str(error)}


def _catalogue(library: Library) -> str:
    with library.catalog() as catalog:
        return f"{catalog.count():,} products"


def _store(settings: Settings) -> str:
    Library(settings).store.exists("nothing.of.this.name")
    return "answers"


def _plain(value: Any) -> Any:
    if value is np.ma.masked:
        return None
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float):
        return plain if np.isfinite(plain) else None
    return plain if isinstance(plain, int | str | bool) or plain is None else str(plain)
