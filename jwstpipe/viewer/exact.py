"""Exact windows: what the renderer makes of a part of the scene, the same pixels as in an exported picture."""

import io
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.images.levels import level_shape
from jwstpipe.render.files.picture import quantised
from jwstpipe.render.rendering import render_window
from jwstpipe.sky.box import Box
from jwstpipe.viewer.looks import Look

__all__ = ["MOST_PIXELS", "encoded", "exact_window"]

MOST_PIXELS = 4 << 20
_JPEG_QUALITY = 90


def exact_window(look: Look, level: int, box: Box) -> NDArray[np.uint8]:
    """Render a window of a look.

    Parameters
    ----------
    look
        What is shown.
    level
        Level of the images.
    box
        Window, pixels of the level.

    Returns
    -------
    ndarray of uint8
        (y, x, 3), the top row first.

    Raises
    ------
    NotFoundError, UsageError
        No such level, or a window that is not inside it or has too many pixels.
    """
    if not 0 <= level < look.images.levels:
        raise NotFoundError(f"no level {level}; there are {look.images.levels}")
    if not Box.of_shape(level_shape(look.images.shape, level)).contains(box):
        raise UsageError(f"level {level} has no window {box}")
    if box.shape[0] * box.shape[1] > MOST_PIXELS:
        raise UsageError(f"a window has at most {MOST_PIXELS:,} px, not {box.shape[0] * box.shape[1]:,}")
    scene = replace(look.finish.scene, level=level)
    shown = quantised(render_window(scene, box).pixels, 8)
    return np.asarray(shown[::-1], np.uint8)


def encoded(pixels: NDArray[np.uint8], form: str) -> bytes:
    """Write pixels as PNG, quickly; or as JPEG for slow lines."""
    stream = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if form == "jpg":
        image.save(stream, "JPEG", quality=_JPEG_QUALITY)
    else:
        image.save(stream, "PNG", compress_level=1)
    return stream.getvalue()
