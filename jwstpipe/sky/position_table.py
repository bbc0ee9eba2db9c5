"""Positions of a table on the sky, whatever its columns are called.

The one list of column names: the overlay of sources and the alignment to a catalogue read the same tables.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from astropy.io import ascii  # noqa: A004 - its name
from astropy.table import Table
from numpy.typing import NDArray

from jwstpipe.errors import DataError, NotFoundError

__all__ = ["DEC_NAMES", "RA_NAMES", "position_column_names", "positions_text", "read_positions"]

RA_NAMES = ("ra", "raj2000", "_raj2000", "ra_icrs", "_ra", "ra_deg", "alpha_j2000", "sky_centroid.ra")
DEC_NAMES = ("dec", "dej2000", "_dej2000", "de_icrs", "_dec", "dec_deg", "delta_j2000", "sky_centroid.dec")
"""Names of the columns, degrees, in lower case; the first that a table has counts."""

MOST_POSITIONS = 100_000
"""Most positions that are kept with a product."""


def position_column_names(names: Sequence[str]) -> tuple[str, str] | None:
    """Find the columns of right ascension and declination among the names of a table; None where it lacks one."""
    known = {name.lower(): name for name in names}
    ra = next((known[name] for name in RA_NAMES if name in known), None)
    dec = next((known[name] for name in DEC_NAMES if name in known), None)
    return None if ra is None or dec is None else (ra, dec)


def read_positions(table: str, *, what: str = "table") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read right ascensions and declinations, degrees.

    Parameters
    ----------
    table
        Path of a table that astropy knows (ECSV, CSV, FITS, VOTable), or the text of one, see `positions_text`.
    what
        What it is, for messages.

    Raises
    ------
    NotFoundError
        No such file.
    DataError
        No table, or none with such columns.
    """
    inline = "\n" in table
    name = f"the {what} in the request" if inline else table
    if not inline and not Path(table).is_file():
        raise NotFoundError(f"{table}: no such {what}; check the path")
    try:
        found = ascii.read(table, format="csv", guess=False) if inline else Table.read(table)
    except (OSError, ValueError, TypeError, IndexError) as error:
        raise DataError(f"{name}: not a table that can be read ({str(error).splitlines()[0]})") from None
    columns = position_column_names(found.colnames)
    if columns is None:
        raise DataError(f"{name}: needs columns ra and dec in degrees; it has {', '.join(found.colnames[:12])}")
    return np.asarray(found[columns[0]], np.float64), np.asarray(found[columns[1]], np.float64)


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
