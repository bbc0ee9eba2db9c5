"""What a product says of itself, as an extension of its FITS file: JSON in a table of one row, as ASDF is kept."""

import json
from collections.abc import Mapping
from typing import Any

from jwstpipe.errors import FitsError
from jwstpipe.fits.fits_file import open_fits_file
from jwstpipe.fits.hdus import BLOCK
from jwstpipe.fits.plain.written_header import CardSaid, written_header
from jwstpipe.settings import S3Settings

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
    content = _text(document)
    table: dict[str, CardSaid] = {
        "XTENSION": ("BINTABLE", "binary table extension"), "BITPIX": (8, ""), "NAXIS": (2, ""),
        "NAXIS1": (len(content), ""), "NAXIS2": (1, ""), "PCOUNT": (0, ""), "GCOUNT": (1, ""), "TFIELDS": (1, ""),
        "TTYPE1": ("JSON", "what this product is and was made of"), "TFORM1": (f"{len(content)}A", ""),
    }  # fmt: skip
    return _padded(table, content)


def provenance_image_hdu(document: Mapping[str, Any]) -> bytes:
    """Write a document as an image of bytes: beside a catalogue, whose readers take the only table of a file."""
    content = _text(document)
    image: dict[str, CardSaid] = {
        "XTENSION": ("IMAGE", "what this product is and was made of, JSON"), "BITPIX": (8, ""), "NAXIS": (1, ""),
        "NAXIS1": (len(content), ""), "PCOUNT": (0, ""), "GCOUNT": (1, ""),
    }  # fmt: skip
    return _padded(image, content)


def _text(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=True, allow_nan=False).encode("ascii")


def _padded(said: dict[str, CardSaid], content: bytes) -> bytes:
    header = written_header({**said, "EXTNAME": (PROVENANCE_NAME, "")}, block=BLOCK)
    return header + content + b"\0" * (-len(content) % BLOCK)


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
