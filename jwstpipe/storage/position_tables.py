"""Positions out of a table in a file, and as the text that stands for it in a product's parameters."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError
from jwstpipe.sky.position_table import positions_of
from jwstpipe.storage.bounded_tables import read_table

__all__ = ["numbers_of_text", "positions_text", "read_positions"]

Floats = NDArray[np.float64]

MOST_POSITIONS = 100_000
"""Most positions that are kept with a product."""


def numbers_of_text(text: str, columns: Sequence[str], *, name: str) -> tuple[Floats, ...]:
    """Read the columns of a table that stands as CSV in a product's parameters.

    Parameters
    ----------
    text
        A line with the names of the columns, and a line a row.
    columns
        The names that it must have, in their order.
    name
        What it is, for messages.

    Raises
    ------
    DataError
        Other columns, or what is no number.
    """
    try:
        found = np.loadtxt(io.StringIO(text), delimiter=",", skiprows=1, ndmin=2, dtype=np.float64)
    except ValueError as error:
        raise DataError(f"{name}: {' '.join(str(error).split())[:200]}") from None
    if not text.startswith(",".join(columns) + "\n") or found.shape[1:] != (len(columns),):
        raise DataError(f"{name}: needs columns {', '.join(columns)}")
    return tuple(found.T)


def read_positions(table: str, *, what: str = "table") -> tuple[Floats, Floats]:
    """Read right ascensions and declinations, degrees.

    Parameters
    ----------
    table
        Path of a table (see `read_table`), or the text of one, see `positions_text`.
    what
        What it is, for messages.

    Raises
    ------
    NotFoundError
        No such file.
    DataError
        No table, or none with such columns.
    """
    if "\n" not in table:
        return positions_of(read_table(table, what=what), name=table)
    ra, dec = numbers_of_text(table, ("ra", "dec"), name=f"the {what} in the request")
    return ra, dec


def positions_text(table: str, *, what: str = "table") -> str:
    """Write the positions of a table as the text that stands for it in a product's parameters: CSV, every digit.

    Raises
    ------
    DataError
        More positions than a product keeps; and as `read_positions`.
    """
    ra, dec = read_positions(table, what=what)
    if len(ra) > MOST_POSITIONS:
        raise DataError(
            f"{table}: has {len(ra):,} positions; a product keeps at most {MOST_POSITIONS:,} of a {what}, so that it"
            " can be made again; choose among them"
        )
    lines = [f"{a!r},{d!r}" for a, d in zip(ra.tolist(), dec.tolist(), strict=True)]
    return "\n".join(["ra,dec", *lines, ""])
