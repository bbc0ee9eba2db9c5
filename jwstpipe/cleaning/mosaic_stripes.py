"""Stripes that the mosaic has too: how much of what it shows along the rows belongs to the detector.

Dithers are translations. A pattern of whole rows that is added to the sky, and taken from the stripes of every
exposure, changes no sample: no data of one field tell the two apart. So the mosaic keeps the mean of the stripes of all
exposures, at every frequency. What decides is a prior: the sky has no reason to vary in step along a whole row. The
profile of the mosaic across the stripes is taken apart by scale (B-spline wavelets "a trous", as in Starck & Murtagh
2006, Astronomical Image and Data Analysis, with 1 dimension), cell by cell of the rows. At each scale

- the cells of a row are averaged with the weights that their own structure at this place and scale asks for, so that
  empty sky tells more than a nebula beside it;
- the scatter of blocks of cells, as wide as the scale, tells how well the sky averages out;
- the power of the stripes of one exposure is known from how it differs from the mosaic, that of their mean from the
  number of exposures;
- a Wiener weight of the two gives what is taken: first what the bands share, then what each has of its own.

On an even sky next to all is taken. Where the sky varies in step with whole rows more than the stripes' mean does,
next to nothing is, and that part of the stripes stays, thinned by the root of the number of exposures.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

__all__ = ["Shared", "detail", "stripes_of_mosaic"]

Floats = NDArray[np.float64]

SPLINE = ((-2, 1.0 / 16), (-1, 0.25), (0, 0.375), (1, 0.25), (2, 1.0 / 16))
"""Offsets and weights of the cubic B-spline."""

WHITE = (0.7235, 0.2855, 0.1779, 0.1222, 0.0858, 0.0605, 0.0428, 0.0303, 0.0214, 0.0151, 0.0107)
"""Standard deviation of white noise of unit strength in each scale."""

NOISE_SHARE = 1.3
"""Noise of resampled images in slower scales, over that of white noise with the same fastest one."""

LEAST_SKY = 0.05
"""Share of the scatter of cells that is sky even where it looks like noise."""

FEWEST_BLOCKS = 4
"""Blocks of cells from which a scatter says something; slower scales follow from faster ones."""

STEEPEST, FLATTEST = 8.0, 2.0
"""Growth of the variance of the sky's row means from one scale to the next, where it is not measured."""

FEWEST_PIXELS = 0.2
"""Share of a cell that must be free for it to count."""

MEASURED = 3
"""Of the scales with `FEWEST_PERIODS`, so many give the power of slower ones: flicker has the same in all."""

FEWEST_PERIODS = 12

SEVERAL = 0.25
"""Share of the stripes of an exposure that stands out of the mosaic, from which it tells how strong they are."""


@dataclass(frozen=True, eq=False)
class Shared:
    """What a mosaic has of the stripes."""

    level: Floats
    """(y, band): to be added to what stands out of the mosaic; each scale about 0."""

    left: float
    """Variance of the mean stripes that stays, as the weights expect it."""


def detail(values: Floats, weights: Floats, scale: int) -> tuple[Floats, Floats, Floats]:
    """Split values, (y, ...), into what varies along y at a scale of 2**`scale` rows, and what is smoother.

    Returns
    -------
    fine, smooth, weights
        Details are 0 where weights are; weights of what is smooth are at most 1.
    """
    rows = values.shape[0]
    places, step = np.arange(rows), 1 << scale
    total, weight = np.zeros_like(values), np.zeros_like(values)
    weighted = values * weights
    for offset, share in SPLINE:
        at = np.abs(places + offset * step) % max(2 * (rows - 1), 1)
        at = np.minimum(at, 2 * (rows - 1) - at)  # mirrored at both ends
        total += share * weighted[at]
        weight += share * weights[at]
    smooth = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    return np.where(weights > 0, values - smooth, 0.0), smooth, np.minimum(weight, 1.0)


def stripes_of_mosaic(
    cells: Floats, share: Floats, level: Floats, *, width: float, error: float, inputs: Floats
) -> Shared:
    """Tell what a mosaic has of the stripes.

    Parameters
    ----------
    cells
        (y, band, cell): the mosaic averaged over parts of the rows, of what is free of sources.
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

    Returns
    -------
    Shared
        The stripes in it.
    """
    rows, bands = level.shape
    weights = np.where(share >= FEWEST_PIXELS, share, 0.0)
    smooth = np.where(weights > 0, cells - (np.median(cells[weights > 0]) if weights.any() else 0.0), 0.0)
    scales = min(len(WHITE), max(int(np.log2(rows)) - 1, 1))
    power = _power_of_stripes(level, scales, error=error, inputs=inputs)
    found, left, white = np.zeros(level.shape), 0.0, 0.0
    sky, sky_own = _Sky(), _Sky()
    for scale in range(scales):
        fine, smooth, after = detail(smooth, weights, scale)
        scatter = _scatter(fine, weights, scale)
        if scale == 0 and weights.any():
            white = float(np.median(scatter[weights > 0])) / WHITE[0] ** 2
        trust = np.where(weights > 0, weights / scatter, 0.0)
        quiet = NOISE_SHARE * white * WHITE[scale] ** 2 / np.maximum(weights, FEWEST_PIXELS)
        wide = max(int((2 << scale) / width), 1)
        whole = [one.reshape(rows, 1, -1) for one in (fine, trust, quiet)]
        mean, sky = _mean(whole[0], whole[1], whole[2], wide, _reach(scale, rows), sky)
        unit = np.square(WHITE[scale] * error) / inputs  # noise of the mosaic is taken as well
        assert sky.variance is not None
        gain, stays = _drawn(power[scale][0] / inputs.mean(axis=1) + unit.mean(axis=1) / bands, sky.variance[:, 0])
        found += gain[:, None] * mean
        left += stays
        if bands > 1:
            own, sky_own = _mean(fine, trust, quiet, wide, _reach(scale, rows), sky_own)
            assert sky_own.variance is not None
            gains, stays = _drawn(power[scale][1] / inputs + unit, sky_own.variance)
            found += gains * (own - mean)
            left += stays
        weights = np.where(after >= FEWEST_PIXELS, after, 0.0)
    left += float(np.mean((power[-1][0] + power[-1][1]) / inputs))  # slower than all scales: as much as in one of them
    return Shared(found - np.median(found, axis=0), left)


