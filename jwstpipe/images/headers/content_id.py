"""Who an image is: the id and the digest that it carries, else an id that follows from its content."""

import hashlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

from jwstpipe.fits.hdus import Hdu, WindowReader
from jwstpipe.fits.readers.range_reader import RangeReader
from jwstpipe.images.fits_image import FitsImage

if TYPE_CHECKING:  # what reads stores is loaded with the first of them
    from jwstpipe.images.zarr.image_store import ImageStore

__all__ = ["USED", "carried_digest", "content_id", "identity_of"]

PIECE = 8 << 20
"""Bytes hashed at once."""

AHEAD = 2
"""Pieces of a remote file that are asked for before they are needed."""

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
    used = [hdu for plane in USED if (hdu := image.plane_hdus.get(plane)) is not None]
    for content in _in_turn(image.reader, [piece for hdu in used for piece in _pieces(hdu)]):
        digest.update(content)
    return f"fits-{digest.hexdigest()[:32]}"


def _pieces(hdu: Hdu) -> Iterator[tuple[int, int]]:
    """Cut header and data of an HDU where blocks of the read cache end: none of these is moved twice."""
    start, end = hdu.header_offset, hdu.data_offset + hdu.data_size
    return pairwise((start, *range((start // PIECE + 1) * PIECE, end, PIECE), end))


def _in_turn(reader: WindowReader, pieces: list[tuple[int, int]]) -> Iterator[bytes]:
    """Read pieces of a file in their order; of a remote one the next come while one is worked on."""
    if not isinstance(reader, RangeReader):
        yield from (reader.read(first, last - first) for first, last in pieces)
        return
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="ahead") as pool:
        asked: deque[Future[bytes]] = deque()
        for first, last in pieces:
            asked.append(pool.submit(reader.read, first, last - first))
            if len(asked) > AHEAD:
                yield asked.popleft().result()
        yield from (piece.result() for piece in asked)
