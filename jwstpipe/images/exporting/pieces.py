"""What an image store is as a FITS file, piece by piece: the file it came from, or that of a mosaic."""

from base64 import b64decode
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError, StoreError
from jwstpipe.fits.hdus import BLOCK
from jwstpipe.fits.headers import parse_header
from jwstpipe.fits.provenance_hdu import provenance_hdu
from jwstpipe.fits.sample_format import SampleFormat
from jwstpipe.images.exporting.mosaic_file import MosaicTold, mosaic_parts
from jwstpipe.images.exporting.pipeline import Content, Piece, as_bytes
from jwstpipe.images.zarr.blocks import geometry
from jwstpipe.images.zarr.blocks.cube_store import CubeStore
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.images.zarr.layout import CHUNK, SHARD, STORED, array_path
from jwstpipe.sky.box import Box

if TYPE_CHECKING:  # it takes long to load
    from astropy.io.fits import Header

__all__ = ["OF_THE_ARCHIVE", "data_pieces", "fits_pieces"]

MOST_AT_ONCE = 128 << 20
"""Bytes of slices of a cube that are written at once."""

OF_THE_ARCHIVE = (None, "convert", "convert-cube")
"""What made the stores of files that are not our own."""


def fits_pieces(image: ImageStore) -> Iterator[Piece]:
    """Give the FITS file of an image: the one that it was converted from, or a mosaic's own."""
    return _mosaic_pieces(image) if image.attributes["kind"] == "mosaic" else _original_pieces(image)


def _original_pieces(image: ImageStore) -> Iterator[Piece]:
    """Give the original file: headers as stored, samples encoded as they were."""
    for entry in image.attributes["fits"]["hdus"]:
        cards = image.header_bytes(entry["header"])
        yield Piece.of(cards)
        yield Piece.of(_kept_padding(image, entry, "header_padding", b" ", -len(cards) % BLOCK))
        written = 0
        for piece in data_pieces(image, entry, cards):
            written += piece.size
            yield piece
        yield Piece.of(_kept_padding(image, entry, "data_padding", b"\0", -written % BLOCK))
    tail = image.attributes["fits"].get("tail")
    if tail:
        yield from map(Piece.of, image.data_bytes(tail["data"], tail["size"]))
    if image.provenance.get("operation") not in OF_THE_ARCHIVE:  # it tells of its making
        yield Piece.of(provenance_hdu({key: value for key, value in image.provenance.items() if key != "receipt"}))


def _kept_padding(image: ImageStore, entry: dict[str, Any], key: str, usual: bytes, size: int) -> bytes:
    """Give what fills a last block: as it stood in the file."""
    if key not in entry:
        return usual * size
    try:
        kept = b64decode(str(entry[key]), validate=True)
    except ValueError:
        kept = b"?" * (size + 1)
    if len(kept) > size:
        raise StoreError(f"{image.address}: its record of the FITS file is damaged ({key}); convert it again")
    return kept


def data_pieces(image: ImageStore, entry: dict[str, Any], cards: bytes) -> Iterator[Piece]:
    """Give the data of one HDU as they stand in the FITS file, without padding.

    Parameters
    ----------
    image
        The store.
    entry
        One of its ``fits.hdus``.
    cards
        The header of that HDU.
    """
    if "plane" in entry:
        yield from _plane_pieces(image, entry["plane"], parse_header(cards))
    elif "data" in entry:
        yield from map(Piece.of, image.data_bytes(entry["data"], entry.get("size")))


