"""A detection as a catalogue: positions on the sky, fluxes, axes, names, neighbours."""

import math

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from jwstpipe.analysis.catalogues.columns import FLAGS, add_column
from jwstpipe.analysis.catalogues.stars import star_locus
from jwstpipe.analysis.opened import PixelSource
from jwstpipe.analysis.photometry.fluxes import FluxScale, ab_magnitude, flux_scale
from jwstpipe.analysis.sources.detect import Detection
from jwstpipe.errors import TransformError
from jwstpipe.numerics.nearest import nearest_others
from jwstpipe.sky.frames import ICRS, rotated
from jwstpipe.sky.jacobian import jacobians, solid_angles_sr

__all__ = ["TO_MICROJY", "sources_table"]

Floats = NDArray[np.float64]

TO_MICROJY = 1e6

_ROUND = 1.0 / 12.0
"""Variance of a uniform pixel: added to second moments too narrow to have axes (Bertin and Arnouts 1996)."""


def sources_table(found: Detection, image: PixelSource) -> Table:
    """Make the catalogue of a detection.

    Parameters
    ----------
    found
        From `find_sources`.
    image
        The image that it was made on; without a WCS there are no sky positions, without a physical unit no magnitudes.

    Returns
    -------
    astropy.table.Table
        A row for each source, with units, descriptions and UCDs (``meta["ucd"]`` of each column).
    """
    unit = str(image.header.get("BUNIT", "")).strip()
    table = Table(meta={"unit": unit, **found.facts})
    get = found.column
    peak_x, peak_y = get("peak_x"), get("peak_y")
    x, y = peak_x + get("win_x"), peak_y + get("win_y")
    major, minor, theta = _axes(get("xx"), get("yy"), get("xy"))
    sky, omega, theta_sky = _on_sky(image, x, y, get("win_x_err"), get("win_y_err"), theta)
    scale = flux_scale(unit)
    factor = _microjy(scale, omega)
    add_column(table, "id", np.arange(1, len(x) + 1, dtype=np.int32))
    if sky:
        add_column(table, "name", _names(sky["ra"], sky["dec"]))
    add_column(table, "x_centroid", x)
    add_column(table, "y_centroid", y)
    add_column(table, "x_err", get("win_x_err"))
    add_column(table, "y_err", get("win_y_err"))
    for name, values in sky.items():
        add_column(table, name, values)
    add_column(table, "peak", get("peak"), unit)
    add_column(table, "peak_snr", _peak_snr(found))
    flux, error = get("flux") * factor, np.sqrt(get("variance")) * factor
    add_column(table, "segment_flux", flux, unit if scale is None else "uJy")
    add_column(table, "segment_flux_err", error, unit if scale is None else "uJy")
    if scale is not None:
        add_column(table, "mag_segment", ab_magnitude(flux / TO_MICROJY))
    add_column(table, "area", get("pixels").astype(np.int64))
    _add_axes(table, major, minor, theta, theta_sky if sky else None)
    stars, extendedness = star_locus(get("concentration"), get("concentration_err"), _peak_snr(found), get("flags"))
    table.meta["stars"] = stars
    add_column(table, "concentration", get("concentration"))
    add_column(table, "concentration_err", get("concentration_err"))
    add_column(table, "extendedness", extendedness)
    _add_extents(table, found)
    add_column(table, "background", get("sky"), unit)
    add_column(table, "noise", get("noise"), unit)
    add_column(table, "parent", _parents(found))
    add_column(table, "n_children", get("children").astype(np.int32))
    _add_neighbours(table, found, x, y)
    return table


def _add_axes(table: Table, major: Floats, minor: Floats, theta: Floats, theta_sky: Floats | None) -> None:
    add_column(table, "semimajor", major)
    add_column(table, "semiminor", minor)
    add_column(table, "theta", np.degrees(theta))
    if theta_sky is not None:
        add_column(table, "theta_sky", theta_sky)
    with np.errstate(invalid="ignore"):
        add_column(table, "ellipticity", 1.0 - minor / major)


def _add_extents(table: Table, found: Detection) -> None:
    """Add the isophotal centre, the peak and the box."""
    get = found.column
    add_column(table, "x_isophotal", get("peak_x") + get("iso_x"))
    add_column(table, "y_isophotal", get("peak_y") + get("iso_y"))
    for name, values in (
        ("x_peak", get("peak_x")), ("y_peak", get("peak_y")), ("bbox_xmin", get("x0")), ("bbox_xmax", get("x1") - 1),
        ("bbox_ymin", get("y0")), ("bbox_ymax", get("y1") - 1),
    ):  # fmt: skip
        add_column(table, name, values.astype(np.int64))


