"""Halved levels of an image: each pixel is the weighted mean of the four below it that have data.

Levels are built one from the next finer one, shard by shard; a level's last row or column averages what exists.
"""

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.images.zarr.digests import Stored
from jwstpipe.images.zarr.layout import CHUNK, SHARD, level_count, level_shape, plane_spec
from jwstpipe.images.zarr.shards import SIDE, PackedShard
from jwstpipe.images.zarr.writer import ImageWriter, shard_key
from jwstpipe.numerics.compiled.arguments import read_only
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.storage import is_remote

__all__ = ["ShardJob", "build_pyramid", "halve", "halve_shard"]

Floats = NDArray[np.floating]
_Below = dict[tuple[int, int], PackedShard | None]
"""Shards of the level below, by their row and column in two by two."""


@dataclass(frozen=True)
class ShardJob:
    """One shard of one level."""

    address: str
    level: int
    box: Box
    """Window of the level."""

    finer: Box
    """Window of the level below that it is made from."""

    weighted: bool
    dtype: str
    """Type of the science plane."""

    s3: S3Settings
    index: int | None = None
    """Slice of a cube."""

    below: tuple[tuple[str, Stored], ...] = ()
    """Shards of the level below that were written."""

    writer: ImageWriter | None = None
    """What writes it, where the job stays in this process: it holds what it has just sent to S3."""


def build_pyramid(
    writer: ImageWriter,
    shape: tuple[int, int],
    *,
    weighted: bool,
    workers: Workers,
    s3: S3Settings | None = None,
    dtype: str = "f4",
    slices: int = 0,
    made: Collection[tuple[int, tuple[int, int]]] = (),
    report: Reporter = silent,
) -> int:
    """Add all levels to an image whose full resolution is written.

    Parameters
    ----------
    writer
        The image.
    shape
        Its rows and columns.
    weighted
        It has a ``wht`` plane: levels are weighted means and carry summed weights.
    workers
        Where the shards are computed.
    s3
        Endpoint of an ``s3://`` image.
    dtype
        Type of the science plane.
    slices
        For a cube: length of its third axis; each slice has its own levels.
    made
        Level and shard of what is there already.
    report
        Told after each shard.

    Returns
    -------
    int
        Number of levels, the full resolution among them.
    """
    levels = level_count(shape)
    boxes = sum(1 for level in range(1, levels) for _ in Box.of_shape(level_shape(shape, level)).cells(SHARD))
    total = boxes * max(slices, 1)
    done = 0
    here = writer if isinstance(workers, ThreadWorkers) and is_remote(writer.address) else None
    if here is None:
        writer.wait()  # what is below is read by others
    for level in range(1, levels):
        coarse, fine = level_shape(shape, level), Box.of_shape(level_shape(shape, level - 1))
        for plane in ("sci", "wht") if weighted else ("sci",):
            spec = plane_spec(plane, dtype=dtype if plane == "sci" else "f4")
            writer.create_plane(plane, coarse, spec, level=level, slices=slices)
        jobs = {}
        for box in Box.of_shape(coarse).cells(SHARD):
            if (level, _place(box)) in made:
                done += 1
                continue
            below = Box(2 * box.y0, 2 * box.x0, min(2 * box.y1, fine.y1), min(2 * box.x1, fine.x1))
            for index in range(max(slices, 1)):
                key = f"{level}-{index}-{box.y0 // SHARD}-{box.x0 // SHARD}"
                of_cube = index if slices else None
                jobs[key] = ShardJob(
                    writer.address, level, box, below, weighted, dtype, s3 or S3Settings(), of_cube,
                    tuple(_written_below(writer, level, below, of_cube, weighted=weighted)), here,
                )  # fmt: skip
        for stored in workers.run(halve_shard, jobs, name="pyramid").values():
            writer.note(stored)
        done += len(jobs)
        report(Progress("pyramid", done, total, "shards"))
    return levels


def _written_below(
    writer: ImageWriter, level: int, finer: Box, index: int | None, *, weighted: bool
) -> Iterator[tuple[str, Stored]]:
    """Name the shards of the level below that make one of a level."""
    for plane in ("sci", "wht") if weighted else ("sci",):
        for part in finer.cells(SHARD):
            key = shard_key(plane, _place(part), level - 1, index)
            if key in writer.stored:
                yield key, writer.stored[key]


