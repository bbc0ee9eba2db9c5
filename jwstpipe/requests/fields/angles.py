"""Positions on the sky as people write them."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

__all__ = ["Declination", "RightAscension", "position_in"]

_SEXAGESIMAL = re.compile(r"([+-]?)(\d{1,3})(?:[:hd°\s]\s*)(\d{1,2})(?:[:m'\s]\s*)(\d{1,2}(?:\.\d*)?)\s*[s\"]?")
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")


def _angle(value: Any, *, hours: bool) -> Any:
    """Read ``10:07:01.8``, ``10h07m01.8s`` or ``-40 26 11`` as degrees; numbers pass, and so does what is no angle."""
    if not isinstance(value, str):
        return value
    found = _SEXAGESIMAL.fullmatch(value.strip())
    if found is None:
        return value
    sign, whole, minutes, seconds = found.groups()
    if float(minutes) >= 60 or float(seconds) >= 60:
        return value
    degrees = int(whole) + int(minutes) / 60 + float(seconds) / 3600
    in_hours = hours and "d" not in value and "°" not in value
    return (-1 if sign == "-" else 1) * degrees * (15 if in_hours else 1)


RightAscension = Annotated[float, BeforeValidator(lambda value: _angle(value, hours=True))]
Declination = Annotated[float, BeforeValidator(lambda value: _angle(value, hours=False))]


def position_in(text: str) -> tuple[float, float] | None:
    """Read a position where a target's name is expected.

    Parameters
    ----------
    text
        ``151.757 -40.437`` (degrees ICRS) or ``10:07:01.8 -40:26:11``, also with a comma or with spaces or letters
        between hours, minutes and seconds.

    Returns
    -------
    tuple of float, or None
        Right ascension and declination, degrees ICRS; None for what is a name.
    """
    words = [part.strip() for part in text.split(",")] if "," in text else text.split()
    if len(words) == 6:
        words = [" ".join(words[:3]), " ".join(words[3:])]
    if len(words) != 2:
        return None
    ra, dec = (_degrees(word, hours=hours) for word, hours in zip(words, (True, False), strict=True))
    if ra is None or dec is None or not (0.0 <= ra < 360.0 and -90.0 <= dec <= 90.0):
        return None
    return ra, dec


def _degrees(word: str, *, hours: bool) -> float | None:
    value = float(word) if _DECIMAL.fullmatch(word) else _angle(word, hours=hours)
    return value if isinstance(value, float) else None
