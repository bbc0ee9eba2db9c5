"""Apertures of the sources of one tile: the job that workers do."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import ImageRef, opened
from jwstpipe.fits.dq import dq_mask
from jwstpipe.numerics.apertures import circle_sums, ring_skies
from jwstpipe.numerics.kron import kron_radii, kron_sums
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = [
    "Circles",
    "CirclesJob",
    "Ellipses",
    "EllipsesJob",
    "Seen",
    "measure_circles",
    "measure_ellipses",
    "measure_kron",
    "seen_around",
]

Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class CirclesJob:
    """Sources of a tile, and the circles around them; all in pixels of the image."""

    image: ImageRef
    index: int
    x: Floats
    y: Floats
    radii: tuple[float, ...]
    ring: tuple[float, float] | None
    width: float
    """Standard deviation of a point source, for what falls on pixels without data."""

    s3: S3Settings | None


@dataclass(frozen=True, eq=False)
class Circles:
    """What was measured; a row a source, a column a circle."""

    sums: Floats
    areas: Floats
    lights: Floats
    """Share of the light of a point source on pixels with data."""

    variances: Floats
    skies: Floats
    """(n, 3): sky, its standard deviation, pixels."""

    saturated: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class EllipsesJob:
    """Sources of a tile, their shapes and neighbours, and an ellipse for each."""

    image: ImageRef
    index: int
    x: Floats
    y: Floats
    ellipses: Floats
    """(n, 3): half axes, pixels, and angle, radians."""

    shapes: Floats
    """(n, 3): the sources' own, standard deviations."""

    starts: NDArray[np.int64]
    others: Floats
    """Neighbours, see `numerics.kron`."""

    skies: Floats
    most: float
    s3: S3Settings | None


@dataclass(frozen=True, eq=False)
class Ellipses:
    """What was measured; a row a source."""

    sums: Floats
    """Less the sky."""

    areas: Floats
    lights: Floats
    taken: Floats
    """Share of the ellipse that is another's."""

    halves: Floats
    """Radius of half the light, pixels."""


@dataclass(frozen=True, eq=False)
class Seen:
    """The window that measurements around positions look at."""

    sci: Float32
    variance: Float32
    saturated: NDArray[np.bool_] | None
    x0: int
    y0: int
    """First column and row, pixels of the image."""

    def unsaturated(self) -> Float32:
        """Give the samples, those that are saturated taken out."""
        if self.saturated is None or not self.saturated.any():
            return self.sci
        return np.where(self.saturated, np.float32(np.nan), self.sci)


def seen_around(image_ref: ImageRef, index: int, x: Floats, y: Floats, reach: float, s3: S3Settings | None) -> Seen:
    """Read the window that apertures look at; bad pixels have no data."""
    image = opened(image_ref, s3=s3)
    margin = int(np.ceil(reach)) + 2
    box = Box(
        int(np.floor(y.min())) - margin, int(np.floor(x.min())) - margin,
        int(np.ceil(y.max())) + margin + 1, int(np.ceil(x.max())) + margin + 1,
    ).intersection(Box.of_shape(image.shape))  # fmt: skip
    assert box is not None  # a tile has sources that lie on the image
    sci = np.array(image.read("sci", box, index=index), np.float32, order="C")
    sci[~np.isfinite(sci)] = np.nan
    variance, saturated = np.empty((0, 0), np.float32), None
    if "dq" in image.planes:
        flags = image.read("dq", box, index=index)
        sci[(flags & np.uint32(dq_mask(("DO_NOT_USE",)))) != 0] = np.nan
        saturated = (flags & np.uint32(dq_mask(("SATURATED",)))) != 0
    if "err" in image.planes:
        errors = np.array(image.read("err", box, index=index), np.float32, order="C")
        variance = np.where(np.isfinite(errors), errors * errors, np.float32(0.0))
    return Seen(sci, variance, saturated, box.x0, box.y0)


def measure_circles(job: CirclesJob) -> Circles:
    """Measure the circles of a tile, and the sky around them."""
    reach = max(*job.radii, *(job.ring or (0.0,)))
    seen = seen_around(job.image, job.index, job.x, job.y, reach, job.s3)
    x, y = job.x - seen.x0, job.y - seen.y0
    radii = np.array(job.radii)
    sums, areas, lights, variances = circle_sums(seen.sci, seen.variance, x, y, radii, np.full(len(x), job.width))
    skies = np.tile([0.0, np.nan, 0.0], (len(x), 1))
    if job.ring is not None:
        skies = ring_skies(seen.sci, x, y, *job.ring)
    return Circles(sums, areas, lights, variances, skies, _hot(seen.saturated, x, y, max(job.radii)))


def _hot(saturated: NDArray[np.bool_] | None, x: Floats, y: Floats, radius: float) -> NDArray[np.bool_]:
    found = np.zeros(len(x), bool)
    if saturated is None or not saturated.any():
        return found
    reach = int(np.ceil(radius))
    for k in range(len(x)):
        row, column = round(float(y[k])), round(float(x[k]))
        part = saturated[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
        found[k] = bool(part.any())
    return found


def measure_kron(job: EllipsesJob) -> Floats:
    """Measure Kron's first moment radii of a tile's sources, in units of their shapes."""
    reach = float(np.nanmax(np.minimum(6.0 * job.shapes[:, 0], job.most), initial=1.0))
    seen = seen_around(job.image, job.index, job.x, job.y, reach, job.s3)
    found: Floats = kron_radii(
        seen.sci, job.skies, job.x - seen.x0, job.y - seen.y0, job.shapes, job.starts, _moved(job, seen), job.most
    )
    return found


def measure_ellipses(job: EllipsesJob) -> Ellipses:
    """Measure the sums in ellipses of a tile's sources."""
    reach = float(np.nanmax(job.ellipses[:, 0], initial=1.0)) + 2.0
    seen = seen_around(job.image, job.index, job.x, job.y, reach, job.s3)
    x, y = job.x - seen.x0, job.y - seen.y0
    return Ellipses(*kron_sums(seen.sci, x, y, job.skies, job.ellipses, job.shapes, job.starts, _moved(job, seen)))


def _moved(job: EllipsesJob, seen: Seen) -> Floats:
    """Give the neighbours in pixels of the window."""
    return np.asarray(job.others - np.array([seen.x0, seen.y0, 0.0, 0.0, 0.0]))