def halve_shard(job: ShardJob) -> dict[str, Stored]:
    """Make one shard of a level, chunk by chunk, and tell what was written."""
    image = job.writer or ImageWriter(job.address, s3=job.s3, behind=True)
    image.note(dict(job.below))
    planes = {"sci": job.dtype, "wht": "f4"} if job.weighted else {"sci": job.dtype}
    with ExitStack() as stack:
        below = {plane: _shards_below(image, job, plane, stack) for plane in planes}
        packers = [
            stack.enter_context(image.packed_shard(plane, _place(job.box), level=job.level, index=job.index))
            for plane in planes
        ]
        rooms, halved = ([np.empty((CHUNK, CHUNK), dtype=dtype) for dtype in planes.values()] for _ in range(2))
        for place in np.ndindex(SIDE, SIDE):
            here = _halve_chunks(list(below.values()), (2 * place[0], 2 * place[1]), rooms, halved)
            for packer, values in zip(packers if here else (), halved, strict=False):
                packer.add(place, values)
    if job.writer is None:
        image.wait()
    written = {shard_key(plane, _place(job.box), job.level, job.index) for plane in planes}
    return {key: stored for key, stored in image.stored.items() if key in written}


def _halve_chunks(below: list[_Below], corner: tuple[int, int], rooms: list[Floats], halved: list[Floats]) -> int:
    """Make one chunk of each plane from 2 x 2 chunks of the level below, and give its number of pixels with data."""
    valid, half = 0, CHUNK // 2
    no_weights = np.empty((0, 0), dtype=np.float32)
    for row, column in np.ndindex(2, 2):
        y, x = corner[0] + row, corner[1] + column
        quarter = np.s_[row * half : (row + 1) * half, column * half : (column + 1) * half]
        shards = [plane.get((y // SIDE, x // SIDE)) for plane in below]
        chunks = [
            chunk
            for shard, room in zip(shards, rooms, strict=True)
            if shard is not None and (chunk := shard.chunk((y % SIDE, x % SIDE), room=room)) is not None
        ]
        if len(chunks) < len(shards):
            halved[0][quarter] = np.nan
            if len(halved) > 1:
                halved[1][quarter] = 0.0
            continue
        sci, wht = (read_only(chunk) for chunk in (chunks if len(chunks) > 1 else (*chunks, no_weights)))
        weights = halved[1][quarter] if len(halved) > 1 else no_weights
        valid += _halve(sci, wht, halved[0][quarter], weights)
    return valid


def _shards_below(image: ImageWriter, job: ShardJob, plane: str, stack: ExitStack) -> _Below:
    """Open the shards of the level below that make one of this level."""
    dtype = job.dtype if plane == "sci" else "f4"
    found = {}
    for part in job.finer.cells(SHARD):
        row, column = _place(part)
        shard = stack.enter_context(image.open_shard(plane, (row, column), dtype, level=job.level - 1, index=job.index))
        found[row % 2, column % 2] = shard
    return found


def _place(box: Box) -> tuple[int, int]:
    return box.y0 // SHARD, box.x0 // SHARD


def halve(sci: Floats, wht: Floats) -> tuple[Floats, Floats]:
    """Average 2 x 2 pixels.

    Parameters
    ----------
    sci
        (y, x); pixels that are not finite have no data.
    wht
        Weights of the same shape, or of shape (0, 0) for equal weights; only finite positive ones count.

    Returns
    -------
    tuple of ndarray
        Weighted means, NaN where there is no data, and sums of weights.
    """
    shape = (sci.shape[0] + 1) // 2, (sci.shape[1] + 1) // 2
    values, weights = np.empty(shape, dtype=sci.dtype), np.empty(shape, dtype=np.float32)
    _halve(read_only(sci), read_only(wht), values, weights)
    return values, weights


@compiled()
def _halve(sci: Floats, wht: Floats, values: Floats, weights: Floats) -> int:
    """Fill means and, unless they are empty, sums of weights; give the number of means that are finite."""
    valid = 0
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            total, weight = 0.0, 0.0
            for di in range(2):
                for dj in range(2):
                    y, x = 2 * i + di, 2 * j + dj
                    if y < sci.shape[0] and x < sci.shape[1] and np.isfinite(sci[y, x]):
                        w = wht[y, x] if wht.size else 1.0
                        if np.isfinite(w) and w > 0.0:
                            total += w * sci[y, x]
                            weight += w
            values[i, j] = total / weight if weight > 0.0 else np.nan
            if weights.size:
                weights[i, j] = weight
            valid += np.isfinite(values[i, j])
    return valid
