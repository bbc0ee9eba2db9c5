"""Rows in cells: the level of a row from cells that agree, and what distant cells of a row have in common.

A sky that was not taken away to the last bit, a star that interpolation does not follow, a spike, a step where another
exposure ends, is no stripe: it stands in some cells of a row and not in the others. So each row of an amplifier is cut
into cells. What scatters more than its noise, at this place or nearby, counts less in the level of its row. And whether
there are stripes at all is asked of pairs of cells that do not touch: noise and a sky badly taken away differ in them,
and stripes are the same in all. That is the variance of the rows in an analysis of variance with one factor, as sums of
products instead of differences of squares, so that no noise has to be known and taken off.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from jwstpipe.cleaning.scales import detail, kept_of_noise
from jwstpipe.numerics.robust import MAD_TO_SIGMA

__all__ = ["Levels", "cells_a_band", "coherent", "row_levels"]

Floats = NDArray[np.float64]

CELL, FEWEST_CELLS, MOST_CELLS, NARROWEST = 32, 4, 32, 8
"""Columns of a cell; cells of a band, and the fewest columns that one has."""

NEARBY = 9
"""Rows over which a cell is asked whether it scatters more than it may."""

SPARED = 1.5
"""Scatter over that of noise, of so few rows, from which a cell counts less; noise alone hardly reaches it."""

FAR = 6.0
"""Square of the distance from the level, over that of noise, from which a single cell counts less."""

ROUNDS = 2

FAST = 3
"""Scales of rows that tell whether there are stripes: slower than 2**FAST rows the sky has its say."""

BLOCK = 16
"""Rows of a block; the median of all blocks is not moved by what happens in some."""

SURE, SCATTERED = 4.0, 2.0
"""Standard deviations by which what rows have in common must differ from nothing: those that noise has, and those of
the blocks, which stripes make larger, too."""


@dataclass(frozen=True, eq=False)
class Levels:
    """Levels of rows."""

    level: Floats
    """(y, band); NaN where too few samples tell."""

    error: Floats
    """(y, band): standard deviations."""

    weights: Floats
    """(y, band, cell): inverse variances of cells, less where there is more than noise nearby."""


def cells_a_band(columns: int, bands: int) -> int:
    """Tell into how many cells a band is cut."""
    width = columns // bands
    return max(min(max(width // CELL, FEWEST_CELLS), MOST_CELLS, width // NARROWEST), 1)


def row_levels(mean: Floats, weight: Floats) -> Levels:
    """Give the level of each row of each band.

    Parameters
    ----------
    mean
        (y, band, cell).
    weight
        (y, band, cell): inverse variances; 0 = not known.
    """
    known = weight > 0
    level = _medians(mean, known)
    trusted = quiet = weight
    for _ in range(ROUNDS):
        away = np.where(known, np.square(mean - level[..., None]) * weight, 0.0)
        share = known.mean(axis=2, keepdims=True)
        count = np.maximum(share * known.shape[2], 1.0)
        away *= count / np.maximum(count - 1.0, 1.0)  # the level follows its cells
        near = uniform_filter1d(away, NEARBY, axis=0, mode="nearest")
        much = uniform_filter1d(known.astype(np.float64), NEARBY, axis=0, mode="nearest")
        near = np.divide(near, much, out=np.ones_like(near), where=much > 1e-9)
        others = (NEARBY * near - away) / (NEARBY - 1.0)  # a cell must not count less for what it differs itself
        quiet = weight / np.maximum(others / SPARED, 1.0)
        trusted = weight / np.maximum(np.maximum(near / SPARED, away / FAR), 1.0)
        total = trusted.sum(axis=2)
        level = np.divide((trusted * mean).sum(axis=2), total, out=np.full(total.shape, np.nan), where=total > 0)
    total = trusted.sum(axis=2)
    error = np.divide(1.0, np.sqrt(total), out=np.full(total.shape, np.nan), where=total > 0)
    return Levels(level, error, quiet)


def _medians(mean: Floats, known: NDArray[np.bool_]) -> Floats:
    """Give medians over the last axis of what is known; NaN where nothing is."""
    ordered = np.sort(np.where(known, mean, np.inf), axis=2)
    count = known.sum(axis=2, keepdims=True)
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, mean.shape[2] - 1)
    middle = 0.5 * (np.take_along_axis(ordered, low, 2) + np.take_along_axis(ordered, high, 2))[..., 0]
    return np.where(count[..., 0] > 0, middle, np.nan)


def coherent(mean: Floats, weights: Floats) -> tuple[float, bool]:
    """Tell what distant cells of a row have in common.

    Parameters
    ----------
    mean, weights
        (y, band, cell): averages, and the inverse variances with which they count.

    Returns
    -------
    need, sure
        Standard deviation of the levels of rows over what noise alone gives them, of what is faster than a few rows:
        1 = no stripes, below 1 where chance has it so; and whether it is above 1 by more than chance.
    """
    known, total = weights > 0, weights.sum(axis=2)
    if not known.any():
        return 1.0, False
    smooth, left = np.where(known, mean, 0.0), weights
    for scale in range(FAST):
        _, smooth, left = detail(smooth, left, scale)
    fast = np.where(known, mean - smooth, 0.0)
    blocks = max(mean.shape[0] // BLOCK, 1)
    sums, pairs = (
        np.array([part.sum() for part in np.array_split(_pairs(one), blocks)]) for one in (weights * fast, weights)
    )
    if not (pairs > 0).any():
        return 1.0, False
    found = sums[pairs > 0] / pairs[pairs > 0]  # the variance that they share
    middle = float(np.median(found))
    spread = MAD_TO_SIGMA * float(np.median(np.abs(found - middle))) * np.sqrt(0.5 * np.pi / found.size)
    noise = kept_of_noise(FAST) * float(np.median(1.0 / total[total > 0]))
    by_chance = noise * np.sqrt(np.pi / np.count_nonzero(total))  # error of a median of squares with so many samples
    return float(np.sqrt(max(1.0 + middle / noise, 0.0))), middle > max(SURE * by_chance, SCATTERED * spread)


def _pairs(values: Floats) -> Floats:
    """Add up the products of all pairs of cells that do not touch, each pair twice."""
    touching = 2.0 * (values[..., 1:] * values[..., :-1]).sum(axis=2)
    return np.asarray(np.square(values.sum(axis=2)) - np.square(values).sum(axis=2) - touching)
