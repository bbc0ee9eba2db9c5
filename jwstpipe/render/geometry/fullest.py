"""The largest window that images fill: what a picture shows without a tilted border.

For every pair of rows the longest run of columns whose covered share suffices is found from the prefix sums of
``covered - (1 - border) height`` in one pass over the columns (the longest stretch with a sum that is not negative);
the largest of all is exact on the pixels it was looked for on.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import NoCoverageError
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.box import Box

__all__ = ["fullest_window"]

Mask = NDArray[np.bool_]

MOST_SIDE = 384
"""Pixels of a side on which the window is looked for; its edges are exact to one of them."""


def fullest_window(covered: Mask, level: int, shape: tuple[int, int], *, border: float = 0.0) -> Box:
    """Find the largest window, in full pixels, of which at most a share is empty.

    Parameters
    ----------
    covered
        (y, x) of all of a coarse level: pixels of which any part is covered. Holes that data surround count as filled:
        the core of a star is no border.
    level
        Of `covered`.
    shape
        Rows and columns at full resolution.
    border
        Share of the window that may be empty, 0 to 0.5.

    Raises
    ------
    NoCoverageError
        No window is filled.
    """
    from scipy.ndimage import binary_erosion, binary_fill_holes  # noqa: PLC0415 - only this wish needs it

    filled = binary_fill_holes(covered)
    if level:  # a coarse pixel at the edge is covered in part
        filled = binary_erosion(filled, np.ones((3, 3), bool), border_value=1)
    step = -(-max(filled.shape) // MOST_SIDE)
    coarse = _all_of_each(filled, step)
    y0, x0, y1, x1 = _largest(coarse, 1.0 - border)
    if y1 == y0:
        raise NoCoverageError(
            "crop auto: no window of the images is filled; allow some border (auto:10%), or leave it out"
        )
    unit = step << level
    return Box(y0 * unit, x0 * unit, min(y1 * unit, shape[0]), min(x1 * unit, shape[1]))


def _all_of_each(mask: Mask, step: int) -> Mask:
    """Make blocks of pixels one: covered where all of them are, beyond the edge counting as covered."""
    rows, columns = (-(-side // step) for side in mask.shape)
    padded = np.ones((rows * step, columns * step), bool)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    return np.asarray(padded.reshape(rows, step, columns, step).all(axis=(1, 3)))


@compiled()
def _largest(mask: Mask, share: float) -> tuple[int, int, int, int]:
    """Give y0, x0, y1, x1 of the largest window with at least a share of its pixels covered; zeros where none is."""
    rows, columns = mask.shape
    best, found = 0, (0, 0, 0, 0)
    counts = np.empty(columns, np.int64)
    sums = np.empty(columns + 1, np.float64)
    low = np.empty(columns + 1, np.int64)
    for bottom in range(rows):
        counts[:] = 0
        for top in range(bottom, rows):
            height = top - bottom + 1
            sums[0], low[0], lows = 0.0, 0, 1
            for x in range(columns):
                counts[x] += mask[top, x]
                sums[x + 1] = sums[x] + counts[x] - share * height
                if sums[x + 1] < sums[low[lows - 1]]:
                    low[lows] = x + 1
                    lows += 1
            if columns * height <= best:
                continue
            end = columns
            while lows and end > 0:  # the latest end for the earliest begin
                while lows and sums[end] >= sums[low[lows - 1]] - 1e-9:
                    lows -= 1
                    begin = low[lows]
                    if (end - begin) * height > best:
                        best, found = (end - begin) * height, (bottom, begin, top + 1, end)
                end -= 1
    return found
