"""The mesh of an image, its boxes measured tile by tile; and the tiles of an image."""

from pathlib import Path
from typing import Any

import numpy as np

from jwstpipe.analysis.opened import PixelSource, SourceRef, reference_of
from jwstpipe.analysis.sources.combined import CombinedImage, near
from jwstpipe.analysis.sources.kept import KeptTiles, mesh_key
from jwstpipe.analysis.sources.meshes.halves import COARSE_WIDTH
from jwstpipe.analysis.sources.meshes.mesh import Mesh
from jwstpipe.analysis.sources.meshes.mesh_boxes import MeshJob, measure_boxes
from jwstpipe.analysis.sources.meshes.mesh_gathering import gathered
from jwstpipe.analysis.sources.window import DetectImage
from jwstpipe.execution.workers import Workers
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.numerics.smoothing import gaussian_taps
from jwstpipe.progress import Reporter
from jwstpipe.requests.analysis.detect import DetectRequest, SkyModel
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["FWHM", "cells_of", "image_mesh", "image_source", "origin_of"]

FWHM = 2.3548200450309493
"""Full width at half maximum of a Gaussian, standard deviations."""


def origin_of(image: Any) -> tuple[int, int]:
    """Give the place of an array on its plane: a mosaic that grows keeps its mesh."""
    if isinstance(image, CombinedImage):
        return image.origin
    grid = image.grid if isinstance(image, ImageStore) else None
    return (0, 0) if grid is None else (grid[1].y0, grid[1].x0)


def cells_of(source: DetectImage, step: int) -> dict[tuple[int, int], Box]:
    """Cut the array along multiples of `step` on its plane."""
    oy, ox = source.origin
    plane = Box.of_shape(source.shape, source.origin)
    return {(cell.y0 // step, cell.x0 // step): cell.shifted(-oy, -ox) for cell in plane.cells(step)}


def image_source(
    image: SourceRef | Path, opened_image: PixelSource, *, options: DetectRequest, index: int, s3: S3Settings | None
) -> DetectImage:
    """Say of an image what every job of a detection needs."""
    sigma = options.fwhm / FWHM
    taps = gaussian_taps(sigma)
    reach = taps.size // 2
    around = int(np.ceil(4.0 * COARSE_WIDTH * sigma)) + 3
    return DetectImage(
        image=reference_of(image, opened_image), index=index, shape=opened_image.shape, origin=origin_of(opened_image),
        taps=taps, threshold=options.threshold, halo=max(2 * reach + 2, around), s3=s3,
    )  # fmt: skip


def image_mesh(
    source: DetectImage,
    *,
    box: int,
    sky: SkyModel,
    tile: int,
    name: str,
    workers: Workers,
    report: Reporter,
    kept: KeptTiles | None = None,
) -> Mesh:
    """Measure the mesh of an image.

    Parameters
    ----------
    source
        The image.
    box, sky
        Side of the boxes, pixels; which sky they give.
    tile
        Side of what one job measures, pixels; it is rounded to whole boxes.
    name
        Of the image, for errors.
    workers, report
        Where boxes are measured, and who hears of it.
    kept
        Results of an earlier detection.

    Raises
    ------
    DataError
        No noise can be measured.
    """
    step = max(tile // box, 1) * box
    jobs = {
        f"{key[0]}_{key[1]}": MeshJob(
            near(source.image, cell.dilated(source.halo)), source.index, cell, source.origin, box, source.taps,
            source.s3,
        )
        for key, cell in cells_of(source, step).items()
    }  # fmt: skip
    keys = {} if kept is None else {name: key for name, job in jobs.items() if (key := mesh_key(job)) is not None}
    known = {} if kept is None else {name: part for name, key in keys.items() if (part := kept.mesh(key)) is not None}
    missing = {name: job for name, job in jobs.items() if name not in known}
    parts = workers.run(measure_boxes, missing, name="background", report=report, unit="tiles")
    if kept is not None:
        for job_name in parts.keys() & keys.keys():
            kept.keep_mesh(keys[job_name], parts[job_name])
    return gathered([*known.values(), *parts.values()], box=box, sky=sky, name=name)
