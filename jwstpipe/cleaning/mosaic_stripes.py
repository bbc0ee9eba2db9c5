"""Stripes that the mosaic has too: how much of what it shows along the rows belongs to the detector.

Dithers are translations. A pattern of whole rows that is added to the sky, and taken from the stripes of every
exposure, changes no sample: no data of one field tell the two apart. So the mosaic keeps the mean of the stripes of all
exposures, at every frequency. What decides is a prior: the sky has no reason to vary in step along a whole row. The
profile of the mosaic across the stripes is taken apart by scale (`jwstpipe.cleaning.scales`), cell by cell of the rows.
At each scale

- the cells of a row are averaged with the weights that their own structure at this place and scale asks for, so that
  empty sky tells more than a nebula beside it;
- the scatter of blocks of cells, as wide as the scale, tells how well sky and noise average out;
- the power of the stripes of one exposure is known from how it differs from the mosaic, that of their mean from the
  number of exposures; where rows nearby, or this one, vary by more than it and the scatter, the rest is sky, too;
- a Wiener weight of the two gives what is taken: first what the bands share, then what each has of its own.

Where fewer exposures begin to overlap, stripes and pedestals of the mosaic change at once, which is expected as well.

On an even sky next to all is taken. Where the sky varies in step with whole rows more than the stripes' mean does,
next to nothing is, and that part of the stripes stays, thinned by the root of the number of exposures. Never is more
taken than the stripes of the exposures, as they differ from each other, let expect: where they do not, nothing is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from jwstpipe.cleaning.scales import detail, scales_of, white_detail
from jwstpipe.cleaning.stripe_kernels import row_means, squares_nearby

__all__ = ["Shared", "stripes_of_mosaic"]

Floats = NDArray[np.float64]

FEWEST_BLOCKS = 4
"""Blocks of cells that tell a scatter; of fewer, the least is two, and what they tell is doubled (`FEW`)."""

FEW = 2.0

FEWEST_PIXELS = 0.2
"""Share of a cell that must be free for it to count."""

SHARP_SCALES = 3
"""Scales that the samples of the mosaic itself tell, which have less noise than the exposure, and near stars, too."""

MEASURED = 3
"""Of the scales with `FEWEST_PERIODS`, so many give the power of slower ones: flicker has the same in all."""

FEWEST_PERIODS = 12

MEDIAN = 1.2
"""Variance of the median of a few exposures over that of their mean; mosaics that tell what is sky are medians."""

CHANCE = 3.0
"""Standard deviations by which rows nearby must vary more than expected, to show a sky that varies in step."""

SEVERAL = 0.25
"""Share of the stripes of an exposure that stands out of the mosaic, from which it tells how strong they are."""

SAMPLED = 4
"""Of so many rows one is looked at for the usual scatter of a cell."""

QUIET, FAR_CELL = 0.5, 4.0
"""Least variance of a cell, over the usual; and the square of its distance from its row that is left as it is."""

LEAST = 0.1
"""Share of the expected variance of stripes that is looked for even where rows do not vary by it."""

FAR = 9.0
"""Square of a row's strength, over what is expected, from which it is rather one of the sky."""


@dataclass(frozen=True, eq=False)
class Shared:
    """What a mosaic has of the stripes."""

    level: Floats
    """(y, band): to be added to what stands out of the mosaic; each scale about 0, but for steps of an even sky."""

    left: float
    """Variance of the mean stripes that stays, as the weights expect it."""


@dataclass(frozen=True)
class _Power:
    """Variance of the stripes of one exposure at one scale."""

    shared: float
    own: float
    """Of each band, beside what they share."""


