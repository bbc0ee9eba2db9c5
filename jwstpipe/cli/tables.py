"""Results as people read them: rows of a name and a text, tables with the digits that their numbers deserve."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from jwstpipe.cli.output import data

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = [
    "MAIN_COLUMNS",
    "aligned",
    "aligned_rows",
    "counted",
    "duration",
    "fitting_columns",
    "main_columns",
    "number",
    "rows",
    "say",
    "table_lines",
]

MAIN_COLUMNS = (
    "id", "name", "x_centroid", "y_centroid", "ra", "dec", "peak_snr", "segment_flux", "segment_flux_err",
    "mag_segment", "area", "flags",
)  # fmt: skip
"""What a person looks for first in a catalogue of sources."""

MISSED_LEAST = ("name", "segment_flux_err", "area", "x_centroid y_centroid", "segment_flux", "flags", "peak_snr")
"""Main columns that a narrow terminal does without, one after the other."""

FEW = 12
"""A table of no more columns than these is shown whole."""


INDENT = 12
"""Letters before the text of a row."""

APART = "    "

NARROWEST = 20
"""Letters that are left for a text that is folded; where less is left, it is not."""


def terminal_width() -> int | None:
    """Tell how many letters a line has room for; None where no person looks: what is piped is not folded."""
    if "COLUMNS" in os.environ or sys.stdout.isatty():
        return shutil.get_terminal_size().columns
    return None


def rows(facts: Iterable[tuple[str, str]], *, indent: int = INDENT) -> None:
    """Write a row for each name and text; those without a text are left out, long ones are folded at spaces."""
    for name, text in facts:
        if text:
            for line in _folded(f"{name:{indent}s}", text):
                data(line)


def say(text: str) -> None:
    """Write a sentence, folded at spaces where the terminal is narrower."""
    width = terminal_width()
    for line in [text] if width is None else _fold(text, width, indent="  "):
        data(line)


def _fold(text: str, width: int, *, indent: str = "") -> list[str]:
    return wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or [""]


def _folded(lead: str, text: str) -> list[str]:
    """Fold a text behind what stands before it; words are never broken, so that a path can be copied."""
    width = terminal_width()
    if width is None or len(lead) + len(text) <= width or width - len(lead) < NARROWEST:
        return [lead + text]
    folded = _fold(text, width - len(lead))
    return [(" " * len(lead) if at else lead) + line for at, line in enumerate(folded)]


def aligned(table: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """Align columns; the first row is the head.

    Where the terminal is too narrow the last column is folded; one of words that cannot be, as names and paths, gets
    lines of its own above the other columns.

    Parameters
    ----------
    table
        Cells.
    right
        Columns whose cells end under each other.
    """
    return [line for lines in aligned_rows(table, right=right) for line in lines]


def aligned_rows(table: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> list[list[str]]:
    """Align columns as `aligned` does; give the lines of each row."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    leads = [
        "".join(
            f"{cell.rjust(width) if column in right else cell.ljust(width)}  "
            for column, (cell, width) in enumerate(zip(row[:-1], widths, strict=False))
        )
        for row in table
    ]
    last = [row[-1].rjust(widths[-1]) if len(row) - 1 in right else row[-1] for row in table]
    room = (terminal_width() or sys.maxsize) - len(leads[0])
    if widths[-1] <= room or (room >= NARROWEST and max(len(word) for cell in last for word in cell.split()) <= room):
        return [[line.rstrip() for line in _folded(lead, cell)] for lead, cell in zip(leads, last, strict=True)]
    above = [[cell.rstrip(), f"{APART}{lead}".rstrip()] for lead, cell in zip(leads, last, strict=True)]
    return [above[0][1:], *above[1:]]


def duration(seconds: float) -> str:
    """Write a length of time in the unit that suits."""
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def counted(count: int, word: str, plural: str = "") -> str:
    """Write how many there are of something: ``1 tile``, ``1,200 tiles``."""
    return f"{count:,} {word if count == 1 else plural or f'{word}s'}"


def number(value: float | None, *, digits: int = 4) -> str:
    """Write a measured number with so many digits, large and small ones by powers of ten; none where there is none."""
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return "none"
    if value and not 1e-3 <= abs(value) < 10.0**6:
        return f"{value:.{digits - 1}e}"
    text = f"{value:.{digits}g}"
    return f"{value:,.0f}" if "e" in text or abs(value) >= 10.0**digits else text


def fitting_columns(table: "Table") -> "Table":
    """Leave columns out, those that are missed least first, until the first rows fit the terminal."""
    width, few = terminal_width(), table[table.colnames]
    for names in MISSED_LEAST:
        if width is None or max(map(len, table_lines(few[:100]))) <= width:
            break
        few.remove_columns([name for name in names.split() if name in few.colnames])
    return few


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
