"""`TangentWcs`: the commonest header, TAN with or without SIP, evaluated by its formulas alone.

`CelestialWcs` reads every header, and takes half a second to load what it reads them with. To tell where an image lies
this is enough: the same positions to the rounding of doubles.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from jwstpipe.sky.frames import ICRS, Frame
from jwstpipe.sky.wcs.header_repairs import card_words, repaired_cards

__all__ = ["TangentWcs"]

Floats = NDArray[np.float64]

_TYPES = {("RA---TAN", "DEC--TAN"): False, ("RA---TAN-SIP", "DEC--TAN-SIP"): True}
_BEYOND = re.compile(
    r"^(PV\d+_\d+|PS\d+_\d+|PC\d{6}|CD\d{6}|CROTA\d|LATPOLE|LONPOLE|EQUINOX|EPOCH|RADECSYS|C[PQ](DIS|ERR)\d|D2IM\w*"
    r"|AXISCORR|WAT\d_\d+|AMD\w+|PLT\w+|PPO\d+|CO\d_\d+|PROJP\d+)$"
)
"""Keywords that may say more than is evaluated here; LONPOLE, LATPOLE and EQUINOX may stand with what is usual."""

_TERM = re.compile(r"^([AB])_(\d+)_(\d+)$")
_USUAL_POLE = 180.0


@dataclass(frozen=True)
class TangentWcs:
    """A tangent plane in ICRS, and the polynomial of its distortion."""

    crpix: tuple[float, float]
    crval: tuple[float, float]
    matrix: tuple[float, float, float, float]
    """CD1_1, CD1_2, CD2_1, CD2_2, degrees per pixel."""

    terms: tuple[tuple[str, int, int, float], ...] = ()
    """Terms of SIP: A or B, powers of u and v, coefficient."""

    frame: Frame = field(default=ICRS, init=False)

    @classmethod
    def from_cards(cls, cards: str) -> Self | None:
        """Read the cards of `wcs_cards`; None where they say anything else than a plain TAN in ICRS, or nothing."""
        mended = repaired_cards(cards)
        values = card_words(mended.cards)
        sip = _TYPES.get((values.get("CTYPE1", ""), values.get("CTYPE2", "")))
        if mended.fault or sip is None or not _plain(values):
            return None
        try:
            step = [_number(values, f"CDELT{axis}", 1.0) for axis in (1, 2)]
            kinds = {key[:2] for key in values if key.startswith(("CD1_", "CD2_", "PC1_", "PC2_"))}
            if len(kinds) > 1:
                return None
            kind = next(iter(kinds), "PC")
            unit = (0.0, 0.0, 0.0, 0.0) if kind == "CD" else (1.0, 0.0, 0.0, 1.0)
            pairs = ((1, 1), (1, 2), (2, 1), (2, 2))
            matrix = [_number(values, f"{kind}{i}_{j}", usual) for (i, j), usual in zip(pairs, unit, strict=True)]
            if kind == "PC" and not {"CDELT1", "CDELT2"} <= set(values):
                return None
            if kind == "PC":
                matrix = [term * step[i - 1] for (i, _), term in zip(pairs, matrix, strict=True)]
            found = cls(
                (_number(values, "CRPIX1", 0.0), _number(values, "CRPIX2", 0.0)),
                (_number(values, "CRVAL1", 0.0), _number(values, "CRVAL2", 0.0)),
                (matrix[0], matrix[1], matrix[2], matrix[3]),
                _sip_terms(values) if sip else (),
            )
        except ValueError:
            return None
        numbers = (*found.crpix, *found.crval, *found.matrix)
        good = all(map(math.isfinite, numbers)) and abs(found.crval[1]) < 90.0 and found._determinant != 0.0
        return found if good else None

    @property
    def parity(self) -> int:
        """+1 when the pixel axes are right-handed on the sky (east to the left of north), else -1."""
        return -1 if self._determinant > 0 else 1

    @property
    def _determinant(self) -> float:
        a, b, c, d = self.matrix
        return a * d - b * c

    def to_sky(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Give right ascension and declination, degrees, of 0-based pixel positions (FITS paper II, section 5.1.3)."""
        u, v = np.asarray(x) + 1.0 - self.crpix[0], np.asarray(y) + 1.0 - self.crpix[1]
        more = {"A": np.zeros_like(u), "B": np.zeros_like(v)}
        for axis, i, j, value in self.terms:
            more[axis] += value * u**i * v**j
        u, v = u + more["A"], v + more["B"]
        a, b, c, d = self.matrix
        east, north = np.radians(a * u + b * v), np.radians(c * u + d * v)
        dec = math.radians(self.crval[1])
        along, up = math.cos(dec) - north * math.sin(dec), math.sin(dec) + north * math.cos(dec)
        ra = (self.crval[0] + np.degrees(np.arctan2(east, along))) % 360.0
        return ra, np.degrees(np.arctan2(up, np.hypot(east, along)))


def _plain(values: dict[str, str]) -> bool:
    """Tell whether nothing but the keywords that are read here says where the pixels lie."""
    for key, value in values.items():
        if key.startswith("CUNIT") and value != "deg":
            return False
        if key == "WCSAXES" and value != "2":
            return False
        if key == "RADESYS" and value != "ICRS":
            return False
        usual = key == "LATPOLE" or (key == "EQUINOX" and values.get("RADESYS") == "ICRS")
        usual = usual or (key == "LONPOLE" and float(value.upper().replace("D", "E")) == _USUAL_POLE)
        if _BEYOND.match(key) and not usual:
            return False
    return True


def _sip_terms(values: dict[str, str]) -> tuple[tuple[str, int, int, float], ...]:
    order = {axis: int(values.get(f"{axis}_ORDER", "0")) for axis in "AB"}
    return tuple(
        (found[1], int(found[2]), int(found[3]), _number(values, key, 0.0))
        for key in values
        if (found := _TERM.match(key)) and int(found[2]) + int(found[3]) <= order[found[1]]
    )


def _number(values: dict[str, str], key: str, usual: float) -> float:
    word = values.get(key, "")
    return float(word.upper().replace("D", "E")) if word else usual
