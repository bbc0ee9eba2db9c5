"""What an exposure adds to the sums of its detector: compiled, one pass each, without the GIL."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["add_means", "calm_pixels"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]
Counts = NDArray[np.uint16]
Mask = NDArray[np.bool_]

NEAR = 2
"""Pixels on each side that are near."""


@compiled(error_model="numpy")
def calm_pixels(sky: Float32Image, limit: Float32Image, known: Mask, out: Mask) -> None:
    """Mark known pixels near which the sky differs by less than a limit, and has data everywhere."""
    rows, columns = sky.shape
    side = 2 * NEAR + 1
    high, low = np.full((side, columns), -np.inf, np.float32), np.full((side, columns), np.inf, np.float32)
    upper, lower = np.full(columns + 2 * NEAR, -np.inf, np.float32), np.full(columns + 2 * NEAR, np.inf, np.float32)
    for i in range(rows + NEAR):
        own_high, own_low = high[i % side], low[i % side]
        if i < rows:
            for j in range(columns):
                value = sky[i, j]
                there = np.isfinite(value)
                upper[j + NEAR] = value if there else np.float32(np.inf)
                lower[j + NEAR] = value if there else np.float32(0.0)
            own_high[:], own_low[:] = upper[:columns], lower[:columns]
            for k in range(1, side):
                _take_extremes(upper[k : k + columns], lower[k : k + columns], own_high, own_low)
        else:
            own_high[:], own_low[:] = np.float32(-np.inf), np.float32(np.inf)
        if i < NEAR:
            continue
        most, least = high[0].copy(), low[0].copy()
        for k in range(1, side):
            _take_extremes(high[k], low[k], most, least)
        for j in range(columns):
            out[i - NEAR, j] = known[i - NEAR, j] and most[j] - least[j] < limit[i - NEAR, j]


@compiled(error_model="numpy")
def _take_extremes(high: Float32Image, low: Float32Image, most: Float32Image, least: Float32Image) -> None:
    for j in range(most.size):
        most[j] = max(most[j], high[j])
        least[j] = min(least[j], low[j])


@compiled(error_model="numpy")
def add_means(
    values: Float32Image, known: Mask, side: int, around: int, fewest: float, each: float,
    count: Counts, often: Counts, total: Float32Image,
) -> None:  # fmt: skip
    """Add how far means over squares stand above those of wider squares, in standard deviations of such a mean.

    Means are those of `scipy.ndimage.uniform_filter`, to the last bit: the same sums in the same order, mirrored at the
    edges; but nothing is held of them beside one row.

    Parameters
    ----------
    values
        float32, (y, x): in standard deviations of a pixel; 0 where not known.
    known
        (y, x): what tells something.
    side, around
        Sides of the squares, odd.
    fewest
        Share of a square that must be known.
    each
        Height from which a mean counts as high.
    count, often, total
        Sums: exposures that tell of a square, those in which it is high, and the heights.
    """
    rows, columns = values.shape
    near_values, near_known = np.zeros(columns), np.zeros(columns)
    wide_values, wide_known = np.zeros(columns), np.zeros(columns)
    found = np.empty((4, columns), np.float32)
    line, least = np.empty(columns + max(side, around)), np.float32(fewest)
    for i in range(rows):
        _next_row(values, i, side, near_values)
        _next_row(known, i, side, near_known)
        _next_row(values, i, around, wide_values)
        _next_row(known, i, around, wide_known)
        _along(near_values, side, line, found[0])
        _along(near_known, side, line, found[1])
        _along(wide_values, around, line, found[2])
        _along(wide_known, around, line, found[3])
        for j in range(columns):
            share, shares = max(found[1, j], least), max(found[3, j], least)
            height = found[0, j] / share - found[2, j] / shares
            height *= np.sqrt(share) * np.float32(side)
            if share > least:
                count[i, j] += 1
                often[i, j] += height > each
                total[i, j] += height


@compiled(error_model="numpy")
def _next_row(values: NDArray[np.generic], row: int, size: int, sums: Floats) -> None:
    """Turn the sums over `size` rows about the row before into those about this one; of the first, add them up."""
    half = size // 2
    if row == 0:
        for k in range(-half, size - half):
            own = values[_mirrored(k, values.shape[0])]
            for j in range(sums.size):
                sums[j] += own[j]
        return
    after = values[_mirrored(row + size - half - 1, values.shape[0])]
    before = values[_mirrored(row - half - 1, values.shape[0])]
    for j in range(sums.size):
        sums[j] += np.float64(after[j]) - np.float64(before[j])


@compiled(error_model="numpy")
def _along(sums: Floats, size: int, line: Floats, out: Float32Image) -> None:
    """Average the means of a row, rounded as a plane of them would be, over `size` columns; `line` is room for it."""
    half, n, total = size // 2, out.size, 0.0
    for j in range(n):
        line[half + j] = np.float32(sums[j] / size)
    for k in range(half):
        line[k] = line[half + _mirrored(k - half, n)]
    for k in range(half + n, n + size - 1):
        line[k] = line[half + _mirrored(k - half, n)]
    for k in range(size):
        total += line[k]
    out[0] = total / size
    for j in range(1, n):
        total += line[j + size - 1] - line[j - 1]
        out[j] = total / size


@compiled(error_model="numpy")
def _mirrored(k: int, n: int) -> int:
    """Give the place in 0 .. n - 1 that a place beyond an edge shows."""
    while k < 0 or k >= n:
        k = -1 - k if k < 0 else 2 * n - 1 - k
    return k
