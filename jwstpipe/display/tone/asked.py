"""Stretches from values that somebody asked for: a look for all channels, a wish for one."""

from dataclasses import replace

import numpy as np

from jwstpipe.display.presets.model import ChannelTone
from jwstpipe.display.tone.curves import parse_curve
from jwstpipe.display.tone.statistics import FRACTIONS, SkyStatistics
from jwstpipe.display.tone.stretch import SOFTENING, Stretch, bounded, brightness
from jwstpipe.errors import UsageError
from jwstpipe.requests import Stretch as StretchKind
from jwstpipe.requests import ToneOptions

__all__ = ["PERCENTILES", "fixed_stretch", "own_stretch"]

PERCENTILES = (0.001, 0.999)
"""Fractions of the covered pixels at the limits, where nobody asked for others; raw extremes would let one hot pixel
blacken a picture."""


def fixed_stretch(tone: ChannelTone, options: ToneOptions, statistics: SkyStatistics) -> tuple[Stretch, str]:
    """Make the stretch of a channel from the values of a look; says what it is instead where that cannot be."""
    kind: StretchKind = options.stretch or tone.stretch
    lo, hi = _limits(kind, options, statistics)
    if not hi > lo:
        first, last = statistics.zscale
        if not last > first:
            return bounded("linear", lo, lo), f"{kind}->linear: all its pixels have one value"
        return bounded("zscale", first, last), f"{kind}->zscale: most of its pixels have one value"
    a = options.softening or (tone.a if kind == tone.stretch else None)
    plain = bounded(kind, lo, hi, (a or SOFTENING[kind]) if kind in SOFTENING else None)
    if kind == "histeq":
        plain = replace(plain, knots=_cumulative(statistics, lo, hi))
    black = _brightness_at(statistics, plain, tone.black if options.black is None else options.black)
    white = _brightness_at(statistics, plain, tone.white if options.white is None else options.white)
    if not black < white:
        black, white = 0.0, 1.0
    gamma = options.gamma or (1.0 if kind == "power" else tone.gamma)
    curve = tone.tone_curve if options.curve is None else parse_curve(options.curve)
    return replace(plain, black=black, white=white, gamma=gamma, curve=curve), ""


def own_stretch(stretch: Stretch, look: ToneOptions, statistics: SkyStatistics, *, name: str) -> Stretch:
    """Put what was wished for one channel in the place of what was chosen for all.

    Parameters
    ----------
    stretch
        What was chosen.
    look
        Options of this channel: a limit, a curve or a level that it does not name stays as it was chosen; another curve
        begins with its own parameter, and with black and white points at the limits.
    statistics
        Of the channel, for percentiles and fractions.
    name
        Of the channel, for what is said.

    Raises
    ------
    UsageError
        An upper limit that is not above the lower one.
    """
    kind = look.stretch or stretch.kind
    lo, hi = statistics.zscale if kind == "zscale" != stretch.kind else (stretch.lo, stretch.hi)
    lo = _limit(look.low, look.low_percent, statistics, lo)
    hi = _limit(look.high, look.high_percent, statistics, hi)
    if not hi > lo:
        raise UsageError(f"channel {name}: the upper limit must be above the lower one, not {lo:g} and {hi:g}")
    same = kind == stretch.kind
    a = (look.softening or (stretch.a if same else None) or SOFTENING[kind]) if kind in SOFTENING else None
    plain = Stretch(kind, lo, hi, a)
    if kind == "histeq":
        plain = replace(plain, knots=_cumulative(statistics, lo, hi))
    black, white = (stretch.black, stretch.white) if same else (0.0, 1.0)
    black = black if look.black is None else _brightness_at(statistics, plain, look.black)
    white = white if look.white is None else _brightness_at(statistics, plain, look.white)
    if not black < white:
        raise UsageError(f"channel {name}: its black point {black:.3g} is not below its white point {white:.3g}")
    gamma = look.gamma or (1.0 if kind == "power" and not same else stretch.gamma)
    curve = stretch.curve if look.curve is None else parse_curve(look.curve)
    return replace(plain, black=black, white=white, gamma=gamma, curve=curve)


def _limit(value: float | None, percent: float | None, statistics: SkyStatistics, otherwise: float) -> float:
    if value is not None:
        return value
    return otherwise if percent is None else statistics.quantile(percent / 100.0)


def _limits(kind: StretchKind, options: ToneOptions, statistics: SkyStatistics) -> tuple[float, float]:
    """Take the limits asked for, in the unit of the image or as percentiles, else those of the kind."""
    lo, hi = statistics.zscale if kind == "zscale" else [statistics.quantile(one) for one in PERCENTILES]
    if options.low_percent is not None:
        lo = statistics.quantile(options.low_percent / 100.0)
    if options.high_percent is not None:
        hi = statistics.quantile(options.high_percent / 100.0)
    lo = lo if options.low is None else options.low
    hi = hi if options.high is None else options.high
    if not hi > lo and (options.low, options.high) != (None, None):
        raise UsageError(f"limits: the upper one must be above the lower one, not {lo:g} and {hi:g}")
    return lo, hi


def _brightness_at(statistics: SkyStatistics, stretch: Stretch, fraction: float) -> float:
    """Turn a fraction of the pixels into the brightness that the stretch gives them; 0 and 1 are the limits."""
    if fraction in (0.0, 1.0):
        return fraction
    x = (statistics.quantile(fraction) - stretch.lo) / (stretch.hi - stretch.lo)
    return float(brightness(np.array([x]), stretch, levels=False)[0])


def _cumulative(statistics: SkyStatistics, lo: float, hi: float) -> tuple[tuple[float, float], ...]:
    """Make the knots of histogram equalisation: x of a quantile against its fraction."""
    x = (np.array(statistics.quantiles) - lo) / (hi - lo)
    inside = (x > 0.0) & (x < 1.0)
    xs = np.concatenate([[0.0], x[inside], [1.0]])
    ys = np.concatenate([[0.0], np.array(FRACTIONS)[inside], [1.0]])
    rising = np.concatenate([[True], np.diff(xs) > 0])
    return tuple((float(a), float(b)) for a, b in zip(xs[rising], ys[rising], strict=True))
