"""What the headers of an image say, for those who ask for a few words and shall not load astropy for them."""

from collections.abc import Mapping
from typing import Any

from jwstpipe.fits.plain.plain_header import PlainHeader, plain_header
from jwstpipe.images.image import SkyImage
from jwstpipe.sky.celestial import wcs_cards, wcs_cards_of

__all__ = ["placing_cards", "primary_keywords", "science_keywords", "stored_header"]


def primary_keywords(image: SkyImage) -> Mapping[str, Any]:
    """Give the keywords of the primary header."""
    found = _plain(image, "primary")
    known: Mapping[str, Any] = image.primary if found is None else found
    return known


def science_keywords(image: SkyImage) -> Mapping[str, Any]:
    """Give the keywords of the header of the science plane."""
    found = _plain(image, "sci")
    known: Mapping[str, Any] = image.header if found is None else found
    return known


def placing_cards(image: SkyImage) -> str:
    """Give the cards that place an image on the sky (see `wcs_cards`)."""
    found = _plain(image, "sci")
    return wcs_cards_of(found.text) if isinstance(found, PlainHeader) else wcs_cards(image.header)


def stored_header(image: SkyImage, name: str) -> str:
    """Give the cards of a header, ``primary`` or ``sci``, with END: as they stand, or as astropy has them in memory."""
    text = getattr(image, "header_text", None)
    if text is not None:
        return str(text(name))
    return str((image.primary if name == "primary" else image.header).tostring(padding=False))


def _plain(image: SkyImage, name: str) -> Any:
    text = getattr(image, "header_text", None)  # an image in memory has its headers as astropy's alone
    return None if text is None else plain_header(text(name))
