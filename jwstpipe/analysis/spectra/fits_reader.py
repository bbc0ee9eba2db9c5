"""Spectra in the tables of FITS files: every layout of the pipelines, old and new, and those of other people.

A row may be a sample (x1d, c1d, HLSP, SPEC1D of msaexp), or a whole spectrum with vectors for columns (x1dints and wide
field spectra of newer pipelines); a file may have one table or hundreds (x1dints of older ones).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.spectra.columns import (
    FRINGE_CORRECTED,
    SpectrumColumns,
    errors_of,
    find_columns,
    found_among,
    micrometres,
)
from jwstpipe.analysis.spectra.spectrum import Spectrum, SpectrumOrigin
from jwstpipe.errors import DataError
from jwstpipe.fits.cards import CardValue, card_values, number_of, text_of
from jwstpipe.fits.fits_file import FitsFile
from jwstpipe.fits.hdus import Hdu
from jwstpipe.fits.tables.columns import TableColumn
from jwstpipe.fits.tables.table import FitsTable, fits_table, is_table
from jwstpipe.names import canonical_instrument

__all__ = ["origin_of", "spectra_of_tables", "spectral_tables"]

MOST_SAMPLES = 1 << 23
"""Of one spectrum; the longest of JWST have some ten thousand."""

NEVER = ("INT_TIMES", "HDRTAB", "ASDF", "WCS-TABLE", "GROUP", "PROFILE", "PROF1D")
"""Tables that go with spectra and hold none."""


def spectral_tables(file: FitsFile, *, column: str | None = None) -> list[FitsTable]:
    """Find the tables of a file that hold spectra, by their columns.

    Raises
    ------
    FitsError
        A damaged table.
    """
    found = []
    for hdu in file.hdus:
        if is_table(hdu) and hdu.name not in NEVER:
            table = fits_table(file, hdu)
            if find_columns(table.names, column=column) is not None:
                found.append(table)
    return found


def spectra_of_tables(
    file: FitsFile, tables: list[FitsTable], *, column: str | None = None, most: int | None = None
) -> Iterator[Spectrum]:
    """Read the spectra of some tables, in the order of the file.

    Parameters
    ----------
    file, tables
        As `spectral_tables` gave them.
    column
        The samples that are wanted, as ``SURF_BRIGHT``; default: FLUX where it has a number that is not zero.
    most
        Spectra at most.
    """
    primary = card_values(file.hdus[0])
    times = _times(file, len(tables))
    count = 0
    for number, table in enumerate(tables):
        base = origin_of(file, table.hdu, primary, table.cards, alone=len(tables) == 1)
        if number in times:
            told, mjd = times[number]
            base = replace(base, integration=told, mjd=mjd, label=f"integration {told}")
        for spectrum in _spectra_of_table(table, base, column):
            if most is not None and count >= most:
                return
            count += 1
            yield spectrum


def origin_of(
    file: FitsFile, hdu: Hdu, primary: dict[str, CardValue], cards: dict[str, CardValue], *, alone: bool = True
) -> SpectrumOrigin:
    """Tell what the headers say of a spectrum; those of its extension come first."""
    both = {**primary, **cards}
    order = number_of(both, "SPORDER")
    number = number_of(cards, "INT_NUM")
    source = text_of(both, "SOURCEID", "SRCID", "SRCNAME")
    return SpectrumOrigin(
        file=file.name.rstrip("/").rpartition("/")[2],
        label="" if alone else hdu.label if number is None else f"integration {number:.0f}",
        target=text_of(both, "TARGNAME", "TARGPROP", "OBJECT"),
        source_id="" if source in ("0", "-1") else source,
        instrument=canonical_instrument(text_of(both, "INSTRUME")) or text_of(both, "INSTRUME"),
        detector=_plain(text_of(both, "DETECTOR")),
        grating=_plain(text_of(both, "GRATING", "PUPIL")),
        filter=_plain(text_of(both, "FILTER")),
        channel=text_of(both, "CHANNEL") if text_of(both, "INSTRUME").upper() == "MIRI" else "",
        band=_plain(text_of(both, "BAND")),
        order=None if order is None or order < 0 else int(order),
        source_type=text_of(cards, "SRCTYPE") or text_of(primary, "SRCTYPE"),
        mode=text_of(primary, "EXP_TYPE"),
        program=text_of(primary, "PROGRAM"),
        ra=number_of(both, "SOURCE_RA", "SRCRA", "TARG_RA", "RA_TARG"),
        dec=number_of(both, "SOURCE_DEC", "SRCDEC", "TARG_DEC", "DEC_TARG"),
        mjd=number_of(both, "MJD-AVG", "EXPMID"),
        integration=None if number is None else int(number),
    )  # fmt: skip


def _plain(word: str) -> str:
    return "" if word.upper() in ("N/A", "NONE", "CLEAR", "MULTIPLE", "ANY", "UNKNOWN") else word


def _spectra_of_table(table: FitsTable, base: SpectrumOrigin, column: str | None) -> Iterator[Spectrum]:
    chosen = find_columns(table.names, column=column)
    assert chosen is not None  # the table was found by them
    wave = table.column(chosen.wavelength)
    if wave.variable or wave.shape:
        for row in range(len(table)):
            yield _vector_row(table, chosen, row, base)
        return
    if len(table) > MOST_SAMPLES:
        raise DataError(f"{table.where}: {len(table):,} wavelengths; a spectrum has {MOST_SAMPLES:,} at most")
    yield _spectrum(table, chosen, table.read, base, None)


def _vector_row(table: FitsTable, chosen: SpectrumColumns, row: int, base: SpectrumOrigin) -> Spectrum:
    """Read one row of a table whose columns are vectors."""

    def vector(one: TableColumn) -> NDArray[Any]:
        if one.variable:
            return table.cell(one, row)
        return np.asarray(table.read(one, row, row + 1)[0])

    def scalar(*names: str) -> Any:
        one = table.find(*names)
        return None if one is None or one.variable or one.shape else table.read(one, row, row + 1)[0]

    length = scalar("N_ALONGDISP", "NELEMENTS", "N_ELEMENTS")
    number, order = scalar("INT_NUM"), scalar("SPECTRAL_ORDER", "SPORDER")
    source, mjd = scalar("SOURCE_ID"), scalar("MJD-AVG", "MJD_AVG", "TDB-MID")
    ra, dec, kind = scalar("SOURCE_RA", "EXTRACT2D_RA"), scalar("SOURCE_DEC"), scalar("SOURCE_TYPE")
    words = [f"integration {int(number)}"] if number is not None else []
    words += [f"source {source}"] if source is not None else []
    words += [f"order {int(order)}"] if order is not None and len(table) > 1 else []
    words += [base.label] if base.label and number is None else []  # the exposures of wide fields
    own = replace(
        base,
        label=", ".join(words) or f"row {row + 1}",
        source_id=base.source_id if source is None else str(source),
        integration=base.integration if number is None else int(number),
        order=base.order if order is None else int(order),
        mjd=base.mjd if mjd is None or not np.isfinite(mjd) else float(mjd),
        ra=base.ra if ra is None or not np.isfinite(ra) else float(ra),
        dec=base.dec if dec is None or not np.isfinite(dec) else float(dec),
        source_type=base.source_type if kind is None else str(kind),
    )
    return _spectrum(table, chosen, vector, own, None if length is None else int(length))


def _spectrum(
    table: FitsTable, chosen: SpectrumColumns, read: Any, origin: SpectrumOrigin, length: int | None
) -> Spectrum:
    """Make a spectrum of columns; `read` gives the samples of a column."""
    wave = table.column(chosen.wavelength)
    values, note = micrometres(_floats(read(wave)), wave.unit)
    notes = [note] if note else []
    names = table.names
    flux, samples, told = _samples(table, chosen, read)
    notes += told
    error_name = errors_of(flux.name, names)
    error = None if error_name is None else _floats(read(table.column(error_name)))
    dq = None if chosen.quality is None else np.asarray(read(table.column(chosen.quality)))
    allowed = np.ones(values.shape, bool)
    for name, one in (("flux", samples), ("error", error), ("dq", dq)):
        if one is not None and one.shape != values.shape:
            raise DataError(f"{table.where}: {name} has shape {one.shape} and the wavelengths {values.shape}")
    pixels = None if chosen.pixels is None else _floats(read(table.column(chosen.pixels)))
    if pixels is not None and pixels.shape == values.shape and (pixels > 0.0).any():
        allowed &= pixels > 0.0
    plain = table.find(flux.name.upper().removeprefix("RF_"))
    unit = flux.unit or ("" if plain is None else plain.unit)  # RF_FLUX is in the unit of FLUX
    kept = slice(0, values.size if length is None else max(length, 0))
    return Spectrum.of(
        values[kept], samples[kept], None if error is None else error[kept],
        None if dq is None or dq.dtype.kind not in "iu" else dq[kept], unit=_unit(unit), valid=allowed[kept],
        origin=origin, column=flux.name, notes=tuple(notes),
    )  # fmt: skip


def _samples(
    table: FitsTable, chosen: SpectrumColumns, read: Any
) -> tuple[TableColumn, NDArray[np.float64], list[str]]:
    """Choose the samples: the first column with a number that is not zero, fringe-corrected where it is there."""
    first = table.column(chosen.fluxes[0])
    for name in chosen.fluxes:
        plain = table.column(name)
        corrected = found_among(table.names, FRINGE_CORRECTED.get(name.upper(), ""))
        for one in [*([table.column(corrected)] if corrected else []), plain]:
            values = _floats(read(one))
            if (np.isfinite(values) & (values != 0.0)).any():
                notes = []
                if one is not plain:
                    notes.append(f"{one.name}, corrected for residual fringes, was taken instead of {plain.name}")
                if name != chosen.fluxes[0]:
                    notes.append(f"{first.name} has no number but zero; {one.name} was taken")
                return one, values, notes
    return first, _floats(read(first)), []


def _floats(values: Any) -> NDArray[np.float64]:
    if isinstance(values, np.ma.MaskedArray):
        return np.asarray(np.ma.filled(values.astype(np.float64), np.nan))
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        return np.full(array.shape, np.nan)
    with np.errstate(invalid="ignore"):  # NaNs of damaged files may be such that numpy warns of them
        return array.astype(np.float64)


def _unit(text: str) -> str:
    """Spell a unit as all others are spelled."""
    plain = text.strip()
    known = {"ujy": "uJy", "microjansky": "uJy", "jansky": "Jy", "mjy/sr": "MJy/sr", "mjy / sr": "MJy/sr", "njy": "nJy"}
    if plain in ("Mjy/sr", "MJy / sr", "MJy sr-1", "MJy sr^-1"):
        return "MJy/sr"
    return known.get(plain.lower(), plain) if plain != "mJy/sr" else plain


def _times(file: FitsFile, count: int) -> dict[int, tuple[int, float]]:
    """Find number and time of each extension where a file has one for each integration, and a table of their times."""
    hdu = next((one for one in file.hdus if one.name == "INT_TIMES" and is_table(one)), None)
    if hdu is None or count < 2:
        return {}
    table = fits_table(file, hdu)
    number, mid = table.find("integration_number"), table.find("int_mid_MJD_UTC", "int_mid_BJD_TDB")
    if number is None or mid is None or len(table) != count:
        return {}
    pairs = zip(table.read(number), table.read(mid), strict=True)
    return {k: (int(one), float(time)) for k, (one, time) in enumerate(pairs)}
