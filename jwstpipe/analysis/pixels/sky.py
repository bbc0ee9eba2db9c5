"""The sky of an image as a mesh, a plane or a level; it is the same for every cutting into tiles."""

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import ImageRef, opened
from jwstpipe.analysis.pixels.precision import require_single
from jwstpipe.analysis.sources.meshes.mesh import LEVEL, Mesh, level_on_pixels
from jwstpipe.analysis.sources.meshes.mesh_boxes import MeshJob, measure_boxes
from jwstpipe.analysis.sources.meshes.mesh_gathering import gathered
from jwstpipe.errors import DataError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.images.zarr.digests import Stored
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.images.zarr.layout import SHARD
from jwstpipe.images.zarr.like import copy_planes
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.numerics.robust import MAD_TO_SIGMA
from jwstpipe.numerics.smoothing import gaussian_taps
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.analysis.background import BackgroundRequest
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["Plane", "SkyJob", "SkyShard", "image_origin", "measure_sky", "sky_facts", "sky_on", "write_sky_shard"]

Float32 = NDArray[np.float32]

SMOOTHING = 1.2
"""Standard deviation of the smoothing whose noise boxes measure too, pixels; the sky does not depend on it."""

CLIP, ROUNDS = 3.0, 10


@dataclass(frozen=True)
class Plane:
    """A sky that is a plane of absolute pixels."""

    level: float
    """At the middle of the image."""

    slope_y: float
    slope_x: float
    """Per pixel."""

    middle: tuple[float, float]
    """Absolute y and x."""


@dataclass(frozen=True)
class SkyJob:
    """A shard whose sky is taken away, or written."""

    image: ImageRef
    box: Box
    origin: tuple[int, int]
    sky: Mesh | Plane
    """For a mesh, the part that the shard looks at."""

    options: BackgroundRequest
    out: str
    carried: tuple[str, ...]
    s3: S3Settings | None


@dataclass(frozen=True)
class SkyShard:
    """What became of a shard."""

    pixels: int
    stored: dict[str, Stored] = field(default_factory=dict)


def image_origin(image: Any) -> tuple[int, int]:
    """Give the place (y, x) of an image's array on its plane: a mosaic that grows keeps its mesh."""
    grid = image.grid if isinstance(image, ImageStore) else None
    return (0, 0) if grid is None else (grid[1].y0, grid[1].x0)


def measure_sky(
    image: ImageRef,
    options: BackgroundRequest,
    *,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Mesh | Plane:
    """Measure the sky.

    Parameters
    ----------
    image
        Any image, or its address; samples without weight take no part.
    options
        Model and side of the boxes.
    s3, workers, report
        As everywhere.

    Raises
    ------
    DataError
        Too few pixels with data, or all of one value.
    """
    source = opened(image, s3=s3)
    require_single(source, index=options.slice)
    origin = image_origin(source)
    oy, ox = origin
    step = max(SHARD // options.mesh, 1) * options.mesh
    cells = Box.of_shape(source.shape, origin).cells(step)
    jobs = {
        f"{cell.y0 // step}_{cell.x0 // step}": MeshJob(
            image, options.slice, cell.shifted(-oy, -ox), origin, options.mesh, gaussian_taps(SMOOTHING), s3
        )
        for cell in cells
    }
    at_work = workers or ThreadWorkers(os.cpu_count() or 1)
    parts = list(at_work.run(measure_boxes, jobs, name="background", report=report, unit="tiles").values())
    try:
        mesh = gathered(
            parts, box=options.mesh, sky="mesh" if options.model == "mesh" else "level", name=source.address
        )
    except DataError:
        raise DataError(
            f"{source.address}: no sky can be measured (too few pixels with data in boxes of {options.mesh} px, or all"
            " of one value); try a smaller --mesh"
        ) from None
    if options.model != "plane":
        return mesh
    return _plane(parts, options.mesh, Box.of_shape(source.shape, origin))


def _plane(parts: list[tuple[int, int, Float32]], box: int, frame: Box) -> Plane:
    """Fit a plane to the levels of boxes, those that stand out of it left out; boxes end where the image does."""
    found = []
    for top, left, layers in parts:
        level = layers[LEVEL]
        y, x = np.nonzero(np.isfinite(level))
        found.append(np.column_stack([y + top, x + left, level[y, x]]).astype(np.float64))
    places = np.concatenate(found)
    places = places[np.lexsort((places[:, 1], places[:, 0]))]
    ends = ((frame.y0, frame.y1), (frame.x0, frame.x1))
    middle = (0.5 * (frame.y0 + frame.y1 - 1), 0.5 * (frame.x0 + frame.x1 - 1))
    dy, dx = (
        0.5 * (np.maximum(places[:, k] * box, first) + np.minimum((places[:, k] + 1) * box, last) - 1) - middle[k]
        for k, (first, last) in enumerate(ends)
    )
    matrix = np.column_stack([np.ones(len(places)), dy, dx])
    kept = np.ones(len(places), bool)
    solution = np.zeros(3)
    for _ in range(ROUNDS):
        if kept.sum() < 4:
            return Plane(float(np.median(places[:, 2])), 0.0, 0.0, middle)
        solution = np.linalg.lstsq(matrix[kept], places[kept, 2], rcond=None)[0]
        rest = places[:, 2] - matrix @ solution
        spread = MAD_TO_SIGMA * float(np.median(np.abs(rest[kept])))
        inside = np.abs(rest) <= max(CLIP * spread, 1e-12)
        if np.array_equal(inside, kept):
            break
        kept = inside
    return Plane(float(solution[0]), float(solution[1]), float(solution[2]), middle)


def sky_on(sky: Mesh | Plane, window: Box) -> Float32:
    """Evaluate a sky on a window of absolute pixels."""
    if isinstance(sky, Mesh):
        return level_on_pixels(sky.layers[LEVEL], sky.first, sky.box, window.y0, window.x0, *window.shape)
    y = sky.slope_y * (np.arange(window.y0, window.y1) - sky.middle[0])
    x = sky.slope_x * (np.arange(window.x0, window.x1) - sky.middle[1])
    return (sky.level + y[:, None] + x[None, :]).astype(np.float32)


def sky_facts(sky: Mesh | Plane) -> dict[str, Any]:
    """Tell of a sky in a few numbers."""
    if isinstance(sky, Plane):
        return {"level": sky.level, "slope_x": sky.slope_x, "slope_y": sky.slope_y}
    inner = sky.layers[:, 2:-2, 2:-2].astype(np.float64)
    return {
        "level": float(np.median(inner[LEVEL])),
        "lowest": float(inner[LEVEL].min()),
        "highest": float(inner[LEVEL].max()),
        "boxes_filled": sky.filled,
    }


def write_sky_shard(job: SkyJob) -> SkyShard:
    """Write a shard without its sky, or its sky; no data stays no data."""
    image = opened(job.image, s3=job.s3)
    writer = ImageWriter(job.out, s3=job.s3)
    values = np.array(image.read("sci", job.box, index=job.options.slice), np.float32, order="C")
    sky = sky_on(job.sky, job.box.shifted(*job.origin))
    made = values - sky if job.options.result == "subtracted" else np.where(np.isnan(values), np.float32(np.nan), sky)
    shard = (job.box.y0 // SHARD, job.box.x0 // SHARD)
    writer.write_shard("sci", shard, np.ascontiguousarray(made, np.float32))
    copy_planes(writer, image, job.carried, job.box, index=job.options.slice)
    return SkyShard(int(np.count_nonzero(~np.isnan(made))), writer.stored)
