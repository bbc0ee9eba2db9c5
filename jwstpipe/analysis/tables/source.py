"""`TableSource`: a table that is read by columns and rows, whatever its form; what is not looked at is not read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError, FitsError, NotFoundError, UsageError
from jwstpipe.fits.choice import split_choice
from jwstpipe.settings import S3Settings

__all__ = ["CHUNK", "ColumnFacts", "TableSource", "joined", "names_of", "open_table", "table_source"]

MOST_TEXT = 1 << 30
"""Largest ECSV, CSV or VOTable: these are read whole, bytes."""

CHUNK = 1 << 16
"""Rows that are read or asked about at once."""

FEW = 2000
NEAR = 64
"""Of so few rows, those that lie farther apart are read one by one; more are read with all that lies between."""

TEXT_FORMS = {".ecsv": "ascii.ecsv", ".csv": "ascii.csv", ".vot": "votable", ".xml": "votable", ".votable": "votable"}


@dataclass(frozen=True)
class ColumnFacts:
    """What is known of a column without its values."""

    name: str
    unit: str = ""
    dtype: str = ""
    """As numpy writes it; ``text`` for words."""

    shape: str = ""
    """Of one cell: empty for a single value, ``3 x 4``, or ``variable``."""

    description: str = ""
    note: str = ""


def joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Put parts of a column behind each other; masked where one of them is."""
    if len(parts) == 1:
        return parts[0]  # a page is one part, and masks are slow to load
    masked: Any = np.ma
    found: NDArray[Any] = (
        masked.concatenate(parts) if any(np.ma.isMaskedArray(one) for one in parts) else np.concatenate(parts)
    )
    return found


