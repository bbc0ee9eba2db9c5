"""The image at half resolution, its pixels counted from the absolute origin: (v, u) holds (2 v, 2 u) and three others.

Faint sources wider than a star stand out there, behind the same kernel, that is then twice as wide on the sky.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.box import Box

__all__ = ["COARSE_WIDTH", "halved", "halves_inside", "halves_of"]

Float32 = NDArray[np.float32]

COARSE_WIDTH = 2.0
"""Width of the kernel at half resolution, and of the window that centres sources seen there, in that of a star."""


def halves_inside(window: Box) -> Box:
    """Give the coarse pixels that lie whole in a window of absolute pixels."""
    return Box((window.y0 + 1) // 2, (window.x0 + 1) // 2, window.y1 // 2, window.x1 // 2)


def halves_of(window: Box) -> Box:
    """Give the coarse pixels that belong to a window of absolute pixels: windows that tile the plane share them out."""
    return Box((window.y0 + 1) // 2, (window.x0 + 1) // 2, (window.y1 + 1) // 2, (window.x1 + 1) // 2)


@compiled(error_model="numpy")
def halved(values: Float32, y0: int, x0: int) -> Float32:
    """Take means of two by two pixels over what has data.

    Parameters
    ----------
    values
        (y, x), NaN = no data.
    y0, x0
        Absolute pixel of the first value.

    Returns
    -------
    ndarray
        Of the pixels of `halves_inside`; NaN where none of four has data.
    """
    top, left = y0 % 2, x0 % 2
    rows, columns = (values.shape[0] - top) // 2, (values.shape[1] - left) // 2
    found = np.empty((rows, columns), np.float32)
    for i in range(rows):
        above, below = values[top + 2 * i], values[top + 2 * i + 1]
        for j in range(columns):
            k = left + 2 * j
            total, count = np.float32(0.0), np.float32(0.0)
            for value in (above[k], above[k + 1], below[k], below[k + 1]):
                missing = value != value  # noqa: PLR0124 - NaN
                total += np.float32(0.0) if missing else value
                count += np.float32(0.0) if missing else np.float32(1.0)
            found[i, j] = total / count
    return found
