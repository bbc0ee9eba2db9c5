"""A spectrum out of a rectified 2-D one (s2d), or of the cut-out of a slit: a box along the trace of the source."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.spectra.fits_reader import origin_of
from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.analysis.spectra.trace import Trace, box_weights, find_trace
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
"""Of the box that a column needs."""

MOST_PIXELS = 1 << 26


@dataclass(frozen=True)
class ExtractionOptions:
    """Where the box lies."""

    row: float | None = None
    """Middle row, 0-based, of a tilted trace in the middle column; None = where the source is."""

    width: int = WIDTH
    """Rows."""


@dataclass(frozen=True, eq=False)
class _Slit:
    """The planes of a slit, (across, along the dispersion)."""

    sci: Floats
    err: Floats | None
    good: NDArray[np.bool_]
    upright: bool
    """The dispersion runs along the columns of the file, as in MIRI's LRS: the planes were turned."""


def slit_images(file: FitsFile) -> list[Hdu]:
    """Find the 2-D spectra of a file: planes SCI of slits, or that have wavelengths beside."""
    primary = card_values(file.hdus[0])
    model, mode = text_of(primary, "DATAMODL"), text_of(primary, "EXP_TYPE")
    if model.startswith("IFU") or "_IFU" in mode:
        return []  # thirty slices side by side are no slit
    waves = any(hdu.name in ("WAVELENGTH", "WCS-TABLE") for hdu in file.hdus)
    spread = model in ("SlitModel", "MultiSlitModel") or "_LRS" in mode
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
    primary, asked = card_values(file.hdus[0]), options or ExtractionOptions()
    for number, plane in enumerate(planes):
        cards = card_values(plane)
        slit = _slit(file, plane, {**primary, **cards})
        where = f"{file.name}[{plane.label}]"
        trace = find_trace(slit.sci, slit.good, row=asked.row, where=where)
        weights = box_weights(trace, asked.width, slit.sci.shape[0], asked=asked.row is not None, where=where)
        waves = _wavelengths(file, plane, number, trace, slit)
        kept, share, notes = _complete(slit.good, weights, asked.width, trace)
        factor, unit = _scale(cards, round(float(weights.sum(axis=0).max())))
        flux = (slit.sci * weights).sum(axis=0) * factor * share
        error = None
        if slit.err is not None:
            error = np.sqrt(((slit.err * weights) ** 2).sum(axis=0)) * abs(factor) * share
        flux[~kept] = np.nan
        origin = origin_of(file, plane, primary, cards, alone=len(planes) == 1)
        yield Spectrum.of(
            waves, flux, error, unit=unit, valid=kept, origin=origin, column="extracted",
            notes=(_box_words(weights, trace, asked.width, slit), *trace.notes, *notes),
        )  # fmt: skip


def _box_words(weights: Floats, trace: Trace, width: int, slit: _Slit) -> str:
    across = "column" if slit.upright else "row"
    if not trace.straight:
        return f"sum of a box of {width} {across}s about the trace"
    rows = np.flatnonzero(weights.any(axis=1))
    return f"sum of {across}s {rows[0]} to {rows[-1]} (0-based) of {slit.sci.shape[0]}"


def _slit(file: FitsFile, plane: Hdu, cards: dict[str, CardValue]) -> _Slit:
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
        good &= (bits.decode(_stored(file, beside["DQ"], bits)) & 1) == 0
    sci, err = np.where(good, sci, 0.0), None if err is None else np.where(good, err, 0.0)
    if not _upright(file, plane, cards):
        return _Slit(sci, err, good, upright=False)
    turned = None if err is None else np.ascontiguousarray(err.T)
    return _Slit(np.ascontiguousarray(sci.T), turned, np.ascontiguousarray(good.T), upright=True)


def _upright(file: FitsFile, plane: Hdu, cards: dict[str, CardValue]) -> bool:
    """Tell whether wavelengths run along columns: as DISPAXIS says, else as the plane of wavelengths does."""
    told = number_of(cards, "DISPAXIS")
    if told in (1.0, 2.0):
        return told == 2.0
    waves = _wavelength_plane(file, plane)
    if waves is None or min(waves.shape) < 2:
        return "_LRS" in text_of(cards, "EXP_TYPE")
    steps = [np.abs(np.diff(waves, axis=axis)) for axis in (0, 1)]
    down, along = (float(np.median(one[np.isfinite(one)])) if np.isfinite(one).any() else 0.0 for one in steps)
    return down > along


