"""Spectra as a table that says what it is, and back: the columns of official spectra, one row a sample."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from astropy import units
from astropy.table import Table

from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.errors import DataError

__all__ = ["spectra_table"]

_MEANINGS = {
    "SPECTRUM": "number of the spectrum, from 1",
    "WAVELENGTH": "as observed, in vacuum",
    "FLUX": "samples; NaN = no data",
    "FLUX_ERROR": "standard error",
    "DQ": "data quality bits; 1 = DO_NOT_USE",
    "VALID": "the sample counts",
    "CONTINUUM": "continuum that was found",
}


def spectra_table(spectra: Sequence[Spectrum], *, continua: Sequence[Any] = (), meta: dict[str, Any]) -> Table:
    """Write spectra of one unit as a table.

    Parameters
    ----------
    spectra
        At least one.
    continua
        (n,) samples of the continuum of each; none where it was not asked for.
    meta
        What else is known: redshift, lines, factors.

    Raises
    ------
    DataError
        Spectra in different units.
    """
    other = next((one for one in spectra if one.unit != spectra[0].unit), None)
    if other is not None:
        raise DataError(
            f"one table cannot hold {spectra[0].unit or 'no unit'} ({spectra[0].origin.file}) and"
            f" {other.unit or 'no unit'} ({other.origin.file}); write them apart"
        )
    unit = units.Unit(spectra[0].unit, parse_strict="silent") if spectra[0].unit else None
    columns: dict[str, Any] = {}
    if len(spectra) > 1:
        columns["SPECTRUM"] = np.concatenate([np.full(len(one), k + 1, np.int32) for k, one in enumerate(spectra)])
    columns["WAVELENGTH"] = np.concatenate([one.wavelength for one in spectra])
    columns["FLUX"] = np.concatenate([one.flux for one in spectra])
    if any(one.error is not None for one in spectra):
        blank = [np.full(len(one), np.nan) if one.error is None else one.error for one in spectra]
        columns["FLUX_ERROR"] = np.concatenate(blank)
    if any(one.dq is not None for one in spectra):
        bits = [np.zeros(len(one), np.int64) if one.dq is None else one.dq.astype(np.int64) for one in spectra]
        columns["DQ"] = np.concatenate(bits)
    columns["VALID"] = np.concatenate([one.valid for one in spectra])
    if continua:
        columns["CONTINUUM"] = np.concatenate(list(continua))
    table = Table(columns)
    for name in table.colnames:
        table[name].description = _MEANINGS[name]
        if name in ("FLUX", "FLUX_ERROR", "CONTINUUM"):
            table[name].unit = unit
    table["WAVELENGTH"].unit = "um"
    table.meta["spectra"] = [_told(one) for one in spectra]
    table.meta.update(meta)
    return table


def _told(spectrum: Spectrum) -> dict[str, Any]:
    known = {key: value for key, value in asdict(spectrum.origin).items() if value not in ("", None)}
    return {**known, "column": spectrum.column, "notes": list(spectrum.notes)}
