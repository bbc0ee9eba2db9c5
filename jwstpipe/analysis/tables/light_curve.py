"""Light curves of time series: a row an integration, of extracted spectra (x1dints) or of images (calints)."""

from pathlib import Path
from typing import Any

import numpy as np
from astropy import units
from astropy.table import Table
from numpy.typing import NDArray

from jwstpipe.analysis.spectra.fits_reader import spectra_of_tables, spectral_tables
from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.analysis.tables.source_circle import SourceCircle, images_rows
from jwstpipe.errors import DataError
from jwstpipe.fits.cards import card_values, number_of, text_of
from jwstpipe.fits.fits_file import FitsFile, open_fits_file
from jwstpipe.fits.tables.table import fits_table
from jwstpipe.settings import S3Settings

__all__ = ["light_curve"]

Floats = NDArray[np.float64]

SPREAD = ("_LRS", "GRISM", "BRIGHTOBJ", "_SOSS", "_WFSS", "_MRS")
"""Parts of EXP_TYPE of images that are spectra."""


def light_curve(
    address: str | Path,
    *,
    between: tuple[float, float] | None = None,
    circle: SourceCircle | None = None,
    s3: S3Settings | None = None,
) -> Table:
    """Make the light curve of a time series.

    Parameters
    ----------
    address
        x1dints of either layout: mean flux density, weighted by errors, over all wavelengths or some. calints of an
        image: sum in a circle about the source, less the median of a ring.
    between
        Wavelengths, um.
    circle
        Of images: radius, ring, place; default: 6 pixels, and a ring of 9 to 14.
    s3
        Endpoint of an ``s3://`` address.

    Returns
    -------
    Table
        ``integration``, ``mjd`` (middle, UTC; ``bjd`` where the file has it), ``flux``, ``flux_error``, ``samples``;
        of images also ``x``, ``y``, ``sky``.

    Raises
    ------
    DataError
        No time series, or none with data.
    """
    file = open_fits_file(address, s3=s3)
    tables = spectral_tables(file)
    if tables:
        spectra = [one for one in spectra_of_tables(file, tables) if one.origin.integration is not None]
        if len(spectra) < 2:
            raise DataError(f"{address}: {len(spectra)} integrations; a light curve needs two at least")
        return _of_spectra(spectra, between, file)
    plane = next((hdu for hdu in file.hdus if hdu.name == "SCI" and len(hdu.shape) == 3 and hdu.whole), None)
    if plane is None or plane.shape[0] < 2:
        raise DataError(f"{address}: no time series; a light curve is made of x1dints or calints")
    cards = {**card_values(file.hdus[0]), **card_values(plane)}
    mode = text_of(cards, "EXP_TYPE")
    if any(word in mode for word in SPREAD):
        raise DataError(f"{address}: images of spectra ({mode}): a circle has no light curve of them; take its x1dints")
    if text_of(cards, "CTYPE3") in ("WAVE", "WAVE-TAB", "FREQ"):
        raise DataError(f"{address}: a spectral cube, and no time series; jwstpipe cube takes spectra out of it")
    rows, unit = images_rows(file, plane, _times(file, plane.shape[0]), circle or SourceCircle())
    return _table(rows, unit, file)


def _of_spectra(spectra: list[Spectrum], between: tuple[float, float] | None, file: FitsFile) -> Table:
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # numbers of damaged files
        return _table(_spectra_rows(spectra, between, file), spectra[0].unit, file)


def _spectra_rows(spectra: list[Spectrum], between: tuple[float, float] | None, file: FitsFile) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    low, high = between or (0.0, np.inf)
    # the same wavelengths in all integrations: a sample that is missing in one would bend the curve
    shared = np.stack([one.valid for one in spectra]).mean(axis=0) if len({len(one) for one in spectra}) == 1 else None
    for one in spectra:
        kept = one.valid & (one.wavelength >= low) & (one.wavelength <= high)
        if shared is not None:
            kept &= shared > 0.9
        flux, error, count = np.nan, np.nan, int(kept.sum())
        if count:
            weights = np.ones(count) if one.error is None else 1.0 / one.error[kept] ** 2
            flux = float((one.flux[kept] * weights).sum() / weights.sum())
            error = float(1.0 / np.sqrt(weights.sum())) if one.error is not None else np.nan
        rows.append(
            {
                "integration": one.origin.integration, "mjd": one.origin.mjd if one.origin.mjd is not None else np.nan,
                "flux": flux, "flux_error": error, "samples": count,
            }
        )  # fmt: skip
    if not any(np.isfinite(row["flux"]) for row in rows):
        raise DataError(
            f"{file.name}: no integration has a valid sample" + (" at these wavelengths" if between else "")
        )
    return rows


def _times(file: FitsFile, count: int) -> Floats:
    hdu = next((one for one in file.hdus if one.name == "INT_TIMES"), None)
    if hdu is None:
        return np.full(count, np.nan)
    table = fits_table(file, hdu)
    mid = table.find("int_mid_MJD_UTC", "int_mid_BJD_TDB")
    values = np.full(count, np.nan) if mid is None else np.asarray(table.read(mid), np.float64)
    first = number_of(card_values(file.hdus[0]), "INTSTART") or 1.0
    if values.size > count:  # of a segment, whose table has the integrations of the whole exposure
        values = values[int(first) - 1 : int(first) - 1 + count]
    return values if values.size == count else np.full(count, np.nan)


def _table(rows: list[dict[str, Any]], unit: str, file: FitsFile) -> Table:
    table = Table({name: [row[name] for row in rows] for name in rows[0]})
    made = units.Unit(unit, parse_strict="silent") if unit else None
    for name in ("flux", "flux_error"):
        table[name].unit = made
    table["mjd"].unit = "d"
    table["mjd"].description = "middle of the integration, MJD (UTC)"
    bjd = _bjd(file, len(rows))
    if bjd is not None:
        table.add_column(bjd, index=2, name="bjd")
        table["bjd"].unit, table["bjd"].description = "d", "middle of the integration, BJD less 2400000.5 (TDB)"
    return table


def _bjd(file: FitsFile, count: int) -> Floats | None:
    hdu = next((one for one in file.hdus if one.name == "INT_TIMES"), None)
    table = None if hdu is None else fits_table(file, hdu)
    column = None if table is None else table.find("int_mid_BJD_TDB")
    if table is None or column is None or len(table) != count:
        return None
    return np.asarray(table.read(column), np.float64)
