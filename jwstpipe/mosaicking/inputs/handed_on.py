"""What a mosaic's header says of its inputs: keywords on which all agree, and when they were taken.

Programs that read the mosaic later (CCDData, DS9, photutils, catalogue makers) look for the same few keywords in every
image. One that holds for all inputs is handed on; times become those of the whole: begin, end, and the middle of the
exposures weighted by their length, as the JWST pipeline combines them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

__all__ = [
    "COMMENTS",
    "HANDED_ON",
    "PHOTOMETRY",
    "ZERO_POINTS",
    "Times",
    "agreed",
    "different_zero_points",
    "times_of",
    "when",
    "year_of",
]

T = TypeVar("T")
Value = str | float | int | bool

ZERO_POINTS = ("MAGZP", "MAGZPT", "MAGZERO", "PHOTZP")
"""Magnitude of one unit of the samples, as 2MASS, SDSS-like surveys, and others name it."""

BEAM = ("BMAJ", "BMIN", "BPA")
"""Axes of the beam and their angle, degrees: samples per beam mean nothing without."""

PHOTOMETRY = ("PHOTMJSR", "PHOTUJA2", *ZERO_POINTS, *BEAM)
"""Keywords that tell what the samples mean: they stand beside the samples."""

HANDED_ON = (
    "TELESCOP", "INSTRUME", "CHANNEL", "FILTER", "PUPIL", "TARGNAME", "TARGPROP", "PROGRAM", "CAL_VER", "CRDS_CTX",
    *PHOTOMETRY,
)  # fmt: skip

COMMENTS = {
    "TELESCOP": "telescope",
    "INSTRUME": "instrument",
    "FILTER": "filter",
    "TARGNAME": "target",
    "TARGTYPE": "it has kept its place, not the stars",
    "MT_AVRA": "[deg] RA where the moving target stands",
    "MT_AVDEC": "[deg] Dec where the moving target stands",
    "PHOTMJSR": "[MJy/sr] brightness that gives 1 count a second",
    "PHOTUJA2": "[uJy/arcsec2] brightness that gives 1 count a second",
    "BMAJ": "[deg] major axis of the beam",
    "BMIN": "[deg] minor axis of the beam",
    "BPA": "[deg] position angle of the beam",
    "DATE-OBS": "UTC begin of the first exposure",
    "DATE-BEG": "UTC begin of the first exposure",
    "DATE-AVG": "UTC of MJD-AVG",
    "DATE-END": "UTC end of the last exposure",
    "MJD-OBS": "[d] begin of the first exposure",
    "MJD-BEG": "[d] begin of the first exposure",
    "MJD-AVG": "[d] middle of the exposures, weighted by length",
    "MJD-END": "[d] end of the last exposure",
    **dict.fromkeys(ZERO_POINTS, "[mag] zero point of all inputs"),
}


_MJD_0 = datetime(1858, 11, 17)  # noqa: DTZ001 - leap seconds apart, as all keywords of an image


_J2000_MJD, _YEAR_DAYS = 51_544.5, 365.25


@dataclass(frozen=True)
class Times:
    """When one input was taken; None where its header does not say."""

    begin: str | None = None
    """ISO date and time, UTC."""

    end: str | None = None
    begin_mjd: float | None = None
    middle_mjd: float | None = None
    end_mjd: float | None = None


def times_of(value: Callable[[str], Any]) -> Times:
    """Read when an input was taken.

    Parameters
    ----------
    value
        Gives the value of a keyword of its primary or science header, None where there is none.
    """
    return Times(
        begin=_date(value("DATE-BEG")) or _date(_joined(value("DATE-OBS"), value("TIME-OBS"))),
        end=_date(value("DATE-END")),
        begin_mjd=_day(value("MJD-BEG"), value("EXPSTART"), value("MJD-OBS")),
        middle_mjd=_day(value("MJD-AVG"), value("EXPMID")),
        end_mjd=_day(value("MJD-END"), value("EXPEND")),
    )


def year_of(times: Times) -> float | None:
    """Give the year of the middle of an exposure, or of its begin; None where neither is known."""
    mjd = times.middle_mjd if times.middle_mjd is not None else times.begin_mjd
    return None if mjd is None else 2000.0 + (mjd - _J2000_MJD) / _YEAR_DAYS


def agreed(keywords: Sequence[dict[str, Value]]) -> dict[str, Value]:
    """Give the keywords that have one value in all inputs."""
    first = keywords[0]
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in keywords)}


def when(times: Sequence[Times], exposures: Sequence[float]) -> dict[str, Value]:
    """Give begin, end and middle of all inputs together; what one of them does not say is left out.

    Parameters
    ----------
    times
        Of each input.
    exposures
        Exposure time of each input, seconds; where one is NaN, all count alike.
    """
    found: dict[str, Value] = {}
    if begins := _all([one.begin for one in times]):
        found["DATE-OBS"] = found["DATE-BEG"] = min(begins)
    if ends := _all([one.end for one in times]):
        found["DATE-END"] = max(ends)
    if begins_mjd := _all([one.begin_mjd for one in times]):
        found["MJD-OBS"] = found["MJD-BEG"] = min(begins_mjd)
    if middles := _all([one.middle_mjd for one in times]):
        middle = _weighted(middles, exposures)
        found["MJD-AVG"] = middle
        found["DATE-AVG"] = (_MJD_0 + timedelta(days=middle)).isoformat(timespec="milliseconds")
    if ends_mjd := _all([one.end_mjd for one in times]):
        found["MJD-END"] = max(ends_mjd)
    return found


def different_zero_points(keywords: Sequence[dict[str, Value]]) -> str:
    """Say that inputs have different zero points, for people; empty where all agree or none has one."""
    for key in ZERO_POINTS:
        values = {value for one in keywords if isinstance(value := one.get(key), int | float)}
        if len(values) > 1:
            return (
                f"the inputs have different zero points ({key} from {min(values):g} to {max(values):g}): their samples"
                " are combined as they are, and the mosaic has no zero point; scale them to one first"
            )
    return ""


def _all(values: Sequence[T | None]) -> list[T]:
    """Give all values; none where one is missing."""
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else []


def _weighted(values: Sequence[float], exposures: Sequence[float]) -> float:
    if any(math.isnan(seconds) for seconds in exposures):
        return math.fsum(values) / len(values)
    pairs = zip(values, exposures, strict=True)
    return math.fsum(value * seconds for value, seconds in pairs) / math.fsum(exposures)


def _joined(date: Any, time: Any) -> Any:
    has_time = isinstance(date, str) and isinstance(time, str) and "T" not in date
    return f"{date.strip()}T{time.strip()}" if has_time else date


def _date(value: Any) -> str | None:
    """Give a date with its time as it stands where both are of ISO form; a date alone would be taken for midnight."""
    text = str(value).strip() if isinstance(value, str) else ""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text if text[4:5] == "-" and len(text) > len("2022-06-03") else None


def _day(*values: Any) -> float | None:
    """Give the first of some values that is a day of our calendar (years 1 to 9999) in MJD."""
    for value in values:
        if isinstance(value, int | float) and not isinstance(value, bool) and -678_575 <= value < 2_973_483:
            return float(value)
    return None
