"""How one channel of a picture looks, in fields and in one word of a command line."""

import re
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import model_validator

from jwstpipe.requests.base import Request, option

__all__ = ["ChannelLook", "Stretch", "ToneOptions", "channel_looks", "joined_options"]

Stretch = Literal["asinh", "log", "sqrt", "power", "histeq", "linear", "zscale"]

TONE = "Tone"
_LIMITS = ("low", "high")


class ToneOptions(Request):
    """How flux becomes brightness; an option that is empty leaves the choice to what stands behind it."""

    stretch: Stretch | None = option(None, help="curve from flux to brightness", group=TONE, often=True)
    softening: float | None = option(None, gt=0, le=100_000, help="parameter of asinh, log or power", group=TONE)
    low: float | None = option(
        None, help="value that becomes black, unit of the images; with % a percentile, as 0.5%", group=TONE
    )
    high: float | None = option(
        None, help="value that becomes white, unit of the images; with % a percentile, as 99.9%", group=TONE
    )
    low_percent: float | None = option(
        None, ge=0, le=100, help="percentile of the covered pixels that becomes black", group=TONE
    )
    high_percent: float | None = option(
        None, ge=0, le=100, help="percentile of the covered pixels that becomes white", group=TONE
    )
    black: float | None = option(None, ge=0, lt=1, help="fraction of the pixels that becomes black", group=TONE)
    white: float | None = option(None, gt=0, le=1, help="fraction of the pixels that stays below white", group=TONE)
    gamma: float | None = option(None, gt=0, le=5, help="brightness is raised to 1/gamma", group=TONE)
    curve: str | None = option(None, help="tone curve by name, or points as 0:0,0.3:0.2,1:1", group=TONE)

    @model_validator(mode="before")
    @classmethod
    def _percentiles(cls, given: Any) -> Any:
        """Read ``low="0.5%"`` as a percentile."""
        if not isinstance(given, Mapping):
            return given
        read = dict(given)
        for name in _LIMITS:
            value = read.get(name)
            if isinstance(value, str) and value.strip().endswith("%"):
                del read[name]
                read[f"{name}_percent"] = value.strip().removesuffix("%")
        return read

    @model_validator(mode="after")
    def _one_limit_each(self) -> Self:
        for name in _LIMITS:
            if getattr(self, name) is not None and getattr(self, f"{name}_percent") is not None:
                raise ValueError(f"{name} is a value or a percentile, not both")
        return self

    @property
    def tone_is_asked(self) -> bool:
        """Whether any of these options was given."""
        return any(getattr(self, name) is not None for name in ToneOptions.model_fields)


_KEYS = tuple(ToneOptions.model_fields)
_NEXT_OPTION = re.compile(rf",(?=(?:{'|'.join(_KEYS)})=|hidden(?:,|\Z))")
_STAR = re.compile(r"\*(?=[^*]*\Z)")


class ChannelLook(ToneOptions):
    """How one channel of a picture looks; what it leaves empty is as the picture has it.

    In one word it is ``IMAGE=COLOUR*WEIGHT``, and after that ``,name=value`` for each option and ``,hidden`` for a
    channel that takes no part: ``F200W=orange*0.8,stretch=log,low=0.1,high=99.5%``.

    Examples
    --------
    >>> look = ChannelLook.model_validate("F200W=orange*0.8,stretch=log,high=99.5%")
    >>> look.colour, look.weight, look.high_percent
    ('orange', 0.8, 99.5)
    >>> look.text()
    'F200W=orange*0.8,stretch=log,high=99.5%'
    """

    image: str = option(
        min_length=1, help="image it is for: address, product id, file name, or filter as F200W for all of a filter"
    )
    colour: str | None = option(None, help="name, #rrggbb, or hue in degrees; empty = by wavelength")
    weight: float = option(1.0, ge=0, le=2, help="factor of its light")
    visible: bool = option(True, help="off = it takes no part, as if it were not among the images")

    @model_validator(mode="before")
    @classmethod
    def _one_word(cls, given: Any) -> Any:
        return _fields(given) if isinstance(given, str) else given

    def text(self) -> str:
        """Write it in one word, as it is read."""
        weight = "" if self.weight == 1.0 else f"*{self.weight!r}"
        parts = [f"{self.image}={self.colour or ''}{weight}"]
        for name in _KEYS:
            value = getattr(self, name)
            if value is not None:
                percent = "%" if name.endswith("_percent") else ""
                parts.append(f"{name.removesuffix('_percent')}={value}{percent}")
        return ",".join(parts if self.visible else [*parts, "hidden"])


def _fields(word: str) -> dict[str, Any]:
    """Take ``IMAGE=COLOUR*WEIGHT,name=value,hidden`` apart; the image itself may hold any of these signs."""
    first, *given = _NEXT_OPTION.split(word)
    image, separator, colour = first.rpartition("=")
    if not separator or not image:
        raise ValueError("a channel is IMAGE=COLOUR or IMAGE=COLOUR*WEIGHT, with ,name=value for more")
    name, *weight = _STAR.split(colour)
    found: dict[str, Any] = {"image": image, "colour": name.strip() or None}
    if weight:
        found["weight"] = weight[0]
    elif not name.strip() and not given:
        raise ValueError(f"the channel {image} has neither colour nor option")
    for part in given:
        key, _, value = part.partition("=")
        found |= {"visible": False} if key == "hidden" else {key: value}
    return found


def joined_options(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Put options over others; a limit as a value takes the place of one as a percentile, and the other way round."""
    kept = dict(below)
    for name in _LIMITS:
        pair = {name, f"{name}_percent"}
        if pair & set(above):
            kept = {key: value for key, value in kept.items() if key not in pair}
    return {**kept, **above}


def channel_looks(given: Any) -> Any:
    """Read channels as people write them: a list of looks or words, or a mapping from image to colour or options."""
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, Mapping):
        return given
    return tuple(
        {**look, "image": image} if isinstance(look, Mapping) else f"{image}={look}" for image, look in given.items()
    )
