"""Where an image lies: its outline on the sky, sampled along the edges because distortion bends them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import TransformError
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import ICRS, lonlat, rotated, unit_vectors
from jwstpipe.sky.wcs.sky_wcs import PixelsToSky

__all__ = ["Footprint", "centre_of", "footprint"]

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


def footprint(wcs: PixelsToSky, window: Box, *, name: str) -> Footprint:
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


def _middle_scale(wcs: PixelsToSky, window: Box) -> float:
    """Measure the pixel size in the middle of the image, where the CD matrix alone may be far off under distortion."""
    y, x = (window.y0 + window.y1 - 1) / 2.0, (window.x0 + window.x1 - 1) / 2.0
    return float(_scales(wcs, np.array([x]), np.array([y]))[0])


def _usual_scale(wcs: PixelsToSky, x: Floats, y: Floats) -> float:
    """Measure the pixel size at many pixels and take the middle one; NaN where none has a size."""
    found = _scales(wcs, x, y)
    known = found[np.isfinite(found) & (found > 0.0)]
    return float(np.median(known)) if known.size else float("nan")


def _scales(wcs: PixelsToSky, x: Floats, y: Floats) -> Floats:
    lon, lat = wcs.to_sky(np.concatenate([x, x + 1.0, x]), np.concatenate([y, y, y + 1.0]))
    vectors = unit_vectors(lon, lat).reshape(3, x.size, 3)
    area = np.linalg.norm(np.cross(vectors[1] - vectors[0], vectors[2] - vectors[0]), axis=-1)
    return np.asarray(np.degrees(np.sqrt(area)) * 3600.0)
