"""The columns of a FITS table as its header states them, each checked against the others and the length of a row."""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from jwstpipe.errors import FitsError
from jwstpipe.fits.cards import CardValue, number_of, text_of
from jwstpipe.fits.hdus import Hdu

__all__ = ["TableColumn", "ascii_columns", "binary_columns"]

MOST_COLUMNS = 999
"""FITS knows no more."""

_STORED = {
    "L": "u1", "X": "u1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "A": "S1", "E": ">f4", "D": ">f8",
    "C": ">c8", "M": ">c16", "P": ">i4", "Q": ">i8",
}  # fmt: skip
_FORM = re.compile(r"^\s*(\d{0,10})([LXBIJKAEDCMPQ])(.*)$")
_INNER = re.compile(r"^([LXBIJKAEDCM])(?:\((\d*)\))?")
_DIM = re.compile(r"^\(\s*\d{1,18}\s*(?:,\s*\d{1,18}\s*)*\)$")
_ASCII_FORM = re.compile(r"^([AIFED])(\d{1,6})(?:\.\d+)?$")
_UNSIGNED = {("I", 32768): "u2", ("J", 2147483648): "u4", ("K", 9223372036854775808): "u8", ("B", -128): "i1"}


@dataclass(frozen=True)
class TableColumn:
    """A column, as it stands in a row."""

    name: str
    unit: str
    form: str
    """TFORM, as ``1024E``."""

    letter: str
    """Type of FITS; of a variable-length column that of its elements."""

    offset: int
    """First byte in a row."""

    width: int
    """Bytes in a row."""

    shape: tuple[int, ...] = ()
    """Of one cell, in array order; of texts without their letters."""

    letters: int = 0
    """Of a text."""

    scale: float = 1.0
    zero: float = 0.0
    null: int | str | None = None
    variable: bool = False
    """Cells are arrays of different lengths in the heap."""

    description: str = ""
    note: str = ""
    """What its header says wrongly, and what was made of it."""

    @property
    def stored(self) -> np.dtype[Any]:
        """Type of an element in the file."""
        if self.letter == "A" and not self.variable:
            return np.dtype(f"S{max(self.letters, 1)}")
        return np.dtype(_STORED[self.letter])

    @property
    def decoded(self) -> np.dtype[Any]:
        """Type of an element in memory."""
        if self.letter == "A":
            return np.dtype(f"U{max(self.letters, 1)}")
        if self.letter in "LX":
            return np.dtype(bool)
        unsigned = _UNSIGNED.get((self.letter, int(self.zero))) if self.scale == 1.0 else None
        if unsigned:
            return np.dtype(unsigned)
        if (self.scale, self.zero) != (1.0, 0.0) and self.letter not in "CM":
            return np.dtype("f8")
        return self.stored.newbyteorder("=")

    @property
    def shape_words(self) -> str:
        """The shape of a cell for people: empty for a single value, ``variable`` for what differs from row to row."""
        return "variable" if self.variable else " x ".join(map(str, self.shape))


def binary_columns(hdu: Hdu, cards: dict[str, CardValue], file: str) -> tuple[TableColumn, ...]:
    """Read the columns of a binary table.

    Raises
    ------
    FitsError
        Columns that FITS does not know, or that do not make up a row; the message gives the numbers.
    """
    where = f"{file}: table {hdu.label}"
    offset, found = 0, []
    for number in range(1, _count(cards, where) + 1):
        column = _binary(cards, number, offset, where)
        offset += column.width
        found.append(column)
    row = hdu.shape[-1] if hdu.shape else 0
    if offset != row:
        raise FitsError(f"{where}: its columns are {offset:,} bytes wide together, and its rows {row:,} (NAXIS1)")
    return tuple(found)


