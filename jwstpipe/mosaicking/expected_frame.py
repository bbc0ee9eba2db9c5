"""The frame of a mosaic while some of its images are still to come: told by those that reach its rim.

Plane and window of a mosaic follow from all of its images. Of those that are not here an archive lists outlines, which
are good to a fraction of an arcsecond: enough to tell which of them reach the rim, and that the others do not.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.inputs.following import Followed
from jwstpipe.mosaicking.placement import bounding_box, grid_around, shapes_on
from jwstpipe.sky.box import Box
from jwstpipe.sky.footprint import EDGE_SAMPLES, Footprint
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.regions import shapes_of

__all__ = ["expected_frame", "listed_outline", "reaching_the_rim"]

RIM_ARCSEC = 1.0
"""An image whose listed outline comes this near to a side of what all cover may be what that side follows from."""

CLEAR_ARCSEC = 0.5
"""One that stays away from a side by this, as listed, does not move it."""


def listed_outline(region: str) -> Footprint | None:
    """Read the outline of an image as an archive lists it; None where it is no polygon.

    Parameters
    ----------
    region
        STC-S, as ``s_region`` has it.
    """
    shapes = shapes_of(region)
    if not shapes or any(kind != "POLYGON" for kind, _ in shapes):
        return None
    corners = np.concatenate([np.reshape(values[: len(values) // 2 * 2], (-1, 2)) for _, values in shapes])
    ra, dec = np.repeat(corners, EDGE_SAMPLES, axis=0).T  # as many points as an outline that was sampled has
    return Footprint(ra, dec, float("inf"))


def reaching_the_rim(regions: Mapping[str, str]) -> frozenset[str]:
    """Name the images that reach the rim of what all of them cover, north up; none where an outline is not known.

    Parameters
    ----------
    regions
        STC-S of each image.
    """
    outlines = {name: listed_outline(region) for name, region in regions.items()}
    known = {name: outline for name, outline in outlines.items() if outline is not None}
    if len(known) < len(outlines) or not known:
        return frozenset()
    plane = grid_around(list(known.values()), scale_arcsec=1.0)
    places = {name: plane.places(outline.ra, outline.dec) for name, outline in known.items()}
    low = {name: np.array([x.min(), y.min()]) for name, (x, y) in places.items()}
    high = {name: np.array([x.max(), y.max()]) for name, (x, y) in places.items()}
    first, last = np.min(list(low.values()), axis=0) + RIM_ARCSEC, np.max(list(high.values()), axis=0) - RIM_ARCSEC
    # a place out of the plane's reach is no number, and counts as within the rim of nothing
    return frozenset(name for name in known if not (low[name] > first).all() or not (high[name] < last).all())


def expected_frame(
    found: Followed, missing: Sequence[Footprint], *, scale_arcsec: float | None = None
) -> tuple[SkyGrid, Box] | None:
    """Tell which plane and window all images will share, as far as that can be known.

    Parameters
    ----------
    found
        The images that are here.
    missing
        Outlines of the others, as listed.
    scale_arcsec
        Pixel size; default: that of the finest image, which is taken to be here.

    Returns
    -------
    SkyGrid, Box or None
        As `common_frame` gives them; None where an image that is missing may reach beyond those that are here, or
        where a moving target is followed, whose place follows from all.
    """
    if found.reference is not None:
        return None
    outlines = [one.outline for one in found.inspections]
    plane = grid_around([*outlines, *missing], scale_arcsec=scale_arcsec)
    window = Box.around([bounding_box(shape) for shape in shapes_on(plane, found.inspections)])
    clear = CLEAR_ARCSEC / plane.scale_arcsec
    inside = (_within(plane.places(one.ra, one.dec), window, clear) for one in missing)
    return (plane, window) if all(inside) else None


def _within(places: tuple[NDArray[np.float64], NDArray[np.float64]], window: Box, clear: float) -> bool:
    x, y = places
    across = (x > window.x0 + clear) & (x < window.x1 - 1 - clear)
    return bool((across & (y > window.y0 + clear) & (y < window.y1 - 1 - clear)).all())