class TableSource(Protocol):
    """A table."""

    @property
    def address(self) -> str:
        """Where it is, for messages."""
        ...

    @property
    def columns(self) -> tuple[ColumnFacts, ...]:
        """All columns."""
        ...

    def __len__(self) -> int:
        """Rows."""
        ...

    def read(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Read rows of a column, (rows, *shape); masked where there is no value; of variable length as objects."""
        ...

    def take(self, name: str, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Read single rows of a column, in the order in which they are named."""
        ...


@dataclass(frozen=True, eq=False)
class _FitsSource:
    table: Any
    address: str

    @property
    def columns(self) -> tuple[ColumnFacts, ...]:
        return tuple(
            ColumnFacts(
                one.name, one.unit, "text" if one.letter == "A" else str(one.decoded), one.shape_words,
                one.description, one.note,
            )
            for one in self.table.columns
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.table)

    def read(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        column = self.table.column(name)
        if not column.variable:
            found: NDArray[Any] = self.table.read(column, start, stop)
            return found
        first, last, _ = slice(start, stop).indices(len(self))
        cells = np.empty(max(last - first, 0), object)
        for row in range(first, last):
            cells[row - first] = self.table.cell(column, row)
        return np.array([str(one) for one in cells], "U") if column.letter == "A" else cells

    def take(self, name: str, rows: NDArray[np.int64]) -> NDArray[Any]:
        if not len(rows):
            return self.read(name, 0, 0)
        ordered = np.sort(rows)
        near = NEAR if len(rows) <= FEW else CHUNK
        parts = []
        for group in np.split(ordered, np.flatnonzero(np.diff(ordered) > near) + 1):
            for start in range(int(group[0]), int(group[-1]) + 1, CHUNK):
                own = group[(group >= start) & (group < start + CHUNK)]
                if own.size:
                    parts.append(self.read(name, int(own[0]), int(own[-1]) + 1)[own - own[0]])
        found: NDArray[Any] = joined(parts)[np.searchsorted(ordered, rows)]
        return found


@dataclass(frozen=True, eq=False)
class _WholeSource:
    table: Any
    address: str

    @property
    def columns(self) -> tuple[ColumnFacts, ...]:
        return tuple(
            ColumnFacts(
                one.name, str(one.unit or ""), "text" if one.dtype.kind in "USO" else str(one.dtype),
                "variable" if one.dtype.kind == "O" else " x ".join(map(str, one.shape[1:])), one.description or "",
            )
            for one in self.table.itercols()
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.table)

    def read(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        column = self.table[name][slice(start, stop)]
        return column if isinstance(column, np.ma.MaskedArray) else np.asarray(column)

    def take(self, name: str, rows: NDArray[np.int64]) -> NDArray[Any]:
        column = self.table[name][rows]
        return column if isinstance(column, np.ma.MaskedArray) else np.asarray(column)


def open_table(address: str | Path, *, s3: S3Settings | None = None) -> TableSource:
    """Open a table: a FITS table of any size, Parquet, ECSV, CSV or VOTable.

    Parameters
    ----------
    address
        ``FILE[NAME]``, ``FILE[NAME,2]`` or ``FILE[3]`` chooses a table of a FITS file; default: its first one.
    s3
        Endpoint of an ``s3://`` address (FITS only).

    Raises
    ------
    NotFoundError
        No such file.
    DataError
        No table in it, or a damaged one.
    UsageError
        No table of that name or number; the message lists those there are.
    """
    path, choice = split_choice(str(address))
    suffix = Path(path).suffix.lower()
    if suffix == ".parquet":
        from jwstpipe.analysis.tables.parquet_source import parquet_source  # noqa: PLC0415 - its library loads slowly

        return parquet_source(path)
    if suffix in TEXT_FORMS:
        return _text(path, TEXT_FORMS[suffix])
    from jwstpipe.fits.fits_file import open_fits_file  # noqa: PLC0415 - other forms need none of it
    from jwstpipe.fits.tables.table import fits_table, fits_tables  # noqa: PLC0415

    file = open_fits_file(path, s3=s3)
    tables = fits_tables(file)
    if choice is None:
        hdu = next(iter(tables), None)
    else:
        name, version = choice
        number = int(name) if name.isdecimal() and version is None else None
        named = [one for one in tables if one.name == name.upper() and version in (None, one.version)]
        hdu = next((one for one in tables if one.index == number), next(iter(named), None))
    if hdu is None:
        listed = ", ".join(f"[{one.label}]" if one.name else f"[{one.index}]" for one in tables[:12]) or "none"
        if choice is None:
            raise FitsError(f"{path}: holds no table")
        raise UsageError(f"{address}: there is no such table; its tables are {listed}")
    return _FitsSource(fits_table(file, hdu), str(address))


def table_source(table: Any, name: str) -> TableSource:
    """Give an astropy table in memory as a source."""
    return _WholeSource(table, name)


def _text(path: str, form: str) -> TableSource:
    from astropy.table import Table  # noqa: PLC0415 - slow to load

    from jwstpipe.analysis.catalogues.files import read_catalogue  # noqa: PLC0415

    if not Path(path).is_file():
        raise NotFoundError(f"{path}: no such file; check the path")
    size = Path(path).stat().st_size
    if size > MOST_TEXT:
        raise DataError(
            f"{path}: {size:,} bytes of text; above {MOST_TEXT:,} a table is opened as FITS or Parquet only"
        )
    if not size:
        raise DataError(f"{path}: an empty file")
    found = read_catalogue(path) if form != "votable" or path.lower().endswith(".vot") else None
    if found is None:
        try:
            found = Table.read(path, format=form)
        except Exception as error:  # noqa: BLE001 - readers raise whatever they stumble over
            raise DataError(f"{path}: cannot be read as a table: {' '.join(str(error).split())[:200]}") from None
    return _WholeSource(found, path)


def names_of(source: TableSource, wanted: Sequence[str]) -> list[str]:
    """Find columns by name, whatever the case, with ``*`` and ``?`` for any letters; none = all.

    Raises
    ------
    UsageError
        No column of that name.
    """
    from fnmatch import fnmatchcase  # noqa: PLC0415

    known = [one.name for one in source.columns]
    if not wanted:
        return known
    found: list[str] = []
    for word in wanted:
        exact = [name for name in known if name == word]
        fitting = exact or [name for name in known if fnmatchcase(name.lower(), word.lower())]
        if not fitting:
            some = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
            raise UsageError(f"{source.address}: has no column {word!r}; it has {some}")
        found += [name for name in fitting if name not in found]
    return found
