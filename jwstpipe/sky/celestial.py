"""`CelestialWcs`: the exact WCS of an image, from its header cards to positions and back.

Between processes travel the header cards that the WCS needs, never WCS objects: those are costly to pickle, differ
after pickling, and must not be shared by threads.
"""

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import TransformError
from jwstpipe.sky.frames import Frame, frame_of
from jwstpipe.sky.wcs.header_repairs import card_words, repaired_cards
from jwstpipe.sky.wcs.tangent import undistorted

if TYPE_CHECKING:  # they take long to load, and who only picks cards needs neither
    from astropy.io.fits import Header
    from astropy.wcs import WCS

__all__ = ["CelestialWcs", "is_wcs_keyword", "tables_of", "wcs_cards", "wcs_cards_of"]

Floats = NDArray[np.float64]

_WCS_KEY = re.compile(
    r"^(WCSAXES|NAXIS[12]|CTYPE[12]|CRVAL[12]|CRPIX[12]|CDELT[12]|CUNIT[12]|CROTA[12]|(PC|CD)[12]_[12]"
    r"|(PC|CD)00[12]00[12]|PV[12]_\d+|PS[12]_\d+|PROJP\d+|LONPOLE|LATPOLE|RADESYS|RADECSYS|EQUINOX|EPOCH"
    r"|(A|B|AP|BP)_(ORDER|DMAX|\d+_\d+)"
    r"|WAT[012]_\d+|C[PQ](DIS|ERR)[12]|D[PQ][12]|D2IM(DIS|ERR)?[12]|AXISCORR|D2IMEXT"
    r"|PLT(RA[HMS]|DEC(SN|[DMS])|SCALE)|[XY]PIXELSZ|PPO\d+|CNPIX[12]|AMD[XY]\d+|CO[12]_\d+)$"
)
"""Keywords that place an image: WCS papers I, II and IV, SIP, the polynomials of TNX and ZPX, digitised plates."""

_BEYOND_WCSLIB = ("A_", "B_", "PV")
"""First letters of keywords of distortions, in one of their dialects: these need more than wcslib."""

_SCALES = re.compile(r"^(CDELT[12]|(PC|CD)([12]_[12]|00[12]00[12])|PLTSCALE|AMDX1)$")
_PLATE_POLYNOMIAL = frozenset({"CO1_1", "CO1_2", "CO1_3", "CO2_1", "CO2_2", "CO2_3"})


def wcs_cards(header: "Header") -> str:
    """Keep the cards that place the first two axes on the sky, as 80-character cards."""
    return wcs_cards_of(str(header.tostring(sep="", endcard=False, padding=False)))


def wcs_cards_of(text: str) -> str:
    """Keep the same cards of a header as it stands in a file, without parsing it."""
    cards = [text[start : start + 80] for start in range(0, len(text), 80)]
    return "".join(card.ljust(80) for card in cards if card[8:9] == "=" and is_wcs_keyword(card[:8].rstrip()))


def is_wcs_keyword(keyword: str) -> bool:
    """Tell whether a keyword places the first two axes."""
    return _WCS_KEY.match(keyword) is not None


