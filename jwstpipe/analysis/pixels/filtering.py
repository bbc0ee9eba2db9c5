"""Filters of whole images, shard by shard: the same bytes for every cutting and number of workers."""

import os
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import ImageRef, opened
from jwstpipe.analysis.pixels.counted import Counted, ShardCounts, counted_shard, known
from jwstpipe.errors import DataError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.images.zarr.digests import Stored
from jwstpipe.images.zarr.layout import CHUNK, REPAIRED, SHARD
from jwstpipe.images.zarr.like import copy_planes
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.numerics.filters import box_taps, medians, repaired, residuals
from jwstpipe.numerics.ranks import Bins, Ranks
from jwstpipe.numerics.robust import MAD_TO_SIGMA
from jwstpipe.numerics.smoothing import gaussian_taps_to, weighted_means
from jwstpipe.numerics.wavelets import FINEST_NOISE, denoise_margin, denoised, finest_scale
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.analysis.filters import FilterRequest
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = [
    "FilterJob", "FilteredShard", "carried_planes", "filter_margin", "filter_noise", "filter_shard", "filtered_window",
    "shard_jobs",
]  # fmt: skip

Float32 = NDArray[np.float32]

GAUSSIAN_REACH = 4.0
"""Where a Gaussian is cut, standard deviations."""

BLOCK = CHUNK
"""Pixels on the side that are filtered at once: what they need fits the cache."""


@dataclass(frozen=True)
class FilterJob:
    """A shard to filter."""

    image: ImageRef
    box: Box
    options: FilterRequest
    noise: float = 0.0
    out: str = ""
    """Store to write to."""

    carried: tuple[str, ...] = ()
    """Planes that are taken over as they are."""

    s3: S3Settings | None = None
    bins: Bins | None = None
    """Bins of noise to look into; None = count it by upper bits."""


@dataclass(frozen=True)
class FilteredShard:
    """What became of a shard."""

    pixels: int
    """With data."""

    changed: int
    """Whose samples are others than before."""

    stored: dict[str, Stored] = field(default_factory=dict)


def carried_planes(options: FilterRequest, planes: tuple[str, ...]) -> tuple[str, ...]:
    """Tell which planes still hold beside filtered samples: all after a repair, none after smoothing.

    Errors, weights and flags are those of single pixels; a smoothed image has others, with covariance. The plane of
    what a repair replaced is written anew.
    """
    return tuple(plane for plane in planes if plane not in {"sci", REPAIRED}) if options.method == "repair" else ()