def _plane_pieces(image: ImageStore, plane: str, header: "Header") -> Iterator[Piece]:
    form = SampleFormat.of(header, integer=plane == "dq", name=image.address)
    slices = image.slices if image.sample_type(plane)[1] else 1
    width = form.stored.itemsize
    if isinstance(image, CubeStore):
        area = image.shape[0] * image.shape[1]
        step = max(min(geometry.BLOCK, MOST_AT_ONCE // (8 * area)), 1)
        for first in range(0, slices, step):
            last = min(first + step, slices)
            yield Piece((last - first) * area * width, partial(_encoded_slices, image, plane, form, first, last))
        return
    for index in range(slices):
        for band in Box.of_shape(image.shape).bands(_rows_at_once(image)):
            yield Piece(band.area * width, partial(_encoded, image, plane, form, band, index))


def _stored_beside(image: ImageStore, plane: str) -> str:
    """Name the plane that holds the samples of the file where floats cannot carry them; empty where there is none."""
    return plane + STORED if image.has_array(array_path(plane + STORED)) else ""


def _encoded_slices(image: CubeStore, plane: str, form: SampleFormat, first: int, last: int) -> Content:
    beside = _stored_beside(image, plane)
    values = image.read_block(beside or plane, first, last, image.window)
    return as_bytes(_in_file_order(values) if beside else form.encode(values, name=image.address))


def _encoded(image: ImageStore, plane: str, form: SampleFormat, band: Box, index: int) -> Content:
    """Give the samples of a band as they stood in the file."""
    beside = _stored_beside(image, plane)
    if beside:
        return as_bytes(_in_file_order(image.read(beside, band, index=index)))
    restore = plane == "sci" and image.has_array(array_path("sci_restore"))
    kept = image.sample_type(plane)[0]
    if not restore and form.bitpix < 0 and form.plain and kept == form.stored.newbyteorder("="):
        return _read_swapped(image, plane, band, index, offset=0)
    if form.integer and form.bitpix == 32 and int(form.bzero) in (0, 2**31) and kept == np.dtype("u4"):
        return _read_swapped(image, plane, band, index, offset=int(form.bzero))
    values = image.read(plane, band, index=index)
    if restore:
        bits = image.read("sci_restore", band, index=index)
        values = (values.view(bits.dtype) ^ bits).view(values.dtype)
    return as_bytes(form.encode(values, name=image.address))


def _in_file_order(values: NDArray[Any]) -> NDArray[Any]:
    """Give the bits of samples of the file in its byte order."""
    return values.astype(values.dtype.newbyteorder(">"))


def _read_swapped(image: ImageStore, plane: str, band: Box, index: int, *, offset: int) -> Content:
    """Read a band straight to big-endian samples, less an offset of nothing or of half the range of integers."""
    kind = image.sample_type(plane)[0]
    out = np.empty(band.shape, dtype=kind.newbyteorder(">"))
    image.read_to(out, plane, band, index=index)
    if offset:  # to subtract the half of the range is to turn the highest bit
        bits = out.view(kind)  # as they lie
        bits ^= np.array(offset, dtype=kind.newbyteorder(">")).view(kind)
    return as_bytes(out)


def _rows_at_once(image: ImageStore) -> int:
    """Choose bands of whole chunks: shards where they are narrow, single rows of chunks where they are wide."""
    return SHARD if image.shape[1] <= 2 * SHARD else CHUNK


def _mosaic_pieces(image: ImageStore) -> Iterator[Piece]:
    """Give a mosaic's own FITS file."""
    for part in mosaic_parts(_told(image)):
        if isinstance(part, bytes):
            yield Piece.of(part)
            continue
        offset = part.offset
        for band in image.window.bands(_rows_at_once(image)):
            size = band.area * part.dtype.itemsize
            yield Piece(size, partial(_read_swapped, image, part.plane, band, 0, offset=offset))


def _told(image: ImageStore) -> MosaicTold:
    found = image.grid
    if found is None:
        raise DataError(f"{image.address}: a mosaic without a grid; it cannot be written as FITS")
    grid, box = found
    return MosaicTold(
        primary=image.header_bytes("primary"),
        science=image.header_bytes("sci"),
        planes={plane: image.sample_type(plane)[0] for plane in image.planes},
        unit=str(image.attributes["unit"]),
        grid=grid,
        window=image.window.shifted(box.y0, box.x0),
        provenance=image.provenance,
    )
