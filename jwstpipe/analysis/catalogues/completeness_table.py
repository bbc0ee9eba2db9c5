"""The share of injected stars that were found, by brightness."""

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from jwstpipe.analysis.catalogues.columns import add_column
from jwstpipe.analysis.opened import PixelSource
from jwstpipe.analysis.photometry.fluxes import ab_magnitude, flux_scale
from jwstpipe.analysis.sources.injection import Injected
from jwstpipe.errors import TransformError
from jwstpipe.sky.jacobian import solid_angles_sr

__all__ = ["completeness_table"]

Floats = NDArray[np.float64]


def completeness_table(made: Injected, image: PixelSource, *, bins: int) -> Table:
    """Count injected stars in bins of S/N, with what that is in flux and magnitudes.

    Parameters
    ----------
    made
        From `inject_and_find`.
    image
        What they were put into: its unit and the size of its pixels.
    bins
        Equal steps of the logarithm of brightness.

    Returns
    -------
    astropy.table.Table
        A row a bin, the faintest first. ``meta["half_snr"]``, and ``meta["half_mag"]`` where there are magnitudes, say
        where half of the stars are found (None: nowhere between the bins).
    """
    edges = np.exp(np.linspace(np.log(made.snr.min()), np.log(made.snr.max()) + 1e-9, bins + 1))
    which = np.clip(np.digitize(made.snr, edges) - 1, 0, bins - 1)
    number = np.bincount(which, minlength=bins)
    found = np.bincount(which, weights=made.found, minlength=bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = found / number
        error = np.sqrt((found + 1.0) * (number - found + 1.0) / (number + 2.0) ** 2 / (number + 3.0))
    middle = np.sqrt(edges[1:] * edges[:-1])
    unit = str(image.header.get("BUNIT", "")).strip()
    flux = middle * float(np.median(made.flux / made.snr))
    table = Table(meta={"unit": unit, "stars": len(made.snr), **made.facts})
    add_column(table, "snr", middle)
    factor = _janskys(image, unit)
    if factor is None:
        add_column(table, "flux", flux, unit)
    else:
        add_column(table, "flux", flux * factor * 1e6, "uJy")
        add_column(table, "mag_ab", ab_magnitude(flux * factor))
    add_column(table, "injected", number)
    add_column(table, "share", share)
    add_column(table, "share_err", error)
    offsets = [made.offset[(which == k) & made.found] for k in range(bins)]
    add_column(table, "offset", np.array([float(np.median(one)) if one.size else np.nan for one in offsets]))
    table.meta["half_snr"] = half = _half(middle, share)
    if "mag_ab" in table.colnames:
        table.meta["half_mag"] = None if half is None else float(
            np.interp(np.log(half), np.log(middle), np.asarray(table["mag_ab"]))
        )  # fmt: skip
    return table


def _janskys(image: PixelSource, unit: str) -> float | None:
    """Give the flux of one unit of a sample, by the pixel in the middle of the image; None where there is none."""
    scale = flux_scale(unit)
    if scale is None:
        return None
    rows, columns = image.shape
    try:
        wcs = image.image_wcs.exact(name=image.address)
    except TransformError:
        omega = np.array([np.nan])
    else:
        omega = solid_angles_sr(wcs, np.array([(columns - 1) / 2]), np.array([(rows - 1) / 2]))
    factor = float(scale.factor(omega)[0]) if np.ndim(scale.factor(omega)) else float(scale.factor(omega))
    return factor if np.isfinite(factor) else None


def _half(brightness: Floats, share: Floats) -> float | None:
    """Find where the share passes one half, between bins; None where it does not."""
    known = np.isfinite(share)
    x, y = np.log(brightness[known]), share[known]
    for k in range(len(x) - 1, 0, -1):
        if y[k] >= 0.5 > y[k - 1]:
            return float(np.exp(x[k - 1] + (0.5 - y[k - 1]) / (y[k] - y[k - 1]) * (x[k] - x[k - 1])))
    return None
