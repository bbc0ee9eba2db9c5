"""Ephemerides: where a moving target is at which time, out of a table in a file or the text that stands for it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError
from jwstpipe.sky.frames import lonlat, unit_vectors
from jwstpipe.sky.position_table import numbers_of, positions_of
from jwstpipe.storage.bounded_tables import read_table
from jwstpipe.storage.position_tables import numbers_of_text

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["Ephemeris", "ephemeris_text", "read_ephemeris"]

Floats = NDArray[np.float64]

MJD_NAMES = ("mjd", "time_mjd", "mjd_utc", "mjd-avg")
JD_NAMES = ("jd", "datetime_jd", "jdut", "jd_utc")
DATE_NAMES = ("time", "date", "datetime", "datetime_str", "date-obs", "isot", "utc")
"""Names of the columns of times, in lower case: days, Julian days, dates (ISO 8601); all UTC."""

MJD_TDB_NAMES, JD_TDB_NAMES = ("mjd_tdb", "mjd_tt"), ("jdtdb", "jd_tdb", "jd_tt")
"""The same in the time of dynamics, 69 s ahead of UTC, which JPL Horizons counts vectors in."""

JD_OF_MJD_0 = 2_400_000.5

MOST_ROWS = 20_000
"""Most times that are kept with a product."""

CUBIC_FROM = 4
"""Fewer times are joined by great circles."""

UNSURE_ARCSEC, UNSURE_SHARE = 0.05, 16.0
"""Positions less sure than this are refused. What the spline changes by where it has to do without the nearest time is
so many times its error, which goes with the fourth power of the step."""


@dataclass(frozen=True, eq=False)
class Ephemeris:
    """Positions of a target in time."""

    mjd: Floats
    """(n,) UTC, growing."""

    ra: Floats
    """(n,) degrees ICRS, as seen from the telescope."""

    dec: Floats
    name: str

    def at(self, mjd: float, *, who: str) -> tuple[float, float]:
        """Interpolate the position at a time, degrees ICRS: a cubic spline through the unit vectors.

        Parameters
        ----------
        mjd
            Time, UTC.
        who
            The image, for errors.

        Raises
        ------
        DataError
            A time outside of the table, or between times that lie too far apart for this target.
        """
        if not self.mjd[0] <= mjd <= self.mjd[-1]:
            raise DataError(
                f"{self.name}: reaches from MJD {self.mjd[0]:.5f} to {self.mjd[-1]:.5f}, and {who} was taken at"
                f" {mjd:.5f}; give an ephemeris of that time"
            )
        from scipy.interpolate import CubicSpline  # noqa: PLC0415 - slow to load

        vectors = unit_vectors(self.ra, self.dec)
        if len(self.mjd) >= CUBIC_FROM:
            found = CubicSpline(self.mjd, vectors)(mjd)
            nearest = 1 + int(np.argmin(np.abs(self.mjd[1:-1] - mjd)))
            without = CubicSpline(np.delete(self.mjd, nearest), np.delete(vectors, nearest, axis=0))(mjd)
            unsure = np.degrees(float(np.linalg.norm(found - without))) * 3600.0 / UNSURE_SHARE
            if unsure > UNSURE_ARCSEC:
                raise DataError(
                    f"{self.name}: has steps of {24.0 * float(np.median(np.diff(self.mjd))):.3g} h, between which the"
                    f" target's place in {who} is known to {unsure:.2g} arcsec only; give an ephemeris of finer steps"
                )
        else:
            found = np.array([np.interp(mjd, self.mjd, axis) for axis in vectors.T])
        ra, dec = lonlat(np.asarray(found))
        return float(ra), float(dec)


def read_ephemeris(table: str) -> Ephemeris:
    """Read an ephemeris.

    Parameters
    ----------
    table
        Path of a table with a column of times (UTC: ``mjd``, ``jd`` or a date) and columns of positions (``ra``,
        ``dec``), or the text of one, see `ephemeris_text`.

    Raises
    ------
    NotFoundError
        No such file.
    DataError
        No table, no such columns, fewer than two times, or one time twice.
    """
    if "\n" not in table:
        rows = read_table(table, what="ephemeris")
        ra, dec = positions_of(rows, name=table)
        return _checked(_times(rows, table), ra, dec, table)
    name = "the ephemeris in the request"
    mjd, ra, dec = numbers_of_text(table, ("mjd", "ra", "dec"), name=name)
    return _checked(mjd, ra, dec, name)


def ephemeris_text(table: str) -> str:
    """Write an ephemeris as the text that stands for it in a product's parameters: CSV, every digit.

    Raises
    ------
    DataError
        As `read_ephemeris`.
    """
    found = read_ephemeris(table)
    rows = zip(found.mjd.tolist(), found.ra.tolist(), found.dec.tolist(), strict=True)
    return "\n".join(["mjd,ra,dec", *(f"{mjd!r},{ra!r},{dec!r}" for mjd, ra, dec in rows), ""])


def _checked(mjd: Floats, ra: Floats, dec: Floats, name: str) -> Ephemeris:
    good = np.isfinite(mjd + ra + dec)
    order = np.argsort(mjd[good], kind="stable")
    mjd, ra, dec = (np.asarray(column[good][order], np.float64) for column in (mjd, ra, dec))
    if not 2 <= len(mjd) <= MOST_ROWS:
        raise DataError(f"{name}: has {len(mjd):,} positions with a time; an ephemeris needs 2 to {MOST_ROWS:,}")
    if (np.diff(mjd) <= 0.0).any():
        twice = mjd[:-1][np.diff(mjd) <= 0.0][0]
        raise DataError(f"{name}: has two positions at MJD {twice:.6f}; an ephemeris is of one target")
    return Ephemeris(mjd, ra, dec, name)


def _times(table: "Table", name: str) -> Floats:
    known = {column.lower(): column for column in table.colnames}

    def first(names: tuple[str, ...]) -> str | None:
        return next((known[one] for one in names if one in known), None)

    if (column := first((*MJD_NAMES, *JD_NAMES, *DATE_NAMES))) is not None and hasattr(table[column], "scale"):
        return np.asarray(table[column].utc.mjd, np.float64)  # times that know their scale
    if (column := first(MJD_NAMES)) is not None:
        return numbers_of(table, column, unit="d", name=name)
    if (column := first(JD_NAMES)) is not None:
        return numbers_of(table, column, unit="d", name=name) - JD_OF_MJD_0
    if (column := first(DATE_NAMES)) is not None:
        from astropy.time import Time  # noqa: PLC0415 - slow to load

        try:
            return np.asarray(Time([str(value).strip() for value in table[column]], scale="utc").mjd, np.float64)
        except ValueError as error:
            raise DataError(
                f"{name}: the column {column} holds no dates of ISO 8601: {' '.join(str(error).split())[:120]}"
            ) from None
    for names, zero in ((MJD_TDB_NAMES, 0.0), (JD_TDB_NAMES, JD_OF_MJD_0)):
        if (column := first(names)) is not None:
            return _utc(numbers_of(table, column, unit="d", name=name) - zero)
    raise DataError(f"{name}: no times: needs a column mjd, jd or time (UTC); it has {', '.join(table.colnames[:12])}")


def _utc(mjd: Floats) -> Floats:
    from astropy.time import Time  # noqa: PLC0415 - slow to load

    found = np.full(mjd.shape, np.nan)
    known = np.isfinite(mjd)
    found[known] = Time(mjd[known], format="mjd", scale="tdb").utc.mjd
    return found
