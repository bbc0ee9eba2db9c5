"""Gaussian blurs that know of missing pixels, the same to the last bit for every window."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = [
    "FILLED_FROM",
    "gaussian_reach",
    "gaussian_taps",
    "gaussian_taps_to",
    "smoothed",
    "weighted_means",
    "white_left",
]

Float32Image = NDArray[np.float32]

_TRUNCATE = 3.0

FILLED_FROM = 0.5
"""Share of a kernel that must have data before it speaks for a pixel that has none."""


def gaussian_reach(sigma: float) -> int:
    """Give the pixels on each side that a blur, cut at three sigma, looks at."""
    return int(np.ceil(_TRUNCATE * sigma))


def gaussian_taps(sigma: float) -> Float32Image:
    """Make the weights of a blur, cut at three sigma, sum 1."""
    return gaussian_taps_to(sigma, gaussian_reach(sigma))


def gaussian_taps_to(sigma: float, reach: int) -> Float32Image:
    """Make the weights of a Gaussian over `reach` pixels on each side, sum 1."""
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.asarray(taps / taps.sum(), np.float32)


def white_left(taps: Float32Image) -> float:
    """Give the standard deviation of white noise behind a blur along both axes, as a share of that before it."""
    return float(np.sum(taps.astype(np.float64) ** 2))


def smoothed(values: Float32Image, taps: Float32Image) -> Float32Image:
    """Blur with a separable kernel over what has data; NaN where a pixel itself has none (`weighted_means`)."""
    made: Float32Image = weighted_means(values, taps, fill=False)
    return made


@compiled(error_model="numpy")
def weighted_means(values: Float32Image, taps: Float32Image, *, fill: bool) -> Float32Image:
    """Convolve with a separable kernel over what has data.

    The sums run tap by tap from one end, so that every window gives the same bits.

    Parameters
    ----------
    values
        (y, x), NaN = no data.
    taps
        (2 r + 1,), sum 1.
    fill
        Give values to pixels without data too, where at least half of the kernel's weight has some.

    Returns
    -------
    ndarray
        (y, x), NaN = no data.
    """
    rows, columns = values.shape
    size, reach = taps.size, taps.size // 2
    sums, weights = np.empty((size, columns), np.float32), np.empty((size, columns), np.float32)  # the last rows seen
    known, there = np.zeros(columns + 2 * reach, np.float32), np.zeros(columns + 2 * reach, np.float32)
    total, weight = np.empty(columns, np.float32), np.empty(columns, np.float32)
    result = np.empty((rows, columns), np.float32)
    for last in range(rows + reach):
        if last < rows:
            _unpack(values[last], known[reach : reach + columns], there[reach : reach + columns])
            along, present = sums[last % size], weights[last % size]
            along[:] = 0.0
            present[:] = 0.0
            for t in range(size):
                _add(along, taps[t], known[t : t + columns])
                _add(present, taps[t], there[t : t + columns])
        i = last - reach
        if i < 0:
            continue
        total[:] = 0.0
        weight[:] = 0.0
        for t in range(max(0, reach - i), min(size, rows + reach - i)):
            _add(total, taps[t], sums[(i + t - reach) % size])
            _add(weight, taps[t], weights[(i + t - reach) % size])
        for j in range(columns):
            value = values[i, j]
            kept = value == value or (fill and weight[j] >= FILLED_FROM)  # noqa: PLR0124 - not NaN
            result[i, j] = total[j] / weight[j] if kept else np.float32(np.nan)
    return result


@compiled(error_model="numpy")
def smoothed_each(values: Float32Image, taps: Float32Image, step: int, y0: int, x0: int) -> Float32Image:
    """Give `smoothed` at every `step`-th pixel of both axes, from row `y0` and column `x0` on: the same bits."""
    rows, columns = values.shape
    size, reach = taps.size, taps.size // 2
    ny, nx = max(0, (rows - y0 + step - 1) // step), max(0, (columns - x0 + step - 1) // step)
    sums, weights = np.empty((size, nx), np.float32), np.empty((size, nx), np.float32)
    wide = (columns + 2 * reach + step - 1) // step + 1
    known, there = np.zeros(wide * step, np.float32), np.zeros(wide * step, np.float32)
    apart, share = np.empty((step, wide), np.float32), np.empty((step, wide), np.float32)
    total, weight = np.empty(nx, np.float32), np.empty(nx, np.float32)
    result = np.empty((ny, nx), np.float32)
    for last in range(rows + reach):
        if last < rows:
            _unpack(values[last], known[reach : reach + columns], there[reach : reach + columns])
            for k in range(step):
                apart[k], share[k] = known[k::step], there[k::step]
            along, present = sums[last % size], weights[last % size]
            along[:] = 0.0
            present[:] = 0.0
            for t in range(size):
                first, phase = (x0 + t) // step, (x0 + t) % step
                _add(along, taps[t], apart[phase, first : first + nx])
                _add(present, taps[t], share[phase, first : first + nx])
        i = last - reach
        if i < y0 or (i - y0) % step:
            continue
        total[:] = 0.0
        weight[:] = 0.0
        for t in range(max(0, reach - i), min(size, rows + reach - i)):
            _add(total, taps[t], sums[(i + t - reach) % size])
            _add(weight, taps[t], weights[(i + t - reach) % size])
        row = (i - y0) // step
        for k in range(nx):
            value = values[i, x0 + k * step]
            result[row, k] = total[k] / weight[k] if value == value else np.float32(np.nan)  # noqa: PLR0124 - not NaN
    return result


@compiled()
def _unpack(row: Float32Image, known: Float32Image, there: Float32Image) -> None:
    for j in range(row.size):
        value = row[j]
        missing = value != value  # noqa: PLR0124 - NaN; plain comparisons become vector instructions
        known[j] = np.float32(0.0) if missing else value
        there[j] = np.float32(0.0) if missing else np.float32(1.0)


@compiled()
def _add(total: Float32Image, tap: np.float32, part: Float32Image) -> None:
    for j in range(total.size):
        total[j] += tap * part[j]