def _drawn(prior: Floats, sky: Floats) -> tuple[Floats, float]:
    """Give the Wiener weights of means that hold stripes and sky, and the variance of what stays on the average."""
    known = np.isfinite(sky) & (prior > 0)
    safe = np.where(known, sky, 1.0)
    gain = np.where(known, prior / (prior + safe), 0.0)
    return np.asarray(gain), float(np.mean(np.where(known, gain * safe, prior)))


@dataclass(frozen=True, eq=False)
class _Sky:
    """How far the sky is in the means of rows, at one scale."""

    variance: Floats | None = None
    """(y, mean): None before the fastest scale."""

    growth: float = FLATTEST
    """Of the variance, from the scale before."""


def _power_of_stripes(level: Floats, scales: int, *, error: float, inputs: Floats) -> list[tuple[float, float]]:
    """Measure the variance of the stripes of one exposure in each scale: what bands share, and what each has."""
    rows, bands = level.shape
    several = np.maximum(1.0 - 1.0 / inputs, 0.0)
    alone = not several.any()
    smooth, ones = level, np.ones(level.shape)
    used = np.ones(rows) if alone else several.mean(axis=1)
    found: list[tuple[float, float]] = []
    for scale in range(scales):
        fine, smooth, _ = detail(smooth, ones, scale)
        shared = fine.mean(axis=1)
        unit = (WHITE[scale] * error) ** 2
        usable = used > SEVERAL
        weight = float(used[usable].sum()) if usable.any() else 1.0
        both = float(np.square(shared[usable]).sum() - usable.sum() * unit / bands) / weight
        each = 0.0
        if bands > 1:
            away = fine[usable] - shared[usable, None]
            each = float(np.square(away).sum() / (bands - 1) - usable.sum() * unit) / weight
        found.append((max(both - each / bands, 0.0), max(each, 0.0)))
    last = max(int(np.log2(rows / FEWEST_PERIODS)) - 1, 1)
    if alone:  # the sky that was taken off holds what is slow
        last = MEASURED
    for scale in range(last, scales):
        first = max(last - MEASURED, 0)
        found[scale] = (
            float(np.mean([one[0] for one in found[first:last]])),
            float(np.mean([one[1] for one in found[first:last]])),
        )
    return found


def _scatter(fine: Floats, weights: Floats, scale: int) -> Floats:
    """Give the variance of details about the mean of their band, over rows nearby."""
    used = weights > 0
    total = weights.sum(axis=2, keepdims=True)
    middle = np.divide((fine * weights).sum(axis=2, keepdims=True), total, out=np.zeros_like(total), where=total > 0)
    count = used.sum(axis=2, keepdims=True)
    square = np.where(used, np.square(fine - middle), 0.0) * (count / np.maximum(count - 1.0, 1.0))
    reach = _reach(scale, fine.shape[0])
    near = uniform_filter1d(square, reach, axis=0, mode="nearest")
    known = uniform_filter1d(used.astype(np.float64), reach, axis=0, mode="nearest")
    found = np.divide(near, known, out=np.zeros_like(near), where=known > 1e-9)
    usual = float(np.median(found[used])) if used.any() else 0.0
    return np.asarray(np.maximum(found, max(0.5 * usual, 1e-30)))


def _reach(scale: int, rows: int) -> int:
    return int(min((8 << scale) + 1, max(rows // 2, 1)))


def _mean(fine: Floats, trust: Floats, quiet: Floats, wide: int, reach: int, before: _Sky) -> tuple[Floats, _Sky]:
    """Average details of rows over the last axis, and tell how far the sky is in that: by blocks of `wide` cells."""
    total = trust.sum(axis=2)
    safe = np.where(total > 0, total, 1.0)
    mean = (fine * trust).sum(axis=2) / safe
    growth, blocks = before.growth, fine.shape[2] // wide
    if blocks >= FEWEST_BLOCKS:
        away = trust * (fine - mean[..., None])
        parts = away[..., : blocks * wide].reshape(*mean.shape, blocks, wide).sum(axis=3)
        spread = np.square(parts).sum(axis=2) / np.square(safe) * (blocks / (blocks - 1.0))
        spread = uniform_filter1d(spread, reach, axis=0, mode="nearest")
        noise = (np.square(trust) * quiet).sum(axis=2) / np.square(safe)
        variance = np.maximum(spread - noise, LEAST_SKY * spread)
        if before.variance is not None:
            old = float(np.median(before.variance))
            growth = float(np.clip(np.median(variance) / old if old > 0 else FLATTEST, FLATTEST, STEEPEST))
    elif before.variance is not None:
        variance = before.variance * growth
    else:
        variance = np.full(mean.shape, np.inf)
    return np.asarray(mean), _Sky(np.where(total > 0, variance, np.inf), growth)