def filter_margin(options: FilterRequest) -> int:
    """Give the pixels on each side that decide about a pixel."""
    if options.method in ("gaussian", "unsharp"):
        return int(np.ceil(GAUSSIAN_REACH * options.width))
    if options.method == "wavelet":
        return denoise_margin(options.scales)
    return (options.size // 2) * (options.rounds if options.method == "repair" else 1)


def filtered_window(values: Float32, options: FilterRequest, *, noise: float) -> Float32:
    """Filter a window; right in the pixels that are at least `filter_margin` from edges that are none of the image.

    Parameters
    ----------
    values
        (y, x), NaN = no data.
    options
        The filter.
    noise
        From `filter_noise`; for repairs and wavelets.
    """
    match options.method:
        case "gaussian" | "unsharp":
            taps = gaussian_taps_to(options.width, filter_margin(options))
            smooth = weighted_means(values, taps, fill=options.fill)
            if options.method == "gaussian":
                return smooth
            sharp = values + np.float32(options.amount) * (values - smooth)
            return np.where(np.isnan(values), smooth, sharp) if options.fill else np.asarray(sharp, np.float32)
        case "box":
            return weighted_means(values, box_taps(options.size), fill=options.fill)
        case "median":
            return medians(values, options.size, fill=options.fill)
        case "wavelet":
            return denoised(values, noise=noise, strength=options.strength, scales=options.scales)
        case "repair":
            return repaired(
                values, options.size, noise=noise, clip=options.clip, rounds=options.rounds, fill=options.fill
            )


def filter_noise(
    image: ImageRef, options: FilterRequest, *, s3: S3Settings | None = None, workers: Workers | None = None,
    report: Reporter = silent,
) -> float:  # fmt: skip
    """Measure the noise that a filter needs to know: 1.4826 times the exact median of distances, of all pixels.

    Returns
    -------
    float
        For wavelets, of a pixel, from the finest scale; for repairs, of pixels about the median of their neighbours;
        0 for filters that need none.

    Raises
    ------
    DataError
        No pixel with data.
    """
    if options.method not in ("wavelet", "repair"):
        return 0.0
    source = opened(image, s3=s3)
    base = FilterJob(image, Box.of_shape(source.shape), options, s3=s3)
    at_work = workers or ThreadWorkers(os.cpu_count() or 1)

    ranks = Ranks()

    def look(bins: Bins | None) -> None:
        counted = Counted(bins)
        jobs = {key: replace(job, bins=bins) for key, job in shard_jobs(base).items()}
        for _, part in at_work.each(_counts, jobs, name="noise", report=report, unit="tiles"):
            counted.add(part)
        counted.teach(ranks)

    look(None)
    if not ranks.count:
        raise DataError(f"{source.address}: all pixels are NaN; nothing to filter")
    middle = known(ranks, ranks.value, [(ranks.count - 1) // 2, ranks.count // 2], look)
    spread = MAD_TO_SIGMA * sum(middle) / 2
    return spread / FINEST_NOISE if options.method == "wavelet" else spread


def shard_jobs(base: FilterJob) -> dict[str, FilterJob]:
    """Make a job for each shard of an image."""
    cells = base.box.cells(SHARD)
    return {f"{cell.y0 // SHARD}_{cell.x0 // SHARD}": replace(base, box=cell) for cell in cells}


def _details(job: FilterJob) -> Float32:
    """Give what the noise of a shard is measured on."""
    margin = 2 if job.options.method == "wavelet" else job.options.size // 2
    values, inner = _window(job, job.box, margin)
    found = finest_scale(values) if job.options.method == "wavelet" else residuals(values, job.options.size)
    return np.ascontiguousarray(found[inner.slices]).ravel()


def _counts(job: FilterJob) -> ShardCounts:
    return counted_shard([np.abs(_details(job))], job.bins)


def _window(job: FilterJob, box: Box, margin: int) -> tuple[Float32, Box]:
    """Read samples with what lies around them; where the box itself is among them."""
    image = opened(job.image, s3=job.s3)
    around = box.dilated(margin).intersection(Box.of_shape(image.shape))
    assert around is not None
    values = np.array(image.read("sci", around, index=job.options.slice), np.float32, order="C")
    values[np.isinf(values)] = np.nan
    return values, box.relative_to(around)


def filter_shard(job: FilterJob) -> FilteredShard:
    """Filter a shard block by block, and write it with the planes that are carried over."""
    image = opened(job.image, s3=job.s3)
    writer = ImageWriter(job.out, s3=job.s3)
    shard = (job.box.y0 // SHARD, job.box.x0 // SHARD)
    margin = filter_margin(job.options)
    values, inner = _window(job, job.box, margin)
    pixels = changed = 0
    replaced = np.zeros(job.box.shape, np.uint16)
    if REPAIRED in image.planes:
        replaced[:] = image.read(REPAIRED, job.box, index=job.options.slice)
    with writer.packed_shard("sci", shard) as packer:
        for block in job.box.cells(BLOCK):
            where = block.relative_to(job.box).shifted(inner.y0, inner.x0)
            around = where.dilated(margin).intersection(Box.of_shape(values.shape))
            assert around is not None
            part = np.ascontiguousarray(values[around.slices])
            made = filtered_window(part, job.options, noise=job.noise)[where.relative_to(around).slices]
            before = values[where.slices]
            pixels += int(np.count_nonzero(~np.isnan(made)))
            corner = block.relative_to(job.box)
            other = (made != before) & ~(np.isnan(made) & np.isnan(before))
            replaced[corner.slices][other] = 1
            changed += int(np.count_nonzero(other))
            packer.add((corner.y0 // CHUNK, corner.x0 // CHUNK), made)
    copy_planes(writer, image, job.carried, job.box, index=job.options.slice)
    if job.options.method == "repair":
        writer.write_shard(REPAIRED, shard, replaced)
    return FilteredShard(pixels, changed, writer.stored)
