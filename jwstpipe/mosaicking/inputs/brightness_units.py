"""What samples measure, by their unit: brightness on an area of sky, flux in a pixel, or neither.

Resampling keeps a brightness as it is; a flux in a pixel changes with the area of the pixel. A wrong guess changes
every sample by the ratio of areas, so that only what is known to be a flux is scaled: the tables below say what is
known, and why. Units are told apart by their words alone, in any case and plural; prefixes do not matter here.
"""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from astropy import units

from jwstpipe.requests import Quantity

__all__ = ["UnitKind", "kind_of_unit", "quantity_of", "same_unit"]


@dataclass(frozen=True)
class UnitKind:
    """What a unit stands for."""

    is_flux: bool
    """Samples change with the area of the pixel."""

    known: bool
    """It is a brightness or a flux; else samples are kept as they are, and that is told."""

    reason: str


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


COUNTS = _names(
    "ct cts count counts cnt cnts adu adus dn dns electron electrons elec e el photon photons phot ph event events cps"
    " datanumber"
)
"""What a detector counts: each pixel collects its own, twice the area twice as many."""

FLUXES = _names(
    "jy jansky janskys maggy maggies mgy nanomaggy nanomaggies nmgy erg ergs j joule joules w watt watts ev flam fnu"
    " photflam flux lsun l_sun"
)
"""Power or energy, and flux densities: what falls on a pixel, as long as no area of sky divides it."""

ANGLES = _names(
    "sr ster sterad steradian steradians arcsec arcsecs arcsecond arcseconds asec arcmin arcmins arcminute arcminutes"
    " amin deg degs degree degrees rad radian radians mas uas sqarcsec sqarcmin sqarcsecond sqarcminute sqdeg sqdegree"
    ' sqdegrees "'
)
"""Areas of sky, or their sides: what is divided by one is a brightness."""

BEAMS = _names("beam beams bm")
"""A beam is an area of sky that has nothing to do with pixels: per beam is a brightness."""

TEMPERATURES = _names(
    "k kelvin kelvins mk uk nk k_cmb k_rj kcmb krj mk_cmb uk_cmb mk_rj uk_rj mkcmb ukcmb tb ta tmb t_b t_a t_mb"
)
"""Brightness temperatures: the same in a large and in a small pixel."""

BRIGHTNESSES = _names("r rayleigh rayleighs s10 s10v")
"""Units of brightness with an area of sky inside."""

LOGARITHMS = _names("mag mags magnitude magnitudes abmag stmag vegamag mag_ab mag_st m_ab m_st dex db dbm")
"""Logarithms: a factor would have to become a difference; they are kept, and that is told."""

PIXELS = _names("pix pixel pixels px")
"""A pixel is no area of sky of its own: per pixel is a flux in a pixel."""

OTHERS = _names(
    "s sec secs second seconds min minute minutes h hr hour hours yr ks hz khz mhz ghz thz m cm mm um km nm micron"
    " microns micrometer a aa ang angs angstrom angstroms kev mev gev g kg msun m_sun pc kpc mpc au v mv unit"
)
"""Times, lengths, frequencies, masses: by themselves (km/s, cm-2) they are neither a flux nor a brightness."""

_PREFIXES = ("m", "u", "n", "k", "g", "p", "f", "h", "d", "\u00b5", "\u03bc", "milli", "micro", "nano", "kilo", "mega")
_PREFIXED = FLUXES | {"pc", "hz", "ev", "sr", "count", "ct", "electron"}

_TOKEN = re.compile(
    r"(?P<divide>/|\bper\b)|(?P<number>\d+(?:\.\d*)?(?:e[+-]?\d+)?(?:\^\(?[+-]?\d+\)?)?)"
    r"|(?P<word>[a-z_\u00b5\u03bc\u00c5\u00e5]+|\")(?:\^?\(?(?P<power>[+-]?\d+(?:\.\d+)?)\)?)?|(?P<open>\()|(?P<close>\))"
)


def quantity_of(unit: str, wanted: Quantity) -> tuple[bool, str]:
    """Tell whether samples change with the area of the pixel.

    Parameters
    ----------
    unit
        BUNIT, as ``MJy/sr``, ``DN/s`` or ``ELECTRONS/S``.
    wanted
        ``surface`` or ``flux`` decide; ``auto`` leaves it to the unit.

    Returns
    -------
    bool, str
        True for fluxes in a pixel; and what was taken for granted, empty when nothing was. Resampling keeps a surface
        brightness; a flux is multiplied by the ratio of pixel areas, so that sums over a source stay what they are.

    Examples
    --------
    >>> quantity_of("DN/s", "auto"), quantity_of("mJy/beam", "auto")
    ((True, ''), (False, ''))
    """
    if wanted != "auto":
        return wanted == "flux", ""
    kind = kind_of_unit(unit)
    if kind.known:
        return kind.is_flux, ""
    what = f"unit {unit!r}: {kind.reason}" if unit.strip() else "the images have no unit"
    return False, f"{what}; samples are not scaled with the area of pixels (--quantity flux does)"


