"""One tile of a mosaic: read the windows that it needs, resample, combine, write its shards, return a receipt.

The tile is made in strips of rows, and the inputs of a strip are taken in groups of bounded size, so that memory
depends on the tile and not on the number or size of inputs.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.images.dq import DQ_BITS, dq_mask
from jwstpipe.images.writer import ImageWriter
from jwstpipe.mosaic.combine import CLIPPED, COMBINERS, MEDIAN, STACKED, Strip, normalise
from jwstpipe.mosaic.digests import planes_digest
from jwstpipe.mosaic.jobs import TileJob
from jwstpipe.mosaic.layers import read_layer
from jwstpipe.mosaic.order import clip, median
from jwstpipe.mosaic.placed import Placed, place
from jwstpipe.mosaic.resample import Layer
from jwstpipe.mosaic.sources import Source
from jwstpipe.sky.box import Box

__all__ = ["Computed", "TileReceipt", "compute", "run_tile"]

STRIP_ROWS = 256
"""Rows combined at once where no stack is needed: an eighth of a tile keeps accumulators near 10 MB."""

BLOCK_ROWS = 32
"""Rows that all inputs of a group are added to before the next ones: their accumulators stay in the cache."""

STACK_BYTES = 128 << 20
"""Room for the stack of an order statistic."""

GROUP_BYTES = 24 << 20
"""Room for the windows of inputs that are held at once (one at least)."""

PLANE_BYTES = {"sci": 4, "err": 4, "dq": 4, "wht": 4}

OUTLIER = DQ_BITS["OUTLIER"]


@dataclass(frozen=True)
class TileReceipt:
    """What a tile came to."""

    tile: tuple[int, int]
    job_id: str
    pixels: int
    """Pixels with data."""

    sources: tuple[str, ...]
    """Product ids of the inputs that gave at least one sample window."""

    max_map_error: float
    """Largest error of the interpolated pixel maps, input pixels."""

    clipped: int
    """Samples rejected as outliers."""

    digest: str
    """Of the samples of all planes, see `planes_digest`."""

    seconds: float
    reused: bool = False
    """Taken from an earlier mosaic, not computed."""


@dataclass(frozen=True, eq=False)
class Computed:
    """The pixels of a job's window."""

    planes: dict[str, NDArray[Any]]
    """Planes of the window's shape."""

    sources: tuple[str, ...]
    max_map_error: float
    clipped: int


def run_tile(job: TileJob) -> TileReceipt:
    """Compute and write one tile.

    Raises
    ------
    JwstPipeError
        An input that cannot be read, or a store that cannot be written.
    """
    started = time.perf_counter()
    tile = job.grid.tile_box(job.tile)
    planes = {plane: _empty(plane, tile.shape) for plane in job.planes}
    inside = job.window.relative_to(tile).slices
    made = _compute(job, {plane: values[inside] for plane, values in planes.items()})
    shard = (tile.y0 - job.origin[0]) // tile.shape[0], (tile.x0 - job.origin[1]) // tile.shape[1]
    writer = ImageWriter(job.out, s3=job.s3)
    for plane, values in planes.items():
        writer.write_shard(plane, shard, values)
    return TileReceipt(
        tile=job.tile,
        job_id=job.id,
        pixels=int(np.count_nonzero(planes["n"])),
        sources=made.sources,
        max_map_error=made.max_map_error,
        clipped=made.clipped,
        digest=planes_digest(planes),
        seconds=round(time.perf_counter() - started, 3),
    )


def compute(job: TileJob) -> Computed:
    """Compute the window of a job, without writing it.

    A pixel does not depend on the window that it is computed in: lattices stand on the plane, and samples are added
    in the order of the plan.
    """
    return _compute(job, {plane: _empty(plane, job.window.shape) for plane in job.planes})


