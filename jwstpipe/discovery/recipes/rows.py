"""`Row`: one observation of the archive, as far as recipes need it; which are of use, and why the others are not.

Input is a mapping with MAST's names for each observation, from a search or from a record of the catalogue.
"""

import math
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from jwstpipe.archive.search.combined_twice import Combined, combined_twice
from jwstpipe.archive.search.row_filters import UNIX_EPOCH_MJD, is_empty_sky
from jwstpipe.names import canonical_instrument, effective_filter, filter_wavelength, observing_mode
from jwstpipe.names.optics import Instrument

__all__ = ["Dropped", "Row", "Sorted", "day_of", "sort_rows"]

_DISPERSERS = re.compile(r"GRISM|PRISM|GR150|G\d{3}[MH]|P750L")
_PROPRIETARY = "proprietary"
_MODES = ("", "IMAGE", "IMAGING", "CORON", "TARGACQ")


@dataclass(frozen=True)
class Row:
    """An observation that may go into a picture."""

    obs_id: str
    instrument: Instrument
    filter: str
    """Effective filter, as F405N of ``F444W;F405N``."""

    wavelength_um: float
    level: int
    """Of the archive: 2 exposures, 3 combined images."""

    coronagraph: bool
    exposure_s: float
    region: str
    """STC-S; empty = not told."""

    ra: float
    dec: float
    """Middle, degrees ICRS; NaN = not told."""

    program: int | None
    target: str
    """As the proposal calls it."""

    title: str
    pi: str
    observed: float
    """When it began, MJD; NaN = not told."""

    finished: float
    """When it ended, MJD; NaN = not told."""

    released: float
    """When it became public, MJD; NaN = not told."""

    moving: bool
    """The archive says that its target moves."""


@dataclass(frozen=True)
class Dropped:
    """Rows that are of no use for a picture, and why."""

    reason: str
    count: int

    def __str__(self) -> str:
        return f"{self.count} {self.reason}"


@dataclass(frozen=True)
class Sorted:
    """Rows that are of use, and what was left out."""

    rows: tuple[Row, ...]
    dropped: tuple[Dropped, ...]


def sort_rows(found: Iterable[Mapping[str, Any]], *, now: float | None = None) -> Sorted:
    """Choose the rows that pictures can be made of.

    Spectra, pointings at empty sky, rows that are not public yet and rows without a known imaging filter are left out
    and counted; of the same exposures combined twice (``c1001`` and ``o001``) one product stays.

    Parameters
    ----------
    found
        Rows with MAST's column names; what is absent is None.
    now
        Time that decides what is public, MJD; default: this moment.

    Returns
    -------
    Sorted
        Rows by id: the order of the input does not matter.
    """
    today = time.time() / 86400.0 + UNIX_EPOCH_MJD if now is None else now
    reasons: Counter[str] = Counter()
    held: list[float] = []
    rows: dict[str, Row] = {}
    for values in found:
        why = next(_faults(values, today), None)
        if why is None:
            row = _row(values)
            held_row = rows.setdefault(row.obs_id, row)
            if held_row is not row:
                rows[row.obs_id] = min(held_row, row, key=repr)
        elif why == _PROPRIETARY:
            held.append(_number(values.get("t_obs_release")))
        else:
            reasons[why] += 1
    if held:
        dates = [when for when in held if math.isfinite(when) and when < 1e5]
        until = f" until {day_of(max(dates))[:7]}" if dates else ""
        reasons[f"not public yet{until}"] = len(held)
    kept = [rows[name] for name in sorted(rows)]
    twice = combined_twice([
        Combined(row.obs_id, (row.program, row.instrument, row.filter, row.coronagraph, row.level), row.region,
                 row.observed, row.finished)
        for row in kept
    ])  # fmt: skip
    if twice:
        kept = [row for number, row in enumerate(kept) if number not in twice]
        reasons["combined a second time from the same exposures"] = len(twice)
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return Sorted(tuple(kept), tuple(Dropped(reason, count) for reason, count in ordered))


def day_of(mjd: float) -> str:
    """Write the day of a Modified Julian Date, as 2022-06-03; ``unknown`` for what is none."""
    if not math.isfinite(mjd) or not -4e5 < mjd < 2.9e6:
        return "unknown"
    return datetime.fromtimestamp((mjd - UNIX_EPOCH_MJD) * 86400.0, UTC).date().isoformat()


@dataclass(frozen=True)
class _Setup:
    """What the columns of instrument and filters say, read once for all rows that have the same."""

    instrument: Instrument | None
    filter: str | None
    wavelength_um: float | None
    dispersed: bool
    coronagraph: bool


@lru_cache(maxsize=4096)
def _setup_of(instrument: str, optics: str) -> _Setup:
    mode = observing_mode(instrument) or ""
    name = effective_filter(optics)
    return _Setup(
        instrument=canonical_instrument(instrument),
        filter=name,
        wavelength_um=filter_wavelength(name or ""),
        dispersed=mode not in _MODES or bool(_DISPERSERS.search(optics)),
        coronagraph=(name or "").endswith("C") or mode == "CORON" or "MASK" in optics.upper(),
    )


def _faults(values: Mapping[str, Any], today: float) -> Iterator[str]:
    """Tell why a row is of no use, the first reason that counts first; nothing for one that is."""
    setup = _setup_of(_text(values.get("instrument_name")), _text(values.get("filters")))
    if setup.dispersed or _text(values.get("dataproduct_type")).lower() not in ("", "image"):
        yield "spectra, cubes or time series"
    if is_empty_sky(_text(values.get("target_name"))):
        yield "pointings at empty sky or calibration"
    rights = _text(values.get("dataRights")).upper()
    if _number(values.get("t_obs_release")) > today or rights not in ("", "PUBLIC"):
        yield _PROPRIETARY
    if setup.instrument is None:
        yield f"of an unknown instrument ({_text(values.get('instrument_name')) or 'none named'})"
    if setup.filter is None:
        yield "without an imaging filter"
    elif setup.wavelength_um is None:
        yield f"in {setup.filter}, a filter that is not known"
    if _number(values.get("calib_level")) not in (2.0, 3.0):
        yield "of other levels than 2 and 3"
    if not _text(values.get("obs_id")):
        yield "without an id"


def _row(values: Mapping[str, Any]) -> Row:
    setup = _setup_of(_text(values.get("instrument_name")), _text(values.get("filters")))
    assert setup.instrument is not None
    assert setup.filter is not None
    program = _text(values.get("proposal_id"))
    return Row(
        obs_id=_text(values.get("obs_id")).lower(),
        instrument=setup.instrument,
        filter=setup.filter,
        wavelength_um=setup.wavelength_um or 0.0,
        level=int(_number(values.get("calib_level"))),
        coronagraph=setup.coronagraph,
        exposure_s=max(_number(values.get("t_exptime"), 0.0), 0.0),
        region=_text(values.get("s_region")),
        ra=_number(values.get("s_ra")),
        dec=_number(values.get("s_dec")),
        program=int(program) if program.isdigit() else None,
        target=_text(values.get("target_name")),
        title=_text(values.get("obs_title")),
        pi=_text(values.get("proposal_pi")),
        observed=_number(values.get("t_min")),
        finished=_number(values.get("t_max")),
        released=_number(values.get("t_obs_release")),
        moving=_text(values.get("mtFlag")).lower() in ("true", "1"),
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _number(value: Any, default: float = math.nan) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return default
    return number if math.isfinite(number) else default
