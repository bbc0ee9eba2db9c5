"""Reading tables that somebody else wrote: ECSV, CSV, Parquet, FITS and VOTable, bounded before they are read.

A table promises more than it holds: rows, widths, a stream at another address. What it promises is compared with the
bytes that are there, and what would make its reader fetch something is refused.
"""

import bz2
import gzip
import logging
import mmap
import re
import warnings
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jwstpipe.errors import DataError, JwstPipeError, NotFoundError

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["MOST_HEADER", "SEAL", "TABLE_FORMS", "check_promise", "check_seal", "checked_table_form", "read_table"]

log = logging.getLogger(__name__)

TABLE_FORMS = {".ecsv": "ascii.ecsv", ".parquet": "parquet", ".fits": "fits", ".vot": "votable", ".csv": "ascii.csv"}
"""What the end of a name means."""

_MAGIC = {
    b"PAR1": "parquet", b"SIMPLE  =": "fits", b"# %ECSV": "ascii.ecsv", b"<?xml": "votable", b"<VOTABLE": "votable",
    b"\xef\xbb\xbf<?xml": "votable",
}  # fmt: skip

MOST_PROMISED = 512 << 20
"""Bytes of cells that any table may promise."""

MOST_TIMES = 64
"""Above that, how many times its own bytes a table may promise: integers of a catalogue pack that well, not better."""

MOST_COLUMNS = 10_000
MOST_LINE = 4 << 20
"""Bytes of a line of text."""

MOST_UNPACKED = 256 << 20
"""Of a packed table, which readers unpack in memory."""

MOST_HEADER = 1 << 20
"""Bytes of the header of ECSV, which is YAML: they take 13 s."""

SEAL = b"jwstpipe_header_sha256"
"""Key in the metadata of Parquet of the digest of the header beside it."""

_ANSWERS_ELSEWHERE = re.compile(rb"<!ENTITY|<!ATTLIST|<(?:\w+:)?STREAM\b[^>]{0,2000}?\bhref\s*=", re.IGNORECASE)
_NUMBERS = re.compile(rb"\b(nrows|arraysize)\s*=\s*[\"']([0-9x*\s]{1,200})[\"']", re.IGNORECASE)
_ROWS_AND_COLUMNS = re.compile(rb"<(?:\w+:)?(FIELD|TR)\b")
_PIECE = 1 << 20