def _binary(cards: dict[str, CardValue], number: int, offset: int, where: str) -> TableColumn:
    name = text_of(cards, f"TTYPE{number}") or f"column {number}"
    form = text_of(cards, f"TFORM{number}")
    parts = _FORM.match(form)
    if parts is None:
        raise FitsError(f"{where}: TFORM{number} of {name} is {form!r}, which FITS does not know")
    repeat, letter = int(parts[1] or 1), parts[2]
    dim = text_of(cards, f"TDIM{number}")
    if letter in "PQ":
        inner = _INNER.match(parts[3])
        if inner is None or repeat > 1:
            raise FitsError(f"{where}: TFORM{number} of {name} is {form!r}; a variable-length column has one type")
        width = repeat * (8 if letter == "P" else 16)
        unit = text_of(cards, f"TUNIT{number}")
        return TableColumn(name, unit, form, inner[1], offset, width, variable=True, **_scales(cards, number))
    shape, note = _shape(repeat, dim, name)
    size = -(-repeat // 8) if letter == "X" else repeat * np.dtype(_STORED[letter]).itemsize
    letters = 0
    if letter == "A":
        part = re.match(r"^(\d+)$", parts[3].strip())
        letters = shape[-1] if shape and dim and not note else int(part[1]) if part and int(part[1]) else repeat
        letters = letters if letters and repeat % letters == 0 else repeat
        shape = shape[:-1] if dim and not note else ((repeat // letters,) if letters and repeat > letters else ())
    return TableColumn(
        name, text_of(cards, f"TUNIT{number}"), form, letter, offset, size, shape, letters, note=note,
        **_scales(cards, number),
    )  # fmt: skip


def _scales(cards: dict[str, CardValue], number: int) -> dict[str, Any]:
    null = cards.get(f"TNULL{number}")
    zero = cards.get(f"TZERO{number}")
    known = isinstance(zero, int | float) and not isinstance(zero, bool) and math.isfinite(zero)
    scale = number_of(cards, f"TSCAL{number}")
    return {
        "scale": 1.0 if scale in (None, 0.0) or not math.isfinite(scale or 0.0) else scale,
        "zero": zero if known else 0.0,
        "null": null if isinstance(null, int | str) and not isinstance(null, bool) else None,
        "description": text_of(cards, f"TCOMM{number}", f"TDESC{number}"),
    }


def _shape(repeat: int, dim: str, name: str) -> tuple[tuple[int, ...], str]:
    """Give the shape of a cell, and what is wrong with TDIM where it is."""
    flat = () if repeat == 1 else (repeat,)
    if not dim:
        return flat, ""
    sides = tuple(int(word) for word in dim.strip("() ").split(",")) if _DIM.match(dim) else ()
    if not sides or math.prod(sides) != repeat:
        return flat, f"TDIM of {name} is {dim}, for {repeat:,} elements: it was left out of account"
    return tuple(reversed(sides)), ""


def ascii_columns(hdu: Hdu, cards: dict[str, CardValue], file: str) -> tuple[TableColumn, ...]:
    """Read the columns of a table of text.

    Raises
    ------
    FitsError
        A column that FITS does not know, or that ends behind the row.
    """
    where = f"{file}: table {hdu.label}"
    row, found = (hdu.shape[-1] if hdu.shape else 0), []
    for number in range(1, _count(cards, where) + 1):
        name, form = text_of(cards, f"TTYPE{number}") or f"column {number}", text_of(cards, f"TFORM{number}")
        parts, begin = _ASCII_FORM.match(form), cards.get(f"TBCOL{number}")
        if parts is None or not isinstance(begin, int):
            raise FitsError(f"{where}: {name} has TFORM {form!r} and TBCOL {begin!r}, which FITS does not know")
        width = int(parts[2])
        if begin < 1 or begin - 1 + width > row:
            raise FitsError(f"{where}: {name} ends at byte {begin - 1 + width:,} of rows of {row:,} bytes")
        letter = {"A": "A", "I": "K"}.get(parts[1], "D")
        found.append(
            TableColumn(
                name, text_of(cards, f"TUNIT{number}"), form, letter, begin - 1, width,
                letters=width if letter == "A" else 0, **_scales(cards, number),
            )
        )  # fmt: skip
    return tuple(found)


def _count(cards: dict[str, CardValue], where: str) -> int:
    count = cards.get("TFIELDS", 0)
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MOST_COLUMNS:
        raise FitsError(f"{where}: claims {count!r} columns (TFIELDS); at most {MOST_COLUMNS} make sense")
    return count
