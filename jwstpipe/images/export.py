"""Zarr to FITS: the file that an image came from, byte for byte, or a mosaic as a FITS file of its own."""

import hashlib
import os
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from jwstpipe.errors import ConflictError, DataError, StoreError
from jwstpipe.fits.hdus import BLOCK
from jwstpipe.fits.headers import parse_header
from jwstpipe.fits.provenance_hdu import provenance_hdu
from jwstpipe.fits.sample_format import SampleFormat
from jwstpipe.images.open import open_store_image
from jwstpipe.images.zarr.blocks import geometry
from jwstpipe.images.zarr.blocks.cube_store import CubeStore
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.images.zarr.layout import CHUNK, SHARD, STORED, array_path
from jwstpipe.images.zarr.verify_store import verify_store
from jwstpipe.notebook import Shown
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.storage import aside, is_remote, s3_filesystem, writing_errors

__all__ = ["ExportReceipt", "data_pieces", "export", "require_absent"]

MOST_AT_ONCE = 128 << 20
"""Bytes of slices of a cube that are written at once."""

_OF_THE_ARCHIVE = (None, "convert", "convert-cube")
"""What made the stores of files that are not our own."""

MOSAIC_PLANES = ("sci", "err", "wht", "n", "dq")


@dataclass(frozen=True, repr=False)
class ExportReceipt(Shown):
    """What an export wrote."""

    address: str
    size: int
    """Bytes."""

    sha256: str
    identical: bool
    """The same bytes as the file that the image was made from."""

    unpacked: bool
    """The same bytes as the unpacked content of that file, which was compressed (gzip, bzip2, fpack)."""

    omitted: tuple[str, ...]
    """HDUs of that file that the image does not hold."""

    seconds: float

    def facts(self) -> dict[str, object]:
        """Give what a person wants to know first."""
        same = "the same bytes as the file that it came from"
        return {
            "address": self.address,
            "size": f"{self.size:,} bytes",
            "sha256": self.sha256,
            "identical": same if self.identical else f"{same}, unpacked" if self.unpacked else None,
            "left out": self.omitted,
            "took": f"{self.seconds:.1f} s",
        }


def export(
    source: str | Path, target: str | Path, *, overwrite: bool = False, s3: S3Settings | None = None
) -> ExportReceipt:
    """Write an image store as FITS.

    Parameters
    ----------
    source
        Image store, local or ``s3://``.
    target
        FITS file to write, local or ``s3://``.
    overwrite
        Replace a file that stands at `target`.
    s3
        Endpoint of ``s3://`` addresses.

    Returns
    -------
    ExportReceipt
        For an image converted with all its HDUs, `identical` says that the bytes are those of the original.

    Raises
    ------
    StoreError
        `source` is no image store, or damaged: a file with all HDUs that does not come back has its store verified.
    ConflictError
        `target` is there already.
    StorageError
        `target` cannot be written.
    """
    started = time.perf_counter()
    image = open_store_image(source, s3=s3)
    if not overwrite:
        require_absent(target, s3=s3)
    filesystem = _filesystem(target, s3)
    pieces = _mosaic_pieces(image) if image.attributes["kind"] == "mosaic" else _original_pieces(image)
    if filesystem is None:
        with aside(Path(target)) as partial, partial.open("wb") as stream:
            size, digest = _write(stream, pieces)
            _require_original(image, digest, s3)
            os.fsync(stream.fileno())
    else:
        with tempfile.NamedTemporaryFile() as stream, writing_errors(target):
            size, digest = _write(stream, pieces)
            _require_original(image, digest, s3)
            stream.flush()
            filesystem.put_file(stream.name, str(target))
    fits = image.attributes["fits"]
    return ExportReceipt(
        address=str(target),
        size=size,
        sha256=digest,
        identical=digest == fits.get("sha256") and not fits.get("packed", False),
        unpacked=digest == fits.get("sha256") and bool(fits.get("packed", False)),
        omitted=tuple(fits.get("omitted", ())),
        seconds=round(time.perf_counter() - started, 3),
    )


def _require_original(image: ImageStore, digest: str, s3: S3Settings | None) -> None:
    """Look for the damage where a converted file, kept with all its HDUs, does not come back.

    A shard of another image or plane is whole in itself, so that reading it finds nothing. Older stores did not keep
    what fills the last blocks: those are right, and only not the same bytes.
    """
    told = image.attributes["fits"]
    whole = image.provenance.get("operation") in _OF_THE_ARCHIVE and not told.get("omitted")
    if whole and digest != told.get("sha256") and image.manifest is not None:
        verify_store(image.address, s3=s3)


def require_absent(target: str | Path, *, s3: S3Settings | None = None) -> None:
    """Refuse to write over a file.

    Raises
    ------
    ConflictError
        It is there already.
    """
    filesystem = _filesystem(target, s3)
    if filesystem.exists(str(target)) if filesystem else Path(target).exists():
        raise ConflictError(f"{target}: already there; choose another name or use --overwrite")


def _filesystem(target: str | Path, s3: S3Settings | None) -> Any:
    return s3_filesystem(s3 or S3Settings()) if is_remote(target) else None


