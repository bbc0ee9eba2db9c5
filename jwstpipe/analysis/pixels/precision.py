"""Images in double precision whose differences single precision does not hold (`jwstpipe.numerics.precision`).

Statistics take a constant from their samples first; what cannot says so to its user, and makes no catalogue of steps.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import PixelSource
from jwstpipe.errors import DataError
from jwstpipe.numerics.precision import offset_for_single
from jwstpipe.sky.box import Box

__all__ = ["offset_of", "require_single"]

_PLACES = 8
"""Windows along each side that samples are taken from, and pixels on the side of each."""

_SIDE = 16


def offset_of(image: PixelSource, box: Box | None = None, *, plane: str = "sci", index: int = 0) -> float:
    """Give what to take from the samples of a plane, so that single precision holds what is left; usually 0.

    Parameters
    ----------
    image
        Any image.
    box
        Part of it that is measured; None = all.
    plane, index
        What of it.

    Returns
    -------
    float
        The median of some samples, where steps of single precision there are not far below their spread.
    """
    frame = box or Box.of_shape(image.shape)
    corner = image.read(plane, Box(frame.y0, frame.x0, frame.y0 + 1, frame.x0 + 1), index=index)
    if corner.dtype != np.float64:
        return 0.0
    return offset_for_single(_samples(image, frame, plane, index))


def require_single(image: PixelSource, *, index: int = 0) -> None:
    """Refuse an image whose differences single precision does not hold.

    Raises
    ------
    DataError
        With the constant that has to be taken away first.
    """
    offset = offset_of(image, index=index)
    if offset:
        raise DataError(
            f"{image.address}: its samples lie so close about {offset:.9g} that single precision, in which sources are"
            f" measured, would lose their differences; take {offset:.9g} away from the image in double precision first"
        )


def _samples(image: PixelSource, frame: Box, plane: str, index: int) -> NDArray[np.float64]:
    """Read finite samples from windows evenly over an image."""
    rows, columns = frame.shape
    parts: list[NDArray[Any]] = [np.empty(0)]
    for row in range(_PLACES):
        for column in range(_PLACES):
            y, x = frame.y0 + row * rows // _PLACES, frame.x0 + column * columns // _PLACES
            window = Box(y, x, min(y + _SIDE, frame.y1), min(x + _SIDE, frame.x1))
            if window.area:
                parts.append(image.read(plane, window, index=index).ravel())
    return np.concatenate(parts)
