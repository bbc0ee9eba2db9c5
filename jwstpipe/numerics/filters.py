"""Filters of images with missing pixels, the same to the last bit for every window that holds their reach.

Means are normalised convolutions: what has no data has no weight. Medians are exact. Each pixel is computed by itself,
in a fixed order, so that neither the cutting into tiles nor their number shows.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.numerics.smoothing import FILLED_FROM

__all__ = ["box_taps", "medians", "middle", "repaired", "residuals"]

Float32Image = NDArray[np.float32]

FEWEST_NEIGHBOURS = 3
"""Fewer neighbours with data say nothing of a pixel."""


def box_taps(size: int) -> Float32Image:
    """Make the weights of a mean over `size` pixels."""
    return np.full(size, 1.0 / size, np.float32)


@compiled()
def _ranked(room: NDArray[np.float32], count: int, rank: int) -> np.float32:
    """Give the value of a rank by Hoare's selection; what lies in `room` is put in another order."""
    low, high = 0, count - 1
    while low < high:
        pivot = room[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while room[i] < pivot:
                i += 1
            while room[j] > pivot:
                j -= 1
            if i <= j:
                room[i], room[j] = room[j], room[i]
                i += 1
                j -= 1
        if rank <= j:
            high = j
        elif rank >= i:
            low = i
        else:
            break
    return np.float32(room[rank])


@compiled()
def middle(room: NDArray[np.float32], count: int) -> np.float32:
    """Give the median of the first samples in `room`; of an even number the mean of the two in the middle."""
    upper = _ranked(room, count, count // 2)
    if count % 2:
        return upper
    lower = room[0]  # those below the rank stand before it
    for k in range(1, count // 2):
        lower = max(lower, room[k])
    return np.float32(0.5 * (np.float64(lower) + np.float64(upper)))


@compiled()
def _gathered(values: Float32Image, i: int, j: int, half: int, others: int, room: NDArray[np.float32]) -> int:
    """Gather the samples around a pixel that have data; only of the others, without its own, where `others` is 1."""
    count = 0
    for k in range(max(0, i - half), min(values.shape[0], i + half + 1)):
        for m in range(max(0, j - half), min(values.shape[1], j + half + 1)):
            value = values[k, m]
            if value == value and not (others and k == i and m == j):  # noqa: PLR0124 - not NaN
                room[count] = value
                count += 1
    return count


@compiled()
def medians(values: Float32Image, size: int, *, fill: bool) -> Float32Image:
    """Take the median of what has data in a square of `size` pixels around each pixel.

    Parameters
    ----------
    values
        (y, x), NaN = no data.
    size
        Side of the square, odd.
    fill
        Give values to pixels without data too, where at least half of the square has some.
    """
    rows, columns = values.shape
    result = np.empty((rows, columns), np.float32)
    room = np.empty(size * size, np.float32)
    for i in range(rows):
        for j in range(columns):
            value = values[i, j]
            result[i, j] = np.nan
            if value == value or fill:  # noqa: PLR0124 - not NaN
                count = _gathered(values, i, j, size // 2, 0, room)
                if value == value or count >= FILLED_FROM * size * size:  # noqa: PLR0124
                    result[i, j] = middle(room, count)
    return result


@compiled()
def residuals(values: Float32Image, size: int) -> Float32Image:
    """Subtract from each pixel the median of its neighbours; NaN where there are too few."""
    rows, columns = values.shape
    result = np.empty((rows, columns), np.float32)
    room = np.empty(size * size, np.float32)
    for i in range(rows):
        for j in range(columns):
            count = _gathered(values, i, j, size // 2, 1, room)
            result[i, j] = values[i, j] - middle(room, count) if count >= FEWEST_NEIGHBOURS else np.nan
    return result


@compiled()
def repaired(values: Float32Image, size: int, *, noise: float, clip: float, rounds: int, fill: bool) -> Float32Image:
    """Put the median of their neighbours in the place of pixels that stand out from them.

    A pixel stands out when it is further from the median of its neighbours than `clip` times the larger of the noise
    and the neighbours' own spread (1.4826 times their median absolute deviation): a star, whose neighbours differ
    among themselves, stays.

    Parameters
    ----------
    values
        (y, x), NaN = no data.
    size
        Side of the square of neighbours, odd.
    noise
        Standard deviation of pixels about the median of their neighbours.
    clip, rounds
        How far is too far, and how often it is looked for; a round sees what the one before left.
    fill
        Give values to pixels without data too, where at least half of their neighbours have some.
    """
    rows, columns = values.shape
    before = values.copy()
    room, spread = np.empty(size * size, np.float32), np.empty(size * size, np.float32)
    least = max(FEWEST_NEIGHBOURS, FILLED_FROM * (size * size - 1))
    for _ in range(rounds):
        after = before.copy()
        for i in range(rows):
            for j in range(columns):
                value = before[i, j]
                known = value == value  # noqa: PLR0124 - not NaN
                if not known and not fill:
                    continue
                count = _gathered(before, i, j, size // 2, 1, room)
                if count < (FEWEST_NEIGHBOURS if known else least):
                    continue
                centre = middle(room, count)
                if not known:
                    after[i, j] = centre
                elif abs(value - centre) > clip * noise:
                    for k in range(count):
                        spread[k] = abs(room[k] - centre)
                    if abs(value - centre) > clip * 1.4826 * middle(spread, count):
                        after[i, j] = centre
        before = after
    return before
