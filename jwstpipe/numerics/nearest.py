"""The nearest neighbour of every point of a plane, through a grid of cells that hold one point on average."""

import math

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["nearest_others"]

Floats = NDArray[np.float64]


@compiled()
def nearest_others(x: Floats, y: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Find for each point the nearest other one.

    Parameters
    ----------
    x, y
        (n,), finite.

    Returns
    -------
    ndarray, ndarray
        (n,) number of the nearest other point, of equally near ones the lowest, -1 where there is none; and its
        distance, NaN where there is none.
    """
    n = x.size
    which, distance = np.full(n, -1, np.int64), np.full(n, np.nan)
    if n < 2:
        return which, distance
    left, low = x.min(), y.min()
    side = max(math.sqrt((x.max() - left) * (y.max() - low) / n), max(x.max() - left, y.max() - low) / n, 1e-9)
    columns, rows = int((x.max() - left) / side) + 1, int((y.max() - low) / side) + 1
    cells = np.empty(n, np.int64)
    starts = np.zeros(rows * columns + 1, np.int64)
    for k in range(n):
        cells[k] = int((y[k] - low) / side) * columns + int((x[k] - left) / side)
        starts[cells[k] + 1] += 1
    starts = np.cumsum(starts)
    order = np.argsort(cells, kind="mergesort")
    for k in range(n):
        row, column = cells[k] // columns, cells[k] % columns
        best, found, reach = np.inf, -1, 0
        while reach <= max(rows, columns) and not best <= ((reach - 1) * side) ** 2:
            for i in range(max(row - reach, 0), min(row + reach + 1, rows)):
                for j in range(max(column - reach, 0), min(column + reach + 1, columns)):
                    if max(abs(i - row), abs(j - column)) != reach:
                        continue
                    for place in range(starts[i * columns + j], starts[i * columns + j + 1]):
                        other = order[place]
                        away = (x[other] - x[k]) ** 2 + (y[other] - y[k]) ** 2
                        if other != k and (away < best or (away == best and other < found)):
                            best, found = away, other
            reach += 1
        which[k], distance[k] = found, math.sqrt(best)
    return which, distance
