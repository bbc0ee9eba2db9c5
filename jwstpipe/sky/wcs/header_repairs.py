"""What is mended in the WCS cards of real files before wcslib reads them, each repair told.

wcslib passes over a card that it cannot read and takes the default: a position in quotes then is the origin of the
sky. astropy mends the commonest of these headers when it is asked to; here the same is done on the cards, so that what
was done can be told, and what cannot be mended is refused with the keyword and its value.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from jwstpipe.errors import TransformError

__all__ = ["Repaired", "card_words", "repaired_cards"]

CARD = 80

_NUMERIC = re.compile(
    r"^(CRVAL[12]|CRPIX[12]|CDELT[12]|CROTA[12]|(PC|CD)([12]_[12]|00[12]00[12])|PV[12]_\d+|LONPOLE|LATPOLE"
    r"|[AB]_(ORDER|\d+_\d+))$"
)
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([EDed][+-]?\d+)?$")
_YEAR = re.compile(r"^[BJbj]?\s*(\d{4}(?:\.\d*)?)$")
_SIP = re.compile(r"^[AB]P?_(ORDER|DMAX|\d+_\d+)$")
_SIP_TERM = re.compile(r"^[AB]_\d+_\d+$")

_MATRIX = re.compile(r"^(PC|CD)[12]_[12]$")
_SUFFIX = re.compile(r"^[A-Z]+-+[A-Z]{3}(-.+)$")
_SUFFIXES = ("-SIP", "-TPD", "-TPV")
"""Distortions behind the projection in a CTYPE that wcslib or astropy evaluate."""

_OLD_MATRIX = re.compile(r"^(PC|CD)00([12])00([12])$")

_SCAMP = 5
"""Parameters PVi_m from this number on are SCAMP's polynomial: a TAN projection itself has up to four."""

_UNITS = {
    "deg": "deg", "degs": "deg", "degree": "deg", "degrees": "deg", "d": "deg",
    "rad": "rad", "radian": "rad", "radians": "rad",
    "arcmin": "arcmin", "arcmins": "arcmin", "arcminute": "arcmin", "arcminutes": "arcmin",
    "arcsec": "arcsec", "arcsecs": "arcsec", "arcsecond": "arcsec", "arcseconds": "arcsec", "asec": "arcsec",
    "mas": "mas",
}  # fmt: skip
"""Spellings of units of angles; none is ambiguous on a celestial axis."""


@dataclass(frozen=True)
class Repaired:
    """Cards that wcslib reads as they are meant."""

    cards: str
    notes: tuple[str, ...]
    """What was done, one sentence each; empty for a header that needs nothing."""

    fault: str = ""
    """Why the header cannot be used; empty when it can."""


def card_words(cards: str) -> dict[str, str]:
    """Take the raw values of cards apart: text without its quotes, numbers as they stand; the last of a name counts."""
    found: dict[str, str] = {}
    for start in range(0, len(cards), CARD):
        card = cards[start : start + CARD]
        if card[8:9] == "=":
            found[card[:8].rstrip()] = _raw(card)[0]
    return found


@lru_cache(maxsize=4096)
def repaired_cards(cards: str) -> Repaired:
    """Mend WCS cards.

    Parameters
    ----------
    cards
        80-character cards of a header, as they stand in the file.
    """
    kept: list[tuple[str, str]] = []
    notes: list[str] = []
    try:
        for start in range(0, len(cards), CARD):
            card = cards[start : start + CARD].ljust(CARD)
            key = card[:8].rstrip()
            mended = _mended(key, card, notes)
            if mended is not None:
                kept.append((mended[:8].rstrip(), mended))
        kept = _one_distortion(kept, notes)
        _one_meaning(kept, notes)
    except TransformError as error:
        return Repaired(cards, tuple(notes), str(error))
    return Repaired("".join(card for _, card in kept), tuple(dict.fromkeys(notes)))


def _raw(card: str) -> tuple[str, bool]:
    """Give the value of a card as text, and whether it stands in quotes."""
    text = card[9:].strip()
    if text.startswith("'"):
        body = text[1:].replace("''", "\0").split("'")[0].replace("\0", "'")
        return body.strip(), True
    return text.split("/")[0].strip(), False


def _mended(key: str, card: str, notes: list[str]) -> str | None:
    """Mend one card; None leaves it out."""
    if key.startswith("CUNIT"):
        return _unit(key, card, notes)
    if key in ("EQUINOX", "EPOCH"):
        return _equinox(key, card, notes)
    if key.startswith("CTYPE"):
        return _axis_type(key, card, notes)
    return _number(key, card, notes) if _NUMERIC.match(key) else card


def _axis_type(key: str, card: str, notes: list[str]) -> str:
    value, quoted = _raw(card)
    if not quoted or value == value.upper():
        return card
    notes.append(f"{key} = {value!r} is read as {value.upper()!r}")
    return _text_card(key, value.upper())


def _number(key: str, card: str, notes: list[str]) -> str | None:
    old = _OLD_MATRIX.match(key)
    if old is not None:
        card = f"{old[1]}{old[2]}_{old[3]}".ljust(8) + card[8:]
        notes.append(f"{key} is an old spelling, read as {card[:8].rstrip()}")
    value, quoted = _raw(card)
    if not value:
        return None
    if not _NUMBER.match(value):
        raise TransformError(f"{key} = {value!r} is not a number; mend the header")
    if quoted:
        notes.append(f"{key} = '{value}' is text, read as a number")
        return card[:8] + f"= {value:>20s}".ljust(CARD - 8)
    return card


