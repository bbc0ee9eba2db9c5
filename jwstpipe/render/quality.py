"""How good a picture is, in numbers: tones, clipping, cast, grain, coverage, and a score from 1 to 5."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.robust import middle_value, quantiles
from jwstpipe.render.layers import PlannedChannel

__all__ = ["ChannelQuality", "QualityReport", "rate_picture"]

Float32Image = NDArray[np.float32]

_SEEN = 0.005
"""Screen value above which a pixel counts as covered and lit."""

_SNR_OF_FULL_MARKS = 20.0
_SPREAD_OF_FULL_MARKS = 0.4
_ALL_BUT_BLACK = 0.02
_MIDDLE, _BLEACHED = (0.08, 0.45), 0.8
_MOST_BURNT, _MOST_DARK, _MOST_CAST, _MOST_GRAIN = 0.05, 0.4, 0.6, 0.12
_REC709 = np.array([0.2126, 0.7152, 0.0722], np.float32)
_CLIP_ROUNDS = 5

_WHITE = 0.999
_MOST_CLIPPED = 0.5
"""Share of the covered pixels; a picture of which more is white, or black, shows nothing."""

_ONE_STEP = 1.0 / 255.0
"""A picture whose pixels differ by less than a step of 8 bits is of one colour, and shows nothing either."""

_FEW = 0.001
"""Share of black pixels among those of one other colour that makes no picture of them."""


@dataclass(frozen=True)
class ChannelQuality:
    """One channel."""

    name: str
    """Filter, or the name of the image."""

    signal_to_noise: float
    """Height of the 99.9 percentile above the sky, times the noise."""

    coverage: float
    """Fraction of the image that has data."""

    clipped_black: float
    """Fraction of the covered pixels at or below the lower limit."""

    clipped_white: float
    """Fraction of the covered pixels at or above the upper limit."""


@dataclass(frozen=True)
class QualityReport:
    """A picture."""

    score: float
    """1 (poor) to 5: ``1 + 4 (0.25 tones + 0.25 unclipped + 0.15 neutral + 0.15 clean + 0.20 coverage)``.

    ``tones`` is full where the median luminance lies between 0.08 and 0.45 and falls to 0 at black and at 0.8, times
    the spread as far as it is below 0.4; ``unclipped`` falls to 0 where 5 % are white or 40 % are black, ``neutral``
    with the cast to 0 at 0.6, ``clean`` with the grain to 0 at 0.12. Where more than half of what is covered is white,
    or black, by its limits, marks count by the share that is not; a picture of one colour has none.
    """

    signal_to_noise: float
    """Mean over red, green and blue of clipped mean over clipped standard deviation."""

    balance: float
    """Least over greatest of the medians of red, green and blue."""

    spread: float
    """99 minus 1 percentile of the luminance, screen values."""

    coverage: float
    """Fraction of the picture that is lit."""

    clipped_white: float
    """Fraction of the lit pixels that are white or have a colour at its limit."""

    clipped_black: float
    """Fraction of the covered pixels that are black, or all but."""

    cast: float
    """How far the pixels of middle luminance are of one colour: greatest minus least of their mean red, green and
    blue, over the greatest."""

    grain: float
    """Standard deviation of what differs from pixel to pixel in the darker half, over the spread."""

    channels: tuple[ChannelQuality, ...]
    """Colour channels, by wavelength."""

    warning: str = ""
    """What spoils the picture: most of it white, or black, or all of one colour; empty where it shows something."""


def rate_picture(pixels: Float32Image, layers: Sequence[PlannedChannel]) -> QualityReport:
    """Rate a picture by a small rendering of all of it.

    Parameters
    ----------
    pixels
        (y, x, 3) screen values in [0, 1].
    layers
        Its colour channels.
    """
    white, black = _lost(pixels, layers)
    lit = _extreme(np.maximum, *_planes(pixels)) > _SEEN
    coverage = float(lit.mean())
    channels = tuple(_channel(layer) for layer in layers)
    if not lit.any():
        warning = _warning(white, black)
        return QualityReport(1.0, 0.0, 0.0, 0.0, 0.0, 0.0, black, 0.0, 0.0, channels, warning)
    seen = pixels[lit]
    colours = [np.ascontiguousarray(part) for part in seen.T]  # NumPy is slow over an axis of three
    snr = float(np.mean([_clipped_ratio(part) for part in colours]))
    medians = [middle_value(part) for part in colours]
    balance = min(medians) / max(medians) if max(medians) > 0 else 0.0
    luminance = seen @ _REC709
    low, quarter, middle, three, high = quantiles(luminance, (0.01, 0.25, 0.5, 0.75, 0.99))
    spread = high - low
    burnt = float((_extreme(np.maximum, *colours) >= _WHITE).mean())
    dark = min(max(float((luminance <= _ALL_BUT_BLACK).mean()), black), 1.0)
    cast, grain = (
        _cast(seen[(luminance >= quarter) & (luminance <= three)]),
        _grain(pixels @ _REC709, lit, middle, spread),
    )
    marks = 0.25 * _tones(middle) * min(spread / _SPREAD_OF_FULL_MARKS, 1.0) + 0.20 * coverage
    marks += 0.25 * (1.0 - min(burnt / _MOST_BURNT, 1.0)) * (1.0 - min(dark / _MOST_DARK, 1.0))
    marks += 0.15 * (1.0 - min(cast / _MOST_CAST, 1.0)) + 0.15 * (1.0 - min(grain / _MOST_GRAIN, 1.0))
    lost = max(white, black)
    flat = black < _FEW and max(float(part.max() - part.min()) for part in colours) < _ONE_STEP
    if flat or lost > _MOST_CLIPPED:
        marks *= 0.0 if flat else 1.0 - lost
    return QualityReport(
        score=round(1.0 + 4.0 * marks, 2),
        signal_to_noise=snr,
        balance=balance,
        spread=spread,
        coverage=coverage,
        clipped_white=burnt,
        clipped_black=dark,
        cast=cast,
        grain=grain,
        channels=channels,
        warning=_warning(white, black) or (_FLAT if flat else ""),
    )


def _planes(pixels: Float32Image) -> tuple[Float32Image, Float32Image, Float32Image]:
    """Take red, green and blue apart."""
    return pixels[..., 0], pixels[..., 1], pixels[..., 2]


def _extreme(of_two: np.ufunc, red: Float32Image, green: Float32Image, blue: Float32Image) -> Float32Image:
    """Give the greatest, or least, of the colours of each pixel."""
    found: Float32Image = of_two(of_two(red, green), blue)
    return found


def _tones(middle: float) -> float:
    """Mark the median luminance: neither black nor bleached."""
    if middle < _MIDDLE[0]:
        return middle / _MIDDLE[0]
    return 1.0 - min(max(middle - _MIDDLE[1], 0.0) / (_BLEACHED - _MIDDLE[1]), 1.0)


def _cast(seen: Float32Image) -> float:
    """Measure the common colour of the pixels of middle luminance: all of the picture but its darkest and brightest."""
    mean = seen.mean(axis=0, dtype=np.float64)
    return float((mean.max() - mean.min()) / mean.max()) if mean.max() > 0 else 0.0


def _grain(luminance: Float32Image, lit: NDArray[np.bool_], middle: float, spread: float) -> float:
    """Measure what differs from pixel to pixel where the picture is dark, by second differences along the rows."""
    if luminance.shape[1] < 3 or not spread > 0.0:
        return 0.0
    step = (luminance[:, :-2] - 2.0 * luminance[:, 1:-1] + luminance[:, 2:]) / np.sqrt(6.0)
    whole = lit[:, :-2] & lit[:, 1:-1] & lit[:, 2:] & (luminance[:, 1:-1] <= middle)
    return 0.0 if not whole.any() else float(1.4826 * middle_value(np.abs(step[whole])) / spread)


def _lost(pixels: Float32Image, layers: Sequence[PlannedChannel]) -> tuple[float, float]:
    """Give the shares of the covered pixels that show nothing but white, and nothing but black."""
    covered = max((layer.statistics.coverage for layer in layers), default=1.0)
    white = float((_extreme(np.minimum, *_planes(pixels)) >= _WHITE).mean())
    dark = float((_extreme(np.maximum, *_planes(pixels)) <= _SEEN).mean())
    share = max(covered, 1e-6)
    return min(white / share, 1.0), min(max(dark - (1.0 - covered), 0.0) / share, 1.0)


_FLAT = (
    "all covered pixels come out in one colour, so the picture shows nothing: the images are of one value, or the"
    " limits are far apart for what they hold; give other --limits, as percentiles 0.5%,99.9%"
)


def _warning(white: float, black: float) -> str:
    for share, name, limit in ((white, "white", "upper"), (black, "black", "lower")):
        if share > _MOST_CLIPPED:
            return (
                f"{share:.0%} of the covered pixels are {name}: they lie beyond the {limit} limit, or close to it; give"
                " other --limits, in the unit of the images as 0.1,20 or as percentiles 0.5%,99.9%"
            )
    return ""


def _channel(layer: PlannedChannel) -> ChannelQuality:
    measured = layer.statistics
    height = measured.high - measured.sky
    return ChannelQuality(
        name=layer.label,
        signal_to_noise=height / measured.noise if measured.noise > 0 else 0.0,
        coverage=measured.coverage,
        clipped_black=measured.rank(layer.stretch.lo),
        clipped_white=1.0 - measured.rank(layer.stretch.hi),
    )


def _clipped_ratio(values: Float32Image) -> float:
    """Give mean over standard deviation, clipped at 3 sigma in five rounds."""
    kept = values.astype(np.float64)
    for _ in range(_CLIP_ROUNDS):
        mean, deviation = kept.mean(), kept.std()
        inside = np.abs(kept - mean) <= 3.0 * deviation
        if inside.all():
            break
        kept = kept[inside]
    deviation = kept.std()
    return float(kept.mean() / deviation) if deviation > 0 else _SNR_OF_FULL_MARKS
