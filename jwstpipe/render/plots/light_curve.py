"""A light curve as a diagram: flux against time, with errors."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jwstpipe.errors import DataError
from jwstpipe.render.plots.contents import Axis, Curve, fitting_axis
from jwstpipe.render.plots.figure import draw_figure
from jwstpipe.render.plots.spectra.contents import pleasant_unit

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["draw_light_curve"]

OUTER = 1.0
"""Percent of the fluxes at each end that set no limit of the axis."""


def draw_light_curve(
    out: str | Path, table: "Table", *, title: str = "", provenance: Mapping[str, Any] | None = None
) -> Path:
    """Draw a light curve; what stands at `out` is replaced.

    Parameters
    ----------
    out
        Local ``.png``.
    table
        ``mjd`` (days; or ``integration`` where it is unknown), ``flux``, ``flux_error``.
    title
        Above it.
    provenance
        What it is and was made of, written into it.

    Raises
    ------
    DataError
        Not a single flux is a number.
    """
    flux = np.asarray(table["flux"], np.float64)
    error, unit = np.asarray(table["flux_error"], np.float64), str(table["flux"].unit or "")
    known = np.isfinite(flux)
    if not known.any():
        raise DataError(f"{title}: no integration has a flux")
    factor, words = pleasant_unit(unit, float(np.abs(flux[known]).max()))
    x, label = _times(table)
    low, high = np.percentile(flux[known], (OUTER, 100.0 - OUTER))
    spread = float(np.median(error[np.isfinite(error)])) if np.isfinite(error).any() else 0.0
    reach = max(0.15 * (high - low), 3.0 * spread, 1e-3 * abs(high))
    y = Axis(f"flux [{words}]" if words else "flux", (low - reach) / factor, (high + reach) / factor)
    curve = Curve(x[known], flux[known] / factor, "points", errors=np.nan_to_num(error[known]) / factor)
    return draw_figure(out, [curve], fitting_axis(label, x[known], room=0.03), y, title=title, provenance=provenance)


def _times(table: "Table") -> tuple[Any, str]:
    """Give the times in hours from the first, where they are known; else the numbers of the integrations."""
    days = np.asarray(table["mjd"], np.float64)
    if np.isfinite(days).all() and len(days):
        return (days - days[0]) * 24.0, f"hours since MJD {days[0]:.5f}"
    return np.asarray(table["integration"], np.float64), "integration"
