"""Outlines of images on a plane, as polygons in its pixels."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from jwstpipe.errors import TransformError
from jwstpipe.sky.box import Box
from jwstpipe.sky.footprint import INNER_SAMPLES, WIDE_DEG, Footprint
from jwstpipe.sky.frames import ICRS, rotated, unit_vectors
from jwstpipe.sky.grid import SkyGrid

__all__ = ["outlines_on"]

Floats = NDArray[np.float64]


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
    points = np.stack(grid.plane_wcs().to_pixel(lon, lat), axis=-1)
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