def stripes_of_mosaic(
    cells: Floats, share: Floats, level: Floats, *, width: float, error: float, inputs: Floats, even: bool = False,
    sharp: tuple[Floats, Floats] | None = None,
) -> Shared:  # fmt: skip
    """Tell what a mosaic has of the stripes.

    Parameters
    ----------
    cells
        (y, band, cell): the exposure without `level` averaged over parts of the rows, of what is free of sources: what
        the mosaic has, with the stripes that it has under this exposure, however many overlap.
    share
        (y, band, cell): share of each part that was free.
    level
        (y, band): stripes of the exposure that stand out of the mosaic.
    width
        Pixels in a cell.
    error
        Standard deviation of a level.
    inputs
        (y, band): exposures in the mosaic, 1 where it is made of this one alone.
    even
        The sky that is free is even, so that bands that differ on an average do so by the detector.
    sharp
        Cells and shares of the mosaic's own samples; None = there are none.

    Returns
    -------
    Shared
        The stripes in it.
    """
    rows = level.shape[0]
    weights = _usable(share)
    known = weights > 0
    smooth = np.where(known, cells - (np.median(cells[known]) if known.any() else 0.0), 0.0)
    scales = scales_of(rows)
    power = _power_of_stripes(level - np.median(level, axis=0), scales, error=error, inputs=inputs)
    found, left = np.zeros(level.shape), 0.0
    if even:
        steps = _steps_of_bands(smooth, weights)
        found += steps
        smooth = np.where(known, smooth - steps[:, None], 0.0)
    fewer = np.sqrt(np.maximum(1.0 / inputs - 1.0 / inputs.max(), 0.0))
    pedestal, ones = _pedestal(level, inputs), np.ones(level.shape)
    own, own_weights = (smooth, weights) if sharp is None else (sharp[0], _usable(sharp[1]))
    for scale in range(scales + 1):
        if scale < scales:
            fine, smooth, after = detail(smooth, weights, scale)
            step, fewer, _ = detail(fewer, ones, scale)
        else:
            fine, after = np.where(weights > 0, smooth - _middle(smooth, weights), 0.0), weights
            step = fewer - fewer.mean(axis=0)
        told = weights
        if sharp is not None and scale < min(SHARP_SCALES, scales):
            told = own_weights
            fine, own, left_of = detail(own, own_weights, scale)
            own_weights = _usable(left_of)
        taken, stays = _taken_at(scale, fine, told, _expected(power[scale:], pedestal, step, inputs), width=width)
        found += taken
        left += stays
        weights = _usable(after)
    return Shared(found - (np.median(found) if even else np.median(found, axis=0)), left)


def _usable(share: Floats) -> Floats:
    return np.where(share >= FEWEST_PIXELS, np.minimum(share, 1.0), 0.0)


def _pedestal(level: Floats, inputs: Floats) -> float:
    """Give the variance of what bands of one exposure differ by on an average."""
    steps = np.median(level, axis=0)
    return float(np.var(steps, ddof=1)) / max(float(np.mean(1.0 - 1.0 / inputs)), SEVERAL) if steps.size > 1 else 0.0


def _expected(power: Sequence[_Power], pedestal: float, step: Floats, inputs: Floats) -> tuple[Floats, Floats]:
    """Give the variance of stripes in the mosaic, (y, 1) of what bands share, (y, band) of their own.

    `power` is that of this scale and of all slower ones, `step`, (y, band), how much at this scale the exposures in the
    mosaic become fewer: of all that is slower, stripes change by that much at once.
    """
    jumps = np.square(step)
    slower, slower_own = sum(one.shared for one in power[1:]), sum(one.own for one in power[1:])
    shared = _of_median(power[0].shared, inputs.mean(axis=1, keepdims=True))
    own = _of_median(power[0].own, inputs)
    return shared + slower * jumps.mean(axis=1, keepdims=True), own + (slower_own + pedestal) * jumps


def _steps_of_bands(cells: Floats, weights: Floats) -> Floats:
    """Give how far bands lie above the mean of all, (band,); of one without data nothing is told."""
    total = weights.sum(axis=(0, 2))
    known = total > 0
    means = np.divide((cells * weights).sum(axis=(0, 2)), total, out=np.zeros_like(total), where=known)
    return np.where(known, means - (np.mean(means[known]) if known.any() else 0.0), 0.0)


def _middle(values: Floats, weights: Floats) -> float:
    return float(np.average(values, weights=weights)) if weights.any() else 0.0


