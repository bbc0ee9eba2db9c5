"""Sources of an image, the same to the last bit for every tiling, number of workers and order.

What decides over a pixel follows from absolute positions: the mesh, the smoothing (a kernel of fixed reach, summed in a
fixed order) and the threshold. Tiles label their own pixels; components that end inside a tile are finished there, the
others are joined along the edges and finished in windows of their own. Sums run in raster order about a source's own
peak. There are no duplicates, and no largest object but that of memory.
"""

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import SourceRef, opened
from jwstpipe.analysis.pixels.precision import require_single
from jwstpipe.analysis.sources.combined import CombinedImage, near
from jwstpipe.analysis.sources.deblend import SHARPNESS
from jwstpipe.analysis.sources.huge import (
    HugeJob,
    blocks_for,
    blocks_of,
    finish_huge,
    huge_blocks,
    huge_part,
    taken_apart,
)  # fmt: skip
from jwstpipe.analysis.sources.kept import KeptTiles, tile_key
from jwstpipe.analysis.sources.meshes.image_mesh import FWHM, cells_of, image_mesh, image_source
from jwstpipe.analysis.sources.meshes.mesh import NOISE, SMOOTH_NOISE, Mesh, filled_at
from jwstpipe.analysis.sources.seams import Crossing, joined, merged_runs, numbered
from jwstpipe.analysis.sources.shapes import SKY_FILLED
from jwstpipe.analysis.sources.tiles import COLUMNS, CrossingJob, Found, TileFound, TileJob, find_crossing, find_in_tile
from jwstpipe.errors import UsageError
from jwstpipe.execution.free_memory import give_back_memory
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.numerics.smoothing import gaussian_taps, white_left
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.analysis.detect import DetectRequest, SkyModel
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import TILE

__all__ = ["Detection", "find_sources"]

WHOLE = 1 << 24
"""Pixels of the box of the largest component that is deblended and measured in one piece."""

NEAR = 2.0
"""A source nearer than so many full widths is a neighbour."""


@dataclass(frozen=True, eq=False)
class Detection:
    """Sources of an image."""

    shape: tuple[int, int]
    origin: tuple[int, int]
    """Absolute position (y, x) of the first pixel of the array."""

    rows: NDArray[np.float64]
    """(n, 28) by `COLUMNS`, in the raster order of peak pixels; row k is source k + 1."""

    pieces: tuple[NDArray[np.int32], ...] = field(repr=False)
    """Runs (m, 4): y, x0, x1 (half-open) and number of the source, as tiles gave them."""

    facts: dict[str, Any]
    """Noise, correlation, filled boxes, huge components: what the catalogue tells of its making."""

    @cached_property
    def runs(self) -> NDArray[np.int32]:
        """(m, 4): y, x0, x1 (half-open) and number of the source, by number and raster order: the segmentation."""
        runs = np.concatenate([np.empty((0, 4), np.int32), *self.pieces])
        return merged_runs(runs[np.lexsort((runs[:, 1], runs[:, 0], runs[:, 3]))])

    def column(self, name: str) -> NDArray[np.float64]:
        """Give a column by name."""
        return self.rows[:, COLUMNS.index(name)]


