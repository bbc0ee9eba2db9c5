"""Images of different grids laid on one plane: which plane, and where each of them lies on it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jwstpipe.execution.workers import Workers
from jwstpipe.images.image import SkyImage
from jwstpipe.mosaicking.inputs.brightness_units import quantity_of
from jwstpipe.mosaicking.placement import bounding_box, common_grid, look_at, shapes_on
from jwstpipe.mosaicking.size_limits import check_size
from jwstpipe.operations.inputs.laid.laid_image import LaidImage
from jwstpipe.operations.inputs.laid.plane import Laid, LaidPlane
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["lay"]


def lay(
    addresses: Sequence[str],
    images: Sequence[SkyImage],
    *,
    workers: Workers,
    scale_arcsec: float | None = None,
    rotation_deg: float = 0.0,
    folder: Path | None = None,
    s3: S3Settings | None = None,
) -> list[LaidImage] | None:
    """Lay images on one plane that holds them all; nothing is resampled before it is read.

    Parameters
    ----------
    addresses, images
        Where they are, and as they were opened.
    workers
        Where their headers are read.
    scale_arcsec
        Pixel size; None = that of the finest image.
    rotation_deg
        Position angle of up, from north through east.
    folder
        Where blocks are kept that memory does not hold; None = they are made anew.
    s3
        Endpoint of ``s3://`` addresses.

    Returns
    -------
    list of LaidImage or None
        In the order of the addresses. None where one of them is several images at once (a file with an array for each
        detector) or appears twice: those become one by averaging.

    Raises
    ------
    JwstPipeError
        As `jwstpipe.mosaicking.placement.look_at`, and `DataError` for a plane beyond the size limit.
    """
    if len(set(addresses)) < len(addresses):
        return None
    options = MosaicOptions(weights="uniform", scale_arcsec=scale_arcsec, mix=True)
    found = look_at(addresses, options=options, s3=s3, workers=workers)
    known = {one.source.address: number for number, one in enumerate(found.inspections)}
    if len(found.inspections) > len(addresses) or set(known) != set(addresses):
        return None
    grid = common_grid(found, scale_arcsec=scale_arcsec, rotation_deg=rotation_deg)
    boxes = [bounding_box(shape) for shape in shapes_on(grid, found.inspections)]
    grid, window = grid.begun_at(Box.around(boxes))
    check_size(window, options, grid)
    laid = []
    for address, image in zip(addresses, images, strict=True):
        number = known[address]
        source = replace(found.inspections[number].source, box=boxes[number])
        laid.append(Laid(image, source, quantity_of(source.unit, "auto")[0]))
    plane = LaidPlane(grid, window, tuple(laid), folder)
    return [LaidImage(plane, number, s3 or S3Settings()) for number in range(len(laid))]
