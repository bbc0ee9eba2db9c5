"""Results as people read them: rows of a name and a text, tables with the digits that their numbers deserve."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from jwstpipe.cli.output import data

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["MAIN_COLUMNS", "main_columns", "rows", "table_lines"]

MAIN_COLUMNS = (
    "id", "name", "x_centroid", "y_centroid", "ra", "dec", "peak_snr", "segment_flux", "segment_flux_err",
    "mag_segment", "area", "flags",
)  # fmt: skip
"""What a person looks for first in a catalogue of sources."""

FEW = 12
"""A table of no more columns than these is shown whole."""


def rows(facts: Iterable[tuple[str, str]]) -> None:
    """Write a row for each name and text; those without a text are left out."""
    for name, text in facts:
        if text:
            data(f"{name:12s}{text}")


def main_columns(table: "Table") -> "Table":
    """Give the columns that a terminal has room for: all of a narrow table, the main ones of a catalogue of sources."""
    near = [name for name in ("separation", "catalogue") if name in table.colnames and "product_id" in table.colnames]
    kept = near + [name for name in MAIN_COLUMNS if name in table.colnames]
    return table if len(table.colnames) <= FEW or len(kept) < 4 else table[kept]


def table_lines(table: "Table") -> Iterator[str]:
    """Write a table, aligned, with its units."""
    shown = table.copy(copy_data=False)
    for name in shown.colnames:
        column: Any = shown[name]
        if getattr(column, "dtype", None) is not None and column.dtype.kind == "f":
            column.info.format = _form(name)
    yield from shown.pformat(max_lines=-1, max_width=-1)


def _form(name: str) -> str:
    """Choose the digits of a column: positions to a milliarcsecond, errors to two digits, the rest to five."""
    if name.endswith("_err"):
        return ".2g"
    if name in ("ra", "dec"):
        return ".7f"
    if name.startswith(("x_", "y_", "mag_")):
        return ".3f"
    return ".5g"
