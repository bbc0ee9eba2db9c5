"""Kron's ellipses: found on one image, summed on all of them."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.photometry.empty import ApertureNoise
from jwstpipe.analysis.photometry.neighbours import neighbours_of
from jwstpipe.analysis.photometry.placed import STAR_SIGMA, Placed
from jwstpipe.analysis.photometry.positions import Sources
from jwstpipe.analysis.photometry.tiles import Ellipses, EllipsesJob, measure_ellipses, measure_kron
from jwstpipe.numerics.kron import KRON_WITHIN

__all__ = ["KRON_MOST_PX", "MOST_MISSING", "KronFluxes", "KronShapes", "kron_shapes", "kron_sums"]

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

    ellipses: Floats
    """(n, 3): half axes, pixels of the first image, and angle, radians."""

    shapes: Floats
    """(n, 3): the sources' own, standard deviations, same pixels."""

    starts: NDArray[np.int64]
    neighbours: NDArray[np.int64]
    """Of each source, see `neighbours_of`."""

    capped: NDArray[np.bool_]
    scale_arcsec: float

    def others(self, x: Floats, y: Floats, who: NDArray[np.int64], scale: float) -> tuple[NDArray[np.int64], Floats]:
        """Give the neighbours of some sources, where they lie on an image: starts, and (m, 5) for `numerics.kron`."""
        counts = self.starts[who + 1] - self.starts[who]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        near = self.neighbours[np.repeat(self.starts[who] - starts[:-1], counts) + np.arange(starts[-1])]
        shapes = self.shapes[near] * np.array([scale, scale, 1.0])
        return starts, np.ascontiguousarray(np.column_stack([x[near], y[near], shapes]))


@dataclass(frozen=True, eq=False)
class KronFluxes:
    """What was measured in the ellipses; a row a source."""

    flux: Floats
    error: Floats
    taken: Floats
    """Share of the ellipse that is another's."""

    half_light: Floats
    """Pixels of the image."""


def _job(at: Placed, kron: KronShapes, sky: Floats, scale: float, who: NDArray[np.int64]) -> EllipsesJob:
    """Give the job of some sources; sizes are scaled to the pixels of the image."""
    sizes = np.array([scale, scale, 1.0])
    return EllipsesJob(
        at.ref, 0, at.x[who], at.y[who], kron.ellipses[who] * sizes, kron.shapes[who] * sizes,
        *kron.others(at.x, at.y, who, scale), sky[who], KRON_MOST_PX, at.s3,
    )  # fmt: skip


def kron_sums(
    at: Placed, kron: KronShapes, sky: Floats, pixel_noise: Floats, noise: ApertureNoise, *, arcsec: float
) -> KronFluxes:
    """Sum Kron ellipses on an image, pixels of neighbours replaced; NaN where too much of an ellipse has no data.

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
    known = np.isfinite(arcsec) and np.isfinite(kron.scale_arcsec)
    scale = kron.scale_arcsec / arcsec if known else 1.0
    n = len(at.x)
    found = Ellipses(np.full(n, np.nan), np.zeros(n), np.zeros(n), np.zeros(n), np.full(n, np.nan))
    for who, part in at.spread(measure_ellipses, partial(_job, at, kron, sky, scale), name="kron"):
        for told in ("sums", "areas", "lights", "taken", "halves"):
            getattr(found, told)[who] = getattr(part, told)
    lights = np.where(found.lights >= 1.0 - MOST_MISSING, found.lights, np.nan)
    halves = np.where(np.isfinite(lights), found.halves, np.nan)
    return KronFluxes(found.sums / lights, noise.of(found.areas) * pixel_noise / lights, found.taken, halves)


def kron_shapes(
    at: Placed, sources: Sources, sky: Floats, factor: float, arcsec: float, *, correct: bool
) -> KronShapes:
    """Find Kron's ellipses on this image; a source without a shape, or without light, has a round one of a star.

    Parameters
    ----------
    at, sources, sky
        The image, the sources on it, and the sky of a pixel at each.
    factor
        Half axes in units of the first moment.
    arcsec
        Side of a pixel.
    correct
        Pixels of neighbours take no part; else all do.
    """
    shapes = sources.shapes.copy()
    unknown = ~((shapes[:, 0] > 0.0) & (shapes[:, 1] > 0.0) & np.isfinite(shapes[:, 2]))
    shapes[unknown] = (STAR_SIGMA, STAR_SIGMA, 0.0)
    count = len(shapes)
    starts, near = np.zeros(count + 1, np.int64), np.empty(0, np.int64)
    if correct:
        starts, near = neighbours_of(at.x, at.y, shapes, np.minimum(2.0 * KRON_WITHIN * shapes[:, 0], KRON_MOST_PX))
    kron = KronShapes(shapes, shapes, starts, near, np.zeros(count, bool), arcsec)
    moments = np.full(count, np.nan)
    for who, part in at.spread(measure_kron, partial(_job, at, kron, sky, 1.0), name="kron radii"):
        moments[who] = part
    wanted = np.maximum(factor * np.where(np.isfinite(moments), moments, 0.0), KRON_LEAST)
    most = KRON_MOST_PX / shapes[:, 0]
    ellipses = shapes * np.column_stack([np.minimum(wanted, most)] * 2 + [np.ones(count)])
    return KronShapes(ellipses, shapes, starts, near, wanted > most, arcsec)
