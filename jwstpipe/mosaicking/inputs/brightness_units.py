"""What samples measure, by their unit: brightness on an area of sky, flux in a pixel, or neither.

Resampling keeps a brightness as it is; a flux in a pixel changes with the area of the pixel. A wrong guess changes
every sample by the ratio of areas, so that only what is known to be a flux is scaled: the tables below say what is
known, and why. Units are told apart by their words alone, in any case and plural; prefixes do not matter here.
"""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from jwstpipe.requests import Quantity

__all__ = ["IN_A_BEAM", "UnitKind", "kind_of_unit", "quantity_of", "same_unit"]


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

ENERGIES = _names("ev erg j")
"""What a flux may be divided by: a density in energy, as photons per keV."""

ANGLES = _names(
    "sr ster sterad steradian steradians arcsec arcsecs arcsecond arcseconds asec arcmin arcmins arcminute arcminutes"
    " amin deg degs degree degrees rad radian radians mas uas sqarcsec sqarcmin sqarcsecond sqarcminute sqdeg sqdegree"
    " sqdegrees \" '"
)
"""Areas of sky, or their sides: what is divided by one is a brightness."""

BEAMS = _names("beam beams bm")
"""A beam is an area of sky that has nothing to do with pixels: per beam is a brightness."""

IN_A_BEAM = "brightness in a beam"
"""Why it is known: what a sample means depends on the beam."""

TEMPERATURES = _names(
    "k kelvin kelvins mk uk nk k_cmb k_rj kcmb krj mk_cmb uk_cmb mk_rj uk_rj mkcmb ukcmb tb ta tmb t_b t_a t_mb"
)
"""Brightness temperatures: the same in a large and in a small pixel."""

BRIGHTNESSES = _names("r rayleigh rayleighs s10 s10v")
"""Units of brightness with an area of sky inside."""

LOGARITHMS = _names("mag mags magnitude magnitudes abmag stmag vegamag mag_ab mag_st m_ab m_st dex db dbm")
"""Logarithms: a factor would have to become a difference; they are kept, and that is told."""

DISTANCES = _names("pc kpc mpc")
"""Lengths at the object: what is divided by their square is a brightness too, as L_sun/pc2."""

SQUARED = -2.0
"""Power of a length that divides by an area."""

PIXELS = _names("pix pixel pixels px")
"""A pixel is no area of sky of its own: per pixel is a flux in a pixel."""

OTHERS = _names(
    "s sec secs second seconds min minute minutes h hr hour hours yr ks hz khz mhz ghz thz m cm mm um km nm micron"
    " microns micrometer a aa ang angs angstrom angstroms kev mev gev g kg msun m_sun pc kpc mpc au v mv unit"
)
"""Times, lengths, frequencies, masses: by themselves (km/s, cm-2) they are neither a flux nor a brightness."""

_PREFIXES = ("m", "u", "n", "k", "g", "p", "f", "h", "d", "milli", "micro", "nano", "kilo", "mega")
_PREFIXED = FLUXES | {"pc", "hz", "ev", "sr", "count", "ct", "electron"}

_TOKEN = re.compile(
    r"(?P<divide>/|\bper\b)|(?P<number>\d+(?:\.\d*)?(?:e[+-]?\d+)?(?:\^\(?[+-]?\d+\)?)?)"
    r"|(?P<word>[a-z_]+|[\"'])(?P<power>_POWER)?|(?P<open>\()|\)(?P<whole>_POWER)?".replace(
        "_POWER", r"\^?(?:\([+-]?\d+(?:\.\d+)?\)|[+-]?\d+(?:\.\d+)?)"
    )
)

_PLAIN_SIGNS = str.maketrans(
    {"{": "(", "}": ")", "$": "", "\\": "", "\u2212": "-", "\u2013": "-", "\u00b5": "u", "\u03bc": "u", "\u00e5": "a",
     "\u2032": "'", "\u2033": '"', "\u207a": "+", "\u207b": "-", "\u00b9": "1", "\u00b2": "2", "\u00b3": "3",
     **{chr(0x2070 + digit): str(digit) for digit in (0, 4, 5, 6, 7, 8, 9)}}
)  # fmt: skip
"""Signs of publications, and what stands for them: braces and dollars of TeX, true minuses, superscripts, Greek."""


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
    powers = dict(_words(unit))
    below = {word for word, power in powers.items() if power < 0}
    above = {word for word, power in powers.items() if power > 0}
    if (above | below) & LOGARITHMS or unit.strip().lower().startswith(("log", "[")):
        return UnitKind(is_flux=False, known=False, reason="a logarithm, which is kept and averaged as it is")
    if above & (ANGLES | BEAMS | DISTANCES) and above & (COUNTS | FLUXES | TEMPERATURES):
        return UnitKind(is_flux=False, known=False, reason="multiplied by an area, not divided by one")
    for part, names, reason in (
        (below, BEAMS, IN_A_BEAM),
        (below, ANGLES, "brightness on an area of sky"),
        ({word for word in below if powers[word] == SQUARED}, DISTANCES, "brightness on an area of the object"),
        (above, TEMPERATURES, "brightness temperature"),
        (above, BRIGHTNESSES, "brightness"),
    ):
        if part & names:
            return UnitKind(is_flux=False, known=True, reason=reason)
    doubt = _doubt(powers, above & (COUNTS | FLUXES), below)
    if doubt:
        return UnitKind(is_flux=False, known=False, reason=doubt)
    return UnitKind(is_flux=True, known=True, reason="counted in a pixel" if above & COUNTS else "flux in a pixel")


