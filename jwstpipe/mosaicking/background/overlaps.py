"""What an overlap says of the sky of two images: ten sums from which levels and planes follow exactly.

Every image is sampled on the mosaic's plane, just as the mosaic will sample it, averaged in cells of 8 x 8 pixels, and
compared cell by cell with those that it overlaps: sources cancel, what differs is the sky.
"""

import threading
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.mosaicking.sky_model import NO_BACKGROUND
from jwstpipe.mosaicking.tile import compute
from jwstpipe.mosaicking.tile_job import TileJob
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.numerics.robust import MAD_TO_SIGMA
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid

__all__ = ["CELL", "Overlap", "OverlapJob", "measure_overlaps", "overlap_of", "reduced"]

CELL = 8
"""Mosaic pixels on the side of a cell in which images are compared."""

FEWEST_CELLS = 16
"""An overlap of fewer cells says nothing."""

CLIP_SIGMAS, CLIP_ROUNDS = 4.0, 10

FLOAT32 = 1e-7
"""Samples carry no more than this share of themselves."""

KEPT = 128
"""Reduced images that are kept in a process, a quarter MB each."""

_ONE_AT_A_TIME = threading.Lock()

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
    own_box, own = reduced(job.source, job.grid, job.options.reject_dq, job.s3, is_flux=job.is_flux)
    for number, neighbour in job.neighbours[:: -1 if job.number % 2 else 1]:
        box, other = reduced(neighbour, job.grid, job.options.reject_dq, job.s3, is_flux=job.is_flux)
        common = own_box.intersection(box)
        if common is None:
            continue
        difference = own[common.relative_to(own_box).slices] - other[common.relative_to(box).slices]
        overlap = overlap_of(job.number, number, common, difference, planes=job.planes)
        if overlap is not None:
            found.append(overlap)
    return tuple(sorted(found, key=lambda overlap: overlap.second))


def overlap_of(first: int, second: int, cells: Box, difference: NDArray[np.float32], *, planes: bool) -> Overlap | None:
    """Sum up the differences of two images.

    Parameters
    ----------
    first, second
        Numbers of the images.
    cells
        Where the differences lie, counted in cells of the plane.
    difference
        First minus second, NaN where one of them has no data.
    planes
        Clip what departs from a plane, not from a level.

    Returns
    -------
    Overlap or None
        None when too few cells are left to say anything. The weight of a cell is the inverse variance of the
        differences among cells, so that correlated and confused skies count for less than their pixels.
    """
    rows, columns = np.nonzero(np.isfinite(difference))
    if rows.size < FEWEST_CELLS:
        return None
    values = difference[rows, columns].astype(np.float64)
    x = (columns + cells.x0 + 0.5) * CELL - 0.5
    y = (rows + cells.y0 + 0.5) * CELL - 0.5
    centre = float(x.mean()), float(y.mean())
    u, v = np.asarray(x - centre[0], dtype=np.float64), np.asarray(y - centre[1], dtype=np.float64)
    kept, variance = _clipped(values, u, v, planes=planes)
    d, u, v, w = values[kept], u[kept], v[kept], 1.0 / variance
    moments = tuple(float(w * np.sum(part)) for part in (np.ones_like(u), u, v, u * u, u * v, v * v))
    sums = tuple(float(w * np.sum(d * part)) for part in (np.ones_like(u), u, v))
    return Overlap(first, second, centre, moments, sums, float(w * np.sum(d * d)))  # type: ignore[arg-type]


def reduced(
    source: Source, grid: SkyGrid, reject_dq: tuple[str, ...], s3: S3Settings, *, is_flux: bool
) -> tuple[Box, NDArray[np.float32]]:
    """Average an image in the cells of the plane, once where several threads ask for it.

    Returns
    -------
    Box, ndarray
        Window counted in cells, and its samples, NaN = no data. Kept for the next overlap.
    """
    with _ONE_AT_A_TIME:
        turn = _turn(source, grid)
    with turn:
        return _reduced(source, grid, reject_dq, s3, is_flux=is_flux)


@lru_cache(maxsize=KEPT)
def _turn(source: Source, grid: SkyGrid) -> threading.Lock:
    """Give what one thread at a time holds while it reduces an image."""
    del source, grid
    return threading.Lock()


@lru_cache(maxsize=KEPT)
def _reduced(
    source: Source, grid: SkyGrid, reject_dq: tuple[str, ...], s3: S3Settings, *, is_flux: bool
) -> tuple[Box, NDArray[np.float32]]:
    cells = Box(source.box.y0 // CELL, source.box.x0 // CELL, -(-source.box.y1 // CELL), -(-source.box.x1 // CELL))
    job = TileJob(
        out="",
        tile=(0, 0),
        window=Box(cells.y0 * CELL, cells.x0 * CELL, cells.y1 * CELL, cells.x1 * CELL),
        origin=(0, 0),
        grid=grid,
        sources=(replace(source, sky=NO_BACKGROUND),),
        weights="uniform",
        is_flux=is_flux,
        options=MosaicOptions(combine="first", reject_dq=reject_dq),
        planes=("sci", "wht", "n"),
        s3=s3,
    )
    return cells, _block_means(compute(job).planes["sci"], CELL)


def _clipped(values: Floats, u: Floats, v: Floats, *, planes: bool) -> tuple[NDArray[np.bool_], float]:
    """Find the differences that agree with one level, or plane, and their variance about it."""
    scale = max(float(np.abs(u).max()), float(np.abs(v).max()), 1.0)
    basis = np.column_stack([np.ones_like(u), u / scale, v / scale]) if planes else np.ones((u.size, 1))
    centre = float(np.median(values))
    sigma = MAD_TO_SIGMA * float(np.median(np.abs(values - centre)))
    residual = values - centre
    kept = np.abs(residual) <= CLIP_SIGMAS * sigma if sigma > 0 else values == centre
    for _ in range(CLIP_ROUNDS):
        fit = np.linalg.lstsq(basis[kept], values[kept], rcond=None)[0]
        residual = values - basis @ fit
        sigma = float(residual[kept].std())
        inside = np.abs(residual) <= max(CLIP_SIGMAS * sigma, FLOAT32 * float(np.abs(values).max()))
        if inside.sum() < FEWEST_CELLS or np.array_equal(inside, kept):
            break
        kept = inside
    floor = (FLOAT32 * max(float(np.abs(values).max()), 1e-30)) ** 2
    return kept, max(float(residual[kept].var()), floor)


@compiled()
def _block_means(sci: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Average blocks of pixels; NaN where less than half of a block has data."""
    rows, columns = sci.shape[0] // block, sci.shape[1] // block
    means = np.empty((rows, columns), dtype=np.float32)
    for i in range(rows):
        for j in range(columns):
            total, n = 0.0, 0
            for y in range(i * block, (i + 1) * block):
                for x in range(j * block, (j + 1) * block):
                    if np.isfinite(sci[y, x]):
                        total += sci[y, x]
                        n += 1
            means[i, j] = total / n if 2 * n > block * block else np.nan
    return means
