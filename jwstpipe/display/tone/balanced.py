"""Automatic limits: the same treatment for every channel, so that the sky is neutral and white is white.

All channels share the curve and the place of their sky on it. With v the value, s the sky and h the high percentile of
a channel, ``(v - s) / (h - s)`` then fixes its brightness: sources of one spectrum have one colour from faint to
bright.
"""

import math
from collections.abc import Sequence

import numpy as np

from jwstpipe.display.tone.statistics import SkyStatistics
from jwstpipe.display.tone.stretch import Stretch, bounded
from jwstpipe.numerics.robust import middle, middle_value
from jwstpipe.requests import Stretch as StretchKind

__all__ = ["MIDDLE_BRIGHTNESS", "automatic_stretches", "balanced_whites"]

KNEE = 20.0
"""Where asinh and log turn from linear to logarithmic, times the noise."""

SKY_BRIGHTNESS = 0.012
"""Linear light of the sky; about 11 % of full brightness on a screen."""

MIDDLE_BRIGHTNESS = 0.18
"""Linear light of the median pixel, at most, as far as the curve allows: the middle grey of photography."""

LEAST_SOFTENING = 1e-3
"""Lowest knee, fraction of the range."""

SKY_DEPTH = (1.0, 3.0)
"""Least and most distance of black below the sky, times the noise."""

LEAST_RANGE = 100.0
"""Least range from sky to white, times the noise: an image of noise alone stays dark."""

CLEAR_OF_NOISE = 5.0
"""Least height of a percentile above the sky, times the noise, to balance the channels by it."""

REFERENCES = (0.75, 0.9, 0.95, 0.99, 0.995)
"""Fractions of the covered pixels whose heights above the sky balance the channels."""


def automatic_stretches(
    kind: StretchKind,
    statistics: Sequence[SkyStatistics],
    *,
    softening: float | None = None,
    middle: float = MIDDLE_BRIGHTNESS,
) -> tuple[Stretch, ...]:
    """Choose the stretches of the channels of one picture.

    Parameters
    ----------
    kind
        Curve of all of them. ``zscale`` takes each channel's own zscale limits.
    statistics
        One for each channel.
    softening
        Where the curve turns from linear to logarithmic, fraction of the range; None = from the noise.
    middle
        Linear light of the median pixel, at most, as far as the curve allows.

    Returns
    -------
    tuple of Stretch
        In the same order. Black lies between one and three times the noise below the sky, as far as it takes to bring
        the sky to `SKY_BRIGHTNESS`; white at the 99.9 percentile, balanced between channels at the 99.5 percentile.
    """
    if kind == "zscale":
        return tuple(bounded(kind, *one.zscale) for one in statistics)
    whites = _whites(statistics)
    ranges = [(white - one.sky) / one.noise for white, one in zip(whites, statistics, strict=True) if one.noise > 0]
    dynamic = middle_value(ranges) if ranges else math.inf
    height = float(
        middle_value(
            [(one.median - one.sky) / (white - one.sky) for white, one in zip(whites, statistics, strict=True)]
        )
    )
    softening = softening or _softening(kind, KNEE / dynamic, height, middle)
    depth = _sky_position(kind, softening)
    if math.isfinite(dynamic):
        depth = min(max(depth, SKY_DEPTH[0] / dynamic), SKY_DEPTH[1] / dynamic)
    a = {"asinh": softening, "log": 1.0 / softening}.get(kind)
    share = depth / (1.0 - depth)
    return tuple(
        bounded(kind, one.sky - share * (white - one.sky), white, a)
        for white, one in zip(whites, statistics, strict=True)
    )


def _softening(kind: StretchKind, knee: float, height: float, middle: float) -> float:
    """Bring the knee of the curve up from the noise until the middle of the field is no brighter than it should be.

    A field that nebulosity fills has most of its pixels far above the noise; a knee there would bleach it.
    """
    softening = min(max(knee, LEAST_SOFTENING), 1.0)
    while softening < 1.0 and _curve(kind, height, softening) > middle:
        softening = min(softening * 1.05, 1.0)
    return softening


def _curve(kind: StretchKind, x: float, softening: float) -> float:
    if kind == "asinh":
        return math.asinh(x / softening) / math.asinh(1.0 / softening)
    if kind == "log":
        return math.log1p(max(x, 0.0) / softening) / math.log1p(1.0 / softening)
    return 0.0


def _whites(statistics: Sequence[SkyStatistics]) -> list[float]:
    """Choose the white points: about the 99.9 percentiles, balanced by what fills the picture.

    The 99.9 percentile itself often belongs to a few stars of their own colour.
    """
    tops = [max(one.high - one.sky, LEAST_RANGE * one.noise) for one in statistics]
    whites = balanced_whites([one.sky + top for one, top in zip(statistics, tops, strict=True)], statistics)
    return [
        white if white > one.sky else one.sky + max(1.0, abs(one.sky) * 1e-6)
        for white, one in zip(whites, statistics, strict=True)
    ]


def balanced_whites(whites: Sequence[float], statistics: Sequence[SkyStatistics]) -> list[float]:
    """Move white points until their heights above the sky are in proportion to what fills the picture.

    The proportions are the medians of those at several percentiles, as far as they are clear of the noise in every
    channel; where none is (a nearly empty field), the white points stay.
    """
    rows = [[one.quantile(fraction) - one.sky for one in statistics] for fraction in REFERENCES]
    clear = [
        row for row in rows if all(h > CLEAR_OF_NOISE * one.noise for h, one in zip(row, statistics, strict=True))
        and min(row) > 0.0
    ]  # fmt: skip
    if not clear:
        return list(whites)
    logs = np.log(clear)
    heights = np.exp(middle(logs - logs.mean(axis=1, keepdims=True)))
    factors = [(w - one.sky) / h for w, one, h in zip(whites, statistics, heights, strict=True)]
    factor = float(middle(np.array(factors)))
    return [one.sky + factor * float(height) for one, height in zip(statistics, heights, strict=True)]


def _sky_position(kind: StretchKind, softening: float) -> float:
    """Find where on its curve a stretch reaches the brightness of the sky."""
    if kind == "asinh":
        return softening * math.sinh(SKY_BRIGHTNESS * math.asinh(1.0 / softening))
    if kind == "log":
        return softening * math.expm1(SKY_BRIGHTNESS * math.log1p(1.0 / softening))
    return SKY_BRIGHTNESS**2 if kind == "sqrt" else SKY_BRIGHTNESS
