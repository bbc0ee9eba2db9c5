"""The blocks of a tile: read what a block needs of each input, resample, combine.

A block is a chunk of the store, or what the tile's window has of one. Windows of inputs stay small even where these are
turned by 45 degrees, samples are packed while they are in the cache, and memory depends on neither the tile nor the
number or size of inputs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.images.zarr.layout import CHUNK
from jwstpipe.mosaicking.tile_job import JUDGED, TileJob
from jwstpipe.mosaicking.warp.accumulators import CLIPPED, COMBINERS, MEDIAN, STACKED, Accumulators, normalise
from jwstpipe.mosaicking.warp.input_groups import GROUP_BYTES, input_groups
from jwstpipe.mosaicking.warp.mapped_source import INTERPOLATED, MappedSource
from jwstpipe.mosaicking.warp.order_statistics import clip, median
from jwstpipe.mosaicking.warp.outliers.contradicted import contradicted, fill_holes
from jwstpipe.mosaicking.warp.outliers.reference import reference_on
from jwstpipe.mosaicking.warp.outliers.samples import BYTES as SAMPLE_BYTES
from jwstpipe.mosaicking.warp.scratch import ScratchBuffer
from jwstpipe.sky.box import Box

__all__ = ["BLOCK", "STACK_BYTES", "Block", "blocks"]

BLOCK = CHUNK
"""Side of a block, pixels; blocks stand at its multiples on the plane."""

STACK_BYTES = 128 << 20
"""Room for the stack of an order statistic."""

SUMS_BYTES = 10 << 20
"""Room for the sums of a block."""

PLANES_BYTES = 5 << 20
"""Room for the planes of a block."""

OUTLIER = DQ_BITS["OUTLIER"]

_SAMPLES = {"dq": "u4", "n": "u2"}
"""Types of planes that are no float32."""


@dataclass(frozen=True, eq=False)
class Block:
    """Finished pixels of a part of the plane, good until the next block is asked for."""

    box: Box
    planes: dict[str, NDArray[Any]]
    """Planes of the box's shape."""

    clipped: int
    """Samples rejected as outliers."""


def blocks(job: TileJob, placed: list[MappedSource], used: set[str]) -> Iterator[Block]:
    """Compute the window of a job block by block, row by row of blocks.

    Parameters
    ----------
    job
        The work.
    placed
        Its inputs on its window, in the order of the plan.
    used
        Takes the product ids of the inputs that gave at least one window of samples.
    """
    memory = _Memory(ScratchBuffer(GROUP_BYTES), ScratchBuffer(SUMS_BYTES), ScratchBuffer(PLANES_BYTES))
    for box in job.window.cells(BLOCK, job.origin):
        memory.planes.clear()
        planes = {plane: memory.planes.take(box.shape, _SAMPLES.get(plane, "f4")) for plane in job.planes}
        clipped = 0
        for band in box.bands(_rows_at_once(job, placed, box)):
            clipped += _fill(job, band, placed, used, memory, _cut(planes, band.relative_to(box)))
        yield Block(box, planes, clipped)


@dataclass(frozen=True, eq=False)
class _Memory:
    """What a tile uses again for each of its blocks."""

    windows: ScratchBuffer
    sums: ScratchBuffer
    planes: ScratchBuffer


def _rows_at_once(job: TileJob, placed: list[MappedSource], box: Box) -> int:
    if COMBINERS[job.options.combine] not in STACKED and job.options.outliers == "none":
        return BLOCK
    inputs = sum(found.region.intersection(box) is not None for found in placed)
    around = 0 if job.options.outliers == "none" else 2 * JUDGED
    pixel = 3 * (8 if job.wide_errors else 4) + (SAMPLE_BYTES if around else 0)
    row = pixel * max(inputs, 1) * (box.shape[1] + around)
    return max(1 if not around else JUDGED, min(BLOCK, STACK_BYTES // row - around))


def _fill(
    job: TileJob,
    band: Box,
    placed: list[MappedSource],
    used: set[str],
    memory: _Memory,
    planes: dict[str, NDArray[Any]],
) -> int:
    """Combine all inputs on a band, and give the number of clipped samples."""
    combiner = COMBINERS[job.options.combine]
    outer = band.dilated(1 if combiner == CLIPPED else 0)  # clipping looks at the neighbours of a pixel
    there = [(found, window) for found in placed if (window := found.needed(outer)) is not None]
    inputs = len(there) if combiner in STACKED else 0
    reference = None if job.options.outliers == "none" else reference_on(job, band, placed, memory.windows)
    struck = 0
    memory.sums.clear()
    strip = Accumulators.empty(
        outer.shape, memory.sums, errors="err" in planes, bits="dq" in planes, inputs=inputs, wide=job.wide_errors
    )
    for group in input_groups(job, there, memory.windows):
        for index, layer in group:
            used.add(there[index][0].source.product_id)
            if reference is not None:
                struck += contradicted(there[index][0], layer, reference, band)
            there[index][0].add(strip, outer, layer, index=index, combiner=combiner)
    clipped = _finish(strip, np.array([found.source.noise for found, _ in there]), planes, combiner=combiner)
    if reference is not None:
        fill_holes(reference, band, planes, filled=job.options.kernel in INTERPOLATED)
    return clipped + struck


def _cut(planes: dict[str, NDArray[Any]], box: Box) -> dict[str, NDArray[Any]]:
    return {plane: values[box.slices] for plane, values in planes.items()}


def _finish(strip: Accumulators, noise: NDArray[np.float64], planes: dict[str, NDArray[Any]], *, combiner: int) -> int:
    """Turn a strip into samples, all pixels of the planes, and give the number of clipped ones.

    A pixel without data keeps the bits that tell why.
    """
    shape = planes["sci"].shape
    err = planes.get("err", np.empty((0, 0), dtype="f4"))
    wht = planes["wht"]
    inner = slice(None) if combiner != CLIPPED else slice(1, -1)
    count, used, lost = strip.count[inner, inner], strip.used, strip.lost
    clipped = 0
    if combiner == MEDIAN:
        median(strip.stack, planes["sci"], err, wht)
    elif combiner == CLIPPED:
        count, rejected = np.empty(shape, dtype="u2"), np.empty(shape, dtype="u2")
        clip(strip.stack, noise, planes["sci"], err, wht, count, rejected)
        clipped = int(rejected.sum(dtype=np.int64))
        used, lost = (used[inner, inner], lost[inner, inner]) if "dq" in planes else (used, lost)
        if "dq" in planes:
            used = used | np.where(rejected > 0, np.uint32(OUTLIER), np.uint32(0))
    else:
        normalise(combiner, strip.value, strip.weight, strip.variance, strip.count, planes["sci"], err, wht)
    planes["n"][...] = count
    if "dq" in planes:
        planes["dq"][...] = lost
        np.copyto(planes["dq"], used, where=count > 0)
    return clipped
