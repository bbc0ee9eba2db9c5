"""Colours of channels: by name, ``#RRGGBB`` or hue, or by wavelength, and how channels mix to neutral light."""

import colorsys
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor
from scipy.optimize import lsq_linear

from jwstpipe.errors import UsageError

__all__ = [
    "BLACK",
    "WHITE",
    "ChannelColour",
    "Colour",
    "chromatic_colours",
    "chromatic_hues",
    "mixing_matrix",
    "parse_channel_colour",
    "parse_colour",
    "srgb_decoded",
    "srgb_encoded",
]

Image = NDArray[np.float32]
Floats = NDArray[np.float64]

_NAMED_HUES = {
    "red": 0.0,
    "orange": 30.0,
    "yellow": 60.0,
    "green": 120.0,
    "cyan": 180.0,
    "blue": 240.0,
    "purple": 270.0,
    "magenta": 300.0,
}
_PALETTE = (240.0, 180.0, 120.0, 60.0, 30.0, 0.0)
_FEW_HUES = {
    1: (0.0,),
    2: (240.0, 0.0),
    3: (240.0, 120.0, 0.0),
    4: (240.0, 120.0, 30.0, 0.0),
    5: (240.0, 180.0, 120.0, 30.0, 0.0),
    6: _PALETTE,
}
_LEAST_GAIN = 0.1
"""No channel is dimmed below this to make the sum of the channels white."""


@dataclass(frozen=True)
class Colour:
    """A colour as a screen shows it."""

    red: float
    """sRGB, encoded, in [0, 1]."""

    green: float
    """As red."""

    blue: float
    """As red."""

    def __post_init__(self) -> None:
        if not all(0.0 <= part <= 1.0 for part in (self.red, self.green, self.blue)):
            raise UsageError(f"a colour has parts from 0 to 1, not {self.red}, {self.green}, {self.blue}")

    @classmethod
    def from_hue(cls, degrees: float) -> Self:
        """Make the pure colour of a hue (HSV, saturation and value 1), degrees."""
        return cls(*colorsys.hsv_to_rgb(degrees % 360.0 / 360.0, 1.0, 1.0))

    @property
    def hex(self) -> str:
        """``#rrggbb``."""
        return "#" + "".join(f"{round(part * 255):02x}" for part in (self.red, self.green, self.blue))

    @property
    def linear(self) -> Floats:
        """Red, green and blue in linear light."""
        return srgb_decoded(np.array([self.red, self.green, self.blue]))

    @property
    def name(self) -> str:
        """Nearest name of the AVM vocabulary."""
        hue, saturation, _ = colorsys.rgb_to_hsv(self.red, self.green, self.blue)
        if saturation < 0.2:
            return "Grayscale"
        away = {name: abs((hue * 360.0 - other + 180.0) % 360.0 - 180.0) for name, other in _NAMED_HUES.items()}
        return min(away, key=away.__getitem__).capitalize()


BLACK = Colour(0.0, 0.0, 0.0)
WHITE = Colour(1.0, 1.0, 1.0)


@dataclass(frozen=True)
class ChannelColour:
    """What follows the ``=`` of ``--channel IMAGE=COLOUR[*WEIGHT]``."""

    colour: Colour | None
    """None = by wavelength."""

    weight: float
    """0 to 2."""


def parse_colour(text: str) -> Colour:
    """Read a colour: a name, ``#RRGGBB``, or a hue in degrees (0-360).

    Raises
    ------
    UsageError
        Neither of them.
    """
    word = text.strip().lower()
    if word in _NAMED_HUES:
        return Colour.from_hue(_NAMED_HUES[word])
    if re.fullmatch(r"\d+(\.\d*)?", word) and float(word) <= 360.0:
        return Colour.from_hue(float(word))
    if word in ImageColor.colormap or re.fullmatch(r"#[0-9a-f]{6}", word):
        red, green, blue = ImageColor.getrgb(word)[:3]
        return Colour(red / 255.0, green / 255.0, blue / 255.0)
    raise UsageError(f"not a colour: {text!r}; give a name as orange, #RRGGBB, or a hue from 0 to 360 degrees")


def parse_channel_colour(text: str) -> ChannelColour:
    """Read ``COLOUR[*WEIGHT]``; an empty colour (``*0.5``) leaves it to the wavelength.

    Raises
    ------
    UsageError
        Not a colour, or a weight that is not a number from 0 to 2.
    """
    name, star, factor = text.partition("*")
    try:
        weight = float(factor) if star else 1.0
    except ValueError:
        weight = -1.0
    if not 0.0 <= weight <= 2.0:
        raise UsageError(f"the weight of a channel is a number from 0 to 2, not {factor!r} (in {text!r})")
    return ChannelColour(parse_colour(name) if name.strip() or not star else None, weight)