def _compute(job: TileJob, planes: dict[str, NDArray[Any]]) -> Computed:
    """Fill planes of the window's shape."""
    combiner = COMBINERS[job.options.combine]
    halo = 1 if combiner == CLIPPED else 0  # clipping looks at the neighbours of a pixel
    region = job.window.dilated(halo)
    placed = [found for source in job.sources if (found := place(job, source, region)) is not None]
    used: set[str] = set()
    clipped = 0
    for band in job.window.bands(_strip_rows(job, len(placed))):
        outer = band.dilated(halo)
        strip = Strip.empty(
            outer.shape,
            errors="err" in planes,
            bits="dq" in planes,
            inputs=len(placed) if combiner in STACKED else 0,
        )
        _fill(job, strip, outer, placed, used)
        noise = np.array([found.source.noise for found in placed])
        clipped += _finish(strip, noise, _cut(planes, band.relative_to(job.window)), combiner=combiner)
    errors = (found.max_error for found in placed)
    return Computed(planes, tuple(sorted(used)), max(errors, default=0.0), clipped)


def _strip_rows(job: TileJob, inputs: int) -> int:
    if COMBINERS[job.options.combine] not in STACKED:
        return STRIP_ROWS
    row_bytes = 3 * 4 * max(inputs, 1) * job.window.shape[1]
    return max(1, min(STRIP_ROWS, STACK_BYTES // row_bytes))


def _fill(job: TileJob, strip: Strip, box: Box, placed: list[Placed], used: set[str]) -> None:
    """Add all inputs to a strip, in the order of the plan; in small blocks, so that sums stay in the cache."""
    combiner = COMBINERS[job.options.combine]
    for group in _groups(job, box, placed):
        for index, _ in group:
            used.add(placed[index].source.product_id)
        interpolated = [(index, layer) for index, layer in group if placed[index].interpolated]
        if len(interpolated) < len(group):
            for index, layer in group:
                placed[index].add(strip, box, box, layer, index=index, combiner=combiner)
            continue
        for rows in box.bands(BLOCK_ROWS):
            for index, layer in interpolated:
                placed[index].add(strip, box, rows, layer, index=index, combiner=combiner)


def _groups(job: TileJob, box: Box, placed: list[Placed]) -> Iterator[list[tuple[int, Layer]]]:
    """Read the inputs of a strip, as many at a time as there is room for."""
    rejected = dq_mask(job.options.reject_dq)
    held: list[tuple[int, Layer]] = []
    room = GROUP_BYTES
    for index, found in enumerate(placed):
        window = found.needed(box)
        if window is None:
            continue
        size = window.area * _bytes(job, found.source)
        if held and size > room:
            yield held
            held, room = [], GROUP_BYTES
        room -= size
        layer = read_layer(
            found.source, window, weights=job.weights, rejected=rejected, with_errors="err" in job.planes,
            scaled=job.scaled, s3=job.s3,
        )  # fmt: skip
        held.append((index, layer))
    if held:
        yield held


def _bytes(job: TileJob, source: Source) -> int:
    return 4 + 4 * ("dq" in source.planes) + 4 * ("err" in job.planes) + 4 * (job.weights == "ivm")


def _empty(plane: str, shape: tuple[int, int]) -> NDArray[Any]:
    if plane in ("dq", "n"):
        return np.zeros(shape, dtype="u4" if plane == "dq" else "u2")
    return np.full(shape, np.nan, dtype="f4")


def _cut(planes: dict[str, NDArray[Any]], box: Box) -> dict[str, NDArray[Any]]:
    return {plane: values[box.slices] for plane, values in planes.items()}


def _finish(strip: Strip, noise: NDArray[np.float64], planes: dict[str, NDArray[Any]], *, combiner: int) -> int:
    """Turn a strip into samples, and give the number of clipped ones.

    A pixel without data keeps the bits that tell why.
    """
    shape = planes["sci"].shape
    err = planes.get("err", np.empty((1, 1), dtype="f4"))
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
        planes["dq"][...] = np.where(count > 0, used, lost)
    return clipped
