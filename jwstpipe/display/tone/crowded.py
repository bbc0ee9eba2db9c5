"""Crowded fields: stars and nebulosity everywhere, and all of it faint against the brightest few.

There is no sky to be dark in such a field: a curve that lifts what is barely above it bleaches half of the picture, and
white points that let a few stars go burn thousands out. How far a field is so is measured; the curves then turn from
linear to logarithmic further up, until the pixel in the middle is as dark as it should be.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from jwstpipe.display.tone.statistics import SkyStatistics
from jwstpipe.display.tone.stretch import Stretch, brightness
from jwstpipe.numerics.robust import middle, middle_value

__all__ = ["MIDDLE", "calmed", "crowding", "middle_of"]

MIDDLE = 0.06
"""Linear light of the median pixel of a crowded field; about a quarter of full brightness on a screen."""

CLEAR = 5.0
"""Pixels higher above the sky than so many times the noise are not sky."""

FILLED = (0.15, 0.30)
"""Shares of pixels above the sky between which a field becomes crowded."""

HEIGHTS = (0.03, 0.10)
"""Heights of the median pixel above the sky, as shares of the range, between which it ceases to be: nebulosity that
fills a field is bright itself."""

_STEP = 1.06
_LEAST_GAMMA = 0.2


def crowding(statistics: Sequence[SkyStatistics]) -> float:
    """Measure how crowded a field is, from 0 to 1; by the channel in the middle.

    Parameters
    ----------
    statistics
        One for each channel.
    """
    return float(middle(np.array([_one(statistic) for statistic in statistics]))) if statistics else 0.0


def _one(statistics: SkyStatistics) -> float:
    if not (statistics.noise > 0.0 and statistics.high > statistics.sky):
        return 0.0
    filled = 1.0 - statistics.rank(statistics.sky + CLEAR * statistics.noise)
    height = max((statistics.median - statistics.sky) / (statistics.high - statistics.sky), 1e-9)
    much = (filled - FILLED[0]) / (FILLED[1] - FILLED[0])
    low = math.log(HEIGHTS[1] / height) / math.log(HEIGHTS[1] / HEIGHTS[0])
    return min(max(much, 0.0), 1.0) * min(max(low, 0.0), 1.0)


def middle_of(usual: float, crowded: float, share: float) -> float:
    """Give the brightness of the median pixel of a field that is crowded to some share."""
    return float(usual ** (1.0 - share) * crowded**share)


def calmed(
    stretches: Sequence[Stretch], statistics: Sequence[SkyStatistics], share: float, *, middle: float
) -> list[Stretch]:
    """Bring the middle of a crowded field down, and give its brightest stars room below white.

    Parameters
    ----------
    stretches
        Of the channels: asinh; others stay as they are.
    statistics
        Of the channels.
    share
        How crowded the field is.
    middle
        Brightness of the median pixel where it is wholly so.
    """
    if share <= 0.0 or any(one.kind != "asinh" or one.a is None for one in stretches):
        return list(stretches)
    made = [replace(one, white=one.white + share * (1.0 - one.white)) for one in stretches]
    goal = middle_of(_middle(stretches, statistics), middle, share)
    while _middle(made, statistics) > goal and max(one.a or 1.0 for one in made) < 1.0:
        made = [replace(one, a=min((one.a or 1.0) * _STEP, 1.0)) for one in made]
    while _middle(made, statistics) > goal and min(one.gamma for one in made) > _LEAST_GAMMA:
        made = [replace(one, gamma=one.gamma / _STEP) for one in made]
    return made


def _middle(stretches: Sequence[Stretch], statistics: Sequence[SkyStatistics]) -> float:
    """Give the brightness of the median pixel, in the channel in the middle."""
    found = []
    for stretch, one in zip(stretches, statistics, strict=True):
        place = (one.median - stretch.lo) / (stretch.hi - stretch.lo)
        found.append(float(brightness(np.array([place]), stretch)[0]))
    return max(middle_value(found), 1e-6)
