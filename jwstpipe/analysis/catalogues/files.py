"""Catalogues as files: ECSV, Parquet, FITS and VOTable, each with units, meanings and lineage inside.

Parquet is packed with zstd, in row groups of 65,536 rows sorted by HEALPix order 13, nested, so that a cone reads few
of them. Each page has a checksum, which is compared when it is read. The header of ECSV stands in its metadata as
``table_meta_yaml``, which astropy reads and writes.
"""

import io
import json
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from astropy.table import MaskedColumn, Table
from astropy.table.meta import get_yaml_from_table

from jwstpipe.analysis.catalogues.forms import FORMS, check_target
from jwstpipe.catalog.lineage.table_provenance import INFO_NAME
from jwstpipe.catalog.maintenance.export import plain_cell, safe_cell
from jwstpipe.errors import DataError, JwstPipeError
from jwstpipe.fits.provenance_hdu import provenance_image_hdu
from jwstpipe.storage import aside
from jwstpipe.storage.bounded_tables import SEAL, check_promise, read_table

__all__ = ["GROUP", "kept_in", "read_catalogue", "read_parquet", "write_catalogue"]

GROUP = 1 << 16
"""Rows of a group of Parquet."""

_SIGNED = re.compile(r"[+-][0-9.:eE+-]*")
"""Numbers with a sign, sexagesimal ones too."""

_YAML = b"table_meta_yaml"

_KEPT = b"jwstpipe_kept"

Keeper = Callable[[BinaryIO], int]


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
        _write_parquet(table, partial, kept)
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


def _write_parquet(table: Table, path: Path, kept: Keeper | None) -> None:
    import pyarrow as pa  # noqa: PLC0415 - slow to load
    from pyarrow import parquet  # noqa: PLC0415

    order = _sky_order(table)
    header = "\n".join(get_yaml_from_table(table)).encode()
    metadata = {_YAML: header, SEAL: sha256(header).hexdigest().encode()}
    for name in table.colnames:
        if table[name].dtype.kind == "U":  # astropy asks for the length of strings
            metadata[f"table::len::{name}".encode()] = str(table[name].dtype.itemsize // 4).encode()
    schema = pa.schema(
        [(name, _arrow_of(table[name][: _enough(table[name])]).type) for name in table.colnames], metadata
    )
    with (
        pa.OSFile(str(path), "wb") as stream,
        parquet.ParquetWriter(stream, schema, compression="zstd", write_page_checksum=True) as writer,
    ):
        for first in range(0, max(len(table), 1), GROUP):
            group = table[order[first : first + GROUP]]
            columns = [_arrow_of(group[field.name], field.type) for field in schema]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=GROUP)
        if kept is not None:
            start = stream.tell()
            writer.add_key_value_metadata({_KEPT.decode(): f"{start} {kept(stream)}"})


def _enough(column: Any) -> int:
    """Tell how many cells show what a column holds: all of those that may be anything."""
    return len(column) if column.dtype.kind == "O" else 1


def _arrow_of(column: Any, kind: Any = None) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - slow to load

    return pa.array(np.asarray(column), type=kind)


def kept_in(content: bytes | Path) -> tuple[int, int] | None:
    """Tell where in a catalogue of Parquet that stands what tiles gave (`write_catalogue`): first byte and length."""
    from pyarrow import ArrowException, BufferReader, parquet  # noqa: PLC0415 - slow to load

    try:
        with parquet.ParquetFile(BufferReader(content) if isinstance(content, bytes) else content) as file:
            known = file.metadata.metadata or {}
        start, length = map(int, known[_KEPT].split())
    except (OSError, ValueError, KeyError, ArrowException):
        return None
    return start, length


Bounds = tuple[list[tuple[float, float]], tuple[float, float]]
"""Ranges of right ascension and one of declination, degrees."""


