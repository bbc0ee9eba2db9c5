"""Rims of holes: which stand out as the rim of a core does, and fillings of the others from theirs.

Bad pixels are by far the most holes of an image, thousands in a window, so that all are gone through in one kernel.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.numerics.robust import MAD_TO_SIGMA
from jwstpipe.render.cores.holes import HoleTable

__all__ = ["fill_from_rims", "stand_out"]

Float32Image = NDArray[np.float32]
Float32s = NDArray[np.float32]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]
Integers = NDArray[np.int64]

_OUTSTANDING = 3.0
"""Height of a core's rim above the ring around it, times the spread of that ring."""

_LEAST_AROUND = 8
"""Samples that tell of the surroundings, at least."""


def stand_out(values: Float32Image, table: HoleTable, *, reach: int) -> Mask:
    """Tell which holes are cores of something bright: their rims stand out from what lies further off.

    Parameters
    ----------
    values
        (y, x) samples of the window, NaN = no data.
    table
        Holes of the window.
    reach
        Pixels around a hole that count, at most.

    Returns
    -------
    ndarray of bool
        One of each hole.
    """
    return _stand_out(values, table.labels, table.numbers, table.bounds, table.area, reach)


def fill_from_rims(values: Float32Image, table: HoleTable, result: Float32Image, repaired: Mask) -> None:
    """Fill holes that are no cores: each pixel from the rim of its hole, by the inverse square of the distance.

    Parameters
    ----------
    values
        (y, x) samples of the window, NaN = no data.
    table
        Holes to fill.
    result
        Takes the fillings.
    repaired
        Pixels that were filled become true.
    """
    _fill_from_rims(values, table.labels, table.numbers, table.bounds, result, repaired)


@compiled()
def _stand_out(
    values: Float32Image, labels: Labels, numbers: Integers, bounds: Integers, areas: Integers, reach: int
) -> Mask:
    height, width = values.shape
    found = np.zeros(numbers.size, np.bool_)
    for k in range(numbers.size):
        y0, x0, y1, x1 = bounds[k, 0], bounds[k, 1], bounds[k, 2], bounds[k, 3]
        wide = min(max(y1 - y0, x1 - x0) + 4, reach)
        low, left = max(y0 - 1 - wide, 0), max(x0 - 1 - wide, 0)
        high, right = min(y1 + 1 + wide, height), min(x1 + 1 + wide, width)
        begin = min(max(np.sqrt(areas[k] / np.pi), 1.5) + 1.0, 0.5 * wide)
        end = 2.0 * begin + 2.0
        upright = _rows_away(labels, numbers[k], low, high, x0, x1)
        near, far = (
            np.empty((high - low) * (right - left), np.float32),
            np.empty((high - low) * (right - left), np.float32),
        )
        nears, fars = 0, 0
        for y in range(low, high):
            for x in range(left, right):
                value = values[y, x]
                if not np.isfinite(value):
                    continue
                nearest = np.int64(1) << 62
                for column in range(x0, x1):
                    away = upright[y - low, column - x0]
                    nearest = min(nearest, (x - column) ** 2 + away * away)
                distance = np.sqrt(np.float64(nearest))
                if 0.0 < distance <= 1.5:
                    near[nears] = value
                    nears += 1
                if begin < distance <= end:
                    far[fars] = value
                    fars += 1
        if nears > 0 and fars >= _LEAST_AROUND:
            found[k] = _rises(near[:nears], far[:fars])
    return found


@compiled()
def _rows_away(labels: Labels, number: int, low: int, high: int, x0: int, x1: int) -> Integers:
    """Give the distance along each column of the hole to its nearest pixel there."""
    away = np.full((high - low, x1 - x0), np.int64(1) << 30, np.int64)
    for column in range(x0, x1):
        last = -(1 << 30)
        for y in range(low, high):
            if labels[y, column] == number:
                last = y
            away[y - low, column - x0] = y - last
        last = 1 << 30
        for y in range(high - 1, low - 1, -1):
            if labels[y, column] == number:
                last = y
            away[y - low, column - x0] = min(away[y - low, column - x0], last - y)
    return away


@compiled()
def _rises(near: Float32s, far: Float32s) -> bool:
    middle = _median(far)
    spread = MAD_TO_SIGMA * np.float64(_median(np.abs(far - middle)))
    least = np.float64(middle) + max(_OUTSTANDING * spread, 1e-6 * abs(np.float64(middle)))
    return bool(np.float64(_median(near)) > least)


@compiled()
def _median(samples: Float32s) -> np.float32:
    ordered = np.sort(samples)
    half = ordered.size // 2
    if ordered.size % 2:
        return np.float32(ordered[half])
    return np.float32((ordered[half - 1] + ordered[half]) * np.float32(0.5))


@compiled()
def _fill_from_rims(
    values: Float32Image, labels: Labels, numbers: Integers, bounds: Integers, result: Float32Image, repaired: Mask
) -> None:
    for k in range(numbers.size):
        number = numbers[k]
        y0, x0, y1, x1 = bounds[k, 0], bounds[k, 1], bounds[k, 2], bounds[k, 3]
        rim = np.empty(((y1 - y0 + 2) * (x1 - x0 + 2), 2), np.int64)
        count = 0
        for y in range(y0 - 1, y1 + 1):
            for x in range(x0 - 1, x1 + 1):
                if np.isfinite(values[y, x]) and _touches(labels, number, y, x):
                    rim[count, 0], rim[count, 1] = y, x
                    count += 1
        if count == 0:
            continue
        for y in range(y0, y1):
            for x in range(x0, x1):
                if labels[y, x] == number:
                    total, weights = 0.0, 0.0
                    for n in range(count):
                        weight = 1.0 / ((y - rim[n, 0]) ** 2 + (x - rim[n, 1]) ** 2)
                        total += weight * values[rim[n, 0], rim[n, 1]]
                        weights += weight
                    result[y, x] = total / weights
                    repaired[y, x] = True


@compiled()
def _touches(labels: Labels, number: int, y: int, x: int) -> bool:
    """Tell whether one of the eight neighbours of a pixel belongs to a hole."""
    for row in range(max(y - 1, 0), min(y + 2, labels.shape[0])):
        for column in range(max(x - 1, 0), min(x + 2, labels.shape[1])):
            if labels[row, column] == number:
                return True
    return False