def _write(stream: IO[bytes], pieces: Iterator[bytes]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        stream.write(piece)
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


def _original_pieces(image: ImageStore) -> Iterator[bytes]:
    """Give the bytes of the original file: headers as stored, samples encoded as they were."""
    for entry in image.attributes["fits"]["hdus"]:
        cards = image.header_bytes(entry["header"])
        yield cards
        yield _kept_padding(image, entry, "header_padding", b" ", -len(cards) % BLOCK)
        written = 0
        for piece in data_pieces(image, entry, cards):
            written += len(piece)
            yield piece
        yield _kept_padding(image, entry, "data_padding", b"\0", -written % BLOCK)
    tail = image.attributes["fits"].get("tail")
    if tail:
        yield from image.data_bytes(tail["data"], tail["size"])
    if image.provenance.get("operation") not in _OF_THE_ARCHIVE:  # it tells of its making
        yield provenance_hdu({key: value for key, value in image.provenance.items() if key != "receipt"})


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


def data_pieces(image: ImageStore, entry: dict[str, Any], cards: bytes) -> Iterator[bytes]:
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
        yield from image.data_bytes(entry["data"], entry.get("size"))


def _plane_pieces(image: ImageStore, plane: str, header: Header) -> Iterator[bytes]:
    form = SampleFormat.of(header, integer=plane == "dq", name=image.address)
    stored = plane + STORED if image.has_array(array_path(plane + STORED)) else ""
    restore = not stored and plane == "sci" and image.has_array(array_path("sci_restore"))
    slices = image.slices if image.sample_type(plane)[1] else 1
    if isinstance(image, CubeStore):
        step = max(min(geometry.BLOCK, MOST_AT_ONCE // (8 * image.shape[0] * image.shape[1])), 1)
        for first in range(0, slices, step):
            values = image.read_block(stored or plane, first, min(first + step, slices), image.window)
            yield (_stored_bytes(values) if stored else form.encode(values, name=image.address).tobytes())
        return
    for index in range(slices):
        for band in Box.of_shape(image.shape).bands(_rows_at_once(image)):
            values = image.read(stored or plane, band, index=index)
            if stored:
                yield _stored_bytes(values)
                continue
            if restore:
                bits = image.read("sci_restore", band, index=index)
                values = (values.view(bits.dtype) ^ bits).view(values.dtype)
            yield form.encode(values, name=image.address).tobytes()


def _stored_bytes(values: NDArray[Any]) -> bytes:
    """Give the bits of samples of the file in its byte order."""
    return values.astype(values.dtype.newbyteorder(">")).tobytes()


def _rows_at_once(image: ImageStore) -> int:
    """Choose bands of whole chunks: shards where they are narrow, single rows of chunks where they are wide."""
    return SHARD if image.shape[1] <= 2 * SHARD else CHUNK


def _mosaic_pieces(image: ImageStore) -> Iterator[bytes]:
    """Give the bytes of a mosaic's own FITS file."""
    window = image.window
    primary = image.primary.copy()
    primary["EXTEND"] = True
    yield _padded(primary)
    for plane in MOSAIC_PLANES:
        if plane not in image.planes:
            continue
        dtype, _ = image.sample_type(plane)
        header = _extension_header(image, plane, dtype, window)
        yield _padded(header)
        written = 0
        for band in window.bands(_rows_at_once(image)):
            content = _big_endian(image.read(plane, band)).tobytes()
            written += len(content)
            yield content
        yield b"\0" * (-written % BLOCK)
    carried = {key: value for key, value in image.provenance.items() if key not in ("tiles", "receipt")}
    yield provenance_hdu({**carried, "kind": "mosaic"})


def _extension_header(image: ImageStore, plane: str, dtype: np.dtype[Any], window: Box) -> Header:
    unsigned = dtype.kind == "u"
    bitpix = {"f4": -32, "f8": -64, "u2": 16, "u4": 32}[dtype.str[1:]]
    header = Header()
    header["XTENSION"] = ("IMAGE", "Image extension")
    header["BITPIX"] = bitpix
    header["NAXIS"] = 2
    header["NAXIS1"], header["NAXIS2"] = window.shape[1], window.shape[0]
    header["PCOUNT"], header["GCOUNT"] = 0, 1
    header["EXTNAME"], header["EXTVER"] = plane.upper(), 1
    if unsigned:
        header["BSCALE"], header["BZERO"] = 1, 2 ** (bitpix - 1)
    found = image.grid
    if found is None:
        raise DataError(f"{image.address}: a mosaic without a grid; it cannot be written as FITS")
    grid, box = found
    header.update(grid.header(window.shifted(box.y0, box.x0)))
    if plane in ("sci", "err"):  # what their samples mean: unit, zero point, area of a pixel
        if image.attributes["unit"]:
            header["BUNIT"] = image.attributes["unit"]
        header.extend(card for card in image.header.cards if card.keyword not in header)
    return header


def _big_endian(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind == "u":
        bits = values.dtype.itemsize * 8
        return np.asarray((values.astype("i8") - 2 ** (bits - 1)).astype(f">i{values.dtype.itemsize}"))
    return np.asarray(values.astype(values.dtype.newbyteorder(">")))


def _padded(header: Header) -> bytes:
    return str(header.tostring()).encode("ascii")
