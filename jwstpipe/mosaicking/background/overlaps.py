"""What an overlap says of the sky of two images: ten sums from which levels and planes follow exactly.

Every image is averaged in cells of 8 x 8 pixels of the mosaic's plane, and compared cell by cell with those that it
overlaps: sources cancel, what differs is the sky.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.background.cells import CELL, reduced
from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.numerics.robust import MAD_TO_SIGMA
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid

__all__ = ["Overlap", "OverlapJob", "measure_overlaps", "overlap_of"]

FEWEST_CELLS = 16
"""An overlap of fewer cells says nothing."""

CLIP_SIGMAS, CLIP_ROUNDS = 4.0, 10

FLOAT32 = 1e-7
"""Samples carry no more than this share of themselves."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Overlap:
    """The differences of two images where they overlap: first minus second."""

    first: int
    """Number of the image."""

    second: int
    centre: tuple[float, float]
    """Plane position (x, y) from which u and v are counted, pixels."""

    moments: tuple[float, float, float, float, float, float]
    """Weighted sums of 1, u, v, u^2, u v and v^2."""

    differences: tuple[float, float, float]
    """Weighted sums of d, d u and d v."""

    square: float
    """Weighted sum of d^2."""

    @property
    def level(self) -> float:
        """Mean difference."""
        return self.differences[0] / self.moments[0]

    @property
    def weight(self) -> float:
        """Inverse variance of the mean difference."""
        return self.moments[0]


@dataclass(frozen=True)
class OverlapJob:
    """One image and those of its neighbours that come later in the plan."""

    number: int
    source: Source
    neighbours: tuple[tuple[int, Source], ...]
    grid: SkyGrid
    options: MosaicOptions
    is_flux: bool
    planes: bool
    """Clip what departs from a plane, not from a level."""

    s3: S3Settings


def measure_overlaps(job: OverlapJob) -> tuple[Overlap, ...]:
    """Compare an image with its neighbours, in the order of their numbers.

    Images one after the other share most neighbours: every second one takes them from the end, so that two threads
    reduce different ones at a time and find what the other has done.
    """
    found = []
    own = reduced(job.source, job.grid, job.options.reject_dq, job.s3, is_flux=job.is_flux)
    for number, neighbour in job.neighbours[:: -1 if job.number % 2 else 1]:
        other = reduced(neighbour, job.grid, job.options.reject_dq, job.s3, is_flux=job.is_flux)
        common = own.box.intersection(other.box)
        if common is None:
            continue
        one, two = common.relative_to(own.box).slices, common.relative_to(other.box).slices
        difference, variance = own.means[one] - other.means[two], own.variances[one] + other.variances[two]
        overlap = overlap_of(job.number, number, common, difference, variance, planes=job.planes)
        if overlap is not None:
            found.append(overlap)
    return tuple(sorted(found, key=lambda overlap: overlap.second))


def overlap_of(
    first: int, second: int, cells: Box, difference: Floats, variance: Floats, *, planes: bool
) -> Overlap | None:
    """Sum up the differences of two images.

    Parameters
    ----------
    first, second
        Numbers of the images.
    cells
        Where the differences lie, counted in cells of the plane.
    difference
        First minus second, NaN where one of them has no data.
    variance
        Of each difference, but for a common factor, which follows from how they scatter: so correlated and confused
        skies count for less than their pixels.
    planes
        Clip what departs from a plane, not from a level.

    Returns
    -------
    Overlap or None
        None when too few cells are left to say anything.
    """
    rows, columns = np.nonzero(np.isfinite(difference))
    if rows.size < FEWEST_CELLS:
        return None
    values, weights = difference[rows, columns], _weights(variance[rows, columns])
    x = (columns + cells.x0 + 0.5) * CELL - 0.5
    y = (rows + cells.y0 + 0.5) * CELL - 0.5
    centre = float(x.mean()), float(y.mean())
    u, v = np.asarray(x - centre[0], np.float64), np.asarray(y - centre[1], np.float64)
    kept, factor = _clipped(values, weights, u, v, planes=planes)
    d, u, v, w = values[kept], u[kept], v[kept], weights[kept] / factor
    moments = tuple(float(np.sum(w * part)) for part in (np.ones_like(u), u, v, u * u, u * v, v * v))
    sums = tuple(float(np.sum(w * d * part)) for part in (np.ones_like(u), u, v))
    return Overlap(first, second, centre, moments, sums, float(np.sum(w * d * d)))  # type: ignore[arg-type]


def _weights(variances: Floats) -> Floats:
    """Weigh cells, the usual one with one: images without any noise have no variances."""
    usual = float(np.median(variances))
    return np.asarray(usual / np.maximum(variances, usual) if usual > 0.0 else np.ones_like(variances), np.float64)


def _clipped(values: Floats, weights: Floats, u: Floats, v: Floats, *, planes: bool) -> tuple[NDArray[np.bool_], float]:
    """Find the differences that agree with one level, or plane, and the variance about it of one of weight one."""
    scale = max(float(np.abs(u).max()), float(np.abs(v).max()), 1.0)
    basis = np.column_stack([np.ones_like(u), u / scale, v / scale]) if planes else np.ones((u.size, 1))
    roots = np.sqrt(weights)
    residual = (values - float(np.median(values))) * roots
    sigma = MAD_TO_SIGMA * float(np.median(np.abs(residual)))
    kept = np.abs(residual) <= CLIP_SIGMAS * sigma if sigma > 0 else residual == 0.0
    least = FLOAT32 * max(float(np.abs(values).max()), 1e-30)
    for _ in range(CLIP_ROUNDS):
        taken = basis[kept] * weights[kept, None]
        fit = np.linalg.lstsq(taken.T @ basis[kept], taken.T @ values[kept], rcond=None)[0]
        residual = (values - basis @ fit) * roots
        sigma = float(np.sqrt(np.mean(np.square(residual[kept]))))
        inside = np.abs(residual) <= max(CLIP_SIGMAS * sigma, least)
        if inside.sum() < FEWEST_CELLS or np.array_equal(inside, kept):
            break
        kept = inside
    return kept, max(float(np.mean(np.square(residual[kept]))), least**2)
