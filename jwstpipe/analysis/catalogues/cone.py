"""Rows of a catalogue near a place on the sky; of Parquet only the row groups that reach there are read."""

from pathlib import Path

import numpy as np
from astropy.table import Table

from jwstpipe.analysis.catalogues.columns import add_column
from jwstpipe.analysis.catalogues.files import read_catalogue
from jwstpipe.analysis.catalogues.parquet_file import read_parquet
from jwstpipe.errors import JwstPipeError, UsageError
from jwstpipe.sky.position_table import positions_of
from jwstpipe.sky.regions import separation_deg

__all__ = ["SKY_CIRCLE", "cone", "sky_circle"]

SKY_CIRCLE = "sky_circle"
"""Name of the circle in the results of a record."""

ARCSEC = 3600.0


def cone(catalogue: str | Path | Table, ra: float, dec: float, radius_arcsec: float) -> Table:
    """Give the rows within a radius, the nearest first.

    Parameters
    ----------
    catalogue
        File in a form that `read_catalogue` knows, or a table; it needs columns of positions.
    ra, dec
        Degrees, ICRS.
    radius_arcsec
        Above 0, at most 180 degrees.

    Returns
    -------
    astropy.table.Table
        With a column ``separation``, arcsec.

    Raises
    ------
    UsageError
        No radius.
    DataError
        A catalogue without positions.

    Notes
    -----
    Row groups of Parquet are sorted by HEALPix; the bounds of ra and dec that each carries tell which may reach the
    cone.
    """
    if not 0.0 < radius_arcsec <= 180.0 * ARCSEC:
        raise UsageError(f"radius {radius_arcsec:g} arcsec: give one above 0")
    name = "the catalogue" if isinstance(catalogue, Table) else str(catalogue)
    if isinstance(catalogue, Table):
        table = catalogue
    elif Path(catalogue).suffix.lower() == ".parquet" and Path(catalogue).is_file():
        table = read_parquet(Path(catalogue), near=_bounds(ra, dec, radius_arcsec / ARCSEC))
    else:
        table = read_catalogue(catalogue)
    places = positions_of(table, name=name) if len(table) else (np.zeros(0), np.zeros(0))
    away = ARCSEC * separation_deg(ra, dec, *places)
    near = np.flatnonzero(away <= radius_arcsec)
    near = near[np.argsort(away[near], kind="stable")]
    found = table[near]
    if "separation" in found.colnames:
        found.remove_column("separation")
    add_column(found, "separation", away[near])
    return found


def sky_circle(table: Table) -> list[float] | None:
    """Give a circle that holds all rows: ra, dec and radius, degrees; None without positions.

    It stands in the record of a catalogue, so that a search for sources knows which ones need not be opened.
    """
    try:
        ra, dec = positions_of(table, name="the catalogue")
    except JwstPipeError:
        return None
    known = np.isfinite(ra) & np.isfinite(dec)
    if not known.any():
        return None
    ra, dec = ra[known], dec[known]
    across = np.cos(np.radians(dec))
    x, y, z = (float(one.mean()) for one in (
        across * np.cos(np.radians(ra)), across * np.sin(np.radians(ra)), np.sin(np.radians(dec))
    ))  # fmt: skip
    middle = float(np.degrees(np.arctan2(y, x))) % 360.0, float(np.degrees(np.arctan2(z, np.hypot(x, y))))
    radius = float(np.max(separation_deg(*middle, ra, dec)))
    return [round(middle[0], 7), round(middle[1], 7), round(radius + 1e-6, 7)]


def _bounds(ra: float, dec: float, radius: float) -> tuple[list[tuple[float, float]], tuple[float, float]]:
    """Give ranges of right ascension and one of declination that hold a cone, degrees."""
    low, high = dec - radius, dec + radius
    if low <= -90.0 or high >= 90.0:
        return [(0.0, 360.0)], (max(low, -90.0), min(high, 90.0))
    half = float(np.degrees(np.arcsin(min(1.0, np.sin(np.radians(radius)) / np.cos(np.radians(dec))))))
    first, last = ra - half, ra + half
    if first < 0.0:
        return [(0.0, last), (first + 360.0, 360.0)], (low, high)
    if last > 360.0:
        return [(first, 360.0), (0.0, last - 360.0)], (low, high)
    return [(first, last)], (low, high)