def read_table(source: str | Path, *, read: Callable[[Path], "Table"] | None = None, what: str = "table") -> "Table":
    """Read a table whole, in any form of `TABLE_FORMS`.

    Parameters
    ----------
    source
        Local path.
    read
        Reads Parquet; None = astropy does.
    what
        What it is, for messages.

    Raises
    ------
    NotFoundError
        No such file.
    DataError
        No table, or one that promises more than its bytes can hold.
    """
    from astropy.table import Table  # noqa: PLC0415 - slow to load

    path = Path(source)
    if not path.exists():
        raise NotFoundError(f"{source}: no such file; give a {what} as {', '.join(TABLE_FORMS)}")
    form = checked_table_form(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what readers of VOTables and units have to say of others' spellings
            return read(path) if form == "parquet" and read is not None else Table.read(path, format=form)
    except JwstPipeError:
        raise
    except MemoryError:
        raise DataError(f"{source}: its {what} does not fit into memory; choose among its rows") from None
    except Exception as error:  # noqa: BLE001 - readers raise whatever they stumble over
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(f"{source}: cannot be read as a {what}: {why}") from None


def checked_table_form(path: Path) -> str | None:
    """Tell the form of a table by its first bytes, else by the end of its name; None where only astropy can tell.

    Raises
    ------
    DataError
        Not a regular file, or one that promises more than its bytes can hold.
    """
    if not path.is_file():
        raise DataError(f"{path}: a folder, device or pipe, not a file; give a regular file")
    try:
        with path.open("rb") as stream:
            begin = stream.read(16)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from None
    if begin.startswith((b"\x1f\x8b", b"BZh")):
        _check_packed(path, gzip.open if begin.startswith(b"\x1f") else bz2.open)
        return _form_of(path.stem)
    if begin.startswith((b"\xfd7zXZ", b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path}: packed, or text of two bytes a letter; unpack it, or write it as UTF-8")
    form = next((form for magic, form in _MAGIC.items() if begin.startswith(magic)), None)
    form = form or _form_of(path.name)
    check = {"parquet": _check_parquet, "fits": _check_fits, "votable": _check_votable}.get(form or "", _check_text)
    check(path)
    return form


def _form_of(name: str) -> str | None:
    end = Path(name).suffix.lower()
    return "votable" if end in (".xml", ".votable") else TABLE_FORMS.get(end)


def check_promise(path: Path, promised: float, what: str) -> None:
    """Refuse a table whose cells would take very many times the bytes of its file.

    Raises
    ------
    DataError
        They would.
    """
    held = path.stat().st_size
    if promised > max(MOST_PROMISED, MOST_TIMES * held):
        raise DataError(f"{path}: promises {what}, more than its {held:,} bytes can hold; fetch or make it again")


def _check_packed(path: Path, unpack: Callable[..., Any]) -> None:
    count = 0
    try:
        with unpack(path, "rb") as stream:
            while count <= MOST_UNPACKED and (piece := stream.read(_PIECE)):
                count += len(piece)
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"{path}: cannot be unpacked: {str(error)[:120]}") from None
    if count > MOST_UNPACKED:
        raise DataError(f"{path}: unpacks to more than {MOST_UNPACKED >> 20} MB; unpack it first")


def _check_parquet(path: Path) -> None:
    from pyarrow import ArrowException, parquet  # noqa: PLC0415 - slow to load

    try:
        with parquet.ParquetFile(path) as file:
            facts, rows, columns = file.metadata, file.metadata.num_rows, file.metadata.num_columns
            told = facts.metadata or {}
            bytes_of_cells = sum(facts.row_group(k).total_byte_size for k in range(facts.num_row_groups))
    except (OSError, ValueError, ArrowException) as error:
        raise DataError(f"{path}: cannot be read as Parquet: {' '.join(str(error).split())[:160]}") from None
    _check_header(path, len(told.get(b"table_meta_yaml", b"")), columns)
    check_seal(path, told)
    check_promise(path, max(8.0 * rows * columns, bytes_of_cells), f"{rows:,} rows of {columns:,} columns")


def check_seal(path: str | Path, metadata: Mapping[bytes, bytes]) -> None:
    """Compare the header in the metadata of a Parquet file with the digest beside it, where there is one.

    Raises
    ------
    DataError
        Another header than was written: units, meanings or lineage may be wrong.
    """
    seal = metadata.get(SEAL)
    if seal is not None and seal != sha256(metadata.get(b"table_meta_yaml", b"")).hexdigest().encode():
        raise DataError(f"{path}: its header is not the one that was written; damaged or edited: make the table again")


def _check_fits(path: Path) -> None:
    """Compare what each table of a FITS file promises with the bytes that follow."""
    tables = _fits_tables(path)
    for rows, width, columns in tables:
        if rows < 0 or width < 0 or columns > 999:
            raise DataError(f"{path}: NAXIS1, NAXIS2 or TFIELDS of a table is none; fetch or make it again")
        if rows * width > path.stat().st_size:
            raise DataError(f"{path}: its table of {rows:,} rows is cut off; fetch or make it again")
    if len(tables) > 1:
        log.warning("%s: holds %d tables; the first one is read", path, len(tables))


def _fits_tables(path: Path) -> list[tuple[int, int, int]]:
    """Give rows, bytes of a row and columns of each table."""
    from astropy.io import fits  # noqa: PLC0415 - slow to load

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with fits.open(path, memmap=True, lazy_load_hdus=True) as hdus:
                headers = [hdu.header for hdu in hdus if hdu.header.get("XTENSION") in ("BINTABLE", "TABLE")]
                return [(int(one["NAXIS2"]), int(one["NAXIS1"]), int(one.get("TFIELDS", 0))) for one in headers]
        except Exception as error:  # noqa: BLE001 - headers in their thousand ways to be wrong
            raise DataError(f"{path}: cannot be read as FITS: {' '.join(str(error).split())[:160]}") from None


def _check_votable(path: Path) -> None:
    """Refuse entities, streams at other addresses, and sizes that no bytes stand behind."""
    if not path.stat().st_size:
        return
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = _ANSWERS_ELSEWHERE.search(content)
        if found is not None:
            word = " ".join(found[0][:40].decode("latin-1").split())
            raise DataError(f"{path}: {word!r}: a table that points elsewhere is refused; save it with its data inside")
        columns = rows = 0
        for found in _ROWS_AND_COLUMNS.finditer(content):
            columns, rows = columns + (found[1] == b"FIELD"), rows + (found[1] == b"TR")
        promised = 0.0
        for name, text in _NUMBERS.findall(content):
            number = float(np.prod([float(part) for part in re.findall(rb"\d+", text)], initial=1.0))
            promised += number if name == b"nrows" else number * max(1, rows)
    _check_header(path, 0, columns)
    check_promise(path, 8.0 * promised, f"cells of {promised:,.0f} values")


def _check_header(path: Path, header: int, columns: int) -> None:
    if header > MOST_HEADER:
        raise DataError(f"{path}: a header of {header:,} bytes; refused above {MOST_HEADER:,}")
    if columns > MOST_COLUMNS:
        raise DataError(f"{path}: has {columns:,} columns; refused above {MOST_COLUMNS:,}")


def _check_text(path: Path) -> None:
    """Bound lines: their number times the longest is what a column of words may take, at four bytes a letter."""
    rows, longest, header, columns = 0, 0, 0, 0
    with path.open("rb") as stream:
        while line := stream.readline(2 * MOST_LINE):
            if line.startswith(b"#"):
                header += len(line)
                columns += b"{name:" in line or b"- name:" in line
                continue
            columns = columns or 1 + line.count(b",")
            rows, longest = rows + 1, max(longest, len(line))
    _check_header(path, header, columns)
    if longest > MOST_LINE:
        raise DataError(f"{path}: a line of more than {MOST_LINE:,} bytes; refused")
    check_promise(path, 4.0 * rows * longest, f"{rows:,} rows of up to {longest:,} letters")
