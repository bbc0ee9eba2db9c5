"""Several images of one grid made one, to be searched."""

import os
from collections.abc import Sequence
from pathlib import Path

from jwstpipe.analysis.opened import SourceRef, opened, reference_of
from jwstpipe.analysis.sources.combined import CombinedImage, check_one_grid
from jwstpipe.analysis.sources.meshes.image_mesh import image_mesh, image_source, origin_of
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.analysis.detect import DetectRequest
from jwstpipe.settings import S3Settings
from jwstpipe.sky.grid import TILE

__all__ = ["combined_image"]


def combined_image(
    images: Sequence[SourceRef | Path],
    *,
    options: DetectRequest | None = None,
    index: int = 0,
    tile: int = TILE,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> CombinedImage:
    """Make one image of several on one grid, to be given to `find_sources`: see `jwstpipe.analysis.sources.combined`.

    Parameters
    ----------
    images
        At least one, in the order in which they are added up.
    options, index, tile, s3, workers, report
        As `find_sources` has them; `options` says how they are joined, and which sky each loses.

    Raises
    ------
    UsageError
        They are not on one grid.
    DataError
        No noise can be measured in one of them.
    """
    wanted = options or DetectRequest()
    at_work = workers or ThreadWorkers(os.cpu_count() or 1)
    parts = [opened(image, s3=s3) for image in images]
    check_one_grid(parts)
    meshes = []
    for image, part in zip(images, parts, strict=True):
        source = image_source(image, part, options=wanted, index=index, s3=s3)
        meshes.append(
            image_mesh(
                source, box=wanted.mesh, sky=wanted.background, tile=tile, name=part.address, workers=at_work,
                report=report,
            )
        )  # fmt: skip
    planes = ("sci", "dq") if any("dq" in part.planes for part in parts) else ("sci",)
    return CombinedImage(
        tuple(reference_of(image, part) for image, part in zip(images, parts, strict=True)), tuple(meshes),
        wanted.joint, parts[0].shape, origin_of(parts[0]), parts[0].image_wcs, " + ".join(part.name for part in parts),
        planes, s3,
    )  # fmt: skip
