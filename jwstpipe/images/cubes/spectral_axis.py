"""What the third axis of a cube counts, and the wavelengths of its slices, from cards and tables of the file.

FITS paper III. A linear axis stands in CRPIX3, CRVAL3, CDELT3 (or PC3_3, CD3_3); ``-TAB`` means a table, named by PS3_0
(extension), PS3_1 (column of wavelengths) and PS3_2 (column of indices, where there is one), and then the linear cards
count rows of that table.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError, HeaderError
from jwstpipe.fits.hdus import ByteReader, Hdu

__all__ = ["AxisKind", "SpectralAxis", "axis_kind", "spectral_axis"]

Floats = NDArray[np.float64]

AxisKind = Literal["wavelength", "integration", "slice"]
"""What a third axis counts: wavelengths, integrations of a time series, or nothing that the header names."""

MOST_TABLE = 64 << 20
"""Longest table of wavelengths that is read, bytes: a million slices have eight."""

MOST_SLICES = 1 << 22
"""More than any spectrograph resolves."""

_SPECTRAL = {
    "WAVE": "um", "AWAV": "um", "WAVELENGTH": "um", "LAMBDA": "um", "FREQ": "Hz", "WAVN": "1/m", "ENER": "J",
}  # fmt: skip
"""Kinds of a spectral axis, and the unit where CUNIT3 names none."""

_VELOCITIES = ("VRAD", "VOPT", "VELO", "ZOPT", "BETA", "FELO")
_TIME_SERIES = ("CubeModel",)
_EXP_TYPES = ("NRC_TSIMAGE", "NRC_TSGRISM", "NRS_BRIGHTOBJ", "NIS_SOSS", "MIR_LRS-SLITLESS")


@dataclass(frozen=True)
class SpectralAxis:
    """The wavelengths of the slices of a cube."""

    microns: Floats
    """One for each slice, um, all rising or all falling."""

    kind: str
    """CTYPE3: ``WAVE`` in vacuum, ``AWAV`` in air, ``WAVE-TAB`` from a table."""

    notes: tuple[str, ...] = ()
    """What was chosen or converted, one sentence each."""


def axis_kind(primary: Mapping[str, Any], header: Mapping[str, Any]) -> AxisKind:
    """Tell what the third axis of a cube counts.

    Parameters
    ----------
    primary, header
        The primary header, and that of the science plane.
    """
    from astropy import units  # noqa: PLC0415 - slow to load, and who exports a mosaic knows what a cube is

    kind = _word(header, "CTYPE3").upper().partition("-")[0]
    length = units.Unit(_word(header, "CUNIT3"), parse_strict="silent").is_equivalent(units.m)
    model = str(primary.get("DATAMODL", "")).strip()
    if kind in _SPECTRAL or kind in _VELOCITIES or (length and not kind) or model == "IFUCubeModel":
        return "wavelength"
    mode = str(primary.get("EXP_TYPE", "")).strip().upper()
    return "integration" if model in _TIME_SERIES or mode in _EXP_TYPES or "NINTS" in primary else "slice"


def spectral_axis(
    header: Mapping[str, Any], count: int, hdus: Sequence[Hdu], reader: ByteReader, *, name: str
) -> SpectralAxis:
    """Read the wavelengths of the slices of a cube.

    Parameters
    ----------
    header
        Of the science plane.
    count
        Slices.
    hdus, reader
        The file, for a table of wavelengths.
    name
        The file, for errors.

    Returns
    -------
    SpectralAxis
        Wavelengths in um; frequencies, wave numbers and energies are converted.

    Raises
    ------
    HeaderError
        No spectral axis, velocities, or cards that are no numbers.
    DataError
        A table that is not there, is too long or too short, or wavelengths that do not rise or fall.
    """
    if count > MOST_SLICES:
        raise DataError(f"{name}: claims {count:,} slices; at most {MOST_SLICES:,} make sense")
    ctype = _word(header, "CTYPE3").upper() or "WAVE"
    kind, _, algorithm = ctype.partition("-")
    if kind in _VELOCITIES:
        raise HeaderError(f"{name}: its third axis is a velocity ({ctype}); a cube of wavelengths is needed here")
    if kind not in _SPECTRAL or algorithm.strip("-") not in ("", "TAB"):
        raise HeaderError(f"{name}: CTYPE3 is {ctype!r}, which is no axis of wavelengths that is read here")
    notes: tuple[str, ...] = ()
    if algorithm.strip("-") == "TAB":
        values, unit, notes = _from_table(header, count, hdus, reader, name)
    else:
        values, unit = _linear(header, count, name), _word(header, "CUNIT3")
    microns = _microns(values, unit or _SPECTRAL[kind], name)
    if kind == "AWAV":
        notes = (*notes, "its wavelengths are those in air; lines of vacuum lists lie up to 80 km/s away")
    _check(microns, name)
    return SpectralAxis(microns, ctype, notes)


def _word(header: Mapping[str, Any], key: str) -> str:
    return str(header.get(key, "") or "").strip()


def _number(header: Mapping[str, Any], key: str, default: float | None, name: str) -> float:
    value = header.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise HeaderError(f"{name}: {key} is no number: {value!r}; nothing tells its wavelengths")
    return float(value)


def _linear(header: Mapping[str, Any], count: int, name: str) -> Floats:
    """Evaluate the linear cards: 1-based positions, the step from CD3_3 or CDELT3 times PC3_3."""
    if "CRVAL3" not in header or ("CDELT3" not in header and "CD3_3" not in header):
        raise HeaderError(f"{name}: no wavelengths: it has neither CRVAL3 and CDELT3 nor a table of them")
    step = (
        _number(header, "CD3_3", None, name)
        if "CD3_3" in header
        else _number(header, "CDELT3", None, name) * _number(header, "PC3_3", 1.0, name)
    )
    first = 1.0 - _number(header, "CRPIX3", 0.0, name)
    return np.asarray(_number(header, "CRVAL3", None, name) + step * (np.arange(count) + first), np.float64)


def _from_table(
    header: Mapping[str, Any], count: int, hdus: Sequence[Hdu], reader: ByteReader, name: str
) -> tuple[Floats, str, tuple[str, ...]]:
    """Look the wavelengths up in the table that the cards name."""
    extension, column = _word(header, "PS3_0").upper() or "WCS-TABLE", _word(header, "PS3_1") or "wavelength"
    table = next((hdu for hdu in hdus if hdu.name == extension and hdu.kind == "BINTABLE"), None)
    if table is None:
        raise DataError(f"{name}: its wavelengths stand in a table {extension}, which is not in the file")
    if table.data_size > MOST_TABLE:
        raise DataError(f"{name}: its table {extension} has {table.data_size:,} bytes; refused above {MOST_TABLE:,}")
    columns = _columns(table, reader, name)
    if column.lower() not in columns:
        raise DataError(f"{name}: its table {extension} has no column {column!r}; it has {', '.join(columns)}")
    values, unit = columns[column.lower()]
    notes = []
    used = int(columns["nelem"][0][0]) if "nelem" in columns and columns["nelem"][0].size else values.size
    if 0 < used < values.size:
        notes.append(f"of the {values.size} rows of {extension} the first {used} are used, as NELEM says")
        values = values[:used]
    index = columns.get(_word(header, "PS3_2").lower())
    first, step = _number(header, "CRVAL3", 1.0, name), _number(header, "CDELT3", 1.0, name)
    rows = first + step * _number(header, "PC3_3", 1.0, name) * (
        np.arange(count) + 1.0 - _number(header, "CRPIX3", 1.0, name)
    )
    if index is None and values.size != count and np.array_equal(rows, np.arange(1.0, count + 1.0)):
        raise DataError(
            f"{name}: has {count} slices and its table {extension} {values.size} wavelengths; nothing tells which"
            " belong to which"
        )
    places = np.arange(1.0, values.size + 1.0) if index is None else index[0][: values.size]
    if not np.all(np.diff(places) > 0.0) or rows.min() < places[0] - 0.5 or rows.max() > places[-1] + 0.5:
        raise DataError(f"{name}: its cards ask for rows of {extension} that it does not have")
    return np.asarray(np.interp(rows, places, values), np.float64), unit or _word(header, "CUNIT3"), tuple(notes)


def _columns(table: Hdu, reader: ByteReader, name: str) -> dict[str, tuple[Floats, str]]:
    """Read all numbers of a small table: values and unit by name in lower case."""
    from astropy.io import fits  # noqa: PLC0415 - slow to load

    content = table.header_bytes + bytes(reader.read(table.data_offset, table.data_size))
    padded = content + bytes(-len(content) % 2880)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is missing is found out below
            hdu = fits.BinTableHDU.fromstring(padded)
            found = {
                one.name.lower(): (np.asarray(hdu.data[one.name], np.float64).ravel(), str(one.unit or "").strip())
                for one in hdu.columns
                if "A" not in one.format
            }
    except Exception as error:  # noqa: BLE001 - whatever the reader stumbles over, the table is at fault
        raise DataError(f"{name}: its table {table.label} cannot be read ({error})") from None
    if not found:
        raise DataError(f"{name}: its table {table.label} holds no numbers")
    return found


def _microns(values: Floats, unit: str, name: str) -> Floats:
    from astropy import units  # noqa: PLC0415 - slow to load

    found = units.Unit(unit, parse_strict="silent")
    try:
        with np.errstate(all="ignore"):
            return np.asarray((values * found).to_value(units.um, equivalencies=units.spectral()), np.float64)
    except (units.UnitConversionError, TypeError, ValueError):
        raise HeaderError(f"{name}: the unit of its wavelengths is {unit!r}, which is no length") from None


def _check(microns: Floats, name: str) -> None:
    if not np.isfinite(microns).all() or microns.min() <= 0.0:
        bad = int((~np.isfinite(microns) | (microns <= 0.0)).sum())
        raise DataError(f"{name}: {bad} of its {microns.size} wavelengths are no positive numbers")
    steps = np.diff(microns)
    if microns.size > 1 and not (np.all(steps > 0.0) or np.all(steps < 0.0)):
        place = int(np.flatnonzero(steps * np.sign(steps[0]) <= 0.0)[0]) + 1
        raise DataError(
            f"{name}: its wavelengths neither rise nor fall throughout (slice {place - 1}: {microns[place - 1]:.6g} um,"
            f" slice {place}: {microns[place]:.6g} um); sort its slices first"
        )
