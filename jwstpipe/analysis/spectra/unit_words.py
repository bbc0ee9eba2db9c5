"""Units of spectra as people write them: ``erg/s/cm^2/A``, ``10**-20 erg/s/cm2/AA``, ``MicroJansky``, ``flam``."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astropy.units import UnitBase

__all__ = ["known_unit"]

_SPELLINGS = {
    "A": "Angstrom", "AA": "Angstrom", "Ang": "Angstrom", "ang": "Angstrom", "angstrom": "Angstrom",
    "angstroms": "Angstrom", "Angstroms": "Angstrom", "ANGSTROM": "Angstrom", "\u00c5": "Angstrom",
    "ergs": "erg", "Erg": "erg", "ERG": "erg", "sec": "s", "second": "s", "seconds": "s", "hz": "Hz", "HZ": "Hz",
    "microns": "um", "micron": "um", "Micron": "um", "micrometer": "um", "\u00b5m": "um", "\u03bcm": "um",
    "microJy": "uJy", "MicroJansky": "uJy", "microJansky": "uJy", "muJy": "uJy", "milliJy": "mJy", "Jansky": "Jy",
    "jansky": "Jy", "Janskys": "Jy", "JY": "Jy", "jy": "Jy", "Watt": "W", "watt": "W", "watts": "W", "ster": "sr",
    "flam": "erg / (s cm2 Angstrom)", "FLAM": "erg / (s cm2 Angstrom)", "fnu": "erg / (s cm2 Hz)",
    "FNU": "erg / (s cm2 Hz)",
}  # fmt: skip
"""What words of units are taken for; no spectrum is in amperes."""

_FACTOR = re.compile(
    r"\s*\(?\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?)(?!\d|\^|\*\*)\s*[x*]?\s*)?"
    r"(?:10\s*(?:\*\*|\^)\s*\(?\s*(?P<power>[+-]?\d+)\s*\)?)?\s*\)?\s*\*?\s*(?=[A-Za-z\u00c5\u00b5(])"
)
_WORD = re.compile(r"[A-Za-z\u00c5\u00b5\u03bc]+")


@lru_cache(maxsize=256)
def known_unit(text: str) -> "UnitBase | None":
    """Read a unit; None where nobody knows it.

    Examples
    --------
    >>> known_unit("1e-20 erg/s/cm^2/A").to("W m-2 um-1").__round__(25)  # doctest: +SKIP
    """
    from astropy import units  # noqa: PLC0415 - slow to load

    word = text.strip()
    if not word or word.lower() in ("none", "null", "n/a", "unknown", "-"):
        return None
    begin = _FACTOR.match(word)
    scale = 1.0
    if begin is not None and (begin["number"] or begin["power"]):
        scale = float(begin["number"] or 1.0) * 10.0 ** max(min(int(begin["power"] or 0), 300), -300)
        word = word[begin.end() :]
    plain = _WORD.sub(lambda found: _SPELLINGS.get(found[0], found[0]), word).replace("^", "**")
    if plain.count("/") > 1 and "(" not in plain.partition("/")[2]:
        top, *below = plain.split("/")
        plain = f"{top} / ({' '.join(below)})"  # astropy warns of several slashes
    try:
        found = units.Unit(plain, parse_strict="silent")
        return None if isinstance(found, units.UnrecognizedUnit) else units.Unit(scale * found)
    except (ValueError, TypeError, OverflowError):
        return None
