"""`ImageFacts`: what an image is and where it lies, told from its headers without loading what computes with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jwstpipe.errors import TransformError
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.open import find_image, log_notes
from jwstpipe.notebook import Shown
from jwstpipe.settings import S3Settings
from jwstpipe.sky.celestial import wcs_cards_of
from jwstpipe.sky.footprint import footprint
from jwstpipe.sky.frames import ICRS, rotated
from jwstpipe.sky.wcs.header_repairs import card_words, repaired_cards
from jwstpipe.sky.wcs.sky_wcs import PixelsToSky
from jwstpipe.sky.wcs.tangent import TangentWcs

if TYPE_CHECKING:
    from jwstpipe.images.zarr.image_store import ImageStore

__all__ = ["KEYWORDS", "ImageFacts", "PixelPlace", "SkyPlace", "image_facts"]

KEYWORDS = ("TELESCOP", "INSTRUME", "DETECTOR", "FILTER", "PUPIL", "TARGNAME")
"""Keywords that people know an image by."""

NOT_EVALUATED = "the gwcs beside it is evaluated for positions, and where pixels are computed"


@dataclass(frozen=True)
class SkyPlace:
    """Where an image lies on the sky."""

    projection: str
    """As in CTYPE, ``TAN-SIP``; empty where the header says none."""

    frame: str
    ra: float
    """Middle of the outline, degrees ICRS, as `dec`."""

    dec: float
    scale_arcsec: float
    """Side of a pixel in the middle, arcsec."""

    parity: int
    """+1 when the pixel axes are right-handed on the sky (east to the left of north), else -1."""

    source: Mapping[str, Any]
    """Where this comes from: ``origin`` (``fits`` or ``gwcs``), and what is known of its errors and repairs."""


@dataclass(frozen=True)
class PixelPlace:
    """A position, in pixels and on the sky; None where the map has no answer."""

    x: float | None
    """0-based, the centre of the first pixel is (0, 0); as `y`."""

    y: float | None
    ra: float | None
    """Degrees ICRS, as `dec`."""

    dec: float | None


@dataclass(frozen=True, repr=False)
class ImageFacts(Shown):
    """What an image is."""

    address: str
    format: str
    """``fits`` or ``zarr``."""

    width: int
    height: int
    planes: tuple[str, ...]
    slices: int
    """Slices of a cube; 1 for an image."""

    levels: int
    unit: str
    """BUNIT; empty where there is none."""

    product_id: str | None
    """Where jwstpipe made it."""

    keywords: Mapping[str, str | None]
    """Values of `KEYWORDS`."""

    place: SkyPlace | None
    fault: str = ""
    """Why nothing tells where it lies; empty where `place` does."""

    positions: tuple[PixelPlace, ...] = ()
    """Those that were asked for: pixels first, then places on the sky."""

    siblings: tuple[str, ...] = ()
    """Addresses of all science images of the file where it has several and none was chosen."""

    def facts(self) -> dict[str, object]:
        """Give what a person wants to know first."""
        return {
            "address": self.address,
            "size": f"{self.width} x {self.height} px",
            "planes": self.planes,
            "slices": self.slices if self.slices > 1 else None,
            "unit": self.unit,
            **{key.lower(): value for key, value in self.keywords.items()},
            "centre": self.place and f"{self.place.ra:.6f}, {self.place.dec:+.6f} deg {self.place.frame}",
            "scale": self.place and f"{self.place.scale_arcsec:.4f} arcsec",
            "fault": self.fault,
            "product": self.product_id,
        }

    def as_dict(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        facts: dict[str, Any] = {
            "schema_version": 1,
            **{name: getattr(self, name) for name in ("address", "format", "width", "height")},
            "planes": list(self.planes),
            **{name: getattr(self, name) for name in ("slices", "levels", "unit", "product_id")},
            **{key.lower(): value for key, value in self.keywords.items()},
        }
        place = self.place
        names = ("projection", "frame", "ra", "dec", "scale_arcsec", "parity")
        facts["wcs"] = None if place is None else {**{name: getattr(place, name) for name in names}, **place.source}
        if self.fault:
            facts["wcs_fault"] = self.fault
        if self.positions:
            facts["positions"] = [vars(one) for one in self.positions]
        return facts


def image_facts(
    address: str | Path,
    *,
    pixels: Sequence[tuple[float, float]] = (),
    places: Sequence[tuple[float, float]] = (),
    exact: bool = False,
    s3: S3Settings | None = None,
) -> ImageFacts:
    """Tell what an image is and where it lies.

    Parameters
    ----------
    address
        FITS file or image store, local or ``s3://``.
    pixels
        0-based pixels (x, y) of which the place on the sky is wanted.
    places
        Right ascension and declination, degrees ICRS, of which the pixel is wanted.
    exact
        Evaluate a gwcs that the file has, as it is done for positions; else its FITS header says where it lies.
    s3
        Endpoint of an ``s3://`` address.

    Raises
    ------
    NotFoundError, FitsError, StoreError
        Nothing stands there, or no image.
    TransformError
        Positions are wanted of an image that nothing places on the sky.
    """
    image = find_image(address, s3=s3)
    log_notes(image)
    primary, science = (card_words(image.header_text(name)) for name in ("primary", "sci"))
    positions = _positions(image, pixels, places) if len(pixels) or len(places) else ()
    place, fault = None, ""
    try:
        place = _sky_place(image, science, exact=exact or bool(positions))
    except TransformError as error:
        fault = str(error)
    rows, columns = image.shape
    return ImageFacts(
        address=image.address,
        format="fits" if isinstance(image, FitsImage) else "zarr",
        width=columns,
        height=rows,
        planes=tuple(image.planes),
        slices=image.slices,
        levels=image.levels,
        unit=science.get("BUNIT", ""),
        product_id=image.provenance.get("product_id"),
        keywords={key: primary.get(key, science.get(key)) for key in KEYWORDS},
        place=place,
        fault=fault,
        positions=positions,
        siblings=image.siblings,
    )


def _sky_place(image: "FitsImage | ImageStore", science: Mapping[str, str], *, exact: bool) -> SkyPlace:
    """Evaluate the outline: by the header alone where it is a plain one and nothing more is asked for."""
    cards = wcs_cards_of(image.header_text("sci"))
    plain = None if exact else TangentWcs.from_cards(cards)
    wcs: PixelsToSky = image.image_wcs.exact(name=image.address) if plain is None else plain
    outline = footprint(wcs, image.window, name=image.address)
    ra, dec = outline.centre
    source = _source_of(image, cards) if plain is not None else _exact_source(image)
    projection = science.get("CTYPE1", "")[5:]
    return SkyPlace(projection, wcs.frame.name, ra, dec, outline.scale_arcsec, wcs.parity, source)


def _source_of(image: "FitsImage | ImageStore", cards: str) -> dict[str, Any]:
    """Tell where a place comes from that was taken from the header alone."""
    facts: dict[str, Any] = {"origin": "fits"}
    if isinstance(image, FitsImage):
        has_gwcs = image.asdf is not None
    else:
        known = image.attributes.get("wcs") or {}
        has_gwcs = known.get("origin") == "gwcs"
        facts = {name: value for name, value in known.items() if name != "nodes"} | facts
    if has_gwcs:
        return facts | {"note": NOT_EVALUATED}
    repairs = repaired_cards(cards).notes
    return facts | ({"repairs": list(repairs)} if repairs else {})


def _exact_source(image: "FitsImage | ImageStore") -> dict[str, Any]:
    from jwstpipe.images.zarr.layout import wcs_facts  # noqa: PLC0415 - not for who reads a plain FITS header

    return wcs_facts(image.image_wcs)


def _positions(
    image: "FitsImage | ImageStore", pixels: Sequence[tuple[float, float]], places: Sequence[tuple[float, float]]
) -> tuple[PixelPlace, ...]:
    """Answer in the order of the questions, pixels first."""
    wcs = image.image_wcs.exact(name=image.address)
    x, y = np.array(pixels, dtype=float).reshape(-1, 2).T
    ra, dec = rotated(*wcs.to_sky(x, y), wcs.frame, ICRS)
    more_ra, more_dec = np.array(places, dtype=float).reshape(-1, 2).T
    more_x, more_y = wcs.to_pixel(*rotated(more_ra, more_dec, ICRS, wcs.frame))
    columns = (np.append(x, more_x), np.append(y, more_y), np.append(ra, more_ra), np.append(dec, more_dec))
    return tuple(
        PixelPlace(*(float(value) if np.isfinite(value) else None for value in row))
        for row in zip(*columns, strict=True)
    )
