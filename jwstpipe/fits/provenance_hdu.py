"""What a product says of itself, as an extension of its FITS file: JSON in a table of one row, as ASDF is kept."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jwstpipe.errors import FitsError
from jwstpipe.fits.fits_file import open_fits_file
from jwstpipe.fits.hdus import BLOCK
from jwstpipe.settings import S3Settings

if TYPE_CHECKING:  # it takes long to load, and who reads needs it not
    from astropy.io.fits import Header

__all__ = ["PROVENANCE_NAME", "provenance_hdu", "provenance_image_hdu", "read_provenance_hdu"]

PROVENANCE_NAME = "PROVENANCE"

MOST_BYTES = 64 << 20
"""Longest text that is read."""


def provenance_hdu(document: Mapping[str, Any]) -> bytes:
    """Write a document as an HDU, padded to whole blocks.

    Examples
    --------
    >>> len(provenance_hdu({"product_id": "0"})) % 2880
    0
    """
    from astropy.io.fits import Header  # noqa: PLC0415 - see above

    content = _text(document)
    header = Header()
    header["XTENSION"] = ("BINTABLE", "binary table extension")
    header["BITPIX"], header["NAXIS"] = 8, 2
    header["NAXIS1"], header["NAXIS2"] = len(content), 1
    header["PCOUNT"], header["GCOUNT"] = 0, 1
    header["TFIELDS"] = 1
    header["TTYPE1"] = ("JSON", "what this product is and was made of")
    header["TFORM1"] = f"{len(content)}A"
    return _padded(header, content)


def provenance_image_hdu(document: Mapping[str, Any]) -> bytes:
    """Write a document as an image of bytes: beside a catalogue, whose readers take the only table of a file."""
    from astropy.io.fits import Header  # noqa: PLC0415 - see above

    content = _text(document)
    header = Header()
    header["XTENSION"] = ("IMAGE", "what this product is and was made of, JSON")
    header["BITPIX"], header["NAXIS"], header["NAXIS1"] = 8, 1, len(content)
    header["PCOUNT"], header["GCOUNT"] = 0, 1
    return _padded(header, content)


def _text(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=True, allow_nan=False).encode("ascii")


def _padded(header: "Header", content: bytes) -> bytes:
    header["EXTNAME"] = PROVENANCE_NAME
    return str(header.tostring()).encode("ascii") + content + b"\0" * (-len(content) % BLOCK)


def read_provenance_hdu(address: str, *, s3: S3Settings | None = None) -> dict[str, Any] | None:
    """Read the document that a FITS file carries; None where it carries none.

    Raises
    ------
    FitsError
        No FITS file, or a document that is damaged.
    """
    file = open_fits_file(address, s3=s3)
    for hdu in file.hdus:
        if hdu.name != PROVENANCE_NAME:
            continue
        size = hdu.shape[-1] if hdu.shape else 0
        if size > MOST_BYTES:
            raise FitsError(f"{address}: its {PROVENANCE_NAME} extension has {size:,} bytes, more than are read")
        try:
            found = json.loads(bytes(file.reader.read(hdu.data_offset, size)))
        except ValueError:
            raise FitsError(f"{address}: its {PROVENANCE_NAME} extension is damaged (no JSON)") from None
        return found if isinstance(found, dict) else None
    return None
