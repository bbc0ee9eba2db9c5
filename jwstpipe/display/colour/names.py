"""A colour as people write it: a name, ``#RRGGBB`` or a hue, with a weight for channels."""

import colorsys
import re
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.colour.srgb import srgb_decoded
from jwstpipe.errors import UsageError

__all__ = ["BLACK", "WHITE", "ChannelColour", "Colour", "parse_channel_colour", "parse_colour"]

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
    from PIL import ImageColor  # noqa: PLC0415 - slow to load, and most colours are those of a palette

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
