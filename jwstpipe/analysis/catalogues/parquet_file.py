"""Catalogues as Parquet.

They are packed with zstd, in row groups of 65,536 rows sorted by HEALPix order 13, nested, so that a cone reads few of
them. Each page has a checksum, which is compared when it is read. The header of ECSV stands in the metadata as
``table_meta_yaml``, which astropy reads and writes. What tiles of a detection gave lies between the rows and the
footer, where no reader of tables looks.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from astropy.table import Table

from jwstpipe.analysis.catalogues.ecsv_header import header_lines
from jwstpipe.analysis.catalogues.healpix import nested_pixels
from jwstpipe.errors import DataError
from jwstpipe.storage.bounded_tables import SEAL, check_promise

__all__ = ["GROUP", "Bounds", "Keeper", "kept_in", "read_parquet", "write_parquet"]

GROUP = 1 << 16
"""Rows of a group of Parquet."""

_YAML = b"table_meta_yaml"

_KEPT = b"jwstpipe_kept"

ORDER = 13
"""Order of the pixels of HEALPix that rows are sorted by: 26 arcsec wide."""

Keeper = Callable[[BinaryIO], int]


def write_parquet(table: Table, path: Path, kept: Keeper | None) -> None:
    """Write a catalogue, and what `kept` writes (`jwstpipe.analysis.catalogues.files.write_catalogue`)."""
    import pyarrow as pa  # noqa: PLC0415 - slow to load
    from pyarrow import parquet  # noqa: PLC0415

    order = _sky_order(table)
    header = "\n".join(header_lines(table, table.meta)).encode()
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
    """Give a column as Arrow has it; numbers and words without a look at pandas, which would be loaded for it."""
    import pyarrow as pa  # noqa: PLC0415 - slow to load

    values = np.asarray(column)
    if values.ndim == 1 and values.dtype.kind in "iuf" and values.dtype.isnative:
        held = np.ascontiguousarray(values)
        return pa.Array.from_buffers(pa.from_numpy_dtype(held.dtype), len(held), [None, pa.py_buffer(held)])
    if values.ndim == 1 and values.dtype.kind == "U":
        words = [word.encode() for word in values.tolist()]
        ends = np.cumsum([0, *map(len, words)], dtype=np.int64)
        if ends[-1] <= np.iinfo(np.int32).max:
            text = pa.py_buffer(b"".join(words))
            return pa.StringArray.from_buffers(len(words), pa.py_buffer(ends.astype(np.int32)), text)
    return pa.array(values, type=kind)


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


def _sky_order(table: Table) -> Any:
    """Sort by HEALPix, order 13, nested; by number where there are no positions."""
    if "ra" not in table.colnames or "dec" not in table.colnames or not len(table):
        return np.arange(len(table))
    ra, dec = np.asarray(table["ra"], float), np.asarray(table["dec"], float)
    known = np.isfinite(ra) & np.isfinite(dec)
    pixels = np.full(len(ra), np.iinfo(np.int64).max)
    pixels[known] = nested_pixels(ra[known], dec[known], ORDER)
    return np.lexsort((np.arange(len(ra)), pixels))
