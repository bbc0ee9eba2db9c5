"""Auto-stretch of one channel from its robust statistics, after the original application (MIT), mended.

The original solved ``m ** gamma = 0.28`` and then rendered with ``1 / gamma``, which left pictures dark; it also saw
positive pixels only. Here gamma is solved for what is rendered, on all covered pixels and a symmetric noise. Where
nebulosity fills the field the knee goes up with it, before gamma has to crush the shadows.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from jwstpipe.display.tone.statistics import SkyStatistics
from jwstpipe.display.tone.stretch import Stretch, bounded, brightness

__all__ = ["MEDIAN", "AutoFacts", "auto_stretch", "rendered_median"]

MEDIAN = 0.28
"""Brightness of the median pixel after stretch and gamma, before black and white point and tone curve."""

_HDR = 5000.0
_GAMMA = (0.6, 2.5)
_SOFTENING = (0.003, 0.5)
_MIRI_SOFTENING = 0.015
_MOST_BLACK = 0.15


@dataclass(frozen=True)
class AutoFacts:
    """Why the stretch is what it is."""

    signal_to_noise: float
    """Height of the 99.9 percentile above the sky, times the noise."""

    hdr: bool
    """The range is so wide that the shadows are lifted."""

    median: float
    """Rendered median; 0.28 but for fields of little else than sky, where gamma meets its limit."""

    reason: str
    """Why this tone curve."""


def auto_stretch(
    statistics: SkyStatistics, *, miri: bool = False, lo: float | None = None
) -> tuple[Stretch, AutoFacts]:
    """Choose limits, softening, black and white point, gamma and tone curve.

    Parameters
    ----------
    statistics
        Of the covered pixels.
    miri
        A MIRI channel: its thermal background asks for a harder knee.
    lo
        Value that becomes 0; None = the 0.1 percentile.
    """
    low = statistics.low if lo is None else lo
    noise, span = statistics.noise, statistics.high - low
    if not (span > 1e-10 and noise > 1e-15):
        stretch = bounded("asinh", low, statistics.high, 0.02, gamma=1.2, curve="s_curve")
        return stretch, AutoFacts(0.0, hdr=False, median=0.0, reason="no range or no noise to go by")
    signal = (statistics.high - statistics.sky) / noise
    hdr = signal > _HDR
    a = _clip(noise / span, _SOFTENING[0], 0.02) if hdr else _clip(2.0 * noise / span, *_SOFTENING)
    if miri:
        a = min(a, _MIRI_SOFTENING)
    plain = Stretch("asinh", low, low + span, a)
    while plain.a is not None and plain.a < _SOFTENING[1] and rendered_median(statistics, plain) > MEDIAN:
        plain = replace(plain, a=min(plain.a * 1.05, _SOFTENING[1]))
    median = rendered_median(statistics, plain)
    gamma = _clip(math.log(median) / math.log(MEDIAN), *_GAMMA) if 0.01 < median < 1.0 else 2.0
    black = _at(statistics, plain, _clip(0.7 * statistics.rank(statistics.sky + 2.0 * noise), 0.0, _MOST_BLACK))
    white = _at(statistics, plain, _white(statistics))
    curve, reason = _curve(signal, hdr=hdr)
    if not black < white:
        black, white = 0.0, 1.0
    stretch = replace(plain, gamma=gamma, black=black, white=white, curve=curve)
    return stretch, AutoFacts(signal, hdr, rendered_median(statistics, stretch), reason)


def rendered_median(statistics: SkyStatistics, stretch: Stretch) -> float:
    """Give the brightness of the median pixel after stretch and gamma."""
    x = (statistics.median - stretch.lo) / (stretch.hi - stretch.lo)
    plain = float(brightness(np.array([x]), stretch, levels=False)[0])
    return float(plain ** (1.0 / stretch.gamma))


def _curve(signal: float, *, hdr: bool) -> tuple[str, str]:
    if hdr:
        return "shadows", f"range {signal:.0f} times the noise"
    if signal > 100.0:
        return "s_curve", f"signal to noise {signal:.0f}"
    if signal > 10.0:
        return "shadows", f"signal to noise {signal:.0f}"
    return "linear", f"signal to noise only {signal:.1f}"


def _white(statistics: SkyStatistics) -> float:
    """Choose the white point by how far a few pixels stand out."""
    outstanding = (statistics.quantile(0.9999) - statistics.sky) / max(statistics.high - statistics.sky, 1e-30)
    return 0.99 if outstanding > 3.0 else 0.995 if outstanding > 1.5 else 1.0


def _at(statistics: SkyStatistics, stretch: Stretch, fraction: float) -> float:
    if fraction >= 1.0:
        return 1.0
    x = (statistics.quantile(fraction) - stretch.lo) / (stretch.hi - stretch.lo)
    return float(brightness(np.array([x]), stretch, levels=False)[0])


def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
