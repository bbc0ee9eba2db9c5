"""Whether images share one grid: shape and WCS."""

from collections.abc import Sequence

import numpy as np

from jwstpipe.errors import DataError, TransformError
from jwstpipe.images.headers.keywords import placing_cards
from jwstpipe.images.image import SkyImage
from jwstpipe.sky.celestial import CelestialWcs, tables_of
from jwstpipe.sky.wcs.sky_wcs import SkyWcs
from jwstpipe.sky.wcs.tangent import TangentWcs

__all__ = ["GRID_TOLERANCE_PX", "celestial_of", "check_one_grid", "on_one_grid"]

GRID_TOLERANCE_PX = 0.1
"""Images whose WCS differ by more than this are not on one grid."""


def celestial_of(image: SkyImage) -> TangentWcs | CelestialWcs | None:
    """Give the WCS of the header of an image, or None where it has none."""
    cards = placing_cards(image)
    plain = TangentWcs.from_cards(cards, compiled=True)
    if plain is not None:
        return plain
    try:
        tables = image.image_wcs.tables if tables_of(cards) else b""
        return CelestialWcs.from_cards(cards, name=image.address, tables=tables)
    except TransformError:
        return None


def check_one_grid(images: Sequence[SkyImage]) -> None:
    """Refuse images that do not share shape and WCS.

    Raises
    ------
    DataError
        Names the image that lies on another grid.
    """
    fault = _grid_fault(images)
    if fault:
        raise DataError(f"{fault}; align them to one grid first")


def on_one_grid(images: Sequence[SkyImage]) -> bool:
    """Tell whether images share shape and WCS."""
    return _grid_fault(images) is None


def _grid_fault(images: Sequence[SkyImage]) -> str | None:
    """Say which image lies on another grid than the first; None when all agree."""
    first = images[0]
    cards = placing_cards(first)
    tabulated = bool(tables_of(cards))
    for image in images[1:]:
        if image.shape != first.shape:
            theirs, ours = ("x".join(map(str, one.shape)) for one in (image, first))
            return f"{image.address} has {theirs} pixels and {first.address} {ours}"
        if not tabulated and placing_cards(image) == cards:
            continue  # the same words place both
        reference, other = celestial_of(first), celestial_of(image)
        if reference is None or other is None:
            continue
        apart = _largest_offset(reference, other, first.shape)
        if not apart <= GRID_TOLERANCE_PX:
            return f"{image.address} lies {apart:.3g} px off the grid of {first.address}"
    return None


def _largest_offset(one: SkyWcs, other: SkyWcs, shape: tuple[int, int]) -> float:
    y, x = (grid.ravel() for grid in np.meshgrid(*(np.linspace(0.0, n - 1.0, 5) for n in shape), indexing="ij"))
    back = other.to_pixel(*one.to_sky(x, y))
    return float(np.max(np.hypot(back[0] - x, back[1] - y)))
