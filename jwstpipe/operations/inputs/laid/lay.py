"""Images of different grids laid on one plane: which plane, and where each of them lies on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jwstpipe.execution.workers import Workers
from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.mosaicking.placement import bounding_box, common_grid, look_at, shapes_on
from jwstpipe.mosaicking.size_limits import check_size
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid

__all__ = ["Lying", "lying_together"]


@dataclass(frozen=True, eq=False)
class Lying:
    """Images on a plane that holds them all."""

    grid: SkyGrid
    window: Box
    """Part of the plane that they cover."""

    sources: tuple[Source, ...]
    """In the order of their addresses; their boxes are those on the plane."""


def lying_together(
    addresses: Sequence[str],
    *,
    workers: Workers,
    scale_arcsec: float | None = None,
    rotation_deg: float = 0.0,
    s3: S3Settings | None = None,
) -> Lying | None:
    """Find one plane for images, and where they lie on it.

    Parameters
    ----------
    addresses
        Where they are.
    workers
        Where their headers are read.
    scale_arcsec
        Pixel size; None = that of the finest image.
    rotation_deg
        Position angle of up, from north through east.
    s3
        Endpoint of ``s3://`` addresses.

    Returns
    -------
    Lying or None
        None where one of them is several images at once (a file with an array for each detector) or appears twice:
        those become one by averaging.

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
    numbers = [known[address] for address in addresses]
    sources = [replace(found.inspections[number].source, box=boxes[number]) for number in numbers]
    return Lying(grid, window, tuple(sources))
