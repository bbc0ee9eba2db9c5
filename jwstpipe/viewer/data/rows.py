"""`Rows`: a table as pages: sorted, searched, a part of it at a time; what no page shows is not read."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.tables.page import chosen_rows, read_rows
from jwstpipe.analysis.tables.source import TableSource, open_table, table_source
from jwstpipe.errors import UsageError
from jwstpipe.execution.kept import Kept
from jwstpipe.settings import S3Settings
from jwstpipe.storage.bounded_tables import checked_table_form

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["MOST_PAGE", "Rows", "open_rows", "rows_of"]

MOST_PAGE = 500

KEPT_ORDERS = 1 << 28
"""Most bytes of orders of rows that are kept: the next page is then that of the same order."""

_FITS = (".fits", ".fit", ".fits.gz", ".fit.gz")


@dataclass(frozen=True, eq=False)
class Rows:
    """A table."""

    name: str
    source: TableSource
    _orders: Kept[NDArray[np.int64]] = field(
        default_factory=lambda: Kept(KEPT_ORDERS, size=lambda order: order.nbytes), repr=False
    )

    def __len__(self) -> int:
        """Rows of all of it."""
        return len(self.source)

    @cached_property
    def columns(self) -> list[str]:
        """Names of the columns that have one value a row; arrays are left out."""
        return [one.name for one in self.source.columns if not one.shape]

    def page(
        self, *, start: int, count: int, sort: str = "", descending: bool = False, text: str = ""
    ) -> dict[str, Any]:
        """Give a page of rows; only these are read, and once the columns that decide about their order.

        Raises
        ------
        UsageError
            A column that is not there, or a page that is too long.
        """
        if not (start >= 0 and 1 <= count <= MOST_PAGE):
            raise UsageError(f"a page has 1 to {MOST_PAGE} rows")
        if sort and sort not in self.columns:
            raise UsageError(f"the table has no column {sort[:40]!r}")
        if sort or text:
            order = self._orders.get((sort, descending, text), lambda: self._order(sort, text, descending=descending))
            total, part = int(order.size), order[start : start + count]
        else:
            total = len(self)
            part = np.arange(min(start, total), min(start + count, total), dtype=np.int64)
        values = read_rows(self.source, self.columns, part)
        facts = [one for one in self.source.columns if not one.shape]
        return {
            "name": self.name,
            "columns": [{"name": one.name, "unit": one.unit, "text": one.description} for one in facts],
            "total": total,
            "rows": [
                {"row": int(row), "cells": [_cell(values[name][number]) for name in self.columns]}
                for number, row in enumerate(part)
            ],
            "left_out": [one.name for one in self.source.columns if one.shape],
        }

    def _order(self, sort: str, text: str, *, descending: bool) -> NDArray[np.int64]:
        """Find the rows that hold a text, or are of this number, in the order of a column."""
        word = f"{'-' if descending else ''}{sort}" or None
        searched = any(one.dtype == "text" and not one.shape for one in self.source.columns)
        rows: NDArray[np.int64] | None = np.zeros(0, np.int64)
        if searched or not text:
            rows = chosen_rows(self.source, search=text or None, sort=word if sort else None)
        if rows is None:
            rows = np.arange(len(self), dtype=np.int64)
        if text.isdecimal() and int(text) < len(self) and int(text) not in rows:
            rows = np.concatenate([np.array([int(text)], np.int64), rows])
        return rows


def open_rows(path: str | Path, *, name: str | None = None, s3: S3Settings | None = None) -> Rows:
    """Open a table: FITS and Parquet of any size, of which only pages are read; ECSV, CSV, VOTable as they fit.

    Parameters
    ----------
    path
        A file of this machine; a FITS file also ``s3://``.
    name
        For people, where it is another than that of the file.
    s3
        Endpoint of an ``s3://`` address.

    Raises
    ------
    NotFoundError
        No such file.
    DataError
        No table, or one that promises more than its bytes can hold.
    """
    address = str(path)
    if not address.lower().endswith(_FITS):
        checked_table_form(Path(address))
    return Rows(name or Path(address).name, open_table(address, s3=s3))


def rows_of(table: "Table", name: str) -> Rows:
    """Give the rows of a table in memory."""
    return Rows(name, table_source(table, name))


def _cell(value: Any) -> Any:
    """Write a value as JSON has it; what has none is empty."""
    if value is np.ma.masked:
        return None
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float):
        return plain if np.isfinite(plain) else None
    return plain if isinstance(plain, int | bool | str) else str(plain)
