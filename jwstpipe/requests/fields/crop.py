"""Which part of the images a picture shows: a window of pixels, a window of the sky, or the fullest there is."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator

from jwstpipe.requests.fields.angles import position_in

__all__ = ["Crop", "FullestWindow", "SkyWindow", "window_named"]

_FULLEST = re.compile(r"auto(?::(\d{1,2}(?:\.\d+)?)%)?")
_LENGTH = re.compile(r"(\d+\.?\d*|\.\d+) *(deg|d|arcmin|'|arcsec|\")")
_ARCSEC = {"deg": 3600.0, "d": 3600.0, "arcmin": 60.0, "'": 60.0, "arcsec": 1.0, '"': 1.0}

MOST_BORDER = 0.5


@dataclass(frozen=True)
class SkyWindow:
    """A window around a position, its sides along those of the picture."""

    ra: float
    """Middle, ICRS, degrees."""

    dec: float
    width_arcsec: float
    height_arcsec: float

    def __str__(self) -> str:
        return f"{self.ra:.10g},{self.dec:.10g},{self.width_arcsec:.10g}arcsec,{self.height_arcsec:.10g}arcsec"


@dataclass(frozen=True)
class FullestWindow:
    """The largest window that the images fill."""

    border: float = 0.0
    """Share of it that may be empty."""

    def __str__(self) -> str:
        return f"auto:{100 * self.border:.10g}%" if self.border else "auto"


def window_named(text: str) -> SkyWindow | FullestWindow:
    """Read a window that is named by words.

    Parameters
    ----------
    text
        ``auto``, ``auto:5%``, or ``RA,DEC,WIDTH,HEIGHT`` with units at the sides, as ``210.8,+54.35,10arcmin,5'``.

    Raises
    ------
    ValueError
        Something else; the message says what it may be.
    """
    word = text.strip()
    fullest = _FULLEST.fullmatch(word.lower())
    if fullest:
        border = float(fullest[1] or 0.0) / 100.0
        if border > MOST_BORDER:
            raise ValueError(f"a window may be empty to {MOST_BORDER:.0%} at most, not {border:.0%}")
        return FullestWindow(border)
    parts = [part.strip() for part in word.split(",")]
    sides = [_LENGTH.fullmatch(part) for part in parts[2:]]
    if len(sides) != 2 or None in sides:
        raise ValueError(
            "name four pixels x0,y0,x1,y1, a window of the sky RA,DEC,WIDTH,HEIGHT with units at its sides, as"
            " 210.8,+54.35,10arcmin,5arcmin, or auto, or auto:5% for a window that may be empty to 5 %"
        )
    position = position_in(",".join(parts[:2]))
    if position is None:
        raise ValueError(f"{','.join(parts[:2])} is no position: RA and Dec in degrees, or as 14:03:12.6,+54:20:57")
    width, height = (float(side[1]) * _ARCSEC[side[2]] for side in sides if side)
    if not (0.0 < width <= 180 * 3600.0 and 0.0 < height <= 180 * 3600.0):
        raise ValueError("the sides of a window lie between 0 and 180 degrees")
    return SkyWindow(*position, width, height)


def _crop(value: Any) -> Any:
    """Write a window that is named by words in one way; four pixels pass."""
    if isinstance(value, list | tuple) and len(value) == 4 and any(_LENGTH.fullmatch(str(one)) for one in value[2:]):
        value = ",".join(map(str, value))
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",")]
    if len(parts) == 4 and all(re.fullmatch(r"-?\d+", part) for part in parts):
        return tuple(map(int, parts))
    return str(window_named(value))


Crop = Annotated[tuple[int, int, int, int] | str, BeforeValidator(_crop)]
"""Four pixels, or words that `window_named` reads."""
