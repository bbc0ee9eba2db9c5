"""`SourceTable`: a catalogue beside the picture: its rows as pages, its positions as marks, both ways."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from jwstpipe.errors import UsageError
from jwstpipe.sky.position_table import positions_of
from jwstpipe.storage.bounded_tables import read_table

__all__ = ["SourceTable", "open_table"]

Floats = NDArray[np.float64]

MOST_MARKS = 4000
"""Most marks that are drawn at a time."""

MOST_PAGE = 500


@dataclass(frozen=True, eq=False)
class SourceTable:
    """A table with positions."""

    name: str
    table: Table
    ra: Floats
    dec: Floats
    """Degrees."""

    @cached_property
    def _columns(self) -> list[str]:
        return [name for name in self.table.colnames if self.table[name].ndim == 1]

    @cached_property
    def _brightness(self) -> Floats | None:
        """Give what orders marks where there are too many; more is brighter."""
        for name in self._columns:
            word = name.lower()
            if "flux" in word or "mag" in word:
                values = np.ma.filled(np.ma.asarray(self.table[name]).astype(float), np.nan)
                return np.nan_to_num(-values if "mag" in word else values, nan=-np.inf)
        return None

    def marks(self, ra: float, dec: float, radius: float) -> dict[str, Any]:
        """Give the rows within a radius of a place, the brightest first, and how many there are."""
        first, second = np.radians([ra, dec]), np.radians([self.ra, self.dec])
        sine = np.sin((second - first[:, None]) / 2.0)
        apart = 2.0 * np.degrees(np.arcsin(np.sqrt(sine[1] ** 2 + np.cos(first[1]) * np.cos(second[1]) * sine[0] ** 2)))
        rows = np.flatnonzero(apart <= radius)
        total = rows.size
        if total > MOST_MARKS and self._brightness is not None:
            rows = rows[np.argsort(-self._brightness[rows], kind="stable")]
        rows = rows[:MOST_MARKS]
        marks = [[int(row), float(self.ra[row]), float(self.dec[row])] for row in rows]
        return {"total": int(total), "marks": marks}

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
            if sort not in self._columns:
                raise UsageError(f"the table has no column {sort[:40]!r}")
            order = np.argsort(np.asarray(self.table[sort])[rows], kind="stable")
            rows = rows[order[::-1] if descending else order]
        part = rows[start : start + count]
        columns = [{"name": name, "unit": str(self.table[name].unit or "")} for name in self._columns]
        return {
            "name": self.name,
            "columns": columns,
            "total": int(rows.size),
            "rows": [
                {"row": int(row), "ra": float(self.ra[row]), "dec": float(self.dec[row]),
                 "cells": [_cell(self.table[name][row]) for name in self._columns]}
                for row in part
            ],
        }  # fmt: skip

    def _holding(self, text: str) -> NDArray[np.bool_]:
        """Tell which rows hold a text in any column of words, or are of this number."""
        found = np.zeros(len(self.table), bool)
        if text.isdecimal() and int(text) < found.size:
            found[int(text)] = True
        for name in self._columns:
            column = np.asarray(self.table[name])
            if column.dtype.kind in "USO":
                found |= np.char.find(np.char.lower(column.astype(str)), text) >= 0
        return found


def open_table(path: str | Path) -> SourceTable:
    """Read a table of sources: ECSV, CSV, FITS, VOTable, Parquet, as astropy knows them.

    Raises
    ------
    NotFoundError
        No such file.
    DataError
        No table, or none with positions.
    """
    table = read_table(path, what="table of sources")
    return SourceTable(Path(path).name, table, *positions_of(table, name=str(path)))


def _cell(value: Any) -> Any:
    """Write a value as JSON has it; what has none is empty."""
    if value is np.ma.masked:
        return None
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float):
        return plain if np.isfinite(plain) else None
    return plain if isinstance(plain, int | bool | str) else str(plain)
