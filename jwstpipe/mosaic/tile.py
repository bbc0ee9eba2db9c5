"""One tile of a mosaic: read the windows that it needs, warp, combine, write its shards, return a receipt.

The tile is made in strips of rows, so that memory depends on the tile and not on the number or size of inputs.
"""

import hashlib
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.images.dq import REJECTED, dq_mask
from jwstpipe.images.store import ImageWriter
from jwstpipe.mosaic.combine import COMBINERS, MEDIAN, Strip, add_layer, finish
from jwstpipe.mosaic.kernels import KERNELS
from jwstpipe.mosaic.layers import read_layer
from jwstpipe.mosaic.plan import TileJob
from jwstpipe.mosaic.sources import Source
from jwstpipe.sky.box import Box
from jwstpipe.sky.pixelmap import PixelMap, pixel_map

__all__ = ["Computed", "TileReceipt", "compute", "run_tile"]

STRIP_ROWS = 512
"""Rows combined at once where no stack is needed: a quarter of a tile keeps accumulators near 100 MB."""

STACK_BYTES = 256 << 20
"""Room for the stack of a median."""

MARGIN = 2
"""Pixels around the positions that the kernel reaches, and that sampling their extent may miss."""


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

    digest: str
    """BLAKE2 of the science samples."""

    seconds: float


@dataclass(frozen=True, eq=False)
class Computed:
    """The pixels of a job's window."""

    planes: dict[str, NDArray[Any]]
    """Planes of the window's shape."""

    sources: tuple[str, ...]
    max_map_error: float


@dataclass(frozen=True, eq=False)
class _Placed:
    source: Source
    where: PixelMap


def run_tile(job: TileJob) -> TileReceipt:
    """Compute and write one tile.

    Raises
    ------
    JwstPipeError
        An input that cannot be read, or a store that cannot be written.
    """
    started = time.perf_counter()
    made = compute(job)
    pixels = int(np.count_nonzero(made.planes["n"]))
    tile = job.grid.tile_box(job.tile)
    writer = ImageWriter(job.out, s3=job.s3)
    for plane, values in made.planes.items():
        whole = values if job.window == tile else _empty(plane, tile.shape)
        if whole is not values:
            whole[job.window.relative_to(tile).slices] = values
        writer.write(plane, tile.shifted(-job.origin[0], -job.origin[1]), whole)
    return TileReceipt(
        tile=job.tile,
        job_id=job.id,
        pixels=pixels,
        sources=made.sources,
        max_map_error=made.max_map_error,
        digest=hashlib.blake2b(made.planes["sci"].tobytes(), digest_size=16).hexdigest(),
        seconds=round(time.perf_counter() - started, 3),
    )


def compute(job: TileJob) -> Computed:
    """Compute the window of a job, without writing it.

    A pixel does not depend on the window that it is computed in: lattices stand on the plane, and samples are added
    in the order of the plan.
    """
    placed = [found for source in job.sources if (found := _place(job, source)) is not None]
    planes = {plane: _empty(plane, job.window.shape) for plane in job.planes}
    used: set[str] = set()
    for band in job.window.bands(_strip_rows(job, len(placed))):
        strip = _combine_strip(job, band, placed, used)
        _store_strip(planes, strip, band.relative_to(job.window), combiner=COMBINERS[job.options.combine])
    errors = (found.where.max_error for found in placed)
    return Computed(planes, tuple(sorted(used)), max(errors, default=0.0))


def _place(job: TileJob, source: Source) -> _Placed | None:
    """Map the part of the tile where a source lies."""
    region = source.box.intersection(job.window)
    if region is None:
        return None
    wcs = source.wcs.exact(name=source.address)
    return _Placed(source, pixel_map(job.grid, wcs, region, tolerance=job.options.tolerance_px))


def _strip_rows(job: TileJob, inputs: int) -> int:
    if COMBINERS[job.options.combine] != MEDIAN:
        return STRIP_ROWS
    row_bytes = 2 * 4 * max(inputs, 1) * job.window.shape[1]
    return max(1, min(STRIP_ROWS, STACK_BYTES // row_bytes))


def _combine_strip(job: TileJob, band: Box, placed: list[_Placed], used: set[str]) -> Strip:
    combiner = COMBINERS[job.options.combine]
    strip = Strip.empty(band.shape, inputs=len(placed) if combiner == MEDIAN else 0)
    for index, found in enumerate(placed):
        region = found.where.box
        if region.y0 >= band.y1 or region.y1 <= band.y0:
            continue
        first, last = max(band.y0 - region.y0, 0), min(band.y1, region.y1) - region.y0
        window = _needed(found.where, first, last, found.source.shape)
        if window is None:
            continue
        layer = read_layer(
            found.source,
            window,
            weights=job.weights,
            rejected=dq_mask(REJECTED),
            with_errors="err" in job.planes,
            s3=job.s3,
        )
        used.add(found.source.product_id)
        add_layer(
            strip,
            layer,
            found.where,
            index=index,
            row=band.y0 - region.y0,
            column=region.x0 - band.x0,
            kernel=KERNELS[job.options.kernel],
            combiner=combiner,
        )
    return strip


def _needed(where: PixelMap, first: int, last: int, shape: tuple[int, int]) -> Box | None:
    """Find the window of an input that rows of a map reach; None when they miss it."""
    extent = where.extent(first, last)
    if extent is None:
        return None
    x0, x1, y0, y1 = extent
    if x1 < -MARGIN or y1 < -MARGIN or x0 > shape[1] + MARGIN or y0 > shape[0] + MARGIN:
        return None
    reach = Box(int(np.floor(y0)) - MARGIN, int(np.floor(x0)) - MARGIN, int(y1) + MARGIN + 2, int(x1) + MARGIN + 2)
    return reach.intersection(Box.of_shape(shape))


def _empty(plane: str, shape: tuple[int, int]) -> NDArray[Any]:
    if plane in ("dq", "n"):
        return np.zeros(shape, dtype="u4" if plane == "dq" else "u2")
    return np.full(shape, np.nan, dtype="f4")


def _store_strip(planes: dict[str, NDArray[Any]], strip: Strip, box: Box, *, combiner: int) -> None:
    """Turn a strip into samples; a pixel without data keeps the bits that tell why."""
    sci, err = finish(strip, combiner=combiner)
    planes["sci"][box.slices] = sci
    if "n" in planes:
        planes["n"][box.slices] = strip.count
    if "wht" in planes:
        planes["wht"][box.slices] = np.where(strip.count > 0, strip.weight, np.nan)
    if "err" in planes:
        planes["err"][box.slices] = err
    if "dq" in planes:
        planes["dq"][box.slices] = np.where(strip.count > 0, strip.used, strip.lost)