def _unit(key: str, card: str, notes: list[str]) -> str | None:
    value, _ = _raw(card)
    known = _UNITS.get(value.strip("[]() .").lower())
    if known == value or not value:
        return card if value else None
    if known is None:
        if key in ("CUNIT1", "CUNIT2"):
            raise TransformError(f"{key} = {value!r} is not a unit of angles; write deg, arcmin, arcsec, mas or rad")
        return card
    notes.append(f"{key} = {value!r} is read as {known!r}")
    return _text_card(key, known)


def _equinox(key: str, card: str, notes: list[str]) -> str | None:
    value, quoted = _raw(card)
    if not quoted and _NUMBER.match(value):
        return card
    year = _YEAR.match(value)
    if year is not None:
        notes.append(f"{key} = {value!r} is text, read as the year {float(year[1]):g}")
        return f"{key:8s}= {float(year[1]):20.4f}".ljust(CARD)
    if value:
        notes.append(f"{key} = {value!r} is not a year; as if it were missing")
    return None


def _one_distortion(kept: list[tuple[str, str]], notes: list[str]) -> list[tuple[str, str]]:
    """Leave one of two distortions that say the same: SIP where CTYPE ends with it, else the polynomial of SCAMP.

    As astropy does, after section 7 of Shupe et al. 2012, "More flexibility in representing geometric distortion".
    """
    keys = {key for key, _ in kept}
    types = [_raw(card)[0] for key, card in kept if key in ("CTYPE1", "CTYPE2")]
    sip = "A_ORDER" in keys or "B_ORDER" in keys
    lost = sorted(key for key in keys if _SIP_TERM.match(key) and f"{key[0]}_ORDER" not in keys)
    if lost:
        raise TransformError(f"{lost[0]} of a SIP distortion stands without {lost[0][0]}_ORDER; mend the header")
    scamp = any(key.startswith("PV") and int(key[4:]) >= _SCAMP for key in keys if re.match(r"^PV[12]_\d+$", key))
    if len(types) == 2 and all(kind.endswith("-SIP") for kind in types):
        if sip and scamp and all("-TAN" in kind for kind in types):
            notes.append("the PV parameters of SCAMP beside SIP are left out: CTYPE says SIP")
            return [(key, card) for key, card in kept if not key.startswith("PV")]
        return kept
    if scamp and len(types) == 2 and all(kind.endswith("-TAN") for kind in types):
        notes.append("CTYPE says TAN, its PV parameters are those of TPV: read as TPV")
        if sip:
            notes.append("SIP beside the PV parameters of SCAMP is left out")
        named = [(key, _text_card(key, _raw(card)[0].replace("-TAN", "-TPV")) if key in ("CTYPE1", "CTYPE2") else card)
                 for key, card in kept]  # fmt: skip
        return [(key, card) for key, card in named if not _SIP.match(key)]
    if sip and all(kind.endswith("-TPV") for kind in types):
        notes.append("SIP beside TPV is left out: CTYPE says TPV")
        return [(key, card) for key, card in kept if not _SIP.match(key)]
    if sip:
        notes.append("its SIP polynomials are applied, though CTYPE does not end with -SIP")
        return [(key, _text_card(key, f"{_raw(card)[0]}-SIP") if key in ("CTYPE1", "CTYPE2") and len(_raw(card)[0]) == 8
                 else card) for key, card in kept]  # fmt: skip
    return kept


def _one_meaning(kept: list[tuple[str, str]], notes: list[str]) -> None:
    """Refuse two scales that differ and distortions that nobody reads; tell a rotation or a distortion that is none.

    CD and PC exclude each other (Greisen and Calabretta 2002, section 2.1.2); wcslib then takes PC without a word.
    """
    values = {key: _raw(card)[0] for key, card in kept}
    matrix = {key for key in values if _MATRIX.match(key)}
    if {key[:2] for key in matrix} == {"PC", "CD"}:
        for i, j in ((1, 1), (1, 2), (2, 1), (2, 2)):
            stated = _float(values.get(f"CD{i}_{j}"), 0.0)
            other = _float(values.get(f"PC{i}_{j}"), float(i == j)) * _float(values.get(f"CDELT{i}"), 1.0)
            if abs(stated - other) > 1e-6 * max(abs(stated), abs(other)):
                raise TransformError(
                    f"CD{i}_{j} = {stated:g} and PC{i}_{j} times CDELT{i} = {other:g} say two scales; take CD or PC out"
                )
    elif not matrix and _float(values.get("CROTA1"), 0.0) and "CROTA2" not in values:
        notes.append("CROTA1 without CROTA2 turns nothing: the rotation of an image stands in CROTA2")
    for key in ("CTYPE1", "CTYPE2"):
        found = _SUFFIX.match(values.get(key, ""))
        if found is not None and found[1] not in _SUFFIXES:
            raise TransformError(f"{key} = {values[key]!r} names the distortion {found[1]}, which is not read")
    if values.get("CTYPE1", "").endswith(("-TNX", "-ZPX")) and "WAT1_001" not in values:
        notes.append(
            f"CTYPE says {values['CTYPE1'][-3:]}, its polynomials (WAT1_001 ...) are missing: read without them"
        )


def _float(text: str | None, usual: float) -> float:
    return usual if not text else float(text.upper().replace("D", "E"))


def _text_card(key: str, value: str) -> str:
    return f"{key:8s}= '{value:8s}'".ljust(CARD)
