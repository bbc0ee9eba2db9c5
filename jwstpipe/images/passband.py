"""Which passband an image was taken through, from its headers."""

import re
from collections.abc import Mapping
from typing import Any

from jwstpipe.errors import UsageError
from jwstpipe.images.headers.keywords import primary_keywords, science_keywords
from jwstpipe.images.image import SkyImage
from jwstpipe.names.optics import imaging_filters, split_optics
from jwstpipe.names.passband import Passband, wavelength_um

__all__ = ["BAND_CARD", "WAVELENGTH_CARD", "header_filter", "known_wavelength", "passband"]

BAND_CARD, WAVELENGTH_CARD = "JPBAND", "JPWAVE"
"""What an image that was made of a cube shows, in words, and its wavelength, um: they place it among filters."""

_NO_NAMES = ("", "NONE", "N/A", "UNKNOWN")


def header_filter(header: Mapping[str, Any]) -> str | None:
    """Tell the filter that shaped the passband.

    Of a filter wheel and a pupil wheel the pupil wheel's filter wins, where it holds one (``F444W`` with ``F405N`` is
    F405N); clear positions, masks and grisms are no filters.

    Parameters
    ----------
    header
        Has FILTER and PUPIL (JWST), FILTER or BAND.

    Returns
    -------
    str or None
        Upper case, None when no keyword names a filter.
    """
    values = [header.get(keyword) for keyword in ("PUPIL", "FILTER", "BAND")]
    words = [
        word for value in values if isinstance(value, str) for word in re.split(r"[;/,+\s-]+", value.strip().upper())
    ]
    others = [word for word in words if word not in _NO_NAMES and split_optics(word.lower()) is None]
    return next(iter((*imaging_filters(words), *others)), None)


def passband(image: SkyImage) -> Passband:
    """Read facility, instrument and filter of an image from its headers."""
    facility, instrument = _text(image, "TELESCOP") or _text(image, "DATASET"), _text(image, "INSTRUME")
    science = science_keywords(image)
    band = science.get(BAND_CARD)
    if isinstance(band, str):
        microns = science.get(WAVELENGTH_CARD)
        return Passband(facility, instrument, band, float(microns) if isinstance(microns, int | float) else None)
    name = header_filter(primary_keywords(image)) or header_filter(science)
    return Passband(
        facility=facility,
        instrument=instrument,
        filter=name,
        wavelength_um=None if name is None else wavelength_um(name),
    )


def known_wavelength(image: SkyImage, band: Passband) -> float:
    """Give the wavelength that places an image in chromatic order.

    Raises
    ------
    UsageError
        There is none; the message says how to name a colour instead.
    """
    if band.wavelength_um is not None:
        return band.wavelength_um
    why = "no keyword names its filter" if band.filter is None else f"no wavelength is known for filter {band.filter!r}"
    raise UsageError(f"{image.address}: {why}; name its colour with --channel {image.address}=COLOUR")


def _text(image: SkyImage, keyword: str) -> str | None:
    value = primary_keywords(image).get(keyword, science_keywords(image).get(keyword))
    return value.strip() if isinstance(value, str) and value.strip() else None