def _complete(
    good: NDArray[np.bool_], weights: Floats, width: int, trace: Trace
) -> tuple[NDArray[np.bool_], Floats, tuple[str, ...]]:
    """Tell which columns count: those that all of the box has.

    Where bad pixels leave hardly any (single exposures), columns with three fifths of the box count too; their sums
    are scaled to the whole box, which is said.
    """
    whole_box = weights.sum(axis=0) if trace.straight else np.full(good.shape[1], float(width))
    covered = (weights * good).sum(axis=0) / whole_box
    whole, some = np.asarray(covered > 1.0 - 1e-9), np.asarray(covered >= LEAST_SHARE - 1e-9)
    if whole.sum() >= 0.7 * some.sum():
        return whole, np.ones(whole.size), ()
    share = np.where(some, 1.0 / np.maximum(covered, LEAST_SHARE), 1.0)
    scaled = int((some & ~whole).sum())
    return some, share, (f"{scaled:,} columns lack a part of the box: their sums were scaled to the whole box",)


def _plane(file: FitsFile, hdu: Hdu) -> Floats:
    if hdu.shape[0] * hdu.shape[1] > MOST_PIXELS:
        raise DataError(f"{file.name}: {hdu.label} has {hdu.shape} pixels, more than a 2-D spectrum has")
    form = SampleFormat.of(hdu.header, name=file.name)
    return np.asarray(form.decode(_stored(file, hdu, form)), np.float64)


def _stored(file: FitsFile, hdu: Hdu, form: SampleFormat) -> NDArray[Any]:
    size = hdu.shape[0] * hdu.shape[1] * form.stored.itemsize  # groups beyond the first are none of ours
    if size > hdu.data_size:
        raise DataError(f"{file.name}: {hdu.label} claims {size:,} bytes of {hdu.data_size:,}")
    return np.frombuffer(file.reader.read(hdu.data_offset, size), form.stored).reshape(hdu.shape)


def _wavelength_plane(file: FitsFile, plane: Hdu) -> Floats | None:
    """Read the wavelengths beside a plane, NaN where there are none."""
    beside = [hdu for hdu in file.hdus if hdu.name == "WAVELENGTH" and hdu.version == plane.version]
    if not beside or beside[0].shape != plane.shape:
        return None
    waves = _plane(file, beside[0])
    return np.where(waves > 0.0, waves, np.nan)


def _wavelengths(file: FitsFile, plane: Hdu, number: int, trace: Trace, slit: _Slit) -> Floats:
    """Find the wavelength of each column on the trace: in a plane, in a table, or by the gwcs."""
    columns = np.arange(slit.sci.shape[1])
    waves = _wavelength_plane(file, plane)
    if waves is not None:
        turned = waves.T if slit.upright else waves
        low = np.clip(np.floor(trace.rows).astype(int), 0, turned.shape[0] - 1)
        high, part = np.minimum(low + 1, turned.shape[0] - 1), np.clip(trace.rows - low, 0.0, 1.0)
        below, above = turned[low, columns], turned[high, columns]
        between = (1.0 - part) * below + part * above
        return np.asarray(np.where(np.isfinite(between), between, np.where(part < 0.5, below, above)))
    table = next((hdu for hdu in file.hdus if hdu.name == "WCS-TABLE"), None)
    if table is not None:
        opened = fits_table(file, table)
        column = opened.find("wavelength")
        if column is not None and len(opened):
            listed = np.asarray(opened.read(column, 0, 1), np.float64).ravel()
            if listed.size == columns.size:
                return listed
    tree = next((hdu for hdu in file.hdus if hdu.name == "ASDF"), None)
    content = b"" if tree is None else file.reader.read(tree.data_offset, tree.data_size)
    places = np.stack([columns.astype(np.float64), trace.rows], axis=1)
    return gwcs_wavelengths(content, places[:, ::-1] if slit.upright else places, slit=number, name=file.name)


def _scale(cards: dict[str, CardValue], rows: int) -> tuple[float, str]:
    """Give the factor that makes a sum over the box a flux density, and the unit it is in."""
    unit = text_of(cards, "BUNIT").replace(" ", "")
    area = number_of(cards, "PIXAR_SR")
    if unit == "MJy":
        return 1e6, "Jy"
    if unit in ("MJy/sr", "MJysr-1", "MJy.sr**-1"):
        return (1e6 * area, "Jy") if area else (1.0 / rows, "MJy/sr")
    return 1.0, unit
