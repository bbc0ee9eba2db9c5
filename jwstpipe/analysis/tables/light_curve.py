"""Light curves of time series: a row an integration, of extracted spectra (x1dints) or of images (calints)."""

from pathlib import Path
from typing import Any

import numpy as np
from astropy import units
from astropy.table import Table
from numpy.typing import NDArray

from jwstpipe.analysis.spectra.fits_reader import spectra_of_tables, spectral_tables
from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.errors import DataError
from jwstpipe.fits.cards import card_values, number_of, text_of
from jwstpipe.fits.fits_file import FitsFile, open_fits_file
from jwstpipe.fits.hdus import Hdu
from jwstpipe.fits.sample_format import SampleFormat
from jwstpipe.fits.tables.table import fits_table
from jwstpipe.settings import S3Settings

__all__ = ["light_curve"]

Floats = NDArray[np.float64]

APERTURE = 6.0
RING = (9.0, 14.0)
"""Radius of the circle, and of the ring of the sky, pixels."""


def light_curve(
    address: str | Path, *, between: tuple[float, float] | None = None, s3: S3Settings | None = None
) -> Table:
    """Make the light curve of a time series.

    Parameters
    ----------
    address
        x1dints of either layout: mean flux density, weighted by errors, over all wavelengths or some. calints of an
        image: sum in a circle of 6 pixels about the source, less the median of a ring of 9 to 14.
    between
        Wavelengths, um.
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
    return _of_images(file, plane)


def _of_spectra(spectra: list[Spectrum], between: tuple[float, float] | None, file: FitsFile) -> Table:
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
            flux = float(np.average(one.flux[kept], weights=weights))
            error = float(1.0 / np.sqrt(weights.sum())) if one.error is not None else np.nan
        rows.append(
            {
                "integration": one.origin.integration, "mjd": one.origin.mjd if one.origin.mjd is not None else np.nan,
                "flux": flux, "flux_error": error, "samples": count,
            }
        )  # fmt: skip
    if not any(row["samples"] for row in rows):
        raise DataError(
            f"{file.name}: no integration has a valid sample" + (" at these wavelengths" if between else "")
        )
    return _table(rows, spectra[0].unit, file)


def _of_images(file: FitsFile, plane: Hdu) -> Table:
    cards = {**card_values(file.hdus[0]), **card_values(plane)}
    form = SampleFormat.of(plane.header, name=file.name)
    size = plane.shape[1] * plane.shape[2] * form.stored.itemsize
    times = _times(file, plane.shape[0])
    area = number_of(cards, "PIXAR_SR")
    unit = text_of(cards, "BUNIT")
    factor, flux_unit = (1e6 * area, "Jy") if unit.replace(" ", "") == "MJy/sr" and area else (1.0, unit)
    rows, place = [], None
    for number in range(plane.shape[0]):
        raw = np.frombuffer(file.reader.read(plane.data_offset + number * size, size), form.stored)
        image = np.asarray(form.decode(raw.reshape(plane.shape[1:])), np.float64)
        place = _centre(image, place)
        rows.append({"integration": number + 1, "mjd": times[number], **_aperture(image, place, factor)})
    if not any(np.isfinite(row["flux"]) for row in rows):
        raise DataError(f"{file.name}: no integration has a source with data")
    return _table(rows, flux_unit, file)


def _centre(image: Floats, near: tuple[float, float] | None) -> tuple[float, float]:
    """Find the source: the brightest 3 x 3 pixels of the first integration, then its centroid in each."""
    known = np.nan_to_num(image - np.nanmedian(image)) if np.isfinite(image).any() else np.zeros(image.shape)
    if near is None:
        padded = np.pad(known, 1)
        sums = sum(padded[dy : dy + known.shape[0], dx : dx + known.shape[1]] for dy in range(3) for dx in range(3))
        row, column = np.unravel_index(int(np.argmax(sums)), known.shape)
        near = float(column), float(row)
    x, y = near
    for _ in range(5):
        rows, columns = np.mgrid[: known.shape[0], : known.shape[1]]
        inside = ((columns - x) ** 2 + (rows - y) ** 2 <= APERTURE**2) & (known > 0.0)
        weight = known * inside
        total = weight.sum()
        if total <= 0.0:
            break
        x, y = float((weight * columns).sum() / total), float((weight * rows).sum() / total)
    return x, y


def _aperture(image: Floats, place: tuple[float, float], factor: float) -> dict[str, Any]:
    """Sum a circle, its edge by fractions of pixels on a lattice of 5 x 5, less the median of the ring."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    steps = (np.arange(5) - 2.0) / 5.0
    share = np.zeros(image.shape)
    for dy in steps:
        for dx in steps:
            share += (columns + dx - place[0]) ** 2 + (rows + dy - place[1]) ** 2 <= APERTURE**2
    share /= 25.0
    distance = np.hypot(columns - place[0], rows - place[1])
    ring = image[(distance >= RING[0]) & (distance <= RING[1]) & np.isfinite(image)]
    sky = float(np.median(ring)) if ring.size else 0.0
    scatter = 1.4826 * float(np.median(np.abs(ring - sky))) if ring.size else np.nan
    inside = share > 0.0
    lacking = float(share[inside & ~np.isfinite(image)].sum() / share.sum()) if share.sum() else 1.0
    flux = float((np.nan_to_num(image - sky) * share).sum()) * factor if lacking < 0.01 else np.nan
    error = scatter * float(np.sqrt(share.sum() + share.sum() ** 2 / max(ring.size, 1))) * factor
    return {
        "flux": flux, "flux_error": error, "samples": int(inside.sum()), "x": place[0], "y": place[1], "sky": sky,
    }  # fmt: skip


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
