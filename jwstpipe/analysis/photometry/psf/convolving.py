"""Whole images convolved to another PSF, shard by shard: the same bytes for every cutting and number of workers."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import ImageRef, opened
from jwstpipe.fits.dq import dq_mask
from jwstpipe.images.zarr.digests import Stored
from jwstpipe.images.zarr.layout import CHUNK, SHARD
from jwstpipe.images.zarr.like import copy_planes
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.numerics.convolution import convolved, convolved_variances
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["CARRIED", "CONVOLVED", "ConvolveJob", "ConvolvedShard", "convolve_jobs", "convolve_shard"]

Float32 = NDArray[np.float32]

CONVOLVED, CARRIED = ("sci", "err", "wht"), ("n", "dq")
"""Planes that are convolved, and those that are taken over pixel by pixel; no others are."""

UNUSED = np.uint32(dq_mask(("DO_NOT_USE",)))


@dataclass(frozen=True, eq=False)
class ConvolveJob:
    """A shard to convolve."""

    image: ImageRef
    box: Box
    kernel: NDArray[np.float64]
    """(n, n), odd; its sum is 1."""

    out: str
    """Store to write to."""

    planes: tuple[str, ...]
    """Those of the store."""

    s3: S3Settings | None = None


@dataclass(frozen=True)
class ConvolvedShard:
    """What became of a shard."""

    before: float
    """Sum of its samples where both images have data."""

    after: float
    pixels: int
    """With data."""

    stored: dict[str, Stored] = field(default_factory=dict)


def convolve_jobs(base: ConvolveJob) -> dict[str, ConvolveJob]:
    """Make a job for each shard of an image."""
    return {f"{cell.y0 // SHARD}_{cell.x0 // SHARD}": replace(base, box=cell) for cell in base.box.cells(SHARD)}


def convolve_shard(job: ConvolveJob) -> ConvolvedShard:
    """Convolve a shard block by block, and write it.

    Samples that are not to be used take no part and have no value. Errors are those of a pixel by itself, from
    independent noise of the pixels before; weights go the same way, as inverse variances do.
    """
    image = opened(job.image, s3=job.s3)
    writer = ImageWriter(job.out, s3=job.s3)
    shard = (job.box.y0 // SHARD, job.box.x0 // SHARD)
    before = after = 0.0
    pixels = 0
    for plane in (one for one in CONVOLVED if one in job.planes):
        with writer.packed_shard(plane, shard) as packer:
            for block in job.box.cells(CHUNK):
                values, made = _block(job, block, plane)
                corner = block.relative_to(job.box)
                packer.add((corner.y0 // CHUNK, corner.x0 // CHUNK), made)
                if plane == "sci":
                    good = np.isfinite(made)
                    pixels += int(good.sum())
                    before += float(values[good].sum(dtype=np.float64))
                    after += float(made[good].sum(dtype=np.float64))
    copy_planes(writer, image, [plane for plane in CARRIED if plane in job.planes], job.box)
    return ConvolvedShard(before, after, pixels, writer.stored)


def _block(job: ConvolveJob, block: Box, plane: str) -> tuple[Float32, Float32]:
    """Give the samples of a block before, and a plane of it after."""
    image = opened(job.image, s3=job.s3)
    around = block.dilated(job.kernel.shape[0] // 2).intersection(Box.of_shape(image.shape))
    assert around is not None
    values = np.array(image.read("sci", around), np.float32, order="C")
    values[~np.isfinite(values)] = np.nan
    if "dq" in image.planes:
        values[(image.read("dq", around) & UNUSED) != 0] = np.nan
    inner = block.relative_to(around).slices
    if plane == "sci":
        return values[inner], convolved(values, job.kernel)[inner]
    given = np.array(image.read(plane, around), np.float32, order="C")
    with np.errstate(divide="ignore"):
        variances = given**2 if plane == "err" else np.float32(1.0) / given
    variances[~np.isfinite(variances)] = np.nan
    found = convolved_variances(values, variances, job.kernel)[inner]
    found[found == 0.0] = np.nan
    return values[inner], np.sqrt(found) if plane == "err" else np.float32(1.0) / found
