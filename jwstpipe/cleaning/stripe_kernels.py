"""Levels of rows and bands, of odd and even columns, and how cells scatter: compiled, without the GIL."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.numerics.filters import middle

__all__ = ["mean_inputs", "pair_sums", "row_cells", "row_means", "squares_nearby", "subtract_levels"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]
Edges = NDArray[np.int64]

ROUNDS = 2
"""Rounds of clipping about the mean of what was left."""

GUESSED = 128
"""Samples of a row whose median is the first guess of its level."""

FEWEST = 4
"""Samples of a cell below which nothing is said of it."""


@compiled(error_model="numpy")
def row_cells(
    residual: Float32Image, weights: Float32Image, edges: Edges, cells: Edges, odd: Floats, clip: float, spread: float,
    mean: Floats, total: Floats,
) -> None:  # fmt: skip
    """Average cells of rows, of what lies near the level of their row in their band.

    Parameters
    ----------
    residual
        float32, (y, x): samples without sky and sources.
    weights
        float32, (y, x): inverse variances; 0 = takes no part.
    edges
        First column of each band, and the end.
    cells
        The same of cells, of which each band has as many.
    odd
        (band,): how far odd columns lie above even ones; is taken off.
    clip
        Samples farther than this many of their own standard deviations from the level take no part.
    spread
        What standard deviations must be multiplied by, as those of the errors seldom are right.
    mean, total
        (y, cell): weighted means, and the weights added up over `spread` squared; 0 of fewer than `FEWEST` samples.
    """
    rows, columns = residual.shape
    values, room = np.empty(columns, np.float32), np.empty(columns, np.float32)
    each = (cells.size - 1) // (edges.size - 1)
    limit = np.float32((clip * spread) ** 2)
    for i in range(rows):
        for b in range(edges.size - 1):
            first, end = edges[b], edges[b + 1]
            low, high = np.float32(-0.5 * odd[b]), np.float32(0.5 * odd[b])
            count = 0
            for j in range(first, end):
                values[j] = residual[i, j] - (high if (j - first) % 2 else low)
                count += weights[i, j] > 0.0
            stride, taken, seen = max(count // GUESSED, 1), 0, 0
            for j in range(first, end):
                if weights[i, j] > 0.0:
                    if seen % stride == 0:
                        room[taken] = values[j]
                        taken += 1
                    seen += 1
            centre = middle(room, taken) if taken else np.float32(0.0)
            for _ in range(ROUNDS):
                centre = _near_mean(values, weights, i, first, end, centre, limit)[0]
            for k in range(b * each, (b + 1) * each):
                level, weight, used = _near_mean(values, weights, i, cells[k], cells[k + 1], centre, limit)
                mean[i, k] = level if used >= FEWEST else 0.0
                total[i, k] = weight / spread**2 if used >= FEWEST else 0.0


@compiled(error_model="numpy")
def _near_mean(
    values: Float32Image, weights: Float32Image, row: int, first: int, end: int, centre: np.float32, limit: np.float32
) -> tuple[np.float32, np.float32, int]:
    """Give the weighted mean of what lies near a level, its weight, and how many samples that are."""
    total, away, used = np.float32(0.0), np.float32(0.0), 0
    for j in range(first, end):
        weight, step = weights[row, j], values[j] - centre
        if weight > 0.0 and step * step * weight <= limit:
            total += weight
            away += weight * step
            used += 1
    return (np.float32(centre + away / total) if used else centre), total, used


@compiled(error_model="numpy")
def pair_sums(
    residual: Float32Image, weights: Float32Image, edges: Edges, limit: Floats, offset: Floats, sums: Floats,
    counts: Floats,
) -> None:  # fmt: skip
    """Add up how far odd columns lie above the even ones beside them, row by row: stripes cancel.

    Parameters
    ----------
    residual, weights, edges
        As `row_cells` has them; columns are odd or even as counted from the edge of their band.
    limit
        (band,): differences farther than this from the offset take no part.
    offset
        (band,): a first guess.
    sums, counts
        (y, band): differences, and how many took part.
    """
    for i in range(residual.shape[0]):
        for b in range(edges.size - 1):
            total, count = 0.0, 0
            guess, far = np.float32(offset[b]), np.float32(limit[b])
            for j in range(edges[b], edges[b + 1] - 1, 2):
                step = residual[i, j + 1] - residual[i, j]
                if weights[i, j] > 0.0 and weights[i, j + 1] > 0.0 and abs(step - guess) <= far:
                    total += step
                    count += 1
            sums[i, b], counts[i, b] = total, count


@compiled(error_model="numpy")
def subtract_levels(image: Float32Image, model: Float32Image, edges: Edges, level: Floats, odd: Floats) -> None:
    """Take levels (y, band) and half the offsets of odd columns (band,) from an image, and add them to a model."""
    for i in range(image.shape[0]):
        for b in range(edges.size - 1):
            even_value = np.float32(level[i, b] - 0.5 * odd[b])
            odd_value = np.float32(level[i, b] + 0.5 * odd[b])
            end = edges[b + 1]
            for j in range(edges[b], end - 1, 2):
                image[i, j] -= even_value
                model[i, j] += even_value
                image[i, j + 1] -= odd_value
                model[i, j + 1] += odd_value
            if (end - edges[b]) % 2:
                image[i, end - 1] -= even_value
                model[i, end - 1] += even_value


@compiled(error_model="numpy")
def mean_inputs(counts: Float32Image, weights: Float32Image, edges: Edges, several: float, out: Floats) -> None:
    """Give the exposures that a mosaic has under every row of every band, (y, band), of samples that take part.

    Samples of which it has this exposure alone say nothing, and lose their weight, where a tenth or more of their row
    has others.
    """
    for i in range(counts.shape[0]):
        for b in range(edges.size - 1):
            total, every, count, used = 0.0, 0.0, 0, 0
            for j in range(edges[b], edges[b + 1]):
                if weights[i, j] > 0.0:
                    used += 1
                    every += counts[i, j]
                    if counts[i, j] >= several:
                        total += counts[i, j]
                        count += 1
            if 10 * count >= used and count > 0:
                out[i, b] = total / count
                for j in range(edges[b], edges[b + 1]):
                    if counts[i, j] < several:
                        weights[i, j] = 0.0
            else:
                out[i, b] = max(every / used, 1.0) if used else 1.0


@compiled(error_model="numpy")
def squares_nearby(fine: Floats, weights: Floats, half: int, square: Floats, near: Floats) -> None:
    """Give squared distances of cells from the mean of their row, and their means over rows nearby.

    Parameters
    ----------
    fine, weights
        (y, band, cell): values, and their weights; 0 = not known.
    half
        Rows on each side that are nearby; beyond an end the row at the end counts again.
    square, near
        (y, band, cell): squared distances, 0 where nothing is known; their means over what is known, 0 of nothing.
    """
    rows, bands, cells = fine.shape
    for i in range(rows):
        for b in range(bands):
            total, weighted = 0.0, 0.0
            for c in range(cells):
                total += weights[i, b, c]
                weighted += weights[i, b, c] * fine[i, b, c]
            middle = weighted / total if total > 0.0 else 0.0
            for c in range(cells):
                away = fine[i, b, c] - middle
                square[i, b, c] = away * away if weights[i, b, c] > 0.0 else 0.0
    _nearby(square, weights, half, near)


@compiled(error_model="numpy")
def _nearby(values: Floats, weights: Floats, half: int, out: Floats) -> None:
    """Average over rows nearby what is known; what is not is 0."""
    rows, bands, cells = values.shape
    sums, counts = np.zeros((bands, cells)), np.zeros((bands, cells))
    for k in range(-half, half + 1):
        i = min(max(k, 0), rows - 1)
        for b in range(bands):
            for c in range(cells):
                sums[b, c] += values[i, b, c]
                counts[b, c] += np.float64(weights[i, b, c] > 0.0)
    for i in range(rows):
        after, before = min(i + half + 1, rows - 1), max(i - half, 0)
        for b in range(bands):
            for c in range(cells):
                out[i, b, c] = sums[b, c] / counts[b, c] if counts[b, c] > 0.0 else 0.0
                sums[b, c] += values[after, b, c] - values[before, b, c]
                counts[b, c] += np.float64(weights[after, b, c] > 0.0) - np.float64(weights[before, b, c] > 0.0)


@compiled(error_model="numpy")
def row_means(fine: Floats, trust: Floats, blocks: int, mean: Floats, variance: Floats) -> None:
    """Give weighted means of rows, and their variances as blocks of cells beside each other tell them.

    Parameters
    ----------
    fine, trust
        (y, band, cell): values and weights.
    blocks
        How many there are.
    mean, variance
        (y, band): 0 and infinite where nothing is known.
    """
    rows, bands, cells = fine.shape
    more = blocks / (blocks - 1.0) if blocks > 1 else 0.0
    for i in range(rows):
        for b in range(bands):
            total, weighted = 0.0, 0.0
            for c in range(cells):
                total += trust[i, b, c]
                weighted += trust[i, b, c] * fine[i, b, c]
            mean[i, b], variance[i, b] = 0.0, np.inf
            if not total > 0.0:
                continue
            middle, squares = weighted / total, 0.0
            for k in range(blocks):
                own = 0.0
                for c in range(k * cells // blocks, (k + 1) * cells // blocks):
                    own += trust[i, b, c] * (fine[i, b, c] - middle)
                squares += own * own
            mean[i, b], variance[i, b] = middle, squares / (total * total) * more
