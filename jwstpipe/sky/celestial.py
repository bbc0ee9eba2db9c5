"""`CelestialWcs`: the exact WCS of an image, from its header cards to positions and back.

Between processes travel the header cards that the WCS needs, never WCS objects: those are costly to pickle, differ
after pickling, and must not be shared by threads.
"""

import re
from dataclasses import dataclass
from typing import Self

import numpy as np
from astropy.io.fits import Header
from astropy.io.fits.verify import VerifyError
from astropy.wcs import WCS, Wcsprm
from numpy.typing import NDArray

from jwstpipe.errors import TransformError
from jwstpipe.sky.frames import Frame, frame_of

__all__ = ["CelestialWcs", "wcs_cards", "wcs_cards_of"]

Floats = NDArray[np.float64]

_WCS_KEY = re.compile(
    r"^(WCSAXES|NAXIS[12]|CTYPE[12]|CRVAL[12]|CRPIX[12]|CDELT[12]|CUNIT[12]|CROTA[12]|PC[12]_[12]|CD[12]_[12]"
    r"|PC00[12]00[12]|PV[12]_\d+|PS[12]_\d+|LONPOLE|LATPOLE|RADESYS|RADECSYS|EQUINOX|EPOCH"
    r"|(A|B|AP|BP)_(ORDER|DMAX|\d+_\d+))$"
)

_BEYOND_WCSLIB = ("A_", "B_", "PV")
"""First letters of keywords of distortions, in one of their dialects: these need more than wcslib."""

INVERSE_TOLERANCE = 1e-7
"""Where the iteration that inverts a distortion stops, pixels."""

MOST_STEPS = 30
"""A position that has not come to rest by then has no inverse here."""


def wcs_cards(header: Header) -> str:
    """Keep the cards that place the first two axes on the sky, as 80-character cards."""
    return wcs_cards_of(str(header.tostring(sep="", endcard=False, padding=False)))


def wcs_cards_of(text: str) -> str:
    """Keep the same cards of a header as it stands in a file, without parsing it."""
    cards = [text[start : start + 80] for start in range(0, len(text), 80)]
    return "".join(card.ljust(80) for card in cards if card[8:9] == "=" and _WCS_KEY.match(card[:8].rstrip()))


@dataclass(frozen=True, eq=False)
class CelestialWcs:
    """The WCS of one image in one thread."""

    wcs: WCS
    frame: Frame
    swapped: bool
    """Latitude is the first axis."""

    scale_arcsec: float
    """Side of a square pixel of the same area at the reference point."""

    parity: int
    """+1 when the pixel axes are right-handed on the sky (east to the left of north), else -1."""

    @classmethod
    def from_cards(cls, cards: str, *, name: str) -> Self:
        """Build the WCS from the cards of `wcs_cards` or of a whole header.

        Parameters
        ----------
        cards
            80-character cards.
        name
            File that they come from, for errors.

        Raises
        ------
        TransformError
            No celestial WCS, or one that wcslib cannot use.
        """
        try:
            wcs = _plain_wcs(cards) if _is_plain(cards) else WCS(Header.fromstring(cards), fix=False, naxis=2)
            celestial = bool(wcs.has_celestial)
        except (ValueError, KeyError, MemoryError, AttributeError, TypeError, VerifyError) as error:
            raise TransformError(f"{name}: its WCS cannot be used: {_first_line(error)}") from None
        if not celestial:
            raise TransformError(
                f"{name}: no celestial WCS, so nothing places it on the sky; give an image that has one"
            )
        try:
            frame = frame_of(wcs)
        except TransformError as error:
            raise TransformError(f"{name}: {error}") from None
        matrix = wcs.pixel_scale_matrix
        determinant = float(np.linalg.det(matrix))
        if not np.isfinite(determinant) or determinant == 0.0:
            raise TransformError(f"{name}: its WCS maps all pixels to a line (CD matrix {matrix.tolist()})")
        swapped = wcs.wcs.lng == 1
        parity = -1 if (determinant > 0) != swapped else 1
        return cls(wcs, frame, swapped, float(np.sqrt(abs(determinant)) * 3600.0), parity)

    @property
    def distorted(self) -> bool:
        """It has SIP polynomials or distortion tables."""
        return self.wcs.sip is not None or self.wcs.cpdis1 is not None or self.wcs.cpdis2 is not None

    def to_sky(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Give longitude and latitude, degrees, of 0-based pixel positions; NaN where there is no sky."""
        first, second = self.wcs.all_pix2world(x, y, 0)
        return (second, first) if self.swapped else (first, second)

    def to_pixel(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Give 0-based pixel positions of longitude and latitude, degrees.

        NaN where the projection or the inverse of the distortion has no answer.
        """
        first, second = (lat, lon) if self.swapped else (lon, lat)
        x, y = self.wcs.wcs_world2pix(first, second, 0)
        if not self.distorted:
            return x, y
        return self._undistort(np.asarray(x), np.asarray(y))

    def _undistort(self, goal_x: Floats, goal_y: Floats) -> tuple[Floats, Floats]:
        """Invert the distortion by fixed-point steps towards its linear pixel positions.

        A distortion is a small smooth displacement, so that ``p <- p - (focal(p) - goal)`` contracts by its gradient
        (a percent for JWST) in each step. Each position stops by itself, so that it does not depend on its company.
        """
        x, y = goal_x.copy(), goal_y.copy()
        moving = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        with np.errstate(all="ignore"):
            for _ in range(MOST_STEPS):
                fx, fy = self.wcs.pix2foc(x[moving], y[moving], 0)
                step_x, step_y = fx - goal_x[moving], fy - goal_y[moving]
                x[moving] -= step_x
                y[moving] -= step_y
                moving = moving[~(np.hypot(step_x, step_y) < INVERSE_TOLERANCE)]
                if not moving.size:
                    return x, y
        x[moving] = np.nan
        y[moving] = np.nan
        return x, y


def _is_plain(cards: str) -> bool:
    starts = range(0, len(cards), 80)
    return "CTYPE" in cards and not any(cards.startswith(_BEYOND_WCSLIB, start) for start in starts)


def _plain_wcs(cards: str) -> WCS:
    """Build an undistorted WCS past the many checks of astropy, for which a plan of 10,000 inputs has no time."""
    wcs = WCS(naxis=2)
    wcs.wcs = Wcsprm(header=cards.encode("ascii"), relax=True).sub(2)
    return wcs


def _first_line(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__
