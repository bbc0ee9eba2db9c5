"""The distance of each pixel of a mask to the nearest pixel outside it."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["distance_to_outside"]


@compiled()
def distance_to_outside(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Measure the Euclidean distance of pixel centres, in two exact passes over whole numbers.

    After Meijster, Roerdink and Hesselink (2000, "A general algorithm for computing distance transforms in linear
    time"): first along columns, then the lower envelope of parabolas along each row.

    Parameters
    ----------
    mask
        (y, x); at least one pixel is not in it.

    Returns
    -------
    ndarray
        (y, x), pixels; 0 outside the mask. What lies beyond the border of the array counts as neither.
    """
    rows, columns = mask.shape
    squares = _along_columns(mask)
    found = np.empty((rows, columns))
    lowest, begins = np.zeros(columns, np.int64), np.zeros(columns, np.int64)
    for i in range(rows):
        up = squares[i]
        for j in range(columns):
            up[j] *= up[j]
        last = 0
        lowest[0] = begins[0] = 0
        for j in range(1, columns):
            while last >= 0:
                place, other = begins[last], lowest[last]
                if (place - other) ** 2 + up[other] <= (place - j) ** 2 + up[j]:
                    break
                last -= 1
            if last < 0:
                last = 0
                lowest[0] = j
                continue
            other = lowest[last]
            begin = 1 + (j * j - other * other + up[j] - up[other]) // (2 * (j - other))
            if begin < columns:
                last += 1
                lowest[last], begins[last] = j, begin
        for j in range(columns - 1, -1, -1):
            other = lowest[last]
            found[i, j] = np.sqrt(float((j - other) ** 2 + up[other]))
            if j == begins[last]:
                last -= 1
    return found


@compiled()
def _along_columns(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Measure the distance within each column; no nearer than half the array's circumference where it has none."""
    rows, columns = mask.shape
    far = rows + columns
    found = np.empty((rows, columns), np.int64)
    for j in range(columns):
        apart = far
        for i in range(rows):
            apart = min(apart + 1, far) if mask[i, j] else 0
            found[i, j] = apart
        for i in range(rows - 2, -1, -1):
            found[i, j] = min(found[i, j], found[i + 1, j] + 1)
    return found
