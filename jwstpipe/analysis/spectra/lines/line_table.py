"""Measured lines as a table: a row a line, with units, meanings, and the source of each wavelength."""

from collections.abc import Sequence
from typing import Any

from astropy.table import Table

from jwstpipe.analysis.spectra.lines.measure import LineMeasurement

__all__ = ["LINE_COLUMNS", "line_rows", "line_table"]

LINE_COLUMNS: dict[str, tuple[str, str]] = {
    "line": ("", "name of the line"),
    "rest": ("um", "wavelength at rest, in vacuum"),
    "rest_err": ("um", "its uncertainty in the list of lines"),
    "source": ("", "where the wavelength at rest is from"),
    "observed": ("um", "centre of the Gaussian; where the line was expected, of a limit"),
    "observed_err": ("um", "standard error, rescaled"),
    "velocity": ("km/s", "c (observed / rest - 1), in the frame of the file (barycentric)"),
    "velocity_err": ("km/s", "standard error of the fit, rescaled; without that of the rest wavelength"),
    "fwhm": ("km/s", "full width at half maximum as observed"),
    "fwhm_err": ("km/s", "standard error, rescaled"),
    "fwhm_instrument": ("km/s", "of an unresolved line, assumed"),
    "fwhm_intrinsic": ("km/s", "with the instrument taken out in quadrature; NaN = not resolved"),
    "flux": ("flux", "of the Gaussian"),
    "flux_err": ("flux", "standard error, formal"),
    "flux_err_rescaled": ("flux", "standard error times the root of the reduced chi2, where that is above 1"),
    "flux_sum": ("flux", "samples less continuum, summed over 3 standard deviations to either side"),
    "flux_sum_err": ("flux", "standard error, rescaled"),
    "limit": ("flux", "three standard errors, where the line was not found"),
    "snr": ("", "flux over its rescaled error"),
    "ew": ("um", "equivalent width as observed; emission is positive"),
    "ew_err": ("um", "standard error, rescaled"),
    "ew_rest": ("um", "equivalent width at rest"),
    "continuum": ("samples", "under the line"),
    "chi2": ("", "of the fit, reduced"),
    "samples": ("", "that were fitted"),
    "note": ("", "blends, ties"),
}
"""Columns by name: unit and meaning; ``flux`` and ``samples`` stand for the units of the spectrum."""


def line_rows(lines: Sequence[LineMeasurement]) -> list[dict[str, Any]]:
    """Give a row for each line, by the names of `LINE_COLUMNS`."""
    return [
        {
            "line": one.line.name, "rest": one.line.wavelength, "rest_err": one.line.uncertainty,
            "source": one.line.source, "observed": one.observed, "observed_err": one.observed_err,
            "velocity": one.velocity, "velocity_err": one.velocity_err, "fwhm": one.fwhm, "fwhm_err": one.fwhm_err,
            "fwhm_instrument": one.fwhm_instrument, "fwhm_intrinsic": one.fwhm_intrinsic, "flux": one.flux,
            "flux_err": one.flux_err, "flux_err_rescaled": one.flux_err_rescaled, "flux_sum": one.summed,
            "flux_sum_err": one.summed_err, "limit": one.limit, "snr": one.snr if one.found else float("nan"),
            "ew": one.width, "ew_err": one.width_err, "ew_rest": one.width_rest, "continuum": one.continuum,
            "chi2": one.chi2, "samples": one.samples, "note": one.note,
        }
        for one in lines
    ]  # fmt: skip


def line_table(lines: Sequence[LineMeasurement], *, sample_unit: str, names: Sequence[str] = ()) -> Table:
    """Write measured lines as a table.

    Parameters
    ----------
    lines
        Of one unit of flux.
    sample_unit
        Of the samples of the spectrum.
    names
        Of the spectrum that each line is from, where there are several.
    """
    from astropy import units  # noqa: PLC0415 - slow to load

    rows = line_rows(lines)
    table = Table({name: [row[name] for row in rows] for name in LINE_COLUMNS})
    if names:
        table.add_column(list(names), index=0, name="spectrum")
    flux_unit = lines[0].unit if lines else ""
    for name, (unit, meaning) in LINE_COLUMNS.items():
        word = {"flux": flux_unit, "samples": sample_unit}.get(unit, unit)
        table[name].unit = units.Unit(word, parse_strict="silent") if word else None
        table[name].description = meaning
    return table
