"""`SourceTable`: a catalogue beside the picture: its rows as pages, its positions as marks, both ways."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from jwstpipe.sky.position_table import positions_of
from jwstpipe.storage.bounded_tables import read_table
from jwstpipe.viewer.data.rows import Rows, rows_of

__all__ = ["SourceTable", "open_table"]

Floats = NDArray[np.float64]

MOST_MARKS = 4000
"""Most marks that are drawn at a time."""


@dataclass(frozen=True, eq=False)
class SourceTable:
    """A table with positions."""

    rows: Rows
    table: Table
    ra: Floats
    dec: Floats
    """Degrees."""

    @cached_property
    def _brightness(self) -> Floats | None:
        """Give what orders marks where there are too many; more is brighter."""
        for name in self.rows.columns:
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
        """Give a page of rows, each with its position; see `Rows.page`."""
        found = self.rows.page(start=start, count=count, sort=sort, descending=descending, text=text)
        for row in found["rows"]:
            row |= {"ra": float(self.ra[row["row"]]), "dec": float(self.dec[row["row"]])}
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
    return SourceTable(rows_of(table, Path(path).name), table, *positions_of(table, name=str(path)))
