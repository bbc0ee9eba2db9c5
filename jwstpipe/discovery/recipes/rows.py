"""`Row`: one observation of the archive, as far as recipes need it; which are of use, and why the others are not.

Input is a mapping with MAST's names for each observation, from a search or from a record of the catalogue.
"""

import math
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jwstpipe.archive.search.row_filters import UNIX_EPOCH_MJD
from jwstpipe.names import (
    canonical_instrument,
    effective_filter,
    filter_wavelength,
    imaging_filters,
    observing_mode,
)
from jwstpipe.names.optics import Instrument

__all__ = ["Dropped", "Row", "Sorted", "day_of", "sort_rows"]

_BACKGROUND = re.compile(r".*[-_ ](BKG|BG|BCKGND|CAL)\d*|.*BACKGROUND.*", re.IGNORECASE)
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
        why = _unusable(values, today)
        if why is None:
            row = _row(values)
            rows[row.obs_id] = min(rows.get(row.obs_id, row), row, key=repr)
        elif why == "proprietary":
            held.append(_number(values.get("t_obs_release")))
        else:
            reasons[why] += 1
    if held:
        dates = [when for when in held if math.isfinite(when) and when < 1e5]
        until = f" until {day_of(max(dates))[:7]}" if dates else ""
        reasons[f"not public yet{until}"] = len(held)
    kept, twice = _counted_once(sorted(rows.values(), key=lambda row: row.obs_id))
    if twice:
        reasons["combined a second time from the same exposures"] = twice
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return Sorted(tuple(kept), tuple(Dropped(reason, count) for reason, count in ordered))


def day_of(mjd: float) -> str:
    """Write the day of a Modified Julian Date, as 2022-06-03; ``unknown`` for what is none."""
    if not math.isfinite(mjd) or not -4e5 < mjd < 2.9e6:
        return "unknown"
    return datetime.fromtimestamp((mjd - UNIX_EPOCH_MJD) * 86400.0, UTC).date().isoformat()


def _unusable(values: Mapping[str, Any], today: float) -> str | None:
    """Tell why a row is of no use; None for one that is."""
    optics = _text(values.get("filters"))
    instrument = canonical_instrument(_text(values.get("instrument_name")))
    name = effective_filter(optics)
    rights = _text(values.get("dataRights")).upper()
    checks = (
        (
            _text(values.get("dataproduct_type")).lower() not in ("", "image") or _is_dispersed(values),
            "spectra, cubes or time series",
        ),
        (
            _BACKGROUND.fullmatch(_text(values.get("target_name"))) is not None,
            "pointings at empty sky or calibration",
        ),
        (_number(values.get("t_obs_release")) > today or rights not in ("", "PUBLIC"), "proprietary"),
        (instrument is None, f"of an unknown instrument ({_text(values.get('instrument_name')) or 'none named'})"),
        (name is None, "without an imaging filter"),
        (filter_wavelength(name or "") is None, f"in {name}, a filter that is not known"),
        (_number(values.get("calib_level")) not in (2.0, 3.0), "of other levels than 2 and 3"),
        (not _text(values.get("obs_id")), "without an id"),
    )
    return next((reason for fails, reason in checks if fails), None)


def _is_dispersed(values: Mapping[str, Any]) -> bool:
    mode = observing_mode(_text(values.get("instrument_name"))) or ""
    return mode not in _MODES or bool(re.search(r"GRISM|PRISM|GR150|G\d{3}[MH]|P750L", _text(values.get("filters"))))


def _row(values: Mapping[str, Any]) -> Row:
    optics = _text(values.get("filters"))
    name = imaging_filters(optics)[0]
    instrument = canonical_instrument(_text(values.get("instrument_name")))
    assert instrument is not None
    program = _text(values.get("proposal_id"))
    mode = observing_mode(_text(values.get("instrument_name"))) or ""
    return Row(
        obs_id=_text(values.get("obs_id")).lower(),
        instrument=instrument,
        filter=name,
        wavelength_um=float(filter_wavelength(name) or 0.0),
        level=int(_number(values.get("calib_level"))),
        coronagraph=name.endswith("C") or mode == "CORON" or "MASK" in optics.upper(),
        exposure_s=max(_number(values.get("t_exptime"), 0.0), 0.0),
        region=_text(values.get("s_region")),
        ra=_number(values.get("s_ra")),
        dec=_number(values.get("s_dec")),
        program=int(program) if program.isdigit() else None,
        target=_text(values.get("target_name")),
        title=_text(values.get("obs_title")),
        pi=_text(values.get("proposal_pi")),
        observed=_number(values.get("t_min")),
        released=_number(values.get("t_obs_release")),
        moving=_text(values.get("mtFlag")).lower() in ("true", "1"),
    )


def _counted_once(rows: Sequence[Row]) -> tuple[list[Row], int]:
    """Leave out what the pipeline combined again from exposures that another product holds already.

    The pipeline combines each observation (``o001``) and, of several, a mosaic (``c1001``): the same pixels. Where both
    are there the single ones stay.
    """
    kinds: dict[tuple[Any, ...], set[str]] = {}
    for row in rows:
        kinds.setdefault(_product_of(row), set()).add(_candidate(row))
    kept = [row for row in rows if row.level != 3 or _candidate(row) not in "ca" or "o" not in kinds[_product_of(row)]]
    return kept, len(rows) - len(kept)


def _product_of(row: Row) -> tuple[Any, ...]:
    """Tell of what a combined product is one: programme, target, instrument, filter."""
    target = re.match(r"jw\d{5}-[oca]\d+_([tsbv]\d+)_", row.obs_id)
    return row.program, target[1] if target else row.target, row.instrument, row.filter, row.coronagraph, row.level


def _candidate(row: Row) -> str:
    """Give the letter of the association candidate of a combined product: o, c or a; of an exposure ``-``."""
    found = re.match(r"jw\d{5}-([oca])\d+_", row.obs_id)
    return found[1] if found else "-"


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _number(value: Any, default: float = math.nan) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return default
    return number if math.isfinite(number) else default
