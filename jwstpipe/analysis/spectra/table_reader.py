"""Spectra in tables that are no FITS: those that were written here, and others with a wavelength and a flux."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table

from jwstpipe.analysis.catalogues.files import read_catalogue
from jwstpipe.analysis.spectra.columns import errors_of, find_columns, found_among, micrometres
from jwstpipe.analysis.spectra.spectrum import Spectrum, SpectrumOrigin
from jwstpipe.errors import DataError

__all__ = ["spectra_of_file"]


def spectra_of_file(path: str | Path, *, column: str | None = None) -> list[Spectrum]:
    """Read the spectra of an ECSV, CSV, VOTable or Parquet file.

    Raises
    ------
    DataError
        No table with wavelength and flux, or one without rows.
    """
    table = read_catalogue(path)
    chosen = find_columns(table.colnames, column=column)
    if chosen is None:
        names = ", ".join(table.colnames[:12])
        raise DataError(f"{path}: no spectrum: it needs a wavelength and {column or 'a flux'}; its columns are {names}")
    if not len(table):
        raise DataError(f"{path}: an empty table, without a single sample")
    number = found_among(table.colnames, "SPECTRUM")
    parts = [table] if number is None else [table[table[number] == one] for one in np.unique(np.asarray(table[number]))]
    told = table.meta.get("spectra")
    known: list[Any] = told if isinstance(told, list) else []
    return list(_spectra(parts, known, chosen, Path(path).name))


def _spectra(parts: list[Table], known: list[Any], chosen: Any, name: str) -> Iterator[Spectrum]:
    for place, part in enumerate(parts):
        facts = known[place] if place < len(known) and isinstance(known[place], Mapping) else {}
        wave, note = micrometres(_floats(part[chosen.wavelength]), str(part[chosen.wavelength].unit or ""))
        flux_name = chosen.fluxes[0]
        error = errors_of(flux_name, part.colnames)
        valid = found_among(part.colnames, "VALID")
        dq = None if chosen.quality is None else np.asarray(part[chosen.quality])
        yield Spectrum.of(
            wave,
            _floats(part[flux_name]),
            None if error is None else _floats(part[error]),
            None if dq is None or dq.dtype.kind not in "iu" else dq,
            unit=str(part[flux_name].unit or ""),
            valid=None if valid is None else _truths(part[valid]),
            origin=_origin(facts, part.meta, name),
            column=str(facts.get("column") or flux_name),
            notes=(*(str(one) for one in facts.get("notes", ())), *([note] if note else [])),
        )


def _origin(facts: Mapping[str, Any], meta: Mapping[str, Any], name: str) -> SpectrumOrigin:
    """Take what the table says of a spectrum: in our words, or in the keywords of headers."""
    words = {field.name for field in fields(SpectrumOrigin)}
    ours = {key: value for key, value in facts.items() if key in words}
    if ours:
        return SpectrumOrigin(**{"file": name, **ours})
    keys = {
        "target": "TARGNAME", "instrument": "INSTRUME", "detector": "DETECTOR", "grating": "GRATING",
        "filter": "FILTER", "channel": "CHANNEL", "band": "BAND", "mode": "EXP_TYPE", "program": "PROGRAM",
        "label": "APERTURE",
    }  # fmt: skip
    told: dict[str, Any] = {word: str(meta[key]) for word, key in keys.items() if key in meta}
    return SpectrumOrigin(file=name, **told)


def _floats(column: Any) -> Any:
    values = np.ma.filled(np.ma.asarray(column).astype(np.float64), np.nan) if column.dtype.kind in "fiub" else None
    if values is None:
        raise DataError(f"column {column.name} holds no numbers")
    return np.asarray(values)


def _truths(column: Any) -> Any:
    if column.dtype.kind == "U":
        return np.char.lower(np.asarray(column)) == "true"
    return np.asarray(column, bool)
