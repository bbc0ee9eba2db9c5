"""Levels of rows and bands, of odd and even columns: compiled, without the GIL."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.numerics.filters import middle

__all__ = ["band_levels", "mean_inputs", "pair_offsets", "subtract_levels"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]
Edges = NDArray[np.int64]

ROUNDS = 3
"""Rounds of clipping about the mean of what was left."""

FEWEST = 8
"""Samples of a row in a band below which nothing is said of it."""


@compiled(error_model="numpy")
def band_levels(
    residual: Float32Image, weights: Float32Image, edges: Edges, clip: float, spread: float, level: Floats,
    error: Floats,
) -> None:  # fmt: skip
    """Give the level of every row in every band: a weighted mean of what lies near the median.

    Parameters
    ----------
    residual
        float32, (y, x): samples without sky and sources.
    weights
        float32, (y, x): inverse variances; 0 = takes no part.
    edges
        First column of each band, and the end.
    clip
        Samples farther than this many of their own standard deviations from the mean take no part.
    spread
        What standard deviations must be multiplied by, as those of the errors seldom are right.
    level, error
        (y, band): levels and their standard deviations; NaN where too few samples are left.
    """
    room, own = np.empty(residual.shape[1], np.float32), np.empty(residual.shape[1], np.float32)
    spare = np.empty(residual.shape[1], np.float32)
    for i in range(residual.shape[0]):
        for b in range(edges.size - 1):
            count = 0
            for j in range(edges[b], edges[b + 1]):
                if weights[i, j] > 0.0:
                    room[count] = residual[i, j]
                    own[count] = weights[i, j]
                    count += 1
            level[i, b], error[i, b] = np.nan, np.nan
            if count >= FEWEST:
                spare[:count] = room[:count]
                centre = np.float64(middle(spare, count))
                mean, total = _clipped_mean(room[:count], own[:count], centre, clip * spread)
                if total > 0.0:
                    level[i, b], error[i, b] = mean, spread / np.sqrt(total)


@compiled(error_model="numpy")
def _clipped_mean(values: Float32Image, weights: Float32Image, centre: float, clip: float) -> tuple[float, float]:
    """Give the weighted mean of what lies near it, and the weights of those added up; starts from a first guess."""
    total = 0.0
    for _ in range(ROUNDS):
        total, mean = 0.0, 0.0
        for k in range(values.size):
            away = values[k] - centre
            if away * away * weights[k] <= clip**2:
                total += weights[k]
                mean += weights[k] * away
        if total <= 0.0:
            break
        centre += mean / total
    return centre, total


@compiled(error_model="numpy")
def pair_offsets(residual: Float32Image, weights: Float32Image, edges: Edges, limit: Floats, offset: Floats) -> Floats:
    """Give how far odd columns lie above the even ones of each band, from pairs of neighbours: stripes cancel.

    Parameters
    ----------
    residual, weights, edges
        As `band_levels` has them; columns are odd or even as counted from the edge of their band.
    limit
        (band,): differences farther than this from the offset take no part.
    offset
        (band,): a first guess; receives the offsets.

    Returns
    -------
    ndarray
        (band,): pairs that took part.
    """
    used = np.zeros(edges.size - 1)
    for b in range(edges.size - 1):
        for _ in range(ROUNDS):
            total, count = 0.0, 0
            for i in range(residual.shape[0]):
                for j in range(edges[b], edges[b + 1] - 1, 2):
                    if weights[i, j] > 0.0 and weights[i, j + 1] > 0.0:
                        step = np.float64(residual[i, j + 1]) - np.float64(residual[i, j])
                        if abs(step - offset[b]) <= limit[b]:
                            total += step
                            count += 1
            if count:
                offset[b] = total / count
            used[b] = count
    return used


@compiled(error_model="numpy")
def subtract_levels(image: Float32Image, model: Float32Image, edges: Edges, level: Floats, odd: Floats) -> None:
    """Take levels (y, band) and half the offsets of odd columns (band,) from an image, and add them to a model."""
    for i in range(image.shape[0]):
        for b in range(edges.size - 1):
            even_value = np.float32(level[i, b] - 0.5 * odd[b])
            odd_value = np.float32(level[i, b] + 0.5 * odd[b])
            for j in range(edges[b], edges[b + 1]):
                value = odd_value if (j - edges[b]) % 2 else even_value
                image[i, j] -= value
                model[i, j] += value


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
