"""Which columns of a table make a spectrum, whatever they are called, and in which units they stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["FLUXES", "SpectrumColumns", "errors_of", "find_columns", "found_among", "micrometres"]

Floats = NDArray[np.float64]

WAVELENGTHS = ("WAVELENGTH", "WAVE", "LAMBDA", "LAM", "WAVELEN", "WAVELENGTHS", "OBS_WAVE", "SPECTRAL_AXIS", "WL")

FLUXES: dict[str, tuple[str, ...]] = {
    "FLUX": ("FLUX_ERROR", "FLUX_ERR", "ERROR", "ERR", "FLUX_UNC", "E_FLUX", "FLUXERR", "UNCERTAINTY", "SIGMA"),
    "SURF_BRIGHT": ("SB_ERROR", "SURF_BRIGHT_ERROR", "ERROR"),
    "FNU": ("FNU_ERR", "FNU_ERROR", "E_FNU", "ERROR", "ERR"),
    "F_NU": ("F_NU_ERR", "ERROR", "ERR"),
    "FLAM": ("FLAM_ERR", "E_FLAM", "ERROR", "ERR"),
    "F_LAMBDA": ("F_LAMBDA_ERR", "ERROR", "ERR"),
    "FLUX_DENSITY": ("FLUX_DENSITY_ERROR", "ERROR", "ERR"),
    "FULL_FLUX": ("FULL_ERR",),
    "NET": ("NET_ERROR", "ERROR"),
    "COUNT_RATE": ("COUNT_RATE_ERROR", "ERROR"),
    "INTENSITY": ("INTENSITY_ERROR", "ERROR", "ERR"),
}  # fmt: skip
"""Columns that samples stand in, in the order of preference, and those of their errors."""

FRINGE_CORRECTED = {"FLUX": "RF_FLUX", "SURF_BRIGHT": "RF_SURF_BRIGHT"}
"""Of MIRI's MRS: the same samples with what is left of the fringes taken out."""

QUALITY = ("DQ", "QUALITY", "FLAG")
PIXELS = "NPIXELS"

_LENGTHS = {
    "um": 1.0, "micron": 1.0, "microns": 1.0, "micrometer": 1.0, "micrometers": 1.0, "micrometre": 1.0,
    "\u00b5m": 1.0, "\u03bcm": 1.0, "nm": 1e-3, "nanometer": 1e-3, "nanometers": 1e-3, "angstrom": 1e-4,
    "angstroms": 1e-4, "ang": 1e-4, "a": 1e-4, "aa": 1e-4, "\u00e5": 1e-4, "m": 1e6, "cm": 1e4, "mm": 1e3,
}  # fmt: skip


@dataclass(frozen=True)
class SpectrumColumns:
    """Names of the columns of a spectrum, as the table spells them."""

    wavelength: str
    fluxes: tuple[str, ...]
    """That may be the samples, the preferred one first."""

    quality: str | None
    pixels: str | None


def found_among(names: Iterable[str], *wanted: str) -> str | None:
    """Find the first of some columns, whatever its case; gives its name as the table spells it."""
    known = _spellings(tuple(names))
    return next((known[word.upper()] for word in wanted if word.upper() in known), None)


@lru_cache(maxsize=64)
def _spellings(names: tuple[str, ...]) -> dict[str, str]:
    """Give names by their capitals; a file may have hundreds of tables of the same columns."""
    return {name.upper(): name for name in reversed(names)}


def find_columns(names: Sequence[str], *, column: str | None = None) -> SpectrumColumns | None:
    """Find the columns of a spectrum; None where the table has none.

    Parameters
    ----------
    names
        Of all columns.
    column
        The samples that are wanted; default: the first of `FLUXES`.
    """
    wavelength = found_among(names, *WAVELENGTHS)
    fluxes = [name for word in FLUXES if (name := found_among(names, word)) is not None]
    if column is not None:
        wanted = found_among(names, column)
        fluxes = [] if wanted is None else [wanted]
    if wavelength is None or not fluxes:
        return None
    return SpectrumColumns(wavelength, tuple(fluxes), found_among(names, *QUALITY), found_among(names, PIXELS))


def errors_of(flux: str, names: Sequence[str]) -> str | None:
    """Find the column of the errors of a column of samples."""
    base = flux.upper().removeprefix("RF_")
    return found_among(names, *FLUXES.get(base, ()), f"{flux}_ERROR", f"{flux}_ERR", f"E_{flux}")


def micrometres(values: Floats, unit: str) -> tuple[Floats, str]:
    """Give wavelengths in micrometres, and what is to be said of their unit.

    A unit that is missing or unknown is told by the numbers: below a thousandth metres, up to 100 micrometres, up to
    3,000 nanometres, above that Angstrom; the note says so.
    """
    factor = _LENGTHS.get(unit.strip().lower())
    if factor is not None:
        return values * factor, ""
    known = values[np.isfinite(values) & (values > 0.0)]
    middle = float(np.median(known)) if known.size else 1.0
    by_size = (
        ("metres", 1e6, 1e-3),
        ("micrometres", 1.0, 100.0),
        ("nanometres", 1e-3, 3000.0),
        ("Angstrom", 1e-4, np.inf),
    )
    name, factor = next((word, scale) for word, scale, most in by_size if middle < most)
    told = f"of unknown unit {unit!r}" if unit.strip() else "without a unit"
    return values * factor, f"wavelengths {told} were taken for {name}"
