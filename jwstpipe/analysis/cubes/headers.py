"""Headers of images that are made of a cube: its own, without the third axis."""

import re

from astropy.io.fits import Header

__all__ = ["plane_header"]

_THIRD = re.compile(
    r"^(NAXIS3|WCSAXES|(CTYPE|CRVAL|CRPIX|CDELT|CUNIT|CROTA|CNAME|CRDER|CSYER)3|(PC|CD)(3_\d|\d_3)|P[SV]3_\d+"
    r"|RESTWAV|RESTFRQ|SPECSYS|SSYSOBS|SSYSSRC|VELOSYS|ZSOURCE)$"
)
"""Keywords of a spectral axis; an image has none."""


def plane_header(header: Header) -> Header:
    """Give the header of a plane of a cube: place on the sky and unit, without the third axis."""
    found = Header()
    for card in header.cards:
        if card.keyword and not _THIRD.match(card.keyword):
            found.append(card, end=True)
    found["NAXIS"] = 2
    return found