def read_parquet(path: Path, *, near: Bounds | None = None) -> Table:
    """Read a catalogue of Parquet, with units, meanings and lineage; or the row groups that may reach some bounds."""
    from pyarrow import parquet  # noqa: PLC0415 - slow to load

    try:
        words = [one.name for one in parquet.read_schema(path) if _is_word(one.type)]
        with parquet.ParquetFile(path, read_dictionary=words, page_checksum_verification=True) as file:
            groups = [k for k in range(file.num_row_groups) if near is None or _reaches(file, k, near)]
            found = file.read_row_groups(groups)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as a catalogue: {str(error).splitlines()[0][:200]}") from None
    for name in words:
        _check_words(path, found[name], name)
    table = Table({name: found[name].to_numpy(zero_copy_only=False) for name in found.column_names})
    for name in table.colnames:
        if table[name].dtype == object:
            table[name] = table[name].astype(str)
    header = (found.schema.metadata or {}).get(_YAML)
    if header is None:
        return table
    lines = ["%ECSV 1.0", "---", *header.decode().splitlines()]
    text = "".join(f"# {line}\n" for line in lines) + " ".join(table.colnames) + "\n"
    empty = Table.read(text, format="ascii.ecsv")
    table.meta = empty.meta
    for name in table.colnames:
        table[name].unit, table[name].description = empty[name].unit, empty[name].description
        table[name].meta = empty[name].meta
    return table


def _is_word(kind: Any) -> bool:
    from pyarrow import types  # noqa: PLC0415

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_dictionary(kind))


def _check_words(path: Path, column: Any, name: str) -> None:
    """Refuse a column of words that one long word would make too wide: tables are as wide as their longest."""
    kept = [part.dictionary if hasattr(part, "dictionary") else part for part in column.chunks]
    longest = max((len(word or "") for part in kept for word in part.to_pylist()), default=0)
    check_promise(path, 4.0 * longest * len(column), f"{len(column):,} rows of {longest:,} letters ({name})")


def _reaches(file: Any, group: int, near: Bounds) -> bool:
    """Tell from the bounds of a row group whether it may hold rows within others; without bounds it may."""
    facts = file.metadata.row_group(group)
    known = {facts.column(k).path_in_schema: facts.column(k).statistics for k in range(facts.num_columns)}
    ra, dec = known.get("ra"), known.get("dec")
    if ra is None or dec is None or not (ra.has_min_max and dec.has_min_max):
        return True
    ranges, (low, high) = near
    return bool(dec.min <= high and dec.max >= low and any(ra.min <= b and ra.max >= a for a, b in ranges))


def _write_fits(table: Table, path: Path) -> None:
    """Write a FITS table, and what it was made of as images have it: in an extension."""
    _fits_ready(table).write(path, format="fits")
    if "jwstpipe" in table.meta:
        with path.open("ab") as stream:
            stream.write(provenance_image_hdu(table.meta["jwstpipe"]))


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
    for name in table.colnames:
        if table[name].dtype.kind == "U" and any(word.startswith("'") for word in table[name].tolist() if word):
            words = [plain_cell(word or "") for word in table[name].tolist()]
            table[name] = MaskedColumn(words, mask=np.ma.getmaskarray(table[name]))
        if plain_cell(name) != name:
            table.rename_column(name, plain_cell(name))
    return table


def _header_of(table: Table) -> str:
    """Write the header of ECSV, without its last line, the names."""
    text = io.StringIO()
    table[:0].write(text, format="ascii.ecsv")
    return "".join(line for line in text.getvalue().splitlines(keepends=True) if line.startswith("#"))


def _sky_order(table: Table) -> Any:
    """Sort by HEALPix, order 13, nested; by number where there are no positions."""
    if "ra" not in table.colnames or "dec" not in table.colnames or not len(table):
        return np.arange(len(table))
    from astropy import units  # noqa: PLC0415
    from astropy_healpix import lonlat_to_healpix  # noqa: PLC0415 - only for Parquet

    ra, dec = np.asarray(table["ra"], float), np.asarray(table["dec"], float)
    known = np.isfinite(ra) & np.isfinite(dec)
    pixels = np.full(len(ra), np.iinfo(np.int64).max)
    pixels[known] = lonlat_to_healpix(ra[known] * units.deg, dec[known] * units.deg, 1 << 13, order="nested")
    return np.lexsort((np.arange(len(ra)), pixels))


def _fits_ready(table: Table) -> Table:
    """Keep what a FITS header can hold of the metadata; all of it stands in one long string."""
    found = table.copy(copy_data=False)
    found.meta = {"COMMENT": _header_of(table).splitlines()}
    return found
