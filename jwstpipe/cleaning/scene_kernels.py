"""Smoothing and masks of the sky under an exposure: compiled, one pass each, without the GIL."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.numerics.filters import middle

__all__ = ["block_medians", "box_sums", "cell_means", "grown", "mean_along", "sharp", "smooth_across"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]
Mask = NDArray[np.bool_]


@compiled(error_model="numpy")
def smooth_across(values: Float32Image, half: int, out: Float32Image) -> None:
    """Average over `half` rows on each side and the row itself; of what has data, NaN where nothing has."""
    rows, columns = values.shape
    total, count = np.zeros(columns), np.zeros(columns)
    for i in range(-half, rows):
        if i + half < rows:
            _add_row(values[i + half], 1.0, total, count)
        if i - half - 1 >= 0:
            _add_row(values[i - half - 1], -1.0, total, count)
        if i >= 0:
            for j in range(columns):
                out[i, j] = total[j] / count[j] if count[j] > 0.0 else np.nan


@compiled(error_model="numpy")
def _add_row(row: Float32Image, sign: float, total: Floats, count: Floats) -> None:
    """Add what has data to sums, or take it off; without branches, so that it runs in vectors."""
    for j in range(row.size):
        good = row[j] == row[j]
        total[j] += sign * row[j] if good else 0.0
        count[j] += sign if good else 0.0


@compiled(error_model="numpy")
def mean_along(values: Float32Image, half: int, out: Float32Image) -> None:
    """Average over `half` columns on each side and the column itself, of what has data; `out` may be `values`."""
    rows, columns = values.shape
    line, there = np.zeros(columns + 2 * half + 1), np.zeros(columns + 2 * half + 1)
    sums, counts = np.empty(columns), np.empty(columns)
    for i in range(rows):
        own, known = line[half + 1 : half + 1 + columns], there[half + 1 : half + 1 + columns]
        for j in range(columns):
            good = values[i, j] == values[i, j]
            own[j] = values[i, j] if good else 0.0
            known[j] = 1.0 if good else 0.0
        total, count = 0.0, 0.0
        for j in range(half):
            total += own[j] if j < columns else 0.0
            count += known[j] if j < columns else 0.0
        for j in range(columns):  # `line` has a column before and `half` zeros at each end
            total += line[j + 2 * half + 1]
            total -= line[j]
            count += there[j + 2 * half + 1] - there[j]
            sums[j], counts[j] = total, count
        for j in range(columns):
            out[i, j] = sums[j] / counts[j] if counts[j] > 0.0 else np.nan


@compiled(error_model="numpy")
def sharp(values: Float32Image, limit: Float32Image, out: Mask) -> None:
    """Mark pixels that differ from the mean of their four neighbours by more than a limit, or that have no data."""
    rows, columns = values.shape
    for i in range(rows):
        up, down = max(i - 1, 0), min(i + 1, rows - 1)
        for j in range(columns):
            left, right = max(j - 1, 0), min(j + 1, columns - 1)
            around = values[up, j] + values[down, j] + values[i, left] + values[i, right]
            out[i, j] = not abs(values[i, j] - np.float32(0.25) * around) <= limit[i, j]


@compiled(error_model="numpy")
def grown(mask: Mask, out: Mask) -> None:
    """Mark pixels that are marked, or of whose eight neighbours one is."""
    rows, columns = mask.shape
    for i in range(rows):
        up, down = max(i - 1, 0), min(i + 1, rows - 1)
        for j in range(columns):
            left, right = max(j - 1, 0), min(j + 1, columns - 1)
            out[i, j] = (
                mask[up, left] | mask[up, j] | mask[up, right] | mask[i, left] | mask[i, j] | mask[i, right]
                | mask[down, left] | mask[down, j] | mask[down, right]
            )  # fmt: skip


@compiled(error_model="numpy")
def block_medians(values: Float32Image, weights: Float32Image, side: int, fewest: int, out: Floats) -> None:
    """Give the median of blocks of `side` pixels, of samples whose weight is not 0; NaN of fewer than `fewest`."""
    room = np.empty(side * side, np.float32)
    for by in range(out.shape[0]):
        for bx in range(out.shape[1]):
            count = 0
            for i in range(by * side, min((by + 1) * side, values.shape[0])):
                for j in range(bx * side, min((bx + 1) * side, values.shape[1])):
                    if weights[i, j] > 0.0:
                        room[count] = values[i, j]
                        count += 1
            out[by, bx] = middle(room, count) if count >= fewest else np.nan


@compiled(error_model="numpy")
def cell_means(
    values: Float32Image, light: Float32Image, weights: Float32Image, out_of: Mask, level: Floats, limit: float,
    edges: NDArray[np.int64], mean: Floats, share: Floats,
) -> None:  # fmt: skip
    """Average rows without their stripes over cells; of what is free, and of what other exposures show much the same.

    Parameters
    ----------
    values, light, weights
        float32, (y, x): an exposure, the sky as the mosaic has it, and inverse variances; 0 = takes no part.
    out_of
        (y, x): what is left out.
    level
        (y, band): stripes that are taken off.
    limit
        Square of the distance from the sky, over the variance, from which a sample takes no part.
    edges
        First column of each cell, and the end; each band has as many.
    mean, share
        (y, cell): averages, and the share of samples that counted.
    """
    each = (edges.size - 1) // level.shape[1]
    for i in range(values.shape[0]):
        for k in range(edges.size - 1):
            total, count, off = np.float32(0.0), 0, np.float32(level[i, k // each])
            for j in range(edges[k], edges[k + 1]):
                value = values[i, j] - off
                away = value - light[i, j]
                if away * away * weights[i, j] <= limit and weights[i, j] > 0.0 and not out_of[i, j]:
                    total += value
                    count += 1
            mean[i, k] = total / count if count else 0.0
            share[i, k] = count / (edges[k + 1] - edges[k])


@compiled(error_model="numpy")
def box_sums(
    light: Float32Image, free: Mask, level: Floats, edges: NDArray[np.int64], side: int, total: Floats, count: Floats
) -> None:
    """Add up what is free in boxes of `side` pixels, without the levels (y, band) of rows in their bands."""
    for i in range(light.shape[0]):
        for b in range(edges.size - 1):
            off, j = np.float32(level[i, b]), edges[b]
            while j < edges[b + 1]:
                box = j // side
                end = min((box + 1) * side, edges[b + 1])
                own, used = np.float32(0.0), 0
                for k in range(j, end):
                    if free[i, k]:
                        own += light[i, k] - off
                        used += 1
                total[i // side, box] += own
                count[i // side, box] += used
                j = end
