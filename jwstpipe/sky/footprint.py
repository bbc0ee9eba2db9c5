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
from jwstpipe.sky.image_wcs import SkyWcs

__all__ = ["Footprint", "centre_of", "footprint", "outlines_on"]

Floats = NDArray[np.float64]

EDGE_SAMPLES = 16
"""Points on each side of an image."""


@dataclass(frozen=True, eq=False)
class Footprint:
    """Outline of an image on the sky."""

    ra: Floats
    """Right ascension of the outline, degrees ICRS, once around without repeating the first point."""

    dec: Floats
    """Declination of the outline, degrees ICRS."""

    scale_arcsec: float
    """Pixel size in the middle of the image, arcsec."""

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

    Raises
    ------
    TransformError
        A part of the outline has no position on the sky.
    """
    x, y = _edge(window)
    lon, lat = wcs.to_sky(x, y)
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise TransformError(f"{name}: its WCS gives no sky position for a part of its edge ({window})")
    ra, dec = rotated(lon, lat, wcs.frame, ICRS)
    return Footprint(ra, dec, _middle_scale(wcs, window))


def outlines_on(grid: SkyGrid, outlines: Sequence[Footprint], *, names: Sequence[str]) -> list[shapely.Polygon]:
    """Draw outlines on a plane, in 0-based plane pixels (x, y).

    Raises
    ------
    TransformError
        A part of an outline is out of the plane's reach, as more than 90 degrees from the centre of a TAN plane.
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
        if not np.isfinite(own).all():
            raise TransformError(
                f"{name}: it lies out of reach of a grid at {grid.crval}; leave it out or move the grid"
            )
        polygon = shapely.Polygon(own)
        found.append(polygon if polygon.is_valid else shapely.make_valid(polygon))
    return found


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
    lon, lat = wcs.to_sky(np.array([x, x + 1.0, x]), np.array([y, y, y + 1.0]))
    vectors = unit_vectors(lon, lat)
    area = float(np.linalg.norm(np.cross(vectors[1] - vectors[0], vectors[2] - vectors[0])))
    return float(np.degrees(np.sqrt(area)) * 3600.0)
