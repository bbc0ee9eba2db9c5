"""From a look and statistics to the stretch of each channel, with what had to be done otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jwstpipe.display.presets.model import Preset
from jwstpipe.display.tone.asked import fixed_stretch, own_stretch
from jwstpipe.display.tone.auto import AutoFacts, auto_stretch
from jwstpipe.display.tone.balanced import MIDDLE_BRIGHTNESS, automatic_stretches, balanced_whites
from jwstpipe.display.tone.crowded import MIDDLE, calmed, crowding, middle_of
from jwstpipe.display.tone.curves import parse_curve
from jwstpipe.display.tone.statistics import SkyStatistics
from jwstpipe.display.tone.stretch import Stretch, brightness
from jwstpipe.numerics.robust import middle_value
from jwstpipe.requests import ChannelLook, CompositeRequest

__all__ = ["ToneChoice", "choose_stretches"]

DARKEST_SKY, BRIGHTEST_SKY = 0.004, 0.05
"""Linear light that the sky of a neutralised picture is brought to: what most channels have, within these bounds."""

BALANCED_MIDDLE = 0.09
"""Linear light of the median pixel of a crowded field in the balanced look."""

_CROWDED = 0.5
_SHARE_OF_MIDDLE = 0.4
_LEAST_GAMMA = 0.1
_ROUNDS = 60
_AUTO_ROUNDS = 6


@dataclass(frozen=True)
class ToneChoice:
    """Stretches of the channels of a picture."""

    stretches: tuple[Stretch, ...]
    """In the order of the channels."""

    facts: tuple[AutoFacts | None, ...]
    """Of the automatic method, else None."""

    fallbacks: tuple[str, ...]
    """``channel:asked->got: why`` for each stretch that could not be had."""


def choose_stretches(
    preset: Preset,
    options: CompositeRequest,
    statistics: Sequence[SkyStatistics],
    *,
    names: Sequence[str],
    miri: Sequence[bool],
    looks: Sequence[ChannelLook | None] | None = None,
) -> ToneChoice:
    """Choose limits and curve of every channel.

    Parameters
    ----------
    preset
        The look.
    options
        Options that go before the look: stretch, limits, levels, gamma, curve.
    statistics
        One for each channel.
    names
        Names of the channels, for what is said.
    miri
        Which of them are of MIRI.
    looks
        Options of single channels: they go before everything, once all others are settled; None = there are none.

    Returns
    -------
    ToneChoice
        Limits are absolute. With ``neutralise`` the sky of all channels has one brightness: their lower limits are
        moved, nothing is subtracted or clipped in the data.
    """
    chosen = _chosen(preset, options, statistics, names=names, miri=miri)
    if looks is None:
        return chosen
    made = [
        stretch if look is None or not look.tone_is_asked else own_stretch(stretch, look, one, name=name)
        for stretch, look, one, name in zip(chosen.stretches, looks, statistics, names, strict=True)
    ]
    return replace(chosen, stretches=tuple(made))


def _chosen(
    preset: Preset,
    options: CompositeRequest,
    statistics: Sequence[SkyStatistics],
    *,
    names: Sequence[str],
    miri: Sequence[bool],
) -> ToneChoice:
    """Choose for all channels together, as look and request have it."""
    asked_limits = any(
        value is not None for value in (options.low, options.high, options.low_percent, options.high_percent)
    )
    crowded = crowding(statistics) if options.rules > 1 else 0.0
    if preset.method == "balanced" and not asked_limits:
        kind = options.stretch or preset.channel.stretch
        if kind in ("asinh", "log", "sqrt", "linear", "zscale"):
            middle = middle_of(MIDDLE_BRIGHTNESS, BALANCED_MIDDLE, crowded)
            stretches = automatic_stretches(kind, statistics, softening=options.softening, middle=middle)
            return ToneChoice(tuple(_wished(one, options) for one in stretches), (None,) * len(statistics), ())
    if preset.method == "auto" and options.stretch in (None, "asinh") and not asked_limits:
        neutral = _neutral(preset, options)
        chosen, facts = _automatic(statistics, miri, neutral=neutral, crowded=crowded > _CROWDED)
        return ToneChoice(tuple(_wished(one, options) for one in chosen), facts, ())
    made, fallbacks = _fixed(preset, options, statistics, names=names, miri=miri)
    if preset.neutralise and not asked_limits and options.stretch is None:
        middle = MIDDLE if preset.middle == 1.0 else _SHARE_OF_MIDDLE * preset.middle
        made = calmed(made, statistics, crowded, middle=middle)
    return ToneChoice(tuple(made), (None,) * len(statistics), tuple(fallbacks))


def _fixed(
    preset: Preset,
    options: CompositeRequest,
    statistics: Sequence[SkyStatistics],
    *,
    names: Sequence[str],
    miri: Sequence[bool],
) -> tuple[list[Stretch], list[str]]:
    """Take the values of the look, channel by channel; gives what could not be had, too."""
    made: list[Stretch] = []
    fallbacks: list[str] = []
    for one, name, of_miri in zip(statistics, names, miri, strict=True):
        tone = preset.miri if of_miri and preset.miri is not None else preset.channel
        stretch, fallback = fixed_stretch(tone, options, one)
        made.append(stretch)
        if fallback:
            fallbacks.append(f"{name}:{fallback}")
    if _neutral(preset, options):
        alike = len({(one.kind, one.a, one.gamma) for one in made}) == 1
        balanced = alike or (preset.middle == 1.0 and options.rules > 2)  # else MIRI's own curve has lifted it
        if balanced and options.high is None and options.high_percent is None:
            made = _one_white(made, statistics, alike=alike)
        made = _one_sky(made, statistics)
    if preset.middle < 1.0 and options.gamma is None:
        made = _held_down(made, statistics, preset.middle)
    return made, fallbacks


def _neutral(preset: Preset, options: CompositeRequest) -> bool:
    asked = options.neutralise
    return (preset.neutralise if asked is None else asked) and options.low is None


def _wished(stretch: Stretch, options: CompositeRequest) -> Stretch:
    """Put gamma and curve that were asked for in the place of those of the look."""
    if options.gamma is not None:
        stretch = replace(stretch, gamma=options.gamma)
    if options.curve is not None:
        stretch = replace(stretch, curve=parse_curve(options.curve))
    return stretch


def _automatic(
    statistics: Sequence[SkyStatistics], miri: Sequence[bool], *, neutral: bool, crowded: bool
) -> tuple[tuple[Stretch, ...], tuple[AutoFacts, ...]]:
    """Stretch each channel by itself; the sky is then brought to one brightness, and gamma solved anew."""
    found = [auto_stretch(one, miri=flag) for one, flag in zip(statistics, miri, strict=True)]
    for _ in range(_AUTO_ROUNDS if neutral and len(statistics) > 1 else 0):
        level = _one_sky([stretch for stretch, _ in found], statistics)
        found = [
            auto_stretch(one, miri=flag, lo=stretch.lo)
            for one, flag, stretch in zip(statistics, miri, level, strict=True)
        ]
    if crowded:  # each channel by itself tints a field that has no sky
        level = [replace(one, curve="s_curve") for one in automatic_stretches("asinh", statistics)]
        calm = calmed(level, statistics, 1.0, middle=MIDDLE)
        return tuple(calm), tuple(replace(facts, reason="a crowded field") for _, facts in found)
    return _alike([stretch for stretch, _ in found]), tuple(facts for _, facts in found)


def _alike(stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """Give channels one black and one white point, as gamma shows them, and one tone curve: what most of them have.

    Each its own would tint the shadows and the highlights.
    """
    black = middle_value([one.black ** (1.0 / one.gamma) for one in stretches])
    white = middle_value([one.white ** (1.0 / one.gamma) for one in stretches])
    curves = [one.curve for one in stretches]
    curve = max(curves, key=curves.count)
    return tuple(
        replace(one, black=black**one.gamma, white=white**one.gamma, curve=curve) if black < white else one
        for one in stretches
    )


def _one_sky(stretches: Sequence[Stretch], statistics: Sequence[SkyStatistics]) -> list[Stretch]:
    """Move lower limits until the sky of every channel is as bright as that of most."""
    skies = [_sky_brightness(stretch, one, stretch.lo) for stretch, one in zip(stretches, statistics, strict=True)]
    target = min(max(middle_value(skies), DARKEST_SKY), BRIGHTEST_SKY)
    return [_with_sky(stretch, one, target) for stretch, one in zip(stretches, statistics, strict=True)]


def _one_white(stretches: Sequence[Stretch], statistics: Sequence[SkyStatistics], *, alike: bool) -> list[Stretch]:
    """Balance the upper limits by what fills the picture; channels of one curve share a black and a white point, too.

    A percentile of each would be that of its brightest stars in one filter and of the nebula in the next: blue skies
    then sink into black beside MIRI.
    """
    whites = balanced_whites([one.hi for one in stretches], statistics)
    return [
        replace(one, hi=white) if white > one.lo else one
        for one, white in zip(_alike(stretches) if alike else stretches, whites, strict=True)
    ]


def _held_down(stretches: Sequence[Stretch], statistics: Sequence[SkyStatistics], middle: float) -> list[Stretch]:
    """Lower gamma, by one factor for all channels, until the median of the field is no brighter than wanted."""
    factor, tried = 1.0, list(stretches)
    while factor > _LEAST_GAMMA:
        tried = [replace(one, gamma=one.gamma * factor) for one in stretches]
        medians = [
            float(brightness(np.array([(one.median - stretch.lo) / (stretch.hi - stretch.lo)]), stretch)[0])
            for stretch, one in zip(tried, statistics, strict=True)
        ]
        if middle_value(medians) <= middle:
            break
        factor *= 0.97
    return tried


def _with_sky(stretch: Stretch, statistics: SkyStatistics, target: float) -> Stretch:
    """Find the lower limit that gives the sky a brightness; the brightness falls as the limit rises."""
    span = stretch.hi - statistics.sky
    if not span > 0.0:
        return stretch
    low, high = statistics.sky - 9.0 * span, statistics.sky
    for _ in range(_ROUNDS):
        middle = 0.5 * (low + high)
        if _sky_brightness(stretch, statistics, middle) > target:
            low = middle
        else:
            high = middle
    return replace(stretch, lo=high)


def _sky_brightness(stretch: Stretch, statistics: SkyStatistics, lo: float) -> float:
    x = (statistics.sky - lo) / (stretch.hi - lo)
    return float(brightness(np.array([x]), replace(stretch, lo=lo))[0]) if stretch.hi > lo else 0.0
