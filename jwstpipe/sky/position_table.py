"""Positions of a table on the sky, whatever its columns are called, and in whatever unit of angle they are.

The one list of column names: overlays, alignment, matching, photometry and the viewer read the same tables.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["DEC_NAMES", "RA_NAMES", "numbers_of", "position_column_names", "positions_of"]

Floats = NDArray[np.float64]

RA_NAMES = ("ra", "ra_icrs", "raj2000", "_raj2000", "_ra", "ra_deg", "alpha_j2000", "sky_centroid.ra")
DEC_NAMES = ("dec", "de_icrs", "dej2000", "_dej2000", "_dec", "dec_deg", "delta_j2000", "sky_centroid.dec")
"""Names of the columns, in lower case; the first that a table has counts. Positions at the catalogue's own epoch stand
before those that were moved to 2000, which VizieR gives beside them."""


def position_column_names(names: Sequence[str]) -> tuple[str, str] | None:
    """Find the columns of right ascension and declination among the names of a table; None where it lacks one."""
    known = {name.lower(): name for name in names}
    ra = next((known[name] for name in RA_NAMES if name in known), None)
    dec = next((known[name] for name in DEC_NAMES if name in known), None)
    return None if ra is None or dec is None else (ra, dec)


def positions_of(table: "Table", *, name: str) -> tuple[Floats, Floats]:
    """Give right ascensions and declinations, degrees; NaN where a row has none.

    Parameters
    ----------
    table
        With columns of `RA_NAMES` and `DEC_NAMES`: degrees, or another angle where their unit says so; or with a
        column of sky coordinates, as astropy writes them into ECSV, of any frame that can become ICRS.
    name
        What messages call it.

    Raises
    ------
    DataError
        No such columns, none with numbers, or no row with a position.
    """
    columns = position_column_names(table.colnames)
    if columns is None and (found := _coordinates_of(table)) is not None:
        return found
    if columns is None:
        raise DataError(
            f"{name}: no positions on the sky: needs columns ra and dec in degrees; it has"
            f" {', '.join(table.colnames[:12])}"
        )
    ra, dec = (numbers_of(table, column, unit="deg", name=name) for column in columns)
    if not np.isfinite(ra + dec).any():
        raise DataError(f"{name}: none of its {len(table):,} rows has a position")
    beyond = np.abs(dec) > 90.0
    if beyond.any():
        raise DataError(
            f"{name}: {columns[1]} is {dec[beyond][0]:g} in row {int(np.flatnonzero(beyond)[0]) + 1}; a declination"
            " lies between -90 and 90 degrees"
        )
    return ra, dec


def _coordinates_of(table: "Table") -> tuple[Floats, Floats] | None:
    """Give the positions of the first column of sky coordinates, ICRS; None where there is none."""
    from astropy.coordinates import SkyCoord  # noqa: PLC0415 - slow to load

    found = next((table[column] for column in table.colnames if isinstance(table[column], SkyCoord)), None)
    if found is None:
        return None
    icrs = found.icrs
    return tuple(np.array(np.ma.filled(axis.deg, np.nan), np.float64) for axis in (icrs.ra, icrs.dec))  # type: ignore[return-value]


def numbers_of(table: "Table", column: str, *, unit: str, name: str) -> Floats:
    """Take a column as numbers of a unit, by its own unit where that can be converted; NaN where it is masked.

    Raises
    ------
    DataError
        It holds no numbers, several a row, or those of something else.
    """
    from astropy import units  # noqa: PLC0415 - slow to load

    found = table[column]
    try:
        values: Floats = np.array(np.ma.filled(np.ma.asarray(found, float), np.nan), np.float64)
    except (ValueError, TypeError):
        raise DataError(
            f"{name}: the column {column} holds no numbers ({str(found[0])[:40]!r}); it is read in {unit}"
        ) from None
    if values.ndim != 1:
        raise DataError(f"{name}: the column {column} holds {values.shape[1:]} values a row; it must be one")
    values[~np.isfinite(values)] = np.nan
    own, wanted = getattr(found, "unit", None), units.Unit(unit)
    if not isinstance(own, units.UnitBase) or isinstance(own, units.UnrecognizedUnit) or own == wanted:
        return values
    if own.is_equivalent(wanted):
        return values * float(own.to(wanted))
    if units.dimensionless_unscaled.is_equivalent(own) or units.dimensionless_unscaled.is_equivalent(wanted):
        return values
    raise DataError(f"{name}: the column {column} is in {own}, and is read in {unit}; name another one")
