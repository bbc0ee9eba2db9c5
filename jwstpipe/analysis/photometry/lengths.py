"""Radii of circles and rings on an image, in its pixels."""

import numpy as np

from jwstpipe.analysis.photometry.encircled import Curve
from jwstpipe.errors import TransformError, UsageError
from jwstpipe.images.image import SkyImage
from jwstpipe.requests.analysis.photometry import Length, PhotometryRequest, lengths_of
from jwstpipe.sky.jacobian import solid_angles_sr

__all__ = ["NoCurveError", "circles_wanted", "pixel_arcsec", "ring_wanted"]

DEFAULT_APERTURE: Length = (3.0, "px")
RING_FACTORS, RING_LEAST_PX = (2.0, 3.0), 8.0


class NoCurveError(UsageError):
    """A circle is wanted by the light that it holds, and nothing tells how light grows with the radius."""


def pixel_arcsec(image: SkyImage) -> float:
    """Give the side of a pixel at the middle of an image; NaN without a WCS."""
    rows, columns = image.shape
    try:
        wcs = image.image_wcs.exact(name=image.address)
    except TransformError:
        return float("nan")
    omega = solid_angles_sr(wcs, np.array([(columns - 1) / 2]), np.array([(rows - 1) / 2]))[0]
    return float(np.degrees(np.sqrt(omega)) * 3600.0)


def _pixels(length: Length, arcsec: float, *, name: str) -> float:
    value, unit = length
    if unit == "px":
        return value
    if not np.isfinite(arcsec):
        raise UsageError(f"{name}: has no WCS, so that {value:g} arcsec mean nothing on it; give radii as {value:g}px")
    return value / arcsec


def circles_wanted(
    options: PhotometryRequest, curve: Curve | None, arcsec: float, *, name: str
) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Give names and radii of the circles that are wanted.

    Raises
    ------
    UsageError
        Arcsec without a WCS; an encircled energy that no curve reaches.
    """
    wanted = lengths_of(options.aperture) or (() if options.ee else (DEFAULT_APERTURE,))
    labels = [f"{value:g}{'px' if unit == 'px' else 'as'}" for value, unit in wanted]
    radii = [_pixels(length, arcsec, name=name) for length in wanted]
    for percent in options.ee:
        radius = float("nan") if curve is None else curve.radius_of(percent / 100.0)
        if not np.isfinite(radius):
            why = "there is no curve of growth" if curve is None else f"it ends at {100 * curve.energy[-1]:.1f} %"
            raise NoCurveError(
                f"{name}: no circle holds {percent:g} % of the light: {why}; give --aperture, or a curve"
            )
        labels.append(f"ee{percent:g}")
        radii.append(radius / arcsec)
    return tuple(labels), tuple(radii)


def ring_wanted(options: PhotometryRequest, largest: float, arcsec: float, *, name: str) -> tuple[float, float]:
    """Give the radii of the ring of the sky."""
    if options.annulus:
        inner, outer = (_pixels(length, arcsec, name=name) for length in lengths_of(options.annulus))
        return inner, outer
    inner = max(RING_FACTORS[0] * largest, RING_LEAST_PX)
    return inner, max(RING_FACTORS[1] * largest, inner + RING_LEAST_PX)
