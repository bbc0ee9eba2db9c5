"""Picture files, written band by band: PNG of 8 or 16 bits, JPEG.

A file is written aside and renamed, so that a picture is whole or not there. The same pixels and the same packet give
the same bytes.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageCms

from jwstpipe.errors import DataError, UsageError
from jwstpipe.storage import aside, is_remote, writing_errors

__all__ = ["PictureSink", "check_picture", "open_picture", "quantised"]

Pixels = NDArray[np.uint8] | NDArray[np.uint16]

_PNG = (".png",)
_JPEG = (".jpg", ".jpeg")
_JPEG_SIDE = 65_500
_JPEG_PACKET = 65_502
_IDAT = 1 << 20
_CHROMATICITIES = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


class PictureSink(Protocol):
    """Where the rows of a picture go, the top row first."""

    def write(self, rows: Pixels) -> None:
        """Add rows: (y, x) grey or (y, x, 3) RGB, uint8 or uint16 as the picture was opened."""
        ...


def check_picture(out: Path | str, shape: tuple[int, int], *, bits: int) -> Path:
    """Refuse what no writer can do, before any pixel is computed.

    Raises
    ------
    UsageError
        Not a local path, an unknown extension, 16 bits or too many pixels for JPEG.
    """
    if is_remote(out):
        raise UsageError(f"{out}: a picture is written to a local file; give a path and copy it from there")
    path = Path(out)
    kind = path.suffix.lower()
    if kind not in _PNG + _JPEG:
        raise UsageError(f"{path}: unknown kind of picture {kind!r}; end the name in .png, .jpg or .jpeg")
    if kind in _JPEG and bits != 8:
        raise UsageError(f"{path}: a JPEG has 8 bits, not {bits}; write a .png, or ask for 8 bits")
    if kind in _JPEG and max(shape) > _JPEG_SIDE:
        raise UsageError(
            f"{path}: a JPEG has at most {_JPEG_SIDE} px a side, not {max(shape)}; write a .png, or a --size"
        )
    return path


def quantised(light: NDArray[np.float32], bits: int) -> Pixels:
    """Round brightness in [0, 1] to integers of 8 or 16 bits."""
    levels = np.rint(np.clip(light, 0.0, 1.0) * np.float32((1 << bits) - 1))
    return np.asarray(levels, np.uint8) if bits == 8 else np.asarray(levels, np.uint16)


@contextmanager
def open_picture(
    out: Path | str,
    shape: tuple[int, int],
    *,
    bits: Literal[8, 16] = 8,
    colour: bool = True,
    quality: int = 95,
    packet: bytes = b"",
) -> Iterator[PictureSink]:
    """Open a picture for writing; it appears under its name when the block ends well.

    Parameters
    ----------
    out
        Local path; its extension chooses the format.
    shape
        Rows and columns; exactly these rows must be written.
    bits
        Bits a sample.
    colour
        RGB, or grey.
    quality
        JPEG quality, 1-100.
    packet
        XMP packet.

    Raises
    ------
    UsageError
        See `check_picture`.
    StorageError
        The place cannot be written.
    DataError
        The rows written are not those announced, or the packet is too long for a JPEG.
    """
    path = check_picture(out, shape, bits=bits)
    with aside(path) as partial:
        if path.suffix.lower() in _PNG:
            with partial.open("wb") as stream:
                png = _Png(stream, shape, bits=bits, colour=colour, packet=packet)
                yield png
                png.close(path)
        else:
            jpeg = _Jpeg(shape, colour=colour)
            yield jpeg
            jpeg.save(partial, path, quality=quality, packet=packet)


class _Png:
    """A PNG as the specification (third edition, W3C) orders its chunks; compressed row by row."""

    def __init__(self, stream: BinaryIO, shape: tuple[int, int], *, bits: int, colour: bool, packet: bytes) -> None:
        self._stream = stream
        self._shape = (*shape, 3) if colour else shape
        self._type = np.dtype(">u2" if bits == 16 else "u1")
        self._row = 0
        self._above = np.zeros(self._line_bytes, np.uint8)
        self._deflate = zlib.compressobj(4, strategy=zlib.Z_FILTERED)
        self._pending = bytearray()
        stream.write(b"\x89PNG\r\n\x1a\n")
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", shape[1], shape[0], bits, 2 if colour else 0, 0, 0, 0))
        self._chunk(b"sRGB", b"\x00")
        self._chunk(b"gAMA", struct.pack(">I", 45455))
        self._chunk(b"cHRM", struct.pack(">8I", *_CHROMATICITIES))
        if packet:
            self._chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + packet)

    @property
    def _line_bytes(self) -> int:
        return int(np.prod(self._shape[1:])) * self._type.itemsize

    def write(self, rows: Pixels) -> None:
        """Add rows, each as its difference from the row above (filter type 2)."""
        _check_rows(rows, self._shape, self._row, self._type.itemsize)
        lines = np.ascontiguousarray(rows, self._type).view(np.uint8).reshape(len(rows), -1)
        filtered = np.empty((len(lines), lines.shape[1] + 1), np.uint8)
        filtered[:, 0] = 2
        filtered[0, 1:] = lines[0] - self._above
        filtered[1:, 1:] = lines[1:] - lines[:-1]
        self._above = lines[-1].copy()
        self._row += len(lines)
        for line in filtered:  # always whole rows, so that the stream does not depend on the bands
            self._pending += self._deflate.compress(line.tobytes())
        while len(self._pending) >= _IDAT:
            self._chunk(b"IDAT", bytes(self._pending[:_IDAT]))
            del self._pending[:_IDAT]

    def close(self, path: Path) -> None:
        _check_complete(path, self._row, self._shape[0])
        self._pending += self._deflate.flush()
        for start in range(0, len(self._pending), _IDAT):
            self._chunk(b"IDAT", bytes(self._pending[start : start + _IDAT]))
        self._chunk(b"IEND", b"")

    def _chunk(self, kind: bytes, content: bytes) -> None:
        self._stream.write(struct.pack(">I", len(content)) + kind)
        self._stream.write(content)
        self._stream.write(struct.pack(">I", zlib.crc32(content, zlib.crc32(kind))))


class _Jpeg:
    """A JPEG; the encoder needs the whole picture in memory, 8 bits a sample."""

    def __init__(self, shape: tuple[int, int], *, colour: bool) -> None:
        self._pixels = np.zeros((*shape, 3) if colour else shape, np.uint8)
        self._row = 0

    def write(self, rows: Pixels) -> None:
        """Add rows."""
        _check_rows(rows, self._pixels.shape, self._row, 1)
        self._pixels[self._row : self._row + len(rows)] = rows
        self._row += len(rows)

    def save(self, partial: Path, path: Path, *, quality: int, packet: bytes) -> None:
        _check_complete(path, self._row, len(self._pixels))
        if len(packet) > _JPEG_PACKET:
            raise DataError(f"{path}: its description ({len(packet)} bytes) is too long for a JPEG; write a .png")
        with writing_errors(path), partial.open("wb") as stream:
            PillowImage.fromarray(self._pixels).save(
                stream,
                format="JPEG",
                quality=quality,
                subsampling=0 if quality >= 90 else 2,
                optimize=False,
                icc_profile=_srgb_profile() if self._pixels.ndim == 3 else None,
                xmp=packet or None,
            )


def _srgb_profile() -> bytes:
    """Make an sRGB profile with a fixed date: the library stamps it with the time of the run (bytes 24 to 36)."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    return bytes(profile)


def _check_rows(rows: Pixels, shape: tuple[int, ...], row: int, itemsize: int) -> None:
    if rows.shape[1:] != shape[1:] or row + len(rows) > shape[0] or rows.dtype.itemsize != itemsize or not len(rows):
        raise DataError(f"rows of shape {rows.shape} and {rows.dtype} do not fit a picture {shape} after {row} rows")


def _check_complete(path: Path, rows: int, wanted: int) -> None:
    if rows != wanted:
        raise DataError(f"{path}: {rows} of {wanted} rows were written; render it again")
