"""What the archive's catalogue takes from the name and the headers of one JWST file."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS, NoConvergence, WcsError
from numpy.typing import NDArray

from jwstpipe.errors import HeaderError
from jwstpipe.testing.local_archive.columns import Row

__all__ = ["ArchiveName", "HeaderFacts", "archive_name", "filter_band_nm", "read_headers", "unit_vectors"]

_EXPOSURE = re.compile(
    r"^(?P<obs_id>jw(?P<program>\d{5})(?P<observation>\d{3})(?P<visit>\d{3})"
    r"_\d{2}[0-9a-z]{3}_\d{5}(?:-seg\d{3})?_[a-z0-9]+?)(?:_(?P<candidate>[oca]\d{3,4}))?_(?P<suffix>[a-z0-9-]+)$"
)
_COMBINED = re.compile(
    r"^(?P<obs_id>jw(?P<program>\d{5})-(?P<candidate>[oca]\d{3,4})_(?P<kind>[tsbv])\d{1,9}(?:-epoch\d)?"
    r"_[a-z]+(?:_[a-z0-9-]+)*?)_(?P<suffix>[a-z0-9]+)$"
)
_MJD_ZERO = datetime(1858, 11, 17, tzinfo=UTC)
_DAY_S = 86400.0
_BAND_WIDTHS = {"W2": 0.5, "W": 0.24, "M": 0.1, "C": 0.06, "N": 0.012}
"""Nominal width of a band over its middle, by the class in its name; a catalogue needs no more."""

_MODES = {
    "NRC_CORON": "CORON", "NRC_WFSS": "WFSS", "NRC_GRISM": "GRISM", "MIR_4QPM": "CORON", "MIR_LYOT": "CORON",
    "MIR_MRS": "IFU", "MIR_LRS-FIXEDSLIT": "SLIT", "NIS_WFSS": "WFSS", "NIS_SOSS": "SOSS", "NIS_AMI": "AMI",
    "NRS_FIXEDSLIT": "SLIT", "NRS_MSASPEC": "MSA", "NRS_IFU": "IFU",
}  # fmt: skip


@dataclass(frozen=True)
class ArchiveName:
    """The parts of a file name that decide where the archive lists and keeps the file."""

    obs_id: str
    """Name without suffix and, for an exposure, without candidate."""

    suffix: str
    program: str
    """Five digits."""

    candidate: str
    """Association candidate of a combined product, as ``o001``; empty for an exposure."""

    kind: str
    """``t`` target, ``s b v`` sources; empty for an exposure."""

    visit_id: str
    """Programme, observation and visit of an exposure, as ``jw02733001001``; empty for a combined product."""

    @property
    def calib_level(self) -> int:
        """Calibration level as MAST counts: 1 raw, 2 exposure, 3 combined."""
        if self.candidate:
            return 3
        return 1 if self.suffix == "uncal" else 2

    @property
    def observation(self) -> str:
        """Three digits of the observation; empty for a candidate that spans several."""
        if self.visit_id:
            return self.visit_id[7:10]
        return self.candidate[1:] if self.candidate.startswith("o") else ""


@dataclass(frozen=True)
class HeaderFacts:
    """What the headers of one file tell."""

    ra: float
    dec: float
    """Centre of the file's footprint, degrees ICRS."""

    columns: Row
    """``s_region``, target, programme, instrument, filters, times (MJD) and exposure time (s), wavelengths (nm); None
    where the headers say nothing."""

    version: str | None
    """Version of the calibration pipeline."""

    target_names: tuple[str, ...]
    target_position: tuple[float, float] | None
    """RA and Dec of the target, degrees."""


def archive_name(file_name: str) -> ArchiveName | None:
    """Take a file name apart; None for names that are neither an exposure nor a combined product."""
    stem = Path(file_name.lower()).stem
    found = _COMBINED.match(stem)
    if found:
        part = found.groupdict()
        return ArchiveName(part["obs_id"], part["suffix"], part["program"], part["candidate"], part["kind"], "")
    found = _EXPOSURE.match(stem)
    if found:
        part = found.groupdict()
        visit_id = f"jw{part['program']}{part['observation']}{part['visit']}"
        return ArchiveName(part["obs_id"], part["suffix"], part["program"], "", "", visit_id)
    return None


def read_headers(path: Path) -> HeaderFacts:
    """Read what the catalogue takes from the headers of a file with an image or a table in its first extension.

    Raises
    ------
    HeaderError
        Nothing in the headers says where on the sky the file lies.
    """
    with fits.open(path) as hdus:
        primary = hdus[0].header
        science = hdus[1].header if len(hdus) > 1 else primary
    ra, dec, region = _sky(path, primary, science)
    columns: Row = {"s_region": region}
    columns |= _identity(primary) | _instrument(primary) | _times(primary, science)
    names = {text for text in (_text(primary, "TARGPROP"), _text(primary, "TARGNAME")) if text}
    target = _number(primary, "TARG_RA"), _number(primary, "TARG_DEC")
    return HeaderFacts(
        ra=ra,
        dec=dec,
        columns=columns,
        version=_text(primary, "CAL_VER"),
        target_names=tuple(sorted(names)),
        target_position=None if target[0] is None or target[1] is None else (target[0], target[1]),
    )