def find_sources(
    image: SourceRef | Path,
    *,
    options: DetectRequest | None = None,
    index: int = 0,
    tile: int = TILE,
    whole: int = WHOLE,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
    kept: KeptTiles | None = None,
) -> Detection:
    """Find sources.

    Parameters
    ----------
    image
        Any image, or its address. Where it has weights they give the noise between pixels, and its level is measured.
    options
        Threshold, background, deblending.
    index
        Slice of a cube.
    tile
        Side of a tile, pixels: memory and parallelism, never the result.
    whole
        Pixels of the largest box that is looked at in one piece; what has a larger one is taken apart on blocks.
    s3
        Endpoint of ``s3://`` addresses.
    workers
        Where tiles are searched; default: a thread a core.
    report
        Told of tiles.
    kept
        Results of an earlier detection: tiles whose inputs are the same are not searched again.

    Returns
    -------
    Detection
        Possibly without sources.

    Raises
    ------
    DataError
        No noise can be measured; or samples whose differences single precision does not hold.
    UsageError
        More sources than wanted: the threshold is too low.
    """
    wanted = options or DetectRequest()
    at_work = workers or ThreadWorkers(os.cpu_count() or 1)
    opened_image = opened(image, s3=s3)
    require_single(opened_image, index=index)
    sigma = wanted.fwhm / FWHM
    source = image_source(image, opened_image, options=wanted, index=index, s3=s3)
    sky: SkyModel = "none" if isinstance(source.image, CombinedImage) else wanted.background
    mesh = image_mesh(
        source,
        box=wanted.mesh,
        sky=sky,
        tile=tile,
        name=opened_image.address,
        workers=at_work,
        report=report,
        kept=kept,
    )
    give_back_memory()
    contrast = wanted.contrast if wanted.deblend else float("inf")
    sharp = gaussian_taps(SHARPNESS * sigma)
    rules = (contrast, wanted.significance, wanted.min_pixels, white_left(sharp))
    base = TileJob(source, Box(0, 0, 0, 0), mesh, sharp, rules, sigma, wanted.extended)
    tiles = _searched(base, tile, at_work, report, most=wanted.max_sources, kept=kept)
    crossings = [
        one for one in joined({key: part.rim for key, part in tiles.items()}) if one.pixels >= wanted.min_pixels
    ]
    coarse = [
        one for one in joined({key: part.coarse for key, part in tiles.items()}) if one.pixels >= wanted.min_pixels
    ]
    found = [tiles[key].inside for key in sorted(tiles)]
    jobs = [_crossing_job(base, one) for one in crossings if one.box.area <= whole]
    jobs += [_coarse_job(base, one) for one in coarse if not one.taken and 4 * one.box.area <= whole]
    found += _crossing(jobs, tile, at_work, report)
    huge = [one for one in crossings if one.box.area > whole]
    found += _huge(base, huge, tile, at_work, report)
    del tiles  # what they say is in the parts, and large
    give_back_memory()
    rows, pieces = numbered(found)
    if len(rows) > wanted.max_sources:
        raise _too_many(len(rows), wanted)
    _flag_sky(rows, mesh, source.origin)
    facts = _facts(mesh, white_left(source.taps), huge=len(huge), near=NEAR * wanted.fwhm)
    return Detection(opened_image.shape, source.origin, rows, pieces, facts)


def _flag_sky(rows: NDArray[np.float64], mesh: Mesh, origin: tuple[int, int]) -> None:
    """Flag sources whose sky is that of other boxes: theirs had too few samples."""
    if not mesh.filled:
        return
    y, x = (
        rows[:, COLUMNS.index(name)].astype(np.int64) + start
        for name, start in zip(("peak_y", "peak_x"), origin, strict=True)
    )
    column = COLUMNS.index("flags")
    flags = rows[:, column].astype(np.int64)
    flags[filled_at(mesh, y, x)] |= SKY_FILLED
    rows[:, column] = flags


def _window(base: TileJob, box: Box) -> TileJob:
    """Give the job of a window, with its part of the mesh."""
    around = box.dilated(base.source.halo).intersection(Box.of_shape(base.source.shape))
    assert around is not None
    source = replace(base.source, image=near(base.source.image, around))
    return replace(base, source=source, window=box, mesh=base.mesh.part(around.shifted(*base.source.origin)))


def _searched(
    base: TileJob, tile: int, workers: Workers, report: Reporter, *, most: int, kept: KeptTiles | None
) -> dict[tuple[int, int], TileFound]:
    cells = cells_of(base.source, tile)
    jobs = {f"{key[0]}_{key[1]}": _window(base, cell) for key, cell in cells.items()}
    names = {f"{key[0]}_{key[1]}": key for key in cells}
    keys = {} if kept is None else {name: key for name, job in jobs.items() if (key := tile_key(job)) is not None}
    found: dict[tuple[int, int], TileFound] = {}
    for name, key in keys.items():
        known = None if kept is None else kept.tile(key, jobs[name].window)
        if known is not None:
            found[names[name]] = known
    count = sum(len(part.inside.rows) for part in found.values())
    missing = {name: job for name, job in jobs.items() if names[name] not in found}
    for name, part in workers.each(find_in_tile, missing, name="sources", report=report, unit="tiles"):
        found[names[name]] = part
        if kept is not None and name in keys:
            kept.keep_tile(keys[name], jobs[name].window, part)
        count += len(part.inside.rows)
        if count > most:
            raise UsageError(
                f"threshold {base.source.threshold:g}: finds more than {most:,} sources; raise the threshold, or"
                " --max-sources"
            )
    return found


