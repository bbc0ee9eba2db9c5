"""The noise of apertures as it is, correlations of pixels included: from sums where there is no source.

The robust spread of sums over circles of N pixels, in units of the noise of a pixel beside them, is fitted by
``k N^beta``: beta is 0.5 for independent pixels and grows to 1 where all go together (Labbe et al. 2003).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from jwstpipe.numerics.robust import MAD_TO_SIGMA

__all__ = ["ApertureNoise", "empty_places", "noise_of_sums", "white_noise"]

Floats = NDArray[np.float64]

SEED = 20260101
FEWEST = 50
"""Fewer empty places say nothing."""

CROWDED = 40
"""Places are tried so many times as often as they are wanted."""


@dataclass(frozen=True)
class ApertureNoise:
    """How the noise of a sum grows with the number of pixels, in units of the noise of one pixel."""

    k: float
    beta: float
    places: int
    """Empty places that were measured; 0 = pixels are taken for independent."""

    source_free: tuple[float, ...] = ()
    """For each circle: the sum of variances that the image's errors give where there is no source, same units."""

    spread: tuple[float, ...] = ()
    """For each circle: the noise that was measured, same units."""

    def of(self, area: Floats | float) -> Floats:
        """Give the noise of sums over so many pixels."""
        return np.asarray(self.k * np.power(np.asarray(area, np.float64), self.beta))


def white_noise() -> ApertureNoise:
    """Give the noise of independent pixels."""
    return ApertureNoise(1.0, 0.5, 0)


def empty_places(
    shape: tuple[int, int], x: Floats, y: Floats, sizes: Floats, *, reach: float, count: int
) -> tuple[Floats, Floats]:
    """Choose places without sources; the same ones for the same image and catalogue.

    Parameters
    ----------
    shape
        Rows and columns.
    x, y, sizes
        Positions and sizes (standard deviations) of all sources, pixels.
    reach
        Radius of the largest circle, pixels.
    count
        How many are wanted; in a crowded field there may be fewer.
    """
    rng = np.random.default_rng(SEED)
    rows, columns = shape
    if rows <= 2 * reach + 2 or columns <= 2 * reach + 2 or not count:
        return np.empty(0), np.empty(0)
    tried = rng.uniform((reach, reach), (columns - 1 - reach, rows - 1 - reach), (CROWDED * count, 2))
    known = np.isfinite(x + y)
    away = reach + 3.0 * np.where(np.isfinite(sizes), sizes, 1.5) + 2.0
    if known.any():
        widest = float(away[known].max())
        near = cKDTree(np.column_stack([x, y])[known])
        free = np.ones(len(tried), bool)
        usual = float(np.percentile(away[known], 90.0))
        free &= near.query(tried, distance_upper_bound=usual)[0] > usual
        large = np.flatnonzero(known & (away > usual))
        for one in large if widest > usual else ():
            free &= np.hypot(tried[:, 0] - x[one], tried[:, 1] - y[one]) > away[one]
        tried = tried[free]
    return tried[:count, 0], tried[:count, 1]


def noise_of_sums(sums: Floats, areas: Floats, variances: Floats, pixel_noise: Floats) -> ApertureNoise | None:
    """Fit how noise grows with the number of pixels.

    Parameters
    ----------
    sums
        (n, k), of circles without sources, sky taken away; NaN where a circle is not whole.
    areas
        (n, k), pixels.
    variances
        (n, k), sums of variances by the image's errors; 0 = it has none.
    pixel_noise
        (n,), standard deviation of a pixel beside.

    Returns
    -------
    ApertureNoise or None
        None where too few are whole.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled, free = sums / pixel_noise[:, None], variances / pixel_noise[:, None] ** 2
    good = np.isfinite(scaled).all(axis=1) & np.isfinite(free).all(axis=1)
    if good.sum() < FEWEST:
        return None
    scaled, area = scaled[good], np.median(areas[good], axis=0)
    spread = MAD_TO_SIGMA * np.median(np.abs(scaled - np.median(scaled, axis=0)), axis=0)
    if not (spread > 0.0).all():
        return None
    beta = 0.5
    if len(np.unique(area)) > 1:
        beta = float(np.clip(np.polyfit(np.log(area), np.log(spread), 1)[0], 0.5, 1.0))
    k = float(np.exp(np.mean(np.log(spread) - beta * np.log(area))))
    return ApertureNoise(
        k,
        beta,
        int(good.sum()),
        tuple(np.median(free[good], axis=0).tolist()),
        tuple(spread.tolist()),
    )
