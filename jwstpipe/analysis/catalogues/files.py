"""Catalogues as files: ECSV, Parquet, FITS and VOTable, each with units, meanings and lineage inside.

`parquet_file` says how Parquet is written.
"""

import json
import re
from pathlib import Path

import numpy as np
from astropy.table import MaskedColumn, Table

from jwstpipe.analysis.catalogues.ecsv_header import header_lines
from jwstpipe.analysis.catalogues.forms import FORMS, check_target
from jwstpipe.analysis.catalogues.parquet_file import Keeper, read_parquet, write_parquet
from jwstpipe.catalog.lineage.table_provenance import INFO_NAME
from jwstpipe.errors import DataError, JwstPipeError
from jwstpipe.fits.provenance_hdu import provenance_image_hdu
from jwstpipe.storage import aside
from jwstpipe.storage.bounded_tables import read_table

__all__ = ["read_catalogue", "write_catalogue"]

_CARD = 70
"""Letters of a comment of a FITS header that hold a part of a line."""

_SIGNED = re.compile(r"[+-][0-9.:eE+-]*")
"""Numbers with a sign, sexagesimal ones too."""


def write_catalogue(table: Table, out: str | Path, *, kept: Keeper | None = None, overwrite: bool = False) -> Path:
    """Write a catalogue in the form that the end of its name says.

    Parameters
    ----------
    table
        Rows, with units and meanings.
    out
        File to write.
    kept
        Writes what its tiles gave, for the next detection, and gives its length (`jwstpipe.analysis.sources.kept`);
        only Parquet holds it, between its rows and its footer.
    overwrite
        Replace what stands there.

    Raises
    ------
    UsageError
        An end that is none of `FORMS`.
    ConflictError
        Something stands there.
    DataError
        A column that the form has no place for.
    """
    check_target(out, overwrite=overwrite)
    path = Path(out)
    with aside(path) as partial:
        partial.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_form(table, partial, path.suffix.lower(), kept)
        except JwstPipeError:
            raise
        except (TypeError, ValueError) as error:  # of writers that are not ours, about what a column holds
            why = " ".join(str(error).split())[:200]
            raise DataError(f"{path}: a column cannot be written so ({why}); choose others, or another form") from None
    return path


def _write_form(table: Table, partial: Path, ending: str, kept: Keeper | None) -> None:
    if ending == ".parquet":
        write_parquet(table, partial, kept)
    elif ending == ".fits":
        _write_fits(table, partial)
    elif ending == ".vot":
        _write_votable(table, partial)
    elif ending == ".csv":
        _without_formulas(table).write(partial, format=FORMS[".csv"])
    else:
        table.write(partial, format=FORMS[ending])


def read_catalogue(source: str | Path) -> Table:
    """Read a catalogue, of ours or another's, in any form of `FORMS`.

    Raises
    ------
    NotFoundError
        No such file.
    DataError
        A file that is no table.
    """
    table = read_table(source, read=read_parquet, what="catalogue")
    return _with_formulas(table) if Path(source).suffix.lower() == ".csv" else table


def _write_fits(table: Table, path: Path) -> None:
    """Write a FITS table, and what it was made of as images have it: in an extension.

    What FITS has no place for stands in comments, where `Table.read` of astropy looks for the meanings of columns.
    """
    from astropy.io import fits  # noqa: PLC0415 - not every form is FITS

    found = table.copy(copy_data=False)
    found.meta = {"comments": _commented(header_lines(table, {"__serialized_columns__": {}, **table.meta}))}
    fits.HDUList([fits.PrimaryHDU(), fits.table_to_hdu(found, character_as_bytes=True)]).writeto(path)
    if "jwstpipe" in table.meta:
        with path.open("ab") as stream:
            stream.write(provenance_image_hdu(table.meta["jwstpipe"]))


def _commented(lines: list[str]) -> list[str]:
    """Break lines for the cards of a header as astropy does: a backslash says that the next one goes on."""
    found = ["--BEGIN-ASTROPY-SERIALIZED-COLUMNS--"]
    for line in lines:
        parts = [line[k : k + _CARD] for k in range(0, max(len(line), 1), _CARD)]
        found += [*(f"{part}\\" for part in parts[:-1]), parts[-1]]
    return [*found, "--END-ASTROPY-SERIALIZED-COLUMNS--"]


def _write_votable(table: Table, path: Path) -> None:
    """Write a VOTable, and what it was made of in an INFO."""
    from astropy.io.votable import from_table, tree, writeto  # noqa: PLC0415 - slow to load

    _require_plain_cells(table, path)
    document = from_table(_without_unsigned(table))
    if "jwstpipe" in table.meta:
        metadata = json.dumps(table.meta["jwstpipe"], allow_nan=False)
        document.resources[0].infos.append(tree.Info(name=INFO_NAME, value=metadata))
    writeto(document, str(path))


def _require_plain_cells(table: Table, path: Path) -> None:
    """Refuse arrays of texts and of truth values in cells, which no writer of VOTables takes."""
    for name in table.colnames:
        column = table[name]
        if column.ndim > 1 and column.dtype.kind in "USb":
            held = "truth values" if column.dtype.kind == "b" else "texts"
            raise DataError(
                f"{path.name}: {name} holds arrays of {held}, which a VOTable has no place for; write .ecsv or .fits,"
                " or leave it out with --columns"
            )


def _without_unsigned(table: Table) -> Table:
    """Put unsigned numbers, which a VOTable does not know beyond a byte, into wider signed ones: the same values."""
    wider = {"uint16": np.int32, "uint32": np.int64, "uint64": np.int64, "int8": np.int16}
    found = table.copy(copy_data=False)
    for name in table.colnames:
        column = table[name]
        kind = str(column.dtype)
        if kind not in wider or (kind == "uint64" and len(column) and int(column.max()) > np.iinfo(np.int64).max):
            continue
        made = column.astype(wider[kind])
        made.info.unit, made.info.description = column.info.unit, column.info.description
        found.replace_column(name, made)
    return found


def _without_formulas(table: Table) -> Table:
    """Mark words and names of columns that a spreadsheet would take for formulas; a number with a sign is none."""
    from jwstpipe.catalog.maintenance.export import safe_cell  # noqa: PLC0415 - slow to load, and for CSV alone

    found = table.copy(copy_data=False)
    for name in table.colnames:
        if getattr(table[name], "dtype", np.dtype(float)).kind in "UO":
            words = [word if _SIGNED.fullmatch(word) else safe_cell(word) for word in map(str, table[name])]
            found[name] = MaskedColumn(words, mask=np.ma.getmaskarray(table[name]))
        if safe_cell(name) != name:
            found.rename_column(name, safe_cell(name))
    return found


def _with_formulas(table: Table) -> Table:
    """Take the marks of `_without_formulas` away."""
    from jwstpipe.catalog.maintenance.export import plain_cell  # noqa: PLC0415 - as above

    for name in table.colnames:
        if table[name].dtype.kind == "U" and any(word.startswith("'") for word in table[name].tolist() if word):
            words = [plain_cell(word or "") for word in table[name].tolist()]
            table[name] = MaskedColumn(words, mask=np.ma.getmaskarray(table[name]))
        if plain_cell(name) != name:
            table.rename_column(name, plain_cell(name))
    return table
