"""Who an image is: the id and the digest that it carries, else an id that follows from its content."""

import hashlib
from typing import TYPE_CHECKING

from jwstpipe.images.fits_image import FitsImage

if TYPE_CHECKING:  # what reads stores is loaded with the first of them
    from jwstpipe.images.zarr.image_store import ImageStore

__all__ = ["USED", "carried_digest", "content_id", "identity_of"]

PIECE = 8 << 20
"""Bytes hashed at once."""

USED = ("sci", "err", "dq", "wht", "var_rnoise")
"""Planes whose bytes can change a mosaic."""


def identity_of(image: "FitsImage | ImageStore") -> str:
    """Give the product id that an image carries, else one that follows from its content."""
    return str(image.provenance.get("product_id") or content_id(image))


def carried_digest(image: "FitsImage | ImageStore") -> str | None:
    """Give the digest that an image carries: of all samples of a mosaic, or of the FITS file that it holds."""
    provenance = image.provenance
    stated = (provenance.get("receipt") or {}).get("digest")
    if stated is None and len(provenance.get("inputs", ())) == 1:
        first = provenance["inputs"][0]
        stated = first.get("digest", first.get("sha256"))
    return None if stated is None else str(stated)


def content_id(image: "FitsImage | ImageStore") -> str:
    """Take the digest of all of a FITS file that can change a mosaic: headers, used planes, and the map that is used.

    The WCS is there as what it evaluates to, not as the bytes of the ASDF extension: a gwcs that cannot be read leaves
    the header, and an extension that was only written anew changes nothing.
    """
    assert isinstance(image, FitsImage)
    digest = hashlib.sha256(image.image_wcs.digest.encode())
    digest.update(image.hdus[0].header_bytes)
    for plane in USED:
        hdu = image.plane_hdus.get(plane)
        if hdu is not None:
            digest.update(hdu.header_bytes)
            for start in range(0, hdu.data_size, PIECE):
                digest.update(image.reader.read(hdu.data_offset + start, min(PIECE, hdu.data_size - start)))
    return f"fits-{digest.hexdigest()[:32]}"
