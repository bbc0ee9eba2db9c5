"""Where the inputs of a mosaic lie on its plane: outlines, boxes, tiles; and the plane that several images share."""

import math
from collections.abc import Sequence
from pathlib import Path

import shapely

from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.mosaicking.inputs.following import Followed, followed
from jwstpipe.mosaicking.inputs.inspection import check_distances, inspect_all
from jwstpipe.mosaicking.inputs.sources import Inspection
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import Follow, MosaicOptions
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.footprint import Footprint, centre_of
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.outlines import outlines_on

__all__ = ["bounding_box", "common_frame", "common_grid", "grid_around", "look_at", "shapes_on", "tiles_of"]

CENTRE_STEP_DEG = 0.01
"""Centres of our own grids are rounded to this, so that a few more exposures do not move the plane."""


def look_at(
    images: Sequence[str | Path],
    *,
    options: MosaicOptions,
    plane: SkyGrid | None = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Followed:
    """Look at images, and find where they lie: among the stars, or around a moving target (`followed`).

    Raises
    ------
    JwstPipeError
        As `inspect_all`, `followed` and `check_distances`.
    """
    inspections = inspect_all(images, s3 or S3Settings(), workers or ThreadWorkers(4), report)
    found = followed(inspections, follow=options.follow, ephemeris=options.ephemeris, plane=plane)
    check_distances(found.inspections)
    return found


def common_grid(found: Followed, *, scale_arcsec: float | None = None, rotation_deg: float = 0.0) -> SkyGrid:
    """Choose a plane for several images: north up or turned, centre rounded, finest scale rounded to three digits.

    Where a moving target is followed, it stands at the reference point.
    """
    outlines = [one.outline for one in found.inspections]
    if found.reference is not None:
        scale = scale_arcsec or _finest(outlines)
        return SkyGrid.north_up(*found.reference, scale, rotation_deg=rotation_deg)
    return grid_around(outlines, scale_arcsec=scale_arcsec, rotation_deg=rotation_deg)


def grid_around(
    outlines: Sequence[Footprint], *, scale_arcsec: float | None = None, rotation_deg: float = 0.0
) -> SkyGrid:
    """Choose a plane for outlines (see `common_grid`)."""
    ra, dec = centre_of(outlines)
    step = CENTRE_STEP_DEG
    centre = round(ra / step) * step, max(-90.0, min(90.0, round(dec / step) * step))
    return SkyGrid.north_up(*centre, scale_arcsec or _finest(outlines), rotation_deg=rotation_deg)


def _finest(outlines: Sequence[Footprint]) -> float:
    return float(f"{min(outline.scale_arcsec for outline in outlines):.2e}")


def common_frame(
    images: Sequence[str | Path],
    *,
    scale_arcsec: float | None = None,
    rotation_deg: float = 0.0,
    follow: Follow = "auto",
    ephemeris: str | None = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
) -> tuple[SkyGrid, Box]:
    """Choose one plane, and a window of it, for all images: what every filter of a target shares.

    Parameters
    ----------
    images
        FITS files or image stores of all filters.
    scale_arcsec
        Pixel size; default: that of the finest image.
    rotation_deg
        Position angle of up, from north through east.
    follow, ephemeris
        What keeps its place, see `followed`.
    s3
        Endpoint of ``s3://`` addresses.
    workers
        Where the images are looked at; default: threads.
    """
    options = MosaicOptions(follow=follow, ephemeris=ephemeris)
    found = look_at(images, options=options, s3=s3, workers=workers)
    plane = common_grid(found, scale_arcsec=scale_arcsec, rotation_deg=rotation_deg)
    shapes = shapes_on(plane, found.inspections)
    return plane, Box.around([bounding_box(shape) for shape in shapes])


def shapes_on(plane: SkyGrid, inspections: Sequence[Inspection], window: Box | None = None) -> list[shapely.Polygon]:
    """Give the outlines of images on a plane, cut to a window of it."""
    names = [found.source.address for found in inspections]
    return outlines_on(plane, [found.outline for found in inspections], names=names, window=window)


def bounding_box(shape: shapely.Geometry) -> Box:
    """Give the pixels that a shape reaches into."""
    x0, y0, x1, y1 = shape.bounds
    return Box(math.floor(y0 + 0.5), math.floor(x0 + 0.5), math.ceil(y1 + 0.5), math.ceil(x1 + 0.5))


def tiles_of(
    grid: SkyGrid, window: Box, shapes: Sequence[shapely.Geometry], *, margin: float = 1.0
) -> dict[tuple[int, int], tuple[int, ...]]:
    """Find the sources that touch each tile, with a margin (a pixel for the kernel)."""
    tree = shapely.STRtree(list(shapes))
    found: dict[tuple[int, int], tuple[int, ...]] = {}
    for tile in grid.tiles(window):
        part = grid.tile_box(tile).intersection(window)
        if part is None:
            continue
        low, high = 0.5 + margin, margin - 0.5
        area = shapely.box(part.x0 - low, part.y0 - low, part.x1 + high, part.y1 + high)
        numbers = sorted(int(number) for number in tree.query(area, predicate="intersects"))
        if numbers:
            found[tile] = tuple(numbers)
    return found