@dataclass(frozen=True, eq=False)
class CelestialWcs:
    """The WCS of one image in one thread."""

    wcs: "WCS"
    frame: Frame
    swapped: bool
    """Latitude is the first axis."""

    scale_arcsec: float
    """Side of a square pixel of the same area at the reference point."""

    parity: int
    """+1 when the pixel axes are right-handed on the sky (east to the left of north), else -1."""

    @classmethod
    def from_cards(cls, cards: str, *, name: str, tables: bytes = b"") -> Self:
        """Build the WCS from the cards of `wcs_cards` or of a whole header.

        Parameters
        ----------
        cards
            80-character cards.
        name
            File that they come from, for errors.
        tables
            FITS bytes of the tables that the cards refer to (see `tables_of`).

        Raises
        ------
        TransformError
            No celestial WCS, one that wcslib cannot use, or one without any pixel scale.
        """
        from astropy.io.fits.verify import VerifyError  # noqa: PLC0415 - see above

        mended = repaired_cards(cards)
        if mended.fault:
            raise TransformError(f"{name}: its WCS cannot be used: {mended.fault}")
        values = card_words(mended.cards)
        _check_readable(values, tables, name)
        try:
            wcs = _plain_wcs(mended.cards) if _is_plain(values) else _full_wcs(mended.cards, tables)
            wcs.wcs.set()
            celestial = bool(wcs.has_celestial)
            columns = _tabulated(values)
        except (ValueError, KeyError, IndexError, MemoryError, AttributeError, TypeError, OSError, AssertionError,
                VerifyError) as error:  # fmt: skip
            raise TransformError(f"{name}: its WCS cannot be used: {_first_line(error)}") from None
        if not celestial and columns is None:
            raise TransformError(
                f"{name}: no celestial WCS, so nothing places it on the sky; give an image that has one"
            )
        if not any(_SCALES.match(key) for key in values) and columns is None:
            raise TransformError(
                f"{name}: its WCS has no pixel scale (no CDELT, CD or PC; FITS then means 1 degree a pixel);"
                " add the scale to its header"
            )
        try:
            frame = frame_of(wcs, longitude=columns)
        except TransformError as error:
            raise TransformError(f"{name}: {error}") from None
        swapped = (wcs.wcs.lng if columns is None else columns) == 1
        determinant = _tabulated_area(wcs, values) if columns is not None else _determinant(wcs)
        if not np.isfinite(determinant) or determinant == 0.0:
            matrix = wcs.pixel_scale_matrix
            raise TransformError(f"{name}: its WCS maps all pixels to a line (CD matrix {matrix.tolist()})")
        parity = -1 if (determinant > 0) != swapped else 1
        return cls(wcs, frame, swapped, float(np.sqrt(abs(determinant)) * 3600.0), parity)

    @property
    def distorted(self) -> bool:
        """It has SIP polynomials or distortion tables."""
        wcs = self.wcs
        tables = (wcs.cpdis1, wcs.cpdis2, wcs.det2im1, wcs.det2im2)
        return wcs.sip is not None or any(table is not None for table in tables)

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
        return undistorted(self._focal, np.asarray(x), np.asarray(y))

    def _focal(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        found = self.wcs.pix2foc(x, y, 0)
        return found[0], found[1]


def tables_of(cards: str) -> frozenset[str]:
    """Name the extensions that hold tables which the cards refer to: look-up tables of distortions, and -TAB axes."""
    values = card_words(cards)
    named: set[str] = set()
    if any(values.get(f"CPDIS{axis}", "").upper() == "LOOKUP" for axis in (1, 2)):
        named.add("WCSDVARR")
    if "AXISCORR" in values or any(values.get(f"D2IMDIS{axis}", "").upper() == "LOOKUP" for axis in (1, 2)):
        named.add("D2IMARR")
    if _tabulated(values) is not None:
        named |= {values[key].upper() for key in ("PS1_0", "PS2_0") if key in values}
    return frozenset(named)


def _tabulated(values: dict[str, str]) -> int | None:
    """Give the longitude axis, 0-based, of celestial coordinates that stand in a table (-TAB); else None."""
    kinds = [values.get(f"CTYPE{axis}", "").upper() for axis in (1, 2)]
    if not all(kind.endswith("-TAB") for kind in kinds):
        return None
    return next((axis for axis, kind in enumerate(kinds) if kind.startswith(("RA--", "GLON"))), None)


def _check_readable(values: dict[str, str], tables: bytes, name: str) -> None:
    """Refuse by name a distortion that nothing here evaluates: its positions would be wrong without a word."""
    for axis in (1, 2):
        for key in (f"D2IMDIS{axis}", f"CPDIS{axis}", f"CQDIS{axis}"):
            kind = values.get(key, "")
            native = key.startswith("C") and kind.upper() not in ("LOOKUP", "")
            if kind and not native and (kind.upper() != "LOOKUP" or key.startswith("CQ")):
                raise TransformError(f"{name}: {key} = {kind!r} is a distortion that is not read; resample it first")
            mixed = key.startswith("CPDIS") and native and not _is_plain(values)
            if mixed:
                raise TransformError(
                    f"{name}: {key} = {kind!r} beside another distortion is not read; resample it first"
                )
    lacking = tables_of("".join(f"{key:8s}= '{value}'".ljust(80)[:80] for key, value in values.items()))
    if lacking and not tables:
        raise TransformError(
            f"{name}: the tables of its WCS ({', '.join(sorted(lacking))}) are not in it; give the whole file,"
            " or convert it anew"
        )
    if set(values) >= _PLATE_POLYNOMIAL:
        raise TransformError(f"{name}: its plate polynomial (CO1_1 ...) is a distortion that is not read")


def _is_plain(values: dict[str, str]) -> bool:
    """Tell whether wcslib alone evaluates all of it."""
    if not any(key.startswith("CTYPE") for key in values):
        return False
    tables = any(values.get(f"CPDIS{axis}", "").upper() == "LOOKUP" for axis in (1, 2))
    tables = tables or any(key.startswith(("D2IM", "AXISCORR")) for key in values) or _tabulated(values) is not None
    return not tables and not any(key.startswith(_BEYOND_WCSLIB) for key in values)


def _plain_wcs(cards: str) -> "WCS":
    """Build an undistorted WCS past the many checks of astropy, for which a plan of 10,000 inputs has no time."""
    from astropy.wcs import WCS, Wcsprm  # noqa: PLC0415 - see above

    wcs = WCS(naxis=2)
    wcs.wcs = Wcsprm(header=cards.encode("ascii", "replace"), relax=True, warnings=False).sub(2)
    return wcs


def _full_wcs(cards: str, tables: bytes) -> "WCS":
    from astropy.io.fits import HDUList, Header  # noqa: PLC0415 - see above
    from astropy.wcs import WCS  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what astropy mends on its own is told by `repaired_cards`
        if not tables:
            return WCS(Header.fromstring(cards), fix=False, naxis=2)
        with HDUList.fromstring(tables) as opened:
            return WCS(Header.fromstring(cards), fobj=opened, fix=False, naxis=2)


def _determinant(wcs: "WCS") -> float:
    with np.errstate(invalid="ignore", over="ignore"):  # a matrix of infinities has none: NaN, which is refused
        return float(np.linalg.det(wcs.pixel_scale_matrix))


def _tabulated_area(wcs: "WCS", values: dict[str, str]) -> float:
    """Measure the area of a pixel, square degrees with its sign, in the middle of an image placed by a table."""
    middle = [0.5 * float(values.get(f"NAXIS{axis}", "1")) - 0.5 for axis in (1, 2)]
    x, y = np.array([0.0, 1.0, 0.0]) + middle[0], np.array([0.0, 0.0, 1.0]) + middle[1]
    first, second = wcs.all_pix2world(x, y, 0)
    lon, lat = (second, first) if str(wcs.wcs.ctype[0]).startswith(("DEC", "GLAT")) else (first, second)
    across = (np.diff(lon[[0, 1, 0, 2]])[::2] + 180.0) % 360.0 - 180.0
    up = np.diff(lat[[0, 1, 0, 2]])[::2]
    found = float((across[0] * up[1] - across[1] * up[0]) * np.cos(np.radians(lat[0])))
    return -found if str(wcs.wcs.ctype[0]).startswith(("DEC", "GLAT")) else found


def _first_line(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__
