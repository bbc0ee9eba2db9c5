"""`Rows`: a table as pages: sorted, searched, a part of it at a time."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from jwstpipe.errors import UsageError
from jwstpipe.storage.bounded_tables import read_table

__all__ = ["MOST_PAGE", "Rows", "open_rows"]

MOST_PAGE = 500


@dataclass(frozen=True, eq=False)
class Rows:
    """A table."""

    name: str
    table: Table

    @cached_property
    def columns(self) -> list[str]:
        """Names of the columns that have one value a row; arrays are left out."""
        return [name for name in self.table.colnames if self.table[name].ndim == 1]

    def page(
        self, *, start: int, count: int, sort: str = "", descending: bool = False, text: str = ""
    ) -> dict[str, Any]:
        """Give a page of rows.

        Raises
        ------
        UsageError
            A column that is not there, or a page that is too long.
        """
        if not (start >= 0 and 1 <= count <= MOST_PAGE):
            raise UsageError(f"a page has 1 to {MOST_PAGE} rows")
        rows = np.arange(len(self.table))
        if text:
            rows = rows[self._holding(text.lower())]
        if sort:
            if sort not in self.columns:
                raise UsageError(f"the table has no column {sort[:40]!r}")
            order = np.argsort(np.asarray(self.table[sort])[rows], kind="stable")
            rows = rows[order[::-1] if descending else order]
        part = rows[start : start + count]
        columns = [
            {"name": name, "unit": str(self.table[name].unit or ""), "text": self.table[name].description or ""}
            for name in self.columns
        ]
        return {
            "name": self.name,
            "columns": columns,
            "total": int(rows.size),
            "rows": [
                {"row": int(row), "cells": [_cell(self.table[name][row]) for name in self.columns]} for row in part
            ],
            "left_out": [name for name in self.table.colnames if name not in self.columns],
        }

    def _holding(self, text: str) -> NDArray[np.bool_]:
        """Tell which rows hold a text in any column of words, or are of this number."""
        found = np.zeros(len(self.table), bool)
        if text.isdecimal() and int(text) < found.size:
            found[int(text)] = True
        for name in self.columns:
            column = np.asarray(self.table[name])
            if column.dtype.kind in "USO":
                found |= np.char.find(np.char.lower(column.astype(str)), text) >= 0
        return found


def open_rows(path: str | Path, *, name: str | None = None, what: str = "table") -> Rows:
    """Read a table: ECSV, CSV, FITS, VOTable, Parquet, as astropy knows them.

    Parameters
    ----------
    path
        A file of this machine.
    name
        For people, where it is another than that of the file.
    what
        What it is, for messages.

    Raises
    ------
    NotFoundError
        No such file.
    DataError
        No table, or one that promises more than its bytes can hold.
    """
    return Rows(name or Path(path).name, read_table(path, what=what))


def _cell(value: Any) -> Any:
    """Write a value as JSON has it; what has none is empty."""
    if value is np.ma.masked:
        return None
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float):
        return plain if np.isfinite(plain) else None
    return plain if isinstance(plain, int | bool | str) else str(plain)
