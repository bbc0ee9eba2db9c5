"""Mosaics that nobody wanted: larger than the limit, or hardly anything but empty sky between images far apart."""

from collections.abc import Sequence

import shapely
from numpy import degrees, radians

from jwstpipe.errors import DataError
from jwstpipe.mosaicking.inputs.sources import Inspection
from jwstpipe.requests import MosaicOptions
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid

__all__ = ["check_not_empty", "check_size"]

LEAST_COVERED = 0.01
"""Share of a large mosaic that its images cover at least, unless the user insists."""

LARGE = 50_000_000
"""Pixels of a mosaic that is too large to be mostly empty by mistake."""


def check_size(window: Box, options: MosaicOptions, plane: SkyGrid) -> None:
    """Refuse a mosaic beyond the limit.

    Raises
    ------
    DataError
        With its size and the ways out.
    """
    limit = options.max_gigapixels * 1e9
    if window.area > limit:
        raise DataError(
            f"the mosaic would have {_size(window, plane)}, limit {options.max_gigapixels:g} gigapixels;"
            " choose a coarser --scale, fewer images, or raise --max-gigapixels"
        )


def check_not_empty(
    window: Box, shapes: Sequence[shapely.Geometry], found: Sequence[Inspection], plane: SkyGrid
) -> None:
    """Ask before a large mosaic of which the images cover hardly anything, because they lie far apart.

    Parameters
    ----------
    window
        What the mosaic would cover.
    shapes
        The images on the plane; the sum of their areas is the most that they can cover.
    found
        The images.
    plane
        The plane.

    Raises
    ------
    DataError
        With the share, two images that lie far apart, and the ways out.
    """
    covered = float(sum(shapely.area(shape) for shape in shapes)) / window.area
    if window.area < LARGE or covered >= LEAST_COVERED:
        return
    from astropy.coordinates import angular_separation  # noqa: PLC0415 - for this refusal alone

    first = found[0].outline.centre
    apart = [float(angular_separation(*radians(first), *radians(one.outline.centre))) for one in found]
    far = max(range(len(found)), key=apart.__getitem__)
    raise DataError(
        f"the images cover {100 * covered:.2g} % of the mosaic, which would have {_size(window, plane)}:"
        f" {found[far].source.name} lies {degrees(apart[far]):.3g} deg from {found[0].source.name};"
        " mosaic them apart, leave one out, give a --grid with a window, or insist with --sparse"
    )


def _size(window: Box, plane: SkyGrid) -> str:
    rows, columns = window.shape
    return f"{columns:,} x {rows:,} pixels of {plane.scale_arcsec:.4g} arcsec ({window.area / 1e9:.2f} gigapixels)"
