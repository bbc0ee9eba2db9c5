"""A catalogue under the column names of the official pipeline's source catalogues."""

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.table import Table

from jwstpipe.analysis.catalogues.columns import OFFICIAL

__all__ = ["EXTENDED", "official_view"]

EXTENDED = 3.0
"""Standard deviations from which a source counts as wider than a star."""

_MAGNITUDES = 2.5 / np.log(10.0)


def official_view(table: Table) -> Table:
    """Give the columns that the official catalogue has, too, by its names and in its units (Jy).

    Parameters
    ----------
    table
        Of a detection, with photometry or without.

    Returns
    -------
    astropy.table.Table
        What is not measured here is not in it; ``meta["missing_columns"]`` lists it.
    """
    view = Table(meta=dict(table.meta))
    missing = []
    for name, ours in OFFICIAL.items():
        if ours not in table.colnames:
            missing.append(name)
            continue
        column = table[ours].copy()
        column.name = name
        if column.unit == units.uJy:
            column = column.__class__(np.asarray(column) * 1e-6, name=name, unit="Jy", description=column.description)
        view.add_column(column)
    if {"ra", "dec"} <= set(table.colnames):
        place = SkyCoord(np.asarray(table["ra"]), np.asarray(table["dec"]), unit="deg")
        view.add_column(place, name="sky_centroid", index=3)
    if {"mag_segment", "segment_flux", "segment_flux_err"} <= set(table.colnames):
        with np.errstate(divide="ignore", invalid="ignore"):
            error = _MAGNITUDES * np.asarray(table["segment_flux_err"]) / np.asarray(table["segment_flux"])
        error[~(np.asarray(table["segment_flux"]) > 0.0)] = np.nan
        view["isophotal_abmag_err"] = error
    if "extendedness" in table.colnames:
        view["is_extended"] = np.asarray(table["extendedness"]) > EXTENDED
    view.meta["missing_columns"] = missing
    return view
