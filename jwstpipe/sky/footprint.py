"""Where an image lies: its outline on the sky and on a plane, sampled along the edges because distortion bends them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from jwstpipe.errors import TransformError
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import ICRS, lonlat, rotated, unit_vectors
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.wcs.image_wcs import SkyWcs

__all__ = ["Footprint", "centre_of", "footprint", "outlines_on"]

Floats = NDArray[np.float64]

EDGE_SAMPLES = 16
"""Points on each side of an image."""

INNER_SAMPLES = 33
"""Points along each side of the lattice that an image with holes, or beyond reach, is known by."""

LEAST_SCALE = 1e-9
"""Smallest pixel that is one, arcsec."""

WIDE_DEG = 60.0
"""An image that reaches farther than this from its middle lies on a plane only in parts."""


@dataclass(frozen=True, eq=False)
class Footprint:
    """Outline of an image on the sky."""

    ra: Floats
    """Right ascension of the outline, degrees ICRS, once around without repeating the first point."""

    dec: Floats
    """Declination of the outline, degrees ICRS."""

    scale_arcsec: float
    """Pixel size in the middle of the image, arcsec."""

    partial: bool = False
    """Parts of it have no position on the sky, or cannot lie on one plane: then the outline is that of samples."""

    @property
    def centre(self) -> tuple[float, float]:
        """Right ascension and declination of the middle of the outline, degrees."""
        return centre_of([self])


def footprint(wcs: SkyWcs, window: Box, *, name: str) -> Footprint:
    """Sample the outline of an image, or of a window of it.

    Parameters
    ----------
    wcs
        Exact WCS.
    window
        Pixels that hold data, usually all.
    name
        File, for errors.

    Returns
    -------
    Footprint
        Of an image whose WCS gives no sky position for a part of it (as the corners of an all-sky map), or that
        reaches over half the sky: positions of a lattice of its pixels, where there are any.

    Raises
    ------
    TransformError
        No part of the image has a position on the sky.
    """
    x, y = _edge(window)
    lon, lat = wcs.to_sky(x, y)
    scale = _middle_scale(wcs, window)
    if scale < LEAST_SCALE:
        raise TransformError(f"{name}: its pixels have no size on the sky ({scale:.3g} arcsec); mend its WCS")
    if np.isfinite(lon).all() and np.isfinite(lat).all() and np.isfinite(scale):
        ra, dec = rotated(lon, lat, wcs.frame, ICRS)
        if max(window.shape) * scale < WIDE_DEG * 3600.0:
            return Footprint(ra, dec, scale)
    rows, columns = (
        np.linspace(first, end - 1.0, INNER_SAMPLES) for first, end in ((window.y0, window.y1), (window.x0, window.x1))
    )
    y, x = (axis.ravel() for axis in np.meshgrid(rows, columns, indexing="ij"))
    lon, lat = wcs.to_sky(x, y)
    seen = np.isfinite(lon) & np.isfinite(lat)
    if not seen.any():
        raise TransformError(f"{name}: its WCS gives no sky position for any of its pixels ({window})")
    if not np.isfinite(scale):
        scale = _usual_scale(wcs, x[seen], y[seen])
    if not (np.isfinite(scale) and scale >= LEAST_SCALE):
        raise TransformError(f"{name}: its WCS gives no pixel size anywhere in it ({window})")
    ra, dec = rotated(lon[seen], lat[seen], wcs.frame, ICRS)
    return Footprint(ra, dec, scale, partial=True)


def outlines_on(
    grid: SkyGrid, outlines: Sequence[Footprint], *, names: Sequence[str], window: Box | None = None
) -> list[shapely.Polygon]:
    """Draw outlines on a plane, in 0-based plane pixels (x, y).

    Parameters
    ----------
    grid
        The plane.
    outlines, names
        The images.
    window
        Part of the plane that is to be filled: images that lie on the plane only in parts are taken to touch all of
        it, and what is out of reach counts as not covered.

    Raises
    ------
    TransformError
        A part of an image is out of the plane's reach, as more than 90 degrees from the centre of a TAN plane, and no
        window says which part is wanted.
    """
    ra = np.concatenate([outline.ra for outline in outlines])
    dec = np.concatenate([outline.dec for outline in outlines])
    lon, lat = rotated(ra, dec, ICRS, grid.frame)
    points = np.stack(grid.wcs(Box(0, 0, 1, 1)).wcs_world2pix(lon, lat, 0), axis=-1)
    found = []
    start = 0
    for outline, name in zip(outlines, names, strict=True):
        own = points[start : start + outline.ra.size]
        start += outline.ra.size
        reached = np.isfinite(own).all()
        if window is not None and (outline.partial or not reached):
            found.append(shapely.box(window.x0 - 0.5, window.y0 - 0.5, window.x1 - 0.5, window.y1 - 0.5))
            continue
        if not reached or (outline.partial and _spread(outline) > WIDE_DEG):
            raise TransformError(
                f"{name}: all or a part of it lies out of reach of a grid at {grid.crval}; say with --grid which"
                " part of the sky is wanted, or leave it out"
            )
        polygon = shapely.Polygon(own) if not outline.partial else _hull(own, outline, grid)
        found.append(polygon if polygon.is_valid else shapely.make_valid(polygon))
    return found


def _hull(points: Floats, outline: Footprint, grid: SkyGrid) -> shapely.Polygon:
    """Draw around the samples of an image with holes, wide enough for what lies between two of them."""
    low, high = points.min(axis=0), points.max(axis=0)
    margin = float((high - low).max()) / (INNER_SAMPLES - 1) + outline.scale_arcsec / grid.scale_arcsec
    hull = shapely.MultiPoint(points).convex_hull.buffer(margin, join_style="mitre")
    return shapely.Polygon(hull.exterior)


def _spread(outline: Footprint) -> float:
    """Give the largest distance of its points from their middle, degrees."""
    vectors = unit_vectors(outline.ra, outline.dec)
    middle = vectors.mean(axis=0)
    length = float(np.linalg.norm(middle))
    if length < 1e-6:
        return 180.0
    return float(np.degrees(np.arccos(np.clip((vectors @ middle / length).min(), -1.0, 1.0))))


def centre_of(outlines: Sequence[Footprint]) -> tuple[float, float]:
    """Give the middle of several outlines, right ascension and declination in degrees."""
    vectors = np.concatenate([unit_vectors(outline.ra, outline.dec) for outline in outlines])
    ra, dec = lonlat(vectors.mean(axis=0))
    return float(ra), float(dec)


def _edge(window: Box) -> tuple[Floats, Floats]:
    """Walk once around the outer edges of the pixels."""
    rows, columns = window.shape
    t = np.arange(EDGE_SAMPLES) / EDGE_SAMPLES
    x = np.concatenate([t, np.ones_like(t), 1.0 - t, np.zeros_like(t)]) * columns + window.x0 - 0.5
    y = np.concatenate([np.zeros_like(t), t, np.ones_like(t), 1.0 - t]) * rows + window.y0 - 0.5
    return x, y


def _middle_scale(wcs: SkyWcs, window: Box) -> float:
    """Measure the pixel size in the middle of the image, where the CD matrix alone may be far off under distortion."""
    y, x = (window.y0 + window.y1 - 1) / 2.0, (window.x0 + window.x1 - 1) / 2.0
    return float(_scales(wcs, np.array([x]), np.array([y]))[0])


def _usual_scale(wcs: SkyWcs, x: Floats, y: Floats) -> float:
    """Measure the pixel size at many pixels and take the middle one; NaN where none has a size."""
    found = _scales(wcs, x, y)
    known = found[np.isfinite(found) & (found > 0.0)]
    return float(np.median(known)) if known.size else float("nan")


def _scales(wcs: SkyWcs, x: Floats, y: Floats) -> Floats:
    lon, lat = wcs.to_sky(np.concatenate([x, x + 1.0, x]), np.concatenate([y, y, y + 1.0]))
    vectors = unit_vectors(lon, lat).reshape(3, x.size, 3)
    area = np.linalg.norm(np.cross(vectors[1] - vectors[0], vectors[2] - vectors[0]), axis=-1)
    return np.asarray(np.degrees(np.sqrt(area)) * 3600.0)
