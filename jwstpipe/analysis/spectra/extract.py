"""A spectrum out of a rectified 2-D one (s2d), or of the cut-out of a slit: a box along the trace of the source.

The trace is where the median of a row is highest: nods leave negative images of the source at both sides, so that the
sum over all rows is about zero.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.spectra.fits_reader import origin_of
from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.errors import DataError
from jwstpipe.fits.cards import CardValue, card_values, number_of, text_of
from jwstpipe.fits.fits_file import FitsFile
from jwstpipe.fits.gwcs_wavelengths import gwcs_wavelengths
from jwstpipe.fits.hdus import Hdu
from jwstpipe.fits.sample_format import SampleFormat
from jwstpipe.fits.tables.table import fits_table

__all__ = ["ExtractionOptions", "slit_images", "spectra_of_slits"]

Floats = NDArray[np.float64]

WIDTH = 5
"""Rows of the box."""

WILD = 1e3
"""A standard error so many times the median of its plane is that of a bad pixel."""

LEAST_SHARE = 0.6
"""Of the rows of the box that a column needs."""

MOST_PIXELS = 1 << 26
LEAST_COLUMNS = 8


@dataclass(frozen=True)
class ExtractionOptions:
    """Where the box lies."""

    row: float | None = None
    """Middle row, 0-based; None = the row with the highest median."""

    width: int = WIDTH
    """Rows."""


@dataclass(frozen=True, eq=False)
class _Slit:
    """The planes of a slit, (rows, columns)."""

    sci: Floats
    err: Floats | None
    good: NDArray[np.bool_]


def slit_images(file: FitsFile) -> list[Hdu]:
    """Find the 2-D spectra of a file: planes SCI that are much longer than high, or that have wavelengths beside."""
    primary = card_values(file.hdus[0])
    model, mode = text_of(primary, "DATAMODL"), text_of(primary, "EXP_TYPE")
    waves = any(hdu.name in ("WAVELENGTH", "WCS-TABLE") for hdu in file.hdus)
    spread = model in ("SlitModel", "MultiSlitModel") or any(
        word in mode for word in ("NRS_", "_LRS", "_WFSS", "_SOSS")
    )
    planes = [
        hdu for hdu in file.hdus if hdu.name == "SCI" and len(hdu.shape) == 2 and hdu.whole and 0 not in hdu.shape
    ]
    return planes if waves or spread else []


def spectra_of_slits(file: FitsFile, planes: list[Hdu], options: ExtractionOptions | None = None) -> Iterator[Spectrum]:
    """Extract the spectrum of each slit.

    Raises
    ------
    DataError
        A slit without a row that has data, or a box outside of it.
    TransformError
        Nothing that tells wavelengths.
    """
    primary = card_values(file.hdus[0])
    for number, plane in enumerate(planes):
        cards = card_values(plane)
        slit = _slit(file, plane)
        where = f"{file.name}[{plane.label}]"
        row, notes = _trace(slit, options or ExtractionOptions(), where)
        rows = _box(row, options or ExtractionOptions(), slit.sci.shape[0], where)
        waves = _wavelengths(file, plane, number, float(np.mean(rows)))
        factor, unit = _scale(cards, len(rows))
        kept, share, note = _complete(slit.good[rows])
        flux = slit.sci[rows].sum(axis=0) * factor * share
        error = None if slit.err is None else np.sqrt((slit.err[rows] ** 2).sum(axis=0)) * abs(factor) * share
        flux[~kept] = np.nan
        notes += note
        origin = origin_of(file, plane, primary, cards, alone=len(planes) == 1)
        told = f"sum of rows {rows[0]} to {rows[-1]} (0-based) of {slit.sci.shape[0]}"
        yield Spectrum.of(
            waves, flux, error, unit=unit, valid=kept, origin=origin, column="extracted", notes=(told, *notes)
        )


def _slit(file: FitsFile, plane: Hdu) -> _Slit:
    sci = _plane(file, plane)
    beside = {hdu.name: hdu for hdu in file.hdus if hdu.version == plane.version and hdu.shape == plane.shape}
    err = _plane(file, beside["ERR"]) if "ERR" in beside else None
    good = np.isfinite(sci)
    if err is not None:
        known = err[np.isfinite(err) & (err > 0.0)]
        good &= np.isfinite(err) & (err > 0.0) & (err <= WILD * (np.median(known) if known.size else 0.0))
    if "WHT" in beside:
        good &= _plane(file, beside["WHT"]) > 0.0
    if "DQ" in beside:
        bits = SampleFormat.of(beside["DQ"].header, integer=True, name=file.name)
        raw = np.frombuffer(file.reader.read(beside["DQ"].data_offset, beside["DQ"].data_size), bits.stored)
        good &= (bits.decode(raw.reshape(plane.shape)) & 1) == 0
    return _Slit(np.where(good, sci, 0.0), None if err is None else np.where(good, err, 0.0), good)


def _complete(good: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Floats, tuple[str, ...]]:
    """Tell which columns count: those that all rows of the box have.

    Where bad pixels leave hardly any (single exposures), columns with three fifths of the rows count too; their sums
    are scaled to the whole box, which is said.
    """
    whole, some = np.asarray(good.all(axis=0)), np.asarray(good.mean(axis=0) >= LEAST_SHARE)
    if whole.sum() >= 0.7 * some.sum():
        return whole, np.ones(whole.size), ()
    share = np.where(some, 1.0 / np.maximum(good.mean(axis=0), LEAST_SHARE), 1.0)
    scaled = int((some & ~whole).sum())
    return some, share, (f"{scaled:,} columns lack rows of the box: their sums were scaled to the whole box",)


def _plane(file: FitsFile, hdu: Hdu) -> Floats:
    if hdu.shape[0] * hdu.shape[1] > MOST_PIXELS:
        raise DataError(f"{file.name}: {hdu.label} has {hdu.shape} pixels, more than a 2-D spectrum has")
    form = SampleFormat.of(hdu.header, name=file.name)
    raw = np.frombuffer(file.reader.read(hdu.data_offset, hdu.data_size), form.stored)
    return np.asarray(form.decode(raw.reshape(hdu.shape)), np.float64)


def _trace(slit: _Slit, options: ExtractionOptions, where: str) -> tuple[float, tuple[str, ...]]:
    """Find the row of the source, and say where negative images of it lie."""
    covered = slit.good.mean(axis=1)
    rows = np.flatnonzero(covered > 0.3 * covered.max()) if covered.max() > 0.0 else np.zeros(0, int)
    if not rows.size or slit.sci.shape[1] < LEAST_COLUMNS:
        raise DataError(f"{where}: no row has data; nothing can be extracted")
    medians = np.full(slit.sci.shape[0], np.nan)
    for row in rows:
        medians[row] = np.median(slit.sci[row][slit.good[row]])
    highest = float(np.nanmax(medians))
    negative = [
        int(row) for row in rows if medians[row] < -0.5 * highest and medians[row] == _lowest(medians, int(row))
    ]
    notes: tuple[str, ...] = ()
    if negative and highest > 0.0:
        listed = " and ".join(map(str, negative[:4]))
        notes = (f"negative images of the source at row {listed}: nods were subtracted from each other",)
    return (float(np.nanargmax(medians)) if options.row is None else options.row), notes


def _lowest(medians: Floats, row: int) -> float:
    return float(np.nanmin(medians[max(row - 2, 0) : row + 3]))


def _box(row: float, options: ExtractionOptions, height: int, where: str) -> NDArray[np.intp]:
    first = round(row - (options.width - 1) / 2.0)
    rows = np.arange(first, first + options.width)
    if rows[0] < 0 or rows[-1] >= height:
        told = f"{where}: rows {rows[0]} to {rows[-1]} are asked for of {height}; give --row and --width that fit"
        inside = rows[(rows >= 0) & (rows < height)]
        if options.row is not None or inside.size < 1:
            raise DataError(told)
        return inside
    return rows


def _wavelengths(file: FitsFile, plane: Hdu, number: int, row: float) -> Floats:
    """Find the wavelength of each column at a row: in a plane, in a table, or by the gwcs."""
    columns = plane.shape[1]
    beside = [hdu for hdu in file.hdus if hdu.name == "WAVELENGTH" and hdu.version == plane.version]
    if beside and beside[0].shape == plane.shape:
        waves = _plane(file, beside[0])[round(row)]
        return np.where(waves > 0.0, waves, np.nan)
    table = next((hdu for hdu in file.hdus if hdu.name == "WCS-TABLE"), None)
    if table is not None:
        opened = fits_table(file, table)
        column = opened.find("wavelength")
        if column is not None and len(opened):
            waves = np.asarray(opened.read(column, 0, 1), np.float64).ravel()
            if waves.size == columns:
                return waves
    tree = next((hdu for hdu in file.hdus if hdu.name == "ASDF"), None)
    content = b"" if tree is None else file.reader.read(tree.data_offset, tree.data_size)
    places = np.stack([np.arange(columns, dtype=np.float64), np.full(columns, row)], axis=1)
    return gwcs_wavelengths(content, places, slit=number, name=file.name)


def _scale(cards: dict[str, CardValue], rows: int) -> tuple[float, str]:
    """Give the factor that makes a sum over the box a flux density, and the unit it is in."""
    unit = text_of(cards, "BUNIT").replace(" ", "")
    area = number_of(cards, "PIXAR_SR")
    if unit == "MJy":
        return 1e6, "Jy"
    if unit in ("MJy/sr", "MJysr-1", "MJy.sr**-1"):
        return (1e6 * area, "Jy") if area else (1.0 / rows, "MJy/sr")
    return 1.0, unit