def kind_of_unit(unit: str) -> UnitKind:
    """Tell a brightness from a flux by the words of a unit."""
    words = _words(unit)
    below = {word for word, power in words if power < 0}
    above = {word for word, power in words if power > 0}
    if not words:
        return UnitKind(is_flux=False, known=False, reason="no unit")
    if (above | below) & LOGARITHMS or unit.strip().lower().startswith(("log", "[")):
        return UnitKind(is_flux=False, known=False, reason="a logarithm, which is kept and averaged as it is")
    for part, names, reason in (
        (below, BEAMS, "brightness in a beam"),
        (below, ANGLES, "brightness on an area of sky"),
        (above, TEMPERATURES, "brightness temperature"),
        (above, BRIGHTNESSES, "brightness"),
    ):
        if part & names:
            return UnitKind(is_flux=False, known=True, reason=reason)
    unknown = sorted((above | below) - COUNTS - FLUXES - PIXELS - OTHERS - ANGLES - BEAMS - TEMPERATURES)
    if unknown:
        return UnitKind(is_flux=False, known=False, reason=f"{unknown[0]!r} is not known")
    if above & (COUNTS | FLUXES):
        return UnitKind(is_flux=True, known=True, reason="counted in a pixel" if above & COUNTS else "flux in a pixel")
    return UnitKind(is_flux=False, known=False, reason="neither a brightness nor a flux")


def same_unit(one: str, other: str) -> bool:
    """Tell whether two spellings are one unit: ``MJy / sr`` and ``MJY/SR``, ``DN/s`` and ``DN s-1``.

    ``MJy`` and ``mJy`` are not, nor is anything with a factor in front but the same words.
    """
    if "".join(one.split()) == "".join(other.split()):
        return True
    spelled = _spelled(one)
    if spelled is not None and spelled == _spelled(other):
        return True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", units.UnitsWarning)  # several slashes: discouraged, and understood
        try:
            return bool(units.Unit(one) == units.Unit(other))
        except (ValueError, TypeError):
            return False


_SAME_WORDS = {
    word: names[0]
    for names in (
        text.split()
        for text in (
            "count counts ct cts cnt cnts", "electron electrons elec e el", "dn dns datanumber", "adu adus",
            "photon photons phot ph", "s sec secs second seconds", "sr ster sterad steradian steradians",
            "arcsec arcsecs arcsecond arcseconds asec", "beam beams bm", "erg ergs", "w watt watts",
            "jy jansky janskys", "nmgy nanomaggy nanomaggies", "a aa ang angs angstrom angstroms", "k kelvin kelvins",
            "r rayleigh rayleighs",
        )
    )
    for word in names
}  # fmt: skip
"""Words that mean the same, and the one that stands for them."""


def _spelled(unit: str) -> dict[str, float] | None:
    """Give the words of a unit with their powers, one spelling each; None where that does not tell all of it."""
    powers: dict[str, float] = {}
    for word, power in _words(unit, plain=str):
        if word in PIXELS:
            continue
        if word == "cps":
            powers["count"], powers["s"] = powers.get("count", 0) + power, powers.get("s", 0) - power
            continue
        known = _SAME_WORDS.get(word, word)
        if known == word and word.startswith("m") and word[1:] in FLUXES:  # mega or milli
            found = re.search(re.escape(word), unit, re.IGNORECASE)
            if found is None or unit.islower():
                return None
            known = ("mega " if found[0][0] == "M" else "milli ") + word[1:]
        powers[known] = powers.get(known, 0) + power
    if not powers or any(token["number"] for token in _TOKEN.finditer(unit.lower().replace("**", "^"))):
        return None
    return {word: power for word, power in powers.items() if power}


def _words(unit: str, *, plain: Callable[[str], str] | None = None) -> list[tuple[str, float]]:
    """Take a unit apart into words and the signs of their powers; a group in brackets is divided as a whole."""
    text = unit.strip().lower().replace("**", "^").replace("\u207b\u00b9", "-1").replace("\u207b\u00b2", "-2")
    text = text.replace("\u00b2", "2").replace("''", '"')
    text = re.sub(r"\be\^?-(?!\d)|\be\^\(-\)", "electron", text)
    text = re.sub(r"\b(sq|square)[. _]*(?=[a-z])", "sq", text)
    found: list[tuple[str, float]] = []
    stack, sign, next_sign = [1.0], 1.0, 1.0
    for token in _TOKEN.finditer(text):
        if token["divide"]:
            next_sign = -1.0
        elif token["open"]:
            stack.append(sign)
            sign, next_sign = sign * next_sign, 1.0
        elif token["close"]:
            sign = stack.pop() if len(stack) > 1 else 1.0
            next_sign = 1.0
        elif token["word"]:
            power = float(token["power"] or 1.0)
            found.append(((plain or _plain)(token["word"]), sign * next_sign * power))
            next_sign = 1.0
        else:
            next_sign = 1.0
    return found


def _plain(word: str) -> str:
    """Take the prefix off a word that is known with one."""
    for prefix in _PREFIXES:
        rest = word.removeprefix(prefix)
        if rest != word and rest in _PREFIXED and word not in COUNTS | FLUXES | OTHERS:
            return rest
    return word
