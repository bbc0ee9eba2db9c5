"""What is measured of known sources."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, field_validator

from jwstpipe.requests.base import Request, option

__all__ = ["Length", "PhotometryRequest", "lengths_of"]

APERTURES = "Apertures"
ERRORS = "Sky and errors"
PSF = "Point spread function"

Length = tuple[float, Literal["arcsec", "px"]]
"""A length on the sky, or on the grid of an image."""

_LENGTH = re.compile(r"(\d+\.?\d*|\.\d+)\s*(px|pix|pixels?|as|arcsec|\")?", re.IGNORECASE)
_MOST = {"arcsec": 60.0, "px": 200.0}


def lengths_of(words: tuple[str, ...]) -> tuple[Length, ...]:
    """Read lengths; the words were checked when the request was made."""
    return tuple(_length(word) for word in words)


def _length(word: str) -> Length:
    found = _LENGTH.fullmatch(str(word).strip())
    unit: Literal["arcsec", "px"] = "px" if found is not None and (found[2] or "").lower().startswith("p") else "arcsec"
    if found is None or not 0.0 < float(found[1]) <= _MOST[unit]:
        raise ValueError(f"{word}: a length is a number above 0, at most 60 arcsec or 200 px, as 0.2 (arcsec) or 3px")
    return float(found[1]), unit


def _words(value: Any) -> Any:
    """Take numbers as arcsec."""
    values = value if isinstance(value, list | tuple) else (value,)
    return tuple(f"{one:g}" if isinstance(one, int | float) and not isinstance(one, bool) else one for one in values)


class PhotometryRequest(Request):
    """What is measured of known sources."""

    aperture: Annotated[tuple[str, ...], BeforeValidator(_words)] = option(
        (),
        max_length=16,
        help="radii of circles: arcsec, or px where the number says so; none and no --ee = 3px",
        metavar="LENGTH[,LENGTH]...",
        group=APERTURES,
    )
    ee: tuple[float, ...] = option(
        (),
        max_length=8,
        help="circles that hold so many percent of the light of a point source, by the curve of growth",
        metavar="PERCENT[,PERCENT]...",
        group=APERTURES,
    )
    growth: Literal["auto", "image", "table", "none"] = option(
        "auto",
        help="curve of growth behind aperture corrections: measured on the image, a public table of the filter, none;"
        " auto: the image where it has enough bright stars, else the table",
        group=APERTURES,
    )
    growth_table: str | None = option(
        None,
        help="table of a curve of growth of one's own: columns radius (arcsec) and ee (0 to 1), and filter for several",
        metavar="TABLE",
        group=APERTURES,
    )
    kron: bool = option(True, help="measure Kron ellipses too, of the shapes in the catalogue", group=APERTURES)
    kron_factor: float = option(2.5, ge=1.0, le=5.0, help="half axes in units of Kron's first moment", group=APERTURES)
    kron_neighbours: Literal["correct", "none"] = option(
        "correct",
        help="pixels of a Kron ellipse that belong to a neighbour: those on the other side of the centre stand for"
        " them; none: all are summed",
        group=APERTURES,
    )
    annulus: Annotated[tuple[str, ...], BeforeValidator(_words)] = option(
        (),
        max_length=2,
        help="radii of the ring whose sky is taken away; none = 2 and 3 times the largest circle, 8 px at least apart",
        metavar="INNER,OUTER",
        group=ERRORS,
    )
    local_sky: bool = option(True, help="take the sky of a ring around each source away", group=ERRORS)
    empty_apertures: int = option(
        1000,
        ge=0,
        le=100_000,
        help="places without sources whose sums tell the noise of an aperture, correlations included; 0 = none",
        group=ERRORS,
    )

    psf: str | None = option(
        None,
        help="fit a PSF to every source, neighbours at once: auto = built from the stars of each image, or a FITS file"
        " (OVERSAMP and FILTER in its headers)",
        metavar="auto|FILE",
        group=PSF,
    )
    psf_positions: Literal["fit", "hold"] = option(
        "fit", help="positions of a PSF fit: fitted where a source stands 5 sigma out, or as they are", group=PSF
    )

    psf_match: bool = option(
        False,
        help="make all images as wide as the widest PSF among them first, for colours; PSFs are built, or those of"
        " --psf FILE, which are not fitted then",
        group=PSF,
    )

    @field_validator("aperture", "annulus")
    @classmethod
    def _lengths(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            _length(word)
        return words

    @field_validator("annulus")
    @classmethod
    def _ring(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if len(words) == 1:
            raise ValueError("a ring has two radii, as 0.6,0.9")
        if words:
            inner, outer = (_length(word) for word in words)
            if inner[1] != outer[1] or inner[0] >= outer[0]:
                raise ValueError(f"{','.join(words)}: the inner radius comes first, both in one unit")
        return words

    @field_validator("ee")
    @classmethod
    def _percent(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        wrong = next((value for value in values if not 1.0 <= value <= 99.0), None)
        if wrong is not None:
            raise ValueError(f"{wrong:g}: encircled energy is said in percent, 1 to 99")
        return values
