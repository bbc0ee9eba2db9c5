"""Reading an image at a resolution, whether its pyramid holds that level or not.

Level k of a full image of shape (h, w) has shape ``ceil(h / 2**k), ceil(w / 2**k)``; a pixel is the mean of what
exists of its ``2**k x 2**k`` block. Levels that an image does not store are averaged on the way, block by block, so
that they do not depend on the window that was asked for.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.images.image import SkyImage
from jwstpipe.numerics.areas.block_means import block_means
from jwstpipe.sky.box import Box

__all__ = ["fill_level", "level_for_pixels", "level_for_side", "level_shape", "read_level"]

Float32Image = NDArray[np.float32]

_READ_PIXELS = 1 << 23
"""Most pixels held at once while a level is averaged."""


def level_shape(shape: tuple[int, int], level: int) -> tuple[int, int]:
    """Give the shape of a level."""
    return -(-shape[0] >> level), -(-shape[1] >> level)


def level_for_pixels(shape: tuple[int, int], most: int) -> int:
    """Find the finest level of at most `most` pixels."""
    level = 0
    while level_shape(shape, level)[0] * level_shape(shape, level)[1] > most:
        level += 1
    return level


def level_for_side(side: int, wanted: int) -> int:
    """Find the coarsest level at which `side` full pixels still make `wanted` or more; 0 when none does."""
    return max((side // wanted).bit_length() - 1, 0)


def read_level(image: SkyImage, box: Box | None = None, *, level: int = 0) -> Float32Image:
    """Read a window of the science plane at any level.

    Parameters
    ----------
    image
        Image to read.
    box
        Window inside the shape of that level, pixels of that level; None = all of it.
    level
        0 = full resolution; may exceed the levels that the image holds.

    Returns
    -------
    ndarray of float32
        A copy of its own; NaN where there is no finite sample.
    """
    box = Box.of_shape(level_shape(image.shape, level)) if box is None else box
    values = np.empty(box.shape, np.float32)
    fill_level(image, box, values, level=level)
    return values


def fill_level(image: SkyImage, box: Box, target: Float32Image, *, level: int) -> bool:
    """Read a window as `read_level` does, into an array that is there; tells whether every sample has data."""
    stored = min(level, image.levels - 1)
    unpacked_to = getattr(image, "read_to", None)
    if level == 0 and unpacked_to is not None:  # a store unpacks where the samples are wanted
        unpacked_to(target, "sci", box)
    elif stored == level:
        target[...] = image.read("sci", box, level=level)
    else:
        _average(image, box, target, stored, level - stored)
    finite = np.isfinite(target)
    whole = bool(finite.all())
    if not whole:
        target[~finite] = np.nan
    return whole


def _average(image: SkyImage, box: Box, target: Float32Image, stored: int, halvings: int) -> None:
    height, width = level_shape(image.shape, stored)
    for band in box.bands(max(1, _READ_PIXELS // max(1, box.shape[1] << 2 * halvings))):
        source = Box(
            band.y0 << halvings,
            band.x0 << halvings,
            min(band.y1 << halvings, height),
            min(band.x1 << halvings, width),
        )
        samples = np.ascontiguousarray(image.read("sci", source, level=stored))
        block_means(samples, halvings, target[band.relative_to(box).slices])