def _identity(primary: fits.Header) -> Row:
    return {
        "target_name": _text(primary, "TARGPROP", "TARGNAME"),
        "target_classification": _text(primary, "TARGDESC", "SCICAT"),
        "proposal_pi": _text(primary, "PI_NAME"),
        "obs_title": _text(primary, "TITLE"),
        "proposal_type": _text(primary, "CATEGORY"),
    }


def _instrument(primary: fits.Header) -> Row:
    elements = [_text(primary, key) for key in ("FILTER", "PUPIL", "GRATING")]
    used = [name for name in elements if name and not name.startswith(("CLEAR", "N/A"))]
    instrument = _text(primary, "INSTRUME")
    mode = _MODES.get(_text(primary, "EXP_TYPE") or "", "IMAGE")
    bands = [band for band in map(filter_band_nm, used) if band is not None]
    narrowest = min(bands, key=lambda band: band[1] - band[0], default=None)
    return {
        "instrument_name": instrument and f"{instrument}/{mode}",
        "filters": ";".join(used) or None,
        "em_min": None if narrowest is None else narrowest[0],
        "em_max": None if narrowest is None else narrowest[1],
    }


def filter_band_nm(name: str) -> tuple[float, float] | None:
    """Give the nominal edges of a filter's band, nm, from its name; None when the name holds no wavelength.

    ``F090W`` lies at 900 nm, ``F1130W`` at 11,300 nm: the digits count hundredths of a micrometre.
    """
    found = re.match(r"^F(\d{3,4})(W2|W|M|N|C)$", name)
    if not found:
        return None
    middle, half = float(found.group(1)) * 10, _BAND_WIDTHS[found.group(2)] / 2
    return round(middle * (1 - half), 3), round(middle * (1 + half), 3)


def _times(primary: fits.Header, science: fits.Header) -> Row:
    exposure = _number(primary, "EFFEXPTM", "XPOSURE", "TEXPTIME") or _number(science, "XPOSURE")
    first = _number(primary, "EXPSTART")
    if first is None:
        stamp = _text(primary, "DATE-BEG") or "T".join(
            text for text in (_text(primary, "DATE-OBS"), _text(primary, "TIME-OBS")) if text
        )
        first = _mjd(stamp) if stamp else None
    last = _number(primary, "EXPEND")
    if last is None and first is not None:
        last = first + (exposure or 0.0) / _DAY_S
    return {"t_min": first, "t_max": last, "t_exptime": exposure}


def _mjd(stamp: str) -> float | None:
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return (moment.replace(tzinfo=UTC) - _MJD_ZERO).total_seconds() / _DAY_S


def _sky(path: Path, primary: fits.Header, science: fits.Header) -> tuple[float, float, str | None]:
    """Find centre and footprint: S_REGION, else the corners of the WCS, else the reference point alone."""
    region = _text(science, "S_REGION")
    corners = _region_corners(region) if region else _wcs_corners(science)
    if corners is not None:
        x, y, z = unit_vectors(corners[:, 0], corners[:, 1]).mean(axis=0)
        ra, dec = math.degrees(math.atan2(y, x)) % 360, math.degrees(math.atan2(z, math.hypot(x, y)))
        return ra, dec, region or "POLYGON ICRS  " + " ".join(f"{lon:.9f} {lat:.9f}" for lon, lat in corners)
    for header, keys in ((science, ("RA_REF", "DEC_REF")), (primary, ("TARG_RA", "TARG_DEC"))):
        place = _number(header, keys[0]), _number(header, keys[1])
        if place[0] is not None and place[1] is not None:
            return place[0], place[1], region
    raise HeaderError(f"{path}: no S_REGION, no celestial WCS and no TARG_RA; such a file cannot be listed")


def _region_corners(region: str) -> NDArray[np.float64] | None:
    if not region.upper().startswith("POLYGON"):
        return None
    numbers = [float(word) for word in region.split() if re.match(r"^[-+.\d]", word)]
    corners = np.array(numbers[: len(numbers) // 2 * 2]).reshape(-1, 2)
    return corners if len(corners) >= 3 else None


def _wcs_corners(science: fits.Header) -> NDArray[np.float64] | None:
    try:
        wcs = WCS(science, fix=False)
        if not wcs.has_celestial:
            return None
        shape = (int(science["NAXIS1"]), int(science["NAXIS2"]))
        corners = wcs.celestial.calc_footprint(axes=shape, center=False)
    except (WcsError, NoConvergence, ValueError, KeyError):
        return None
    return np.asarray(corners, dtype=np.float64) if np.isfinite(corners).all() else None


def unit_vectors(
    ra_deg: Sequence[float] | NDArray[np.float64], dec_deg: Sequence[float] | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Turn positions (n), degrees, into unit vectors (n, 3)."""
    ra, dec = np.radians(np.asarray(ra_deg, dtype=np.float64)), np.radians(np.asarray(dec_deg, dtype=np.float64))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def _text(header: fits.Header, *keys: str) -> str | None:
    for key in keys:
        value = header.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _number(header: fits.Header, *keys: str) -> float | None:
    for key in keys:
        value = header.get(key)
        if isinstance(value, int | float) and math.isfinite(value):
            return float(value)
    return None
