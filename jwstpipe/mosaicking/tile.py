"""One tile of a mosaic: compute its blocks, pack them, write its shards, return a receipt."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError
from jwstpipe.images.zarr.digests import Stored
from jwstpipe.images.zarr.layout import CHUNK
from jwstpipe.images.zarr.writer import ImageWriter, shard_key
from jwstpipe.mosaicking.tile_job import JUDGED, TileJob
from jwstpipe.mosaicking.warp.blocks import Block, blocks
from jwstpipe.mosaicking.warp.mapped_source import MappedSource, map_source
from jwstpipe.mosaicking.warp.sample_digest import PlanesDigest

if TYPE_CHECKING:
    from jwstpipe.images.exporting.tiles import FitsTiles
    from jwstpipe.mosaicking.halved_tiles import HalvedTiles

__all__ = ["Computed", "TileReceipt", "compute", "placed_sources", "run_tile"]


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
    """Of the samples of all planes, see `PlanesDigest`."""

    seconds: float
    reused: bool = False
    """Taken from an earlier mosaic, not computed."""

    stored: dict[str, Stored] = field(default_factory=dict)
    """Its shards in the store, for the manifest."""


@dataclass(frozen=True, eq=False)
class Computed:
    """The pixels of a job's window."""

    planes: dict[str, NDArray[Any]]
    """Planes of the window's shape."""

    sources: tuple[str, ...]
    max_map_error: float
    clipped: int


def run_tile(
    job: TileJob, *,
    fits: "FitsTiles | None" = None,
    halved: "HalvedTiles | None" = None,
    writer: ImageWriter | None = None,
) -> TileReceipt:  # fmt: skip
    """Compute and write one tile.

    Parameters
    ----------
    job
        The work; where its `out` is empty, no store is written.
    fits
        FITS file that is filled too.
    halved
        Makes the first levels of the store.
    writer
        Writes the store, where its owner waits for what is on its way to S3; None = this tile is there at the end.

    Raises
    ------
    JwstPipeError
        An input that cannot be read, samples that 32 bits cannot hold, or a store that cannot be written.
    """
    started = time.perf_counter()
    tile = job.grid.tile_box(job.tile)
    shard = (tile.y0 - job.origin[0]) // tile.shape[0], (tile.x0 - job.origin[1]) // tile.shape[1]
    made = writer or ImageWriter(job.out, s3=job.s3, behind=True)
    placed, used, digest = placed_sources(job), set[str](), PlanesDigest()
    pixels = clipped = 0
    with ExitStack() as stack:
        packers = {
            plane: stack.enter_context(made.packed_shard(plane, shard)) for plane in (job.planes if job.out else ())
        }
        bands = None if fits is None else stack.enter_context(fits.tile(tile.shifted(-job.origin[0], -job.origin[1])))
        half = None if halved is None else stack.enter_context(halved.tile(shard))
        for block in blocks(job, placed, used):
            corner = block.box.snapped(CHUNK, job.origin).relative_to(tile)
            where = corner.y0 // CHUNK, corner.x0 // CHUNK
            planes = _whole(block, job.origin)
            _check_held(planes["sci"], job)
            for plane, packer in packers.items():
                packer.add(where, planes[plane])
            if half is not None:
                half.add(where, planes["sci"], planes["wht"])
            if bands is not None:
                bands.add(block.box.shifted(-job.origin[0], -job.origin[1]), block.planes)
            digest.add(where, planes)
            pixels += int(np.count_nonzero(planes["n"]))
            clipped += block.clipped
    if writer is None:
        made.wait()
    keys = [shard_key(plane, shard) for plane in job.planes]
    return TileReceipt(
        tile=job.tile,
        job_id=job.id,
        pixels=pixels,
        sources=tuple(sorted(used)),
        max_map_error=_max_error(placed),
        clipped=clipped,
        digest=digest.hexdigest(),
        seconds=round(time.perf_counter() - started, 3),
        stored={key: made.stored[key] for key in keys if key in made.stored},
    )


def _check_held(sci: NDArray[Any], job: TileJob) -> None:
    """Refuse samples that became infinite: infinite ones of inputs count as no data, so these are too large to hold."""
    lost = int(np.count_nonzero(np.isinf(sci)))
    if lost:
        first = min(source.name for source in job.sources)
        way = ", or --combine mean" if job.options.combine == "sum" else ""
        raise DataError(
            f"{lost:,} pixels of the mosaic of {first} and {len(job.sources) - 1} more are beyond what 32-bit floats"
            f" hold (3.4e38); give images in a larger unit{way}"
        )


def compute(job: TileJob) -> Computed:
    """Compute the window of a job, without writing it.

    A pixel does not depend on the window that it is computed in: lattices stand on the plane, and samples are added
    in the order of the plan.
    """
    placed, used = placed_sources(job), set[str]()
    planes: dict[str, NDArray[Any]] = {}
    clipped = 0
    for block in blocks(job, placed, used):
        for plane, values in block.planes.items():
            whole = planes.setdefault(plane, np.empty(job.window.shape, dtype=values.dtype))
            whole[block.box.relative_to(job.window).slices] = values
        clipped += block.clipped
    return Computed(planes, tuple(sorted(used)), _max_error(placed), clipped)


def placed_sources(job: TileJob) -> list[MappedSource]:
    """Map the inputs of a job on its window, in the order of the plan."""
    margin = 1 if job.options.combine == "clipped" else 0
    region = job.window.dilated(margin + (JUDGED if job.options.outliers != "none" else 0))
    return [found for source in job.sources if (found := map_source(job, source, region)) is not None]


def _max_error(placed: list[MappedSource]) -> float:
    return max((found.max_error for found in placed), default=0.0)


def _whole(block: Block, origin: tuple[int, int]) -> dict[str, NDArray[Any]]:
    """Give the planes of a whole chunk of the store; what the block does not fill has no data."""
    chunk = block.box.snapped(CHUNK, origin)
    if chunk == block.box:
        return block.planes
    planes = {}
    for plane, values in block.planes.items():
        planes[plane] = np.full(chunk.shape, 0 if values.dtype.kind == "u" else np.nan, dtype=values.dtype)
        planes[plane][block.box.relative_to(chunk).slices] = values
    return planes