def _doubt(powers: dict[str, float], collected: set[str], below: set[str]) -> str:
    """Tell why something is not known to be collected in a pixel; empty where it is."""
    unknown = sorted(set(powers) - COUNTS - FLUXES - PIXELS - OTHERS - ANGLES - BEAMS - TEMPERATURES)
    if not powers:
        return "no unit"
    if any(powers[word] != 1.0 for word in collected):
        return "a power of a flux, as variances have"
    if collected and below & ((COUNTS | FLUXES) - ENERGIES):
        return "a ratio, as gains and conversions have"
    if unknown:
        return f"{unknown[0]!r} is not known"
    return "" if collected else "neither a brightness nor a flux"


def same_unit(one: str, other: str) -> bool:
    """Tell whether two spellings are one unit: ``MJy / sr`` and ``MJY/SR``, ``DN/s`` and ``DN s-1``.

    ``MJy`` and ``mJy`` are not, nor is anything with a factor in front but the same words.
    """
    if "".join(one.split()) == "".join(other.split()):
        return True
    spelled = _spelled(one)
    if spelled is not None and spelled == _spelled(other):
        return True
    from astropy import units  # noqa: PLC0415 - slow to load, and most units are spelled alike

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
        if known == word and word[0] in "mp" and word[1:] in FLUXES | TEMPERATURES:  # mega or milli, peta or pico
            found = re.search(re.escape(word), unit, re.IGNORECASE)
            if found is None or unit.islower():
                return None
            known = f"{found[0][0]} {word[1:]}"
        powers[known] = powers.get(known, 0) + power
    if not powers or any(token["number"] for token in _TOKEN.finditer(_plain_signs(unit).lower().replace("**", "^"))):
        return None
    return {word: power for word, power in powers.items() if power}


def _words(unit: str, *, plain: Callable[[str], str] | None = None) -> list[tuple[str, float]]:
    """Take a unit apart into words and the signs of their powers; a group in brackets is divided as a whole."""
    text = _plain_signs(unit).lower().replace("**", "^").replace("''", '"')
    text = re.sub(r"\be\^?-(?!\d)|\be\^\(-\)", "electron", text)
    text = re.sub(r"\b(sq|square)[. _]*(?=[a-z])", "sq", text)
    found: list[tuple[str, float]] = []
    stack: list[tuple[float, int]] = []  # sign outside a bracket, and how many words were before it
    sign, next_sign = 1.0, 1.0
    for token in _TOKEN.finditer(text):
        if token["divide"]:
            next_sign = -1.0
        elif token["open"]:
            stack.append((sign, len(found)))
            sign, next_sign = sign * next_sign, 1.0
        elif token[0].startswith(")"):
            sign, start = stack.pop() if stack else (1.0, 0)
            found[start:] = [(word, power * _power(token["whole"])) for word, power in found[start:]]
            next_sign = 1.0
        elif token["word"]:
            power = sign * next_sign * _power(token["power"])
            found.append(((plain or _plain)(token["word"]), power))
            next_sign = 1.0
        else:
            next_sign = 1.0
    return found


def _plain_signs(unit: str) -> str:
    """Write a unit in the signs of a keyboard; the case stays, but for the sign of the Angstrom."""
    return unit.strip().replace("\u00c5", "\u00e5").replace("\u212b", "\u00e5").translate(_PLAIN_SIGNS)


def _power(text: str | None) -> float:
    return float(text.strip("^()")) if text else 1.0


def _plain(word: str) -> str:
    """Take the prefix off a word that is known with one."""
    for prefix in _PREFIXES:
        rest = word.removeprefix(prefix)
        if rest != word and rest in _PREFIXED and word not in COUNTS | FLUXES | OTHERS:
            return rest
    return word
