"""Robust statistics of an image for display: computed once, from one level, whatever is rendered later."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError
from jwstpipe.numerics.robust import clipped_noise
from jwstpipe.numerics.zscale import zscale_limits

__all__ = ["FRACTIONS", "SURVEY_PIXELS", "SkyStatistics", "measure_sky"]

Float32Image = NDArray[np.float32]
Values = NDArray[np.float64]

SURVEY_PIXELS = 1 << 20
"""Most pixels of the level that statistics are taken from."""

_TAIL = (0.0, 1e-5, 1e-4, 5e-4, 1e-3, 2.5e-3, 5e-3)
FRACTIONS = (*_TAIL, *(n / 100 for n in range(1, 100)), *(1.0 - tail for tail in reversed(_TAIL)))
"""Fractions of the covered pixels whose quantiles are kept: every hundredth, and more in the tails."""

BLOCK = 8
"""Side of the blocks whose medians carry the sky, pixels of that level."""

SKY_PERCENTILE = 1.0
"""The sky is this percentile of the block medians: the dark parts of a field that nebulosity fills, the sky itself
where most of the field is sky."""


@dataclass(frozen=True)
class SkyStatistics:
    """What the automatic limits of a stretch are made from, in the unit of the image."""

    level: int
    """Level that it was taken from."""

    coverage: float
    """Fraction of the pixels that hold data."""

    sky: float
    """Level of the darkest parts of the covered field."""

    noise: float
    """Standard deviation of the pixels about a local slope, in the darker half of the field."""

    low: float
    """0.1 percentile of the covered pixels."""

    median: float
    """Median of the covered pixels."""

    bright: float
    """99.5 percentile of the covered pixels."""

    high: float
    """99.9 percentile of the covered pixels."""

    zscale: tuple[float, float]
    """Limits of the IRAF zscale algorithm (contrast 0.25, 1000 samples)."""

    quantiles: tuple[float, ...] = field(repr=False)
    """Values at `FRACTIONS` of the covered pixels."""

    def quantile(self, fraction: float) -> float:
        """Give the value below which a fraction of the covered pixels lies, straight between those that are kept."""
        return float(np.interp(fraction, FRACTIONS, self.quantiles))

    def rank(self, value: float) -> float:
        """Give the fraction of the covered pixels below a value."""
        return float(np.interp(value, self.quantiles, FRACTIONS))


def measure_sky(values: Float32Image, *, level: int, name: str) -> SkyStatistics:
    """Measure an array.

    Parameters
    ----------
    values
        (y, x), NaN = no data.
    level
        Recorded.
    name
        Image that it belongs to, for errors.

    Raises
    ------
    DataError
        No pixel holds data.
    """
    covered = np.sort(values[np.isfinite(values)])
    if covered.size == 0:
        raise DataError(f"{name}: no pixel holds data, so it has nothing to show; leave it out")
    sky, noise = _sky_and_noise(values, covered)
    quantiles = _quantiles(covered, FRACTIONS)
    low, median, bright, high = (quantiles[FRACTIONS.index(one)] for one in (1e-3, 0.5, 0.995, 0.999))
    first, last = zscale_limits(values[np.isfinite(values)])
    return SkyStatistics(
        level=level,
        coverage=covered.size / values.size,
        sky=sky,
        noise=noise,
        low=float(low),
        median=float(median),
        bright=float(bright),
        high=float(high),
        zscale=(first, last),
        quantiles=quantiles,
    )


def _quantiles(ordered: Float32Image, fractions: tuple[float, ...]) -> tuple[float, ...]:
    """Interpolate in sorted values, as numpy's default does."""
    place = np.array(fractions) * (ordered.size - 1)
    before = np.floor(place).astype(np.int64)
    after = np.minimum(before + 1, ordered.size - 1)
    low, high = ordered[before].astype(np.float64), ordered[after].astype(np.float64)
    return tuple(float(value) for value in low + (place - before) * (high - low))


def _sky_and_noise(values: Float32Image, covered: Float32Image) -> tuple[float, float]:
    side = max(1, min(BLOCK, min(values.shape) // 16))
    blocks = _blocks(values, side)
    full = np.isfinite(blocks).mean(axis=1) >= 0.5
    if full.sum() < 4:  # a scrap of sky: no blocks to speak of
        return float(np.percentile(covered, SKY_PERCENTILE)), clipped_noise(
            covered.astype(np.float64) - np.median(covered)
        )
    blocks = blocks[full]
    medians = _medians(blocks)
    sky = float(np.percentile(medians, SKY_PERCENTILE))
    dark = medians <= np.median(medians)
    residuals = _residuals(blocks[dark].reshape(-1, side, side))
    residuals = residuals[np.isfinite(residuals)]
    return sky, clipped_noise(residuals) if residuals.size else 0.0


def _medians(blocks: Values) -> Values:
    """Give the median of each row; whole rows are many times quicker than those with gaps."""
    gaps = np.isnan(blocks.sum(axis=1))
    medians = np.empty(len(blocks))
    medians[~gaps] = np.median(blocks[~gaps], axis=1)
    medians[gaps] = np.nanmedian(blocks[gaps], axis=1)
    return medians


def _residuals(blocks: Values) -> Values:
    """Take the slope out of blocks (n, side, side): second differences over two pixels, scaled to one pixel's noise.

    Neighbours are left out, for resampling has made their noise alike.
    """
    if blocks.shape[2] < 5:
        return blocks - np.nanmedian(blocks, axis=(1, 2), keepdims=True)
    return np.asarray((blocks[:, :, :-4] - 2.0 * blocks[:, :, 2:-2] + blocks[:, :, 4:]) / np.sqrt(6.0))


def _blocks(values: Float32Image, side: int) -> Values:
    """Cut into whole blocks, one per row of the result; what does not fill a block is left out."""
    rows, columns = values.shape[0] // side, values.shape[1] // side
    whole = values[: rows * side, : columns * side].astype(np.float64)
    return whole.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(rows * columns, side * side)
