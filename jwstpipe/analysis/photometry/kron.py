"""Kron's ellipses: found on one image, summed on all of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.photometry.empty import ApertureNoise
from jwstpipe.analysis.photometry.placed import STAR_SIGMA, Placed
from jwstpipe.analysis.photometry.positions import Sources
from jwstpipe.analysis.photometry.tiles import Ellipses, EllipsesJob, measure_ellipses, measure_kron

__all__ = ["KRON_MOST_PX", "MOST_MISSING", "KronShapes", "kron_shapes", "kron_sums"]

Floats = NDArray[np.float64]

MOST_MISSING = 0.05
"""Largest share of the light, or of an ellipse, on pixels without data that is made up for."""

KRON_LEAST = 3.5
"""Least half axes of a Kron ellipse, in units of the ellipse (Bertin and Arnouts 1996)."""

KRON_MOST_PX = 256.0
"""Largest half axis, pixels."""


@dataclass(frozen=True, eq=False)
class KronShapes:
    """Ellipses that all filters share."""

    shapes: Floats
    """(n, 3): half axes, pixels of the first image, and angle, radians."""

    capped: NDArray[np.bool_]
    scale_arcsec: float


def kron_sums(
    at: Placed, kron: KronShapes, sky: Floats, pixel_noise: Floats, noise: ApertureNoise, *, arcsec: float
) -> tuple[Floats, Floats]:
    """Sum Kron ellipses on an image; gives fluxes and errors, NaN where too much of an ellipse has no data.

    Parameters
    ----------
    at
        The image and the positions.
    kron
        The ellipses; their size follows the pixels of this image.
    sky, pixel_noise
        (n,), of a pixel.
    noise
        How the noise of a sum grows.
    arcsec
        Side of a pixel of this image.
    """
    own = kron.shapes.copy()
    if np.isfinite(arcsec) and np.isfinite(kron.scale_arcsec):
        own[:, :2] *= kron.scale_arcsec / arcsec
    n = len(at.x)
    found = Ellipses(np.full(n, np.nan), np.zeros(n), np.zeros(n), np.zeros(n))
    parts = at.spread(
        measure_ellipses,
        lambda who: EllipsesJob(at.ref, 0, at.x[who], at.y[who], own[who], sky[who], KRON_MOST_PX, at.s3),
        name="kron",
    )
    for who, part in parts:
        for quantity in ("sums", "areas", "lights", "variances"):
            getattr(found, quantity)[who] = getattr(part, quantity)
    lights = np.where(found.lights >= 1.0 - MOST_MISSING, found.lights, np.nan)
    flux = (found.sums - sky * found.areas) / lights
    return flux, noise.of(found.areas) * pixel_noise / lights


def kron_shapes(at: Placed, sources: Sources, sky: Floats, factor: float, arcsec: float) -> KronShapes:
    """Find Kron's ellipses on this image; a source without a shape, or without light, has a round one of a star."""
    shapes = sources.shapes.copy()
    unknown = ~((shapes[:, 0] > 0.0) & (shapes[:, 1] > 0.0) & np.isfinite(shapes[:, 2]))
    shapes[unknown] = (STAR_SIGMA, STAR_SIGMA, 0.0)
    moments = np.full(len(shapes), np.nan)
    parts = at.spread(
        measure_kron,
        lambda who: EllipsesJob(at.ref, 0, at.x[who], at.y[who], shapes[who], sky[who], KRON_MOST_PX, at.s3),
        name="kron radii",
    )
    for who, part in parts:
        moments[who] = part
    wanted = np.maximum(factor * np.where(np.isfinite(moments), moments, 0.0), KRON_LEAST)
    most = KRON_MOST_PX / shapes[:, 0]
    capped = wanted > most
    shapes[:, :2] *= np.minimum(wanted, most)[:, None]
    return KronShapes(shapes, capped, arcsec)
