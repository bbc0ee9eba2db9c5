"""Spectra for a screen: what they are, and as many points as it has columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.spectra.lines.line_list import line_list
from jwstpipe.analysis.spectra.read import read_spectra
from jwstpipe.analysis.spectra.report import spectrum_words
from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.settings import S3Settings

__all__ = ["MOST_COLUMNS", "MOST_SPECTRA", "curve", "one_of", "opened_spectra", "spectra_facts", "strong_lines"]

MOST_SPECTRA = 500
"""Most spectra of a file that are read at once."""

MOST_COLUMNS = 4000

Floats = NDArray[np.float64]


def opened_spectra(address: str, *, first: int = 0, s3: S3Settings | None = None) -> tuple[Spectrum, ...]:
    """Read some spectra of a file, from one of them on; fewer than `MOST_SPECTRA` where it has no more."""
    return tuple(read_spectra(address, most=MOST_SPECTRA, first=first, s3=s3))


def spectra_facts(spectra: Sequence[Spectrum]) -> list[dict[str, Any]]:
    """Say what spectra are: title, unit, ends, notes."""
    return [
        {
            "title": one.origin.title or one.column,
            "label": one.origin.label or one.column,
            "column": one.column,
            "unit": one.unit,
            "samples": len(one),
            "valid": one.n_valid,
            "ends": one.ends,
            "error": one.error is not None,
            "words": spectrum_words(one),
            "notes": list(one.notes),
        }
        for one in spectra
    ]


def strong_lines() -> list[tuple[str, float]]:
    """Give what people look for first, strong lines and usual bands: labels, and micrometres at rest in vacuum."""
    weakest = {"line": 1, "band": 2}
    return [(one.label, one.wavelength) for one in line_list() if one.strength <= weakest.get(one.kind, 0)]


def curve(spectrum: Spectrum, first: float, last: float, columns: int) -> dict[str, Any]:
    """Draw a part of a spectrum on the columns of a screen: nothing that stands out is lost.

    Parameters
    ----------
    spectrum
        Any.
    first, last
        Wavelengths at the ends, micrometres.
    columns
        Of the screen.

    Returns
    -------
    dict
        ``x``, ``low``, ``high``: wavelength, smallest and largest valid flux of each point; None = a gap.
        ``below``, ``above``: smallest flux less its error, largest with it, or None where there are no errors.
        ``exact``: each point is a sample.

    Raises
    ------
    UsageError
        Ends that are none, or columns out of range.
    """
    if not (np.isfinite([first, last]).all() and first < last):
        raise UsageError("a part of a spectrum has two ends, the first one smaller")
    if not 2 <= columns <= MOST_COLUMNS:
        raise UsageError(f"a curve has 2 to {MOST_COLUMNS} columns")
    start, end = np.searchsorted(spectrum.wavelength, [first, last], side="left")
    part = slice(max(int(start) - 1, 0), int(end) + 1)  # one more at each end: lines lead out of the picture
    waves = spectrum.wavelength[part]
    flux = np.where(spectrum.valid[part], spectrum.flux[part], np.nan)
    error = None if spectrum.error is None else np.where(spectrum.valid[part], spectrum.error[part], np.nan)
    exact = len(waves) <= 2 * columns
    if exact:
        x, low, high = waves, flux, flux
        below, above = (None, None) if error is None else (flux - error, flux + error)
    else:
        edges = np.linspace(waves[0], waves[-1], columns + 1)
        x = 0.5 * (edges[1:] + edges[:-1])
        starts = np.searchsorted(waves, edges[:-1])
        low, high = _extremes(flux, flux, starts)
        below, above = (None, None) if error is None else _extremes(flux - error, flux + error, starts)
    return {
        "unit": spectrum.unit, "x": x.tolist(), "low": _plain(low), "high": _plain(high), "exact": exact,
        "below": None if below is None else _plain(below), "above": None if above is None else _plain(above),
    }  # fmt: skip


def one_of(spectra: Sequence[Spectrum], number: int) -> Spectrum:
    """Give a spectrum by its number.

    Raises
    ------
    NotFoundError
        There are not so many.
    """
    if not 0 <= number < len(spectra):
        raise NotFoundError(f"there is no spectrum {number}; there are {len(spectra)}, counted from 0")
    return spectra[number]


def _extremes(lows: Floats, highs: Floats, starts: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Give the smallest and largest number of each run; NaN where a run has none."""
    ends = np.append(starts[1:], len(lows))
    inside = np.minimum(starts, len(lows) - 1)
    low, high = np.fmin.reduceat(lows, inside), np.fmax.reduceat(highs, inside)
    empty = ends <= starts
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def _plain(values: Floats) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
