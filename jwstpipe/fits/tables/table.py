"""Tables of FITS files: opened at once, read by rows and columns; a table of any size costs what is looked at.

Headers are not believed: types, shapes and places of arrays are checked before a byte is read, and what a cell refers
to outside its table is an error that names it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import FitsError, UsageError
from jwstpipe.fits.cards import CardValue, card_values
from jwstpipe.fits.fits_file import FitsFile
from jwstpipe.fits.hdus import Hdu, WindowReader
from jwstpipe.fits.tables.columns import TableColumn, ascii_columns, binary_columns

__all__ = ["FitsTable", "fits_table", "fits_tables", "is_table"]

MOST_BYTES = 1 << 30
"""Largest part of a table that is read at once."""


KEPT_BYTES = 8 << 20
"""Largest part of a table whose whole rows are read and kept, for the next column of them, bytes."""

LONG_ROW = 1 << 14
"""Rows longer than this are not read whole where a single column is wanted, bytes."""


@dataclass(frozen=True, eq=False)
class FitsTable:
    """A table in a FITS file; nothing of it is read before it is asked for."""

    file: str
    """Address, for messages."""

    hdu: Hdu
    reader: WindowReader
    cards: dict[str, CardValue]
    columns: tuple[TableColumn, ...]
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)
    """The rows that were read last, where they are few."""

    def __len__(self) -> int:
        return self.hdu.shape[0] if len(self.hdu.shape) == 2 else 0

    @property
    def where(self) -> str:
        """File and table, for messages."""
        return f"{self.file}[{self.hdu.label}]" if self.hdu.name else f"{self.file}[{self.hdu.index}]"

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return self.hdu.shape[-1] if self.hdu.shape else 0

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> TableColumn:
        """Find a column by its name, whatever its case, or by its number from 1 as ``#3``.

        Raises
        ------
        UsageError
            There is none; the message names some that there are.
        """
        found = self.find(name)
        if found is None and name.startswith("#") and name[1:].isdecimal() and 0 < int(name[1:]) <= len(self.columns):
            return self.columns[int(name[1:]) - 1]
        if found is None:
            some = ", ".join(self.names[:12]) + (", ..." if len(self.names) > 12 else "")
            raise UsageError(f"{self.where}: has no column {name!r}; it has {some}")
        return found

    def find(self, *names: str) -> TableColumn | None:
        """Find the first of some columns that there is: as it is written, else whatever its case."""
        for name in names:
            exact = next((one for one in self.columns if one.name == name), None)
            found = exact or next((one for one in self.columns if one.name.upper() == name.upper()), None)
            if found is not None:
                return found
        return None

    def read(self, column: TableColumn | str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Read rows of a column.

        Parameters
        ----------
        column
            Of this table.
        start, stop
            Rows, as in a slice; default: all.

        Returns
        -------
        ndarray (rows, *shape)
            Native byte order, scaled; a masked array where cells are without a value (TNULL). Of variable-length
            columns (rows, 2) of int64: elements and place in the heap (`cell` gives the array).

        Raises
        ------
        FitsError
            More than a gigabyte at once; ask for fewer rows.
        """
        one = self.column(column) if isinstance(column, str) else column
        first, last, _ = slice(start, stop).indices(len(self))
        rows = max(last - first, 0)
        if rows * one.width > MOST_BYTES:
            raise FitsError(f"{self.where}: {rows:,} rows of {one.name} have {rows * one.width:,} bytes; ask for fewer")
        raw = self._raw(first, rows, one)
        if self.hdu.kind == "TABLE":
            return _ascii_values(np.ascontiguousarray(raw), one)
        if one.variable:
            wide = one.form.lstrip("01").startswith("Q")
            descriptors = np.ascontiguousarray(raw).view(">i8" if wide else ">i4").astype(np.int64)
            return descriptors.reshape(rows, -1) if one.width else np.zeros((rows, 2), np.int64)
        return _values(np.ascontiguousarray(raw), one, rows)

    def _raw(self, first: int, rows: int, column: TableColumn) -> NDArray[np.uint8]:
        """Give the bytes of a column, (rows, width): of short rows whole ones are read, those of a small part once."""
        if not rows or not column.width:
            return np.zeros((rows, column.width), np.uint8)
        place, ends = self.hdu.data_offset + first * self.row_bytes, slice(column.offset, column.offset + column.width)
        if rows * self.row_bytes <= KEPT_BYTES:
            if self._kept.get("rows") != (first, rows):
                content = np.frombuffer(self.reader.read(place, rows * self.row_bytes), np.uint8)
                self._kept.update(rows=(first, rows), content=content.reshape(rows, self.row_bytes))
            kept: NDArray[np.uint8] = self._kept["content"]
            return kept[:, ends]
        if self.row_bytes > LONG_ROW:
            return self.reader.read_rows(place, self.row_bytes, rows, column.offset, column.width)
        found, step = np.empty((rows, column.width), np.uint8), KEPT_BYTES // self.row_bytes
        for row in range(0, rows, step):
            count = min(step, rows - row)
            content = np.frombuffer(self.reader.read(place + row * self.row_bytes, count * self.row_bytes), np.uint8)
            found[row : row + count] = content.reshape(count, self.row_bytes)[:, ends]
        return found

    def cell(self, column: TableColumn, row: int) -> NDArray[Any]:
        """Read one cell of a variable-length column.

        Raises
        ------
        FitsError
            It claims elements outside the heap of its table.
        """
        length, place = (int(value) for value in self.read(column, row, row + 1)[0])
        size = -(-length // 8) if column.letter == "X" else length * column.stored.itemsize
        heap = self.cards.get("THEAP")
        table = self.row_bytes * len(self)
        begin = heap if isinstance(heap, int) and heap >= table else table
        if length < 0 or place < 0 or begin + place + size > self.hdu.data_size:
            raise FitsError(
                f"{self.where}: row {row + 1} of {column.name} claims {length:,} elements at byte {place:,} of a"
                f" heap of {max(self.hdu.data_size - begin, 0):,} bytes; the table is damaged"
            )
        if size > MOST_BYTES:
            raise FitsError(
                f"{self.where}: row {row + 1} of {column.name} has {size:,} bytes, more than is read at once"
            )
        raw = np.frombuffer(self.reader.read(self.hdu.data_offset + begin + place, size), np.uint8)
        if column.letter == "A":
            return np.asarray(raw.tobytes().split(b"\0")[0].decode("ascii", "replace").rstrip())
        if column.letter == "X":
            return np.unpackbits(raw)[:length].astype(bool)
        found: NDArray[Any] = _scaled(raw.view(column.stored), column)
        return found


def is_table(hdu: Hdu) -> bool:
    """Tell whether an HDU is a table; compressed images and the tree of ASDF, which stand in tables, are none."""
    return hdu.kind in ("BINTABLE", "TABLE") and not hdu.unpacked_size and hdu.name != "ASDF"


def fits_table(file: FitsFile, hdu: Hdu) -> FitsTable:
    """Open a table of a file.

    Raises
    ------
    FitsError
        Columns that do not make up its rows, or that FITS does not know.
    """
    cards = card_values(hdu)
    if cards.get("ZTABLE") is True:
        raise FitsError(f"{file.name}: table {hdu.label} is compressed (ZTABLE); unpack it with funpack first")
    if len(hdu.shape) not in (0, 2) or hdu.bitpix != 8:
        raise FitsError(f"{file.name}: table {hdu.label} has shape {hdu.shape} and BITPIX {hdu.bitpix}; no table has")
    if math.prod(hdu.shape) > hdu.data_size:
        raise FitsError(f"{file.name}: table {hdu.label} claims {math.prod(hdu.shape):,} bytes of {hdu.data_size:,}")
    columns = (ascii_columns if hdu.kind == "TABLE" else binary_columns)(hdu, cards, file.name)
    return FitsTable(file.name, hdu, file.reader, cards, columns)


def fits_tables(file: FitsFile) -> list[Hdu]:
    """Give the tables of a file, in its order."""
    return [hdu for hdu in file.hdus if is_table(hdu)]


def _values(raw: NDArray[np.uint8], column: TableColumn, rows: int) -> NDArray[Any]:
    shape = (rows, *column.shape)
    if column.letter == "A":
        if not column.letters:
            return np.zeros(shape, "U1")
        return _texts(raw.view(column.stored)).reshape(shape)
    if column.letter == "X":
        count = math.prod(column.shape) if column.shape else 1
        return np.unpackbits(raw, axis=1)[:, :count].astype(bool).reshape(shape)
    return _scaled(raw.view(column.stored), column).reshape(shape)


def _scaled(values: NDArray[Any], column: TableColumn) -> NDArray[Any]:
    if column.letter == "L":
        return np.asarray(values == ord("T"))
    found = values.astype(values.dtype.newbyteorder("="))
    nulls = None
    if isinstance(column.null, int) and values.dtype.kind in "iu":
        nulls = found == column.null
    target = column.decoded
    if target.kind == "u" and found.dtype.kind == "i":
        found = found.view(target) ^ np.array(1 << (8 * target.itemsize - 1), target)
    elif column.letter == "B" and target.kind == "i":
        found = (found ^ np.uint8(128)).view(np.int8)
    elif (column.scale, column.zero) != (1.0, 0.0) and column.letter not in "CM":
        with np.errstate(over="ignore", invalid="ignore"):
            found = found.astype(np.float64) * column.scale + column.zero
    if nulls is not None and nulls.any():
        return np.ma.MaskedArray(found, nulls)
    return found


def _texts(raw: NDArray[Any]) -> NDArray[Any]:
    """Decode texts: up to the first NUL, without blanks at the end; bytes that are no ASCII as ``?``."""
    clean = raw.view(np.uint8).reshape(-1, max(raw.dtype.itemsize, 1))
    if clean.max(initial=0) >= 128:
        clean = np.where(clean < 128, clean, np.uint8(ord("?")))
    if not clean.all():
        clean = clean.copy()
        begun = np.ones(len(clean), bool)
        for place in range(clean.shape[1]):  # one after the other: a text is short, and there are many
            begun &= clean[:, place] != 0
            clean[:, place] *= begun
    texts = np.ascontiguousarray(clean).reshape(-1).view(raw.dtype)
    return np.asarray(np.char.rstrip(texts.astype(f"U{raw.dtype.itemsize}")))


def _ascii_values(raw: NDArray[np.uint8], column: TableColumn) -> NDArray[Any]:
    texts = _texts(raw.view(f"S{column.width}"))
    if column.letter == "A":
        return texts
    words: Sequence[str] = [str(word).strip() for word in texts]
    null = str(column.null).strip() if column.null is not None else None
    values, lacking = np.zeros(len(words), column.stored.newbyteorder("=")), np.zeros(len(words), bool)
    for row, word in enumerate(words):
        if not word or word == null:
            lacking[row] = True
            continue
        try:
            values[row] = float(word.replace("D", "E").replace("d", "e")) if column.letter == "D" else int(word)
        except (ValueError, OverflowError):
            lacking[row] = True
    scaled = values * column.scale + column.zero if (column.scale, column.zero) != (1.0, 0.0) else values
    return np.ma.MaskedArray(scaled, lacking) if lacking.any() else np.asarray(scaled)