def _taken_at(
    scale: int, fine: Floats, weights: Floats, expected: tuple[Floats, Floats], *, width: float
) -> tuple[Floats, float]:
    """Give the stripes at one scale, (y, band), and the variance of what stays of them."""
    rows, bands, _ = fine.shape
    reach = int(min((8 << scale) + 1, max(rows // 2, 1)))
    trust = _agreeing(fine, weights, reach)
    wide = max(int((2 << scale) / width), 1)
    whole = [one.reshape(rows, 1, -1) for one in (fine, trust)]
    mean, variance = _mean(whole[0], whole[1], wide, reach)
    chance = 1.0 + CHANCE * np.sqrt(2.0 * (2 << scale) / reach)  # a scale has a free value every 2**scale rows or two
    gain, left = _drawn(mean, variance, expected[0], reach, chance)
    found = gain * mean
    if bands == 1:
        return np.asarray(found), left
    own, variance = _mean(fine, trust, wide, reach)
    away = np.where(np.isfinite(variance), own - mean, 0.0)
    chance = 1.0 + (chance - 1.0) / np.sqrt(bands - 1.0)
    gain, stays = _drawn(away, variance, expected[1], reach, chance)
    return np.asarray(found + gain * away), left + stays


def _of_median(power: float, inputs: Floats) -> Floats:
    """Give the variance of the stripes in a mosaic."""
    return np.asarray(power / inputs * np.where(inputs > 2.0, MEDIAN, 1.0))


def _drawn(mean: Floats, variance: Floats, prior: Floats, reach: int, chance: float) -> tuple[Floats, float]:
    """Give the Wiener weights of means of rows that hold stripes beside sky and noise, and the variance that stays.

    Parameters
    ----------
    mean, variance
        (y, band): means, and how far sky and noise are in them, as the scatter along the rows tells; inf = not known.
    prior
        (y, band): variance of the stripes.
    reach
        Rows that are nearby.
    chance
        How much more than expected they may vary.
    """
    square, sure = np.square(mean), np.isfinite(variance)
    seen = float(np.mean(square[sure]) - np.median(variance[sure])) if sure.any() else np.inf
    prior = np.clip(seen, LEAST * prior, prior)  # a mosaic of what was cleaned before has less of them
    nearby = uniform_filter1d(square.mean(axis=1), reach, axis=0, mode="nearest")[:, None]
    other = np.maximum(np.maximum(variance, nearby - chance * prior), square / FAR - prior)
    known = np.isfinite(other) & (prior > 0)
    safe = np.where(known, other, 1.0)
    gain = np.where(known, prior / (prior + safe), 0.0)
    return np.asarray(gain), float(np.mean(np.where(known, gain * safe, prior)))


def _power_of_stripes(level: Floats, scales: int, *, error: float, inputs: Floats) -> list[_Power]:
    """Measure the variance of the stripes of one exposure in each scale, and in what is slower than all of them."""
    rows, bands = level.shape
    several = np.maximum(1.0 - 1.0 / inputs, 0.0)
    alone = not several.any()
    smooth, ones = level, np.ones(level.shape)
    used = np.ones(rows) if alone else several.mean(axis=1)
    usable = used > SEVERAL
    weight = float(used[usable].sum()) if usable.any() else 1.0
    found: list[_Power] = []
    for scale in range(scales):
        fine, smooth, _ = detail(smooth, ones, scale)
        shared = fine.mean(axis=1)
        unit = (white_detail(scale) * error) ** 2
        both = float(np.square(shared[usable]).sum() - usable.sum() * unit / bands) / weight
        each = 0.0
        if bands > 1:
            away = fine[usable] - shared[usable, None]
            each = float(np.square(away).sum() / (bands - 1) - usable.sum() * unit) / weight
        found.append(_Power(max(both - each / bands, 0.0), max(each, 0.0)))
    last = MEASURED if alone else max(int(np.log2(rows / FEWEST_PERIODS)) - 1, 1)  # alone: the sky holds what is slow
    fast = found[max(last - MEASURED, 0) : last]
    slow = _Power(float(np.mean([one.shared for one in fast])), float(np.mean([one.own for one in fast])))
    return [*found[:last], *[slow] * (scales - last), slow]


def _agreeing(fine: Floats, weights: Floats, reach: int) -> Floats:
    """Give weights to the details of cells: what varies more than cells do, nearby or here, counts less.

    Halos of stars and filaments are in some cells of a row; stripes are in all.
    """
    used = weights > 0
    if not used.any():
        return weights
    square, near = np.empty(fine.shape), np.empty(fine.shape)
    squares_nearby(fine, weights, reach // 2, square, near)
    some = near[::SAMPLED][used[::SAMPLED]]
    usual = max(QUIET * float(np.median(some)), 1e-30) if some.size else 1e-30
    return np.where(used, weights / np.maximum(np.maximum(near, square / FAR_CELL), usual), 0.0)


def _mean(fine: Floats, trust: Floats, wide: int, reach: int) -> tuple[Floats, Floats]:
    """Average details of rows over the last axis, and tell the variance of that: by blocks of `wide` cells."""
    mean, variance = np.empty(fine.shape[:2]), np.empty(fine.shape[:2])
    cells = fine.shape[2]
    blocks = min(max(cells // wide, 2), cells)
    row_means(fine, trust, blocks, mean, variance)
    known = np.isfinite(variance)
    spread = uniform_filter1d(np.where(known, variance, 0.0), reach, axis=0, mode="nearest")
    if cells // wide < FEWEST_BLOCKS and blocks > 1:
        spread = FEW * spread
    return mean, np.where(known, spread, np.inf)