def _too_many(count: int, wanted: DetectRequest) -> UsageError:
    return UsageError(
        f"threshold {wanted.threshold:g}: finds {count:,} sources, more than {wanted.max_sources:,}; raise the"
        " threshold, or --max-sources"
    )


def _crossing_job(base: TileJob, one: Crossing) -> tuple[TileJob, tuple[int, int]]:
    return replace(_window(base, one.box), coarse=False), one.seed


def _coarse_job(base: TileJob, one: Crossing) -> tuple[TileJob, tuple[int, int]]:
    """Give the window of the image that holds a component of half resolution."""
    box, (oy, ox) = one.box, base.source.origin
    return _window(base, Box(2 * box.y0, 2 * box.x0, 2 * box.y1, 2 * box.x1).shifted(-oy, -ox)), one.seed


def _crossing(
    components: list[tuple[TileJob, tuple[int, int]]], tile: int, workers: Workers, report: Reporter
) -> list[Found]:
    """Finish components that cross tiles, those that begin on one tile together."""
    groups: dict[str, list[tuple[TileJob, tuple[int, int]]]] = defaultdict(list)
    for number, (job, seed) in enumerate(components):
        alone = f"_{number}" if job.window.area > tile * tile else ""
        groups[f"{job.window.y0 // tile}_{job.window.x0 // tile}{alone}"].append((job, seed))
    jobs = {key: CrossingJob(tuple(group)) for key, group in groups.items()}
    found = workers.run(find_crossing, jobs, name="seams", report=report, unit="groups")
    return [one for group in found.values() for one in group]


def _huge(base: TileJob, huge: list[Crossing], tile: int, workers: Workers, report: Reporter) -> list[Found]:
    """Take apart and measure components that are too large for one window, from their tiles."""
    if not huge:
        return []
    labels: Mapping[tuple[int, int], dict[int, int]] = defaultdict(dict)
    for number, one in enumerate(huge):
        for ty, tx, label in one.parts:
            labels[ty, tx][label] = number
    cells = cells_of(base.source, tile)
    exponent = int(np.floor(np.log2(float(np.median(base.mesh.layers[NOISE]))))) - 8
    sides = tuple(blocks_of(one.box) for one in huge)
    jobs = {
        f"{key[0]}_{key[1]}": HugeJob(_window(base, cells[key]), tuple(sorted(numbers.items())), exponent, sides)
        for key, numbers in labels.items()
    }
    if np.isfinite(base.rules[0]):
        tiles = list(workers.run(huge_blocks, jobs, name="huge blends", report=report, unit="tiles").values())
        apart = [taken_apart(one, number, tiles, base, sides[number], exponent) for number, one in enumerate(huge)]
        jobs = {key: replace(job, blocks=blocks_for(job, apart)) for key, job in jobs.items()}
    parts = workers.run(huge_part, jobs, name="huge", report=report, unit="tiles")
    return finish_huge(list(parts.values()), huge, base, exponent)


def _facts(mesh: Mesh, left: float, *, huge: int, near: float) -> dict[str, Any]:
    ratio = float(np.median(mesh.layers[SMOOTH_NOISE] / mesh.layers[NOISE]))
    return {
        "noise": float(np.median(mesh.layers[NOISE])),
        "white_left": left,
        "noise_of_smoothed_over_white": ratio / left,
        "mesh_boxes_filled": mesh.filled,
        "huge": huge,
        "neighbour_px": near,
    }
