"""`TangentWcs`: the commonest header, TAN with or without SIP, evaluated by its formulas alone.

`CelestialWcs` reads every header, and takes half a second to load what it reads them with. This reads the headers that
nearly all images have, and gives the same positions bit for bit.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.arguments import read_only
from jwstpipe.sky.frames import ICRS, Frame
from jwstpipe.sky.wcs import tangent_formulas
from jwstpipe.sky.wcs.header_repairs import card_words, repaired_cards

__all__ = ["TangentWcs", "undistorted"]

Floats = NDArray[np.float64]

ToFocal = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""From 0-based pixel positions to those without distortion."""

INVERSE_TOLERANCE = 1e-7
"""Where the iteration that inverts a distortion stops, pixels."""

MOST_STEPS = 30
"""A position that has not come to rest by then has no inverse here."""

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
    """Terms of SIP: A or B, powers of u and v, coefficient; each of the two has one of its order, which may be 0."""

    stretched: bool = False
    """The matrix is one of scales alone (CDELT): its inverse divides by them."""

    compiled: bool = False
    """Evaluate by compiled formulas, which take a moment to load and then a tenth of a microsecond a position."""

    frame: Frame = field(default=ICRS, init=False)

    @classmethod
    def from_cards(cls, cards: str, *, compiled: bool = False) -> Self | None:
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
            turn = matrix
            if kind == "PC":
                matrix = [term * step[i - 1] for (i, _), term in zip(pairs, matrix, strict=True)]
            found = cls(
                (_number(values, "CRPIX1", 0.0), _number(values, "CRPIX2", 0.0)),
                (_number(values, "CRVAL1", 0.0), _number(values, "CRVAL2", 0.0)),
                (matrix[0], matrix[1], matrix[2], matrix[3]),
                _sip_terms(values) if sip else (),
                stretched=kind == "PC" and turn == list(unit),
                compiled=compiled,
            )
        except ValueError:
            return None
        numbers = (*found.crpix, *found.crval, *found.matrix)
        good = all(map(math.isfinite, numbers)) and abs(found.crval[1]) < 90.0 and found._determinant != 0.0
        good = good and 0.0 <= found.crval[0] < 360.0
        return found if good else None

    @property
    def parity(self) -> int:
        """+1 when the pixel axes are right-handed on the sky (east to the left of north), else -1."""
        return -1 if self._determinant > 0 else 1

    @property
    def _determinant(self) -> float:
        a, b, c, d = self.matrix
        return a * d - b * c

    @property
    def distorted(self) -> bool:
        """It has SIP polynomials."""
        return bool(self.terms)

    @property
    def scale_arcsec(self) -> float:
        """Side of a square pixel of the same area at the reference point."""
        return float(np.sqrt(abs(np.linalg.det(np.array(self.matrix).reshape(2, 2)))) * 3600.0)

    def to_sky(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Give right ascension and declination, degrees, of 0-based pixel positions."""
        x, y = np.asarray(x, "f8") + 1.0, np.asarray(y, "f8") + 1.0
        if self.terms:
            x, y = self._distort(x, y)
        lon, lat = np.empty(x.shape), np.empty(y.shape)
        self._formulas.to_sky(self._place, x.ravel(), y.ravel(), lon.ravel(), lat.ravel())
        return lon, lat

    def to_pixel(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Give 0-based pixel positions of right ascension and declination, degrees; NaN where there is no answer."""
        lon, lat = np.asarray(lon, "f8"), np.asarray(lat, "f8")
        x, y = np.empty(lon.shape), np.empty(lat.shape)
        places = read_only(lon.ravel()), read_only(lat.ravel())
        self._formulas.from_sky(self._place, self._inverse, *places, x.ravel(), y.ravel())
        x, y = x - 1.0, y - 1.0
        return undistorted(self.focal, x, y) if self.terms else (x, y)

    def focal(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Give 0-based positions in the focal plane, without distortion, of 0-based pixel positions."""
        x, y = self._distort(x + 1.0, y + 1.0)
        return x - 1.0, y - 1.0

    def _distort(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        to_x, to_y = np.empty(x.shape), np.empty(y.shape)
        self._formulas.distort(self._place, *self._polynomials, x.ravel(), y.ravel(), to_x.ravel(), to_y.ravel())
        return to_x, to_y

    @property
    def _formulas(self) -> ModuleType:
        if not self.compiled:
            return tangent_formulas
        from jwstpipe.sky.wcs import tangent_kernels  # noqa: PLC0415 - for many positions only

        return tangent_kernels

    @cached_property
    def _place(self) -> Floats:
        """Numbers that the formulas take, in the order that `tangent_formulas` states."""
        pole = 90.0 - self.crval[1]
        sine, cosine = tangent_formulas.sine_cosine(pole)
        return np.array([*self.crpix, self.crval[0], pole, sine, cosine, *self.matrix, float(self.stretched)])

    @cached_property
    def _inverse(self) -> Floats:
        """Inverse of the matrix, row by row, as Gaussian elimination with scaled pivots gives it."""
        rows = (self.matrix[:2], self.matrix[2:])
        share = [abs(first) / max(abs(first), abs(second)) for first, second in rows]
        swapped = share[1] > share[0]
        (p, q), (s, t) = rows[::-1] if swapped else rows
        factor = s / p
        rest = t - factor * q
        columns = []
        for upper, lower in ((1.0, -factor), (0.0, 1.0)):
            low = lower / rest
            columns.append(((upper - q * low) / p, low))
        first, second = columns[::-1] if swapped else columns
        return np.array([first[0], second[0], first[1], second[1]])

    @cached_property
    def _polynomials(self) -> tuple[Floats, Floats]:
        found = []
        for axis in "AB":
            own = [(i, j, value) for name, i, j, value in self.terms if name == axis]
            order = max(i + j for i, j, _ in own)
            table = np.zeros((order + 1, order + 1))
            for i, j, value in own:
                table[i, j] = value
            found.append(table)
        return found[0], found[1]


def undistorted(focal: ToFocal, goal_x: Floats, goal_y: Floats) -> tuple[Floats, Floats]:
    """Invert a distortion by fixed-point steps towards focal-plane positions; NaN where they do not come to rest.

    A distortion is a small smooth displacement, so that ``p <- p - (focal(p) - goal)`` contracts by its gradient (a
    percent for JWST) in each step. Each position stops by itself, so that it does not depend on its company.
    """
    x, y = goal_x.copy(), goal_y.copy()
    moving = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    with np.errstate(all="ignore"):
        for _ in range(MOST_STEPS):
            fx, fy = focal(x[moving], y[moving])
            step_x, step_y = fx - goal_x[moving], fy - goal_y[moving]
            x[moving] -= step_x
            y[moving] -= step_y
            moving = moving[~(np.hypot(step_x, step_y) < INVERSE_TOLERANCE)]
            if not moving.size:
                return x, y
    x[moving] = np.nan
    y[moving] = np.nan
    return x, y


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
    """Read the terms up to the stated orders, with one of each order that may be 0.

    Raises
    ------
    ValueError
        Orders that are not 2 to 9, or one of a pair alone: `CelestialWcs` says what is wrong, or does what wcslib does.
    """
    order = {axis: int(values.get(f"{axis}_ORDER", "0")) for axis in "AB"}
    inverse = [int(values.get(f"{axis}P_ORDER", "0")) for axis in "AB" if f"{axis}P_ORDER" in values]
    if not all(2 <= one <= 9 for one in (*order.values(), *inverse)) or len(inverse) == 1:
        raise ValueError
    found = {
        (term[1], int(term[2]), int(term[3])): _number(values, key, 0.0)
        for key in values
        if (term := _TERM.match(key)) and int(term[2]) + int(term[3]) <= order[term[1]]
    }
    stated = {(axis, order[axis], 0): 0.0 for axis in "AB"} | found
    return tuple((*key, value) for key, value in stated.items())


def _number(values: dict[str, str], key: str, usual: float) -> float:
    word = values.get(key, "")
    return float(word.upper().replace("D", "E")) if word else usual