def chromatic_hues(count: int) -> tuple[float, ...]:
    """Give the hues of `count` filters, degrees, the shortest wavelength first.

    Up to six come from a fixed palette; more are all six and points that divide the widest gaps evenly.
    """
    if count in _FEW_HUES:
        return _FEW_HUES[count]
    inserted = [0] * (len(_PALETTE) - 1)
    gaps = [before - after for before, after in pairwise(_PALETTE)]
    for _ in range(count - len(_PALETTE)):
        widest = max(range(len(gaps)), key=lambda gap: (gaps[gap] / (inserted[gap] + 1), -gap))
        inserted[widest] += 1
    hues = []
    for start, gap, points in zip(_PALETTE, gaps, inserted, strict=False):
        hues += [start - gap * step / (points + 1) for step in range(points + 1)]
    return (*hues, _PALETTE[-1])


def chromatic_colours(wavelengths: Sequence[float]) -> tuple[Colour, ...]:
    """Colour filters by the order of their wavelengths; images of one wavelength share a colour.

    One filter alone is white, for a picture of one filter has no colours. Two take blue and orange lights that add up
    to white (the middle between them is a synthetic green); blue and red could only make magenta.
    """
    distinct = sorted(set(wavelengths))
    if len(distinct) == 1:
        colours = [WHITE]
    elif len(distinct) == 2:
        half = float(srgb_encoded(np.array([0.5], np.float32))[0])
        colours = [Colour(0.0, half, 1.0), Colour(1.0, half, 0.0)]
    else:
        colours = [Colour.from_hue(hue) for hue in chromatic_hues(len(distinct))]
    return tuple(colours[distinct.index(wavelength)] for wavelength in wavelengths)


def mixing_matrix(colours: Sequence[Colour], weights: Sequence[float]) -> Floats:
    """Make the matrix from channels to linear light.

    Channels that are equally bright, with equal weights, make white or neutral grey, wherever their colours can:

    1. each channel gets a gain, the nearest to 1 with which their sum is white; so each keeps its hue;
    2. failing that, where red, green and blue all receive a fair share, these three are balanced instead (a pair such
       as #0080ff and #ff8000 is then neutral, at the price of hue);
    3. else the colours stay as they were asked for (red and orange cannot make white).

    Weights then act, and the whole is scaled so that the brightest of the three sums is 1: nothing is clipped that the
    channels did not clip themselves.

    Returns
    -------
    ndarray
        (3, channels), float64.

    Raises
    ------
    UsageError
        Nothing would be seen: all weights 0, or a black channel.
    """
    parts = np.stack([colour.linear for colour in colours], axis=1)
    if not parts.any(axis=0).all():
        raise UsageError("a channel coloured black shows nothing; give it another colour or leave it out")
    if not any(weight > 0 for weight in weights):
        raise UsageError("all channels have weight 0, so the picture would be empty; raise one")
    mix = parts * _neutral_gains(parts)
    sums = mix.sum(axis=1)
    if sums.min() > 0.25 * sums.max():
        mix = mix / sums[:, None]
    mix = mix * np.asarray(weights, np.float64)
    return np.asarray(mix / mix.sum(axis=1).max())


def srgb_encoded(linear: Image) -> Image:
    """Encode linear light in [0, 1] for the screen (IEC 61966-2-1)."""
    steep = linear * np.float32(12.92)
    curve = np.float32(1.055) * np.power(linear, np.float32(1.0 / 2.4)) - np.float32(0.055)
    return np.where(linear <= np.float32(0.0031308), steep, curve)


def srgb_decoded(encoded: Floats) -> Floats:
    """Decode screen values in [0, 1] to linear light."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def _neutral_gains(parts: Floats) -> Floats:
    """Find gains nearest to 1 that make the sum of the channels white; all 1 where none do."""
    count = parts.shape[1]
    strict = 1e4  # weight of neutrality against nearness to 1
    system = np.zeros((3 + count, count + 1))
    system[:3, :count] = strict * parts
    system[:3, count] = -strict  # the last unknown is the white level itself
    system[3:, :count] = np.eye(count)
    goal = np.concatenate([np.zeros(3), np.ones(count)])
    lower = np.append(np.full(count, _LEAST_GAIN), 1e-3)
    solved = lsq_linear(system, goal, bounds=(lower, np.inf), tol=1e-13).x
    sums = parts @ solved[:count]
    gains = solved[:count]
    return gains if np.ptp(sums) <= 1e-3 * sums.max() else np.ones(count)
