"""Which way a picture is turned: the position angle of its columns that a wish means for certain images."""

import math
from collections.abc import Sequence

import numpy as np

from jwstpipe.errors import TransformError
from jwstpipe.images.image import SkyImage
from jwstpipe.images.levels import level_for_pixels, read_level
from jwstpipe.requests.fields.orientation import Orientation
from jwstpipe.sky.frames import ICRS, rotated
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.jacobian import jacobians
from jwstpipe.sky.wcs.sky_wcs import SkyWcs

__all__ = ["turned_by", "up_angle"]

COARSE_PIXELS = 1 << 18
"""Pixels of the level that shows where an image has data."""

LEAST_TURN = 0.05
"""Images that lie as wanted to this, degrees, are left as they are."""


def up_angle(images: Sequence[SkyImage], wanted: Orientation) -> float:
    """Give the position angle of up, from north through east, that a wish means.

    Parameters
    ----------
    images
        What the picture is made of.
    wanted
        ``north``; ``instrument``: sides along those of the smallest rectangle, turned any way, around all data, and up
        within 45 degrees of north; or an angle in degrees.

    Raises
    ------
    TransformError
        An image without a place on the sky.
    """
    if wanted == "north":
        return 0.0
    if wanted != "instrument":
        return float(wanted) % 360.0
    ra, dec = np.concatenate([_edges(image) for image in images], axis=1)
    if not ra.size:
        return 0.0
    first = _wcs(images[0])
    middle = (np.array([(side - 1) / 2]) for side in images[0].shape[::-1])
    centre = rotated(*first.to_sky(*middle), first.frame, ICRS)
    plane = SkyGrid.north_up(float(centre[0][0]), float(centre[1][0]), first.scale_arcsec)
    x, y = plane.places(ra, dec)
    import shapely  # noqa: PLC0415 - slow to load, and few pictures are turned

    around = shapely.minimum_rotated_rectangle(shapely.multipoints(np.column_stack([x, y])))
    corners = shapely.get_coordinates(around)
    if len(corners) < 5:  # data on a line
        return 0.0
    along = corners[1] - corners[0]
    angle = math.degrees(math.atan2(-along[0], along[1])) % 90.0  # x runs to the west; all four sides are alike
    return angle if angle <= 45.0 else angle - 90.0


def turned_by(image: SkyImage, up: float) -> bool:
    """Tell whether an image has to be turned, or mirrored, to have a position angle of up."""
    x, y = (np.array([(side - 1) / 2]) for side in image.shape[::-1])
    ((east_x, east_y), (north_x, north_y)) = jacobians(_wcs(image), x, y)[0]
    mirrored = east_x * north_y - east_y * north_x > 0
    apart = math.degrees(math.atan2(east_y, north_y)) - up
    return bool(mirrored or abs((apart + 180.0) % 360.0 - 180.0) > LEAST_TURN)


def _wcs(image: SkyImage) -> SkyWcs:
    try:
        return image.image_wcs.exact(name=image.address)
    except TransformError as error:
        raise TransformError(f"{error}; without a place on the sky it cannot be turned: leave --orient out") from None


def _edges(image: SkyImage) -> np.ndarray:
    """Give the outer corners of the first and last covered pixel of every row: (2, n), RA and Dec in degrees."""
    level = level_for_pixels(image.shape, COARSE_PIXELS)
    covered = np.isfinite(read_level(image, level=level))
    rows = np.flatnonzero(covered.any(axis=1))
    left = covered[rows].argmax(axis=1)
    right = covered.shape[1] - covered[rows, ::-1].argmax(axis=1)
    x = np.concatenate([left, right, left, right]) * 2.0**level - 0.5
    y = np.concatenate([rows, rows, rows + 1, rows + 1]) * 2.0**level - 0.5
    wcs = _wcs(image)
    found = np.stack(rotated(*wcs.to_sky(x, y), wcs.frame, ICRS))
    return np.asarray(found[:, np.isfinite(found).all(axis=0)])