def _add_neighbours(table: Table, found: Detection, x: Floats, y: Floats) -> None:
    """Add the nearest other source, and all flags: what is near is among them."""
    nearest, distance = nearest_others(x, y)
    add_column(table, "nn_id", (nearest + 1).astype(np.int32))
    add_column(table, "nn_dist", distance)
    near = np.where(distance < found.facts["neighbour_px"], FLAGS["NEIGHBOUR"], 0)
    add_column(table, "flags", (found.column("flags").astype(np.int64) | near).astype(np.int32))


def _microjy(scale: FluxScale | None, omega: Floats) -> Floats:
    return np.ones_like(omega) if scale is None else scale.factor(omega) * TO_MICROJY


def _axes(xx: Floats, yy: Floats, xy: Floats) -> tuple[Floats, Floats, Floats]:
    """Turn second moments into axes; those too narrow for it are widened by a pixel."""
    thin = ~(xx * yy - xy * xy > _ROUND * _ROUND) | ~(xx > 0.0) | ~(yy > 0.0)
    xx, yy = np.where(thin, np.maximum(xx, 0.0) + _ROUND, xx), np.where(thin, np.maximum(yy, 0.0) + _ROUND, yy)
    middle, half = 0.5 * (xx + yy), np.hypot(0.5 * (xx - yy), xy)
    major, minor = np.sqrt(middle + half), np.sqrt(np.maximum(middle - half, _ROUND * 1e-3))
    return major, minor, 0.5 * np.arctan2(2.0 * xy, xx - yy)


def _on_sky(
    image: PixelSource, x: Floats, y: Floats, x_err: Floats, y_err: Floats, theta: Floats
) -> tuple[dict[str, Floats], Floats, Floats]:
    """Give sky columns, solid angles of pixels and position angles; no columns without a WCS."""
    nothing = np.full_like(x, np.nan)
    try:
        wcs = image.image_wcs.exact(name=image.address)
    except TransformError:
        return {}, nothing, nothing
    if not x.size:
        return dict.fromkeys(("ra", "dec", "ra_err", "dec_err"), nothing), nothing, nothing
    ra, dec = rotated(*wcs.to_sky(x, y), wcs.frame, ICRS)
    local = jacobians(wcs, x, y)
    errors = np.sqrt((local**2) @ np.stack([x_err, y_err], axis=-1)[..., None] ** 2)[..., 0] * 1e3
    along = (local @ np.stack([np.cos(theta), np.sin(theta)], axis=-1)[..., None])[..., 0]
    columns = {"ra": ra, "dec": dec, "ra_err": errors[:, 0], "dec_err": errors[:, 1]}
    return columns, solid_angles_sr(wcs, x, y), np.degrees(np.arctan2(along[:, 0], along[:, 1])) % 180.0


def _peak_snr(found: Detection) -> Floats:
    left = found.facts["white_left"] * found.facts["noise_of_smoothed_over_white"]
    return np.asarray(found.column("smooth_peak") / (found.column("noise") * left))


def _names(ra: Floats, dec: Floats) -> list[str]:
    """Write names by position, Jhhmmss.sss+ddmmss.ss; empty where there is no position."""
    return [_name(*pair) for pair in zip(ra.tolist(), dec.tolist(), strict=True)]


def _name(ra: float, dec: float) -> str:
    if not (math.isfinite(ra) and math.isfinite(dec)):
        return ""
    milliseconds = round(ra / 15.0 * 3_600_000.0) % 86_400_000
    minutes, left = divmod(milliseconds, 60_000)
    hundredths = round(abs(dec) * 360_000.0)
    arcminutes, rest = divmod(hundredths, 6_000)
    return (
        f"J{minutes // 60:02d}{minutes % 60:02d}{left / 1000:06.3f}"
        f"{'-' if dec < 0.0 else '+'}{arcminutes // 60:02d}{arcminutes % 60:02d}{rest / 100:05.2f}"
    )


def _parents(found: Detection) -> NDArray[np.int32]:
    """Name the first source of each blend: the lowest number with the same first pixel."""
    seeds = np.column_stack([found.column("first_y"), found.column("first_x")])
    _, first, inverse = np.unique(seeds, axis=0, return_index=True, return_inverse=True)
    return (first[inverse.ravel()] + 1).astype(np.int32)
