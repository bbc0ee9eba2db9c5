"""Random access to the bytes of a file, wherever it is and however it is packed.

A plain local file is read where it lies; a gzip or bzip2 stream, whatever its name, is unpacked once into an unnamed
temporary file; a remote object is read by byte ranges. Nothing is mapped into memory, so that a process that reads a
file of any size stays as small as the windows that it holds.
"""

import bz2
import gzip
import os
import tempfile
import weakref
import zlib
from pathlib import Path
from typing import IO, Any

import fsspec
import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import FitsError, NotFoundError, StorageError
from jwstpipe.images.fits_structure import ByteReader
from jwstpipe.settings import S3Settings
from jwstpipe.storage import is_remote, s3_options, storage_errors

__all__ = ["LocalReader", "RangeReader", "open_bytes", "spooled"]

MOST_EXPANSION = 2000
"""Largest ratio of unpacked to packed size; gzip itself cannot pass about 1,030, real images stay under 300."""

MOST_UNPACKED = 64 << 30
"""Largest unpacked size, bytes."""

COPY = 1 << 20
WINDOW_PIECE = 16 << 20
"""Bytes of whole rows held at once while a window is cut out of them."""


class LocalReader:
    """A local file; the descriptor outlives the stream that it was made from, and a name that is removed."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._descriptor = os.dup(stream.fileno())
        self._name = name
        self._size = os.fstat(self._descriptor).st_size
        weakref.finalize(self, os.close, self._descriptor)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._size

    @property
    def descriptor(self) -> int:
        """The open file, for a child process that shall read it."""
        return self._descriptor

    def read(self, offset: int, length: int) -> bytes:
        """Read bytes; fewer at the end of the file."""
        wanted = max(min(length, self._size - offset), 0)
        with storage_errors(self._name):
            content = os.pread(self._descriptor, wanted, offset)
            while len(content) < wanted:  # the kernel gives at most 2 GiB at once
                more = os.pread(self._descriptor, wanted - len(content), offset + len(content))
                if not more:
                    raise FitsError(f"{self._name}: became shorter while it was read; convert it when it is complete")
                content += more
        return content

    def read_rows(self, offset: int, row_bytes: int, rows: int, first: int, width: int) -> NDArray[np.uint8]:
        """Read bytes `first` to `first + width` of each of many rows, shape (rows, width)."""
        if row_bytes <= 2 * width:
            return _cut(self, offset, row_bytes, rows, first, width)
        found = np.empty((rows, width), dtype=np.uint8)
        with storage_errors(self._name):
            for row in range(rows):
                if os.preadv(self._descriptor, [found[row]], offset + row * row_bytes + first) < width:
                    raise FitsError(f"{self._name}: became shorter while it was read; convert it when it is complete")
        return found


class RangeReader:
    """A remote object read by byte ranges; small reads, as those of headers, fetch a little more and keep it."""

    HEAD = 1 << 20
    AHEAD = 64 << 10
    KEPT = 64

    def __init__(self, filesystem: Any, address: str) -> None:
        self._filesystem = filesystem
        self._address = address
        with storage_errors(address):
            self._size = int(filesystem.size(address))
        self._pieces: dict[int, bytes] = {0: self._fetch(0, min(self.HEAD, self._size))}

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Fetch a byte range; fewer bytes at the end of the object."""
        end = max(min(offset + length, self._size), offset)
        for start, piece in self._pieces.items():
            if start <= offset and end <= start + len(piece):
                return piece[offset - start : end - start]
        if length > self.AHEAD:
            return self._fetch(offset, end)
        piece = self._fetch(offset, min(offset + self.AHEAD, self._size))
        if len(self._pieces) >= self.KEPT:
            del self._pieces[next(start for start in self._pieces if start)]
        self._pieces[offset] = piece
        return piece[: end - offset]

    def read_rows(self, offset: int, row_bytes: int, rows: int, first: int, width: int) -> NDArray[np.uint8]:
        """Fetch bytes `first` to `first + width` of each of many rows, shape (rows, width); whole rows are moved."""
        return _cut(self, offset, row_bytes, rows, first, width)

    def _fetch(self, start: int, end: int) -> bytes:
        if end <= start:
            return b""
        with storage_errors(self._address):
            content = bytes(self._filesystem.cat_file(self._address, start=start, end=end))
        if len(content) != end - start:
            raise StorageError(f"{self._address}: gave {len(content):,} of {end - start:,} bytes; try again")
        return content


def _cut(
    reader: LocalReader | RangeReader, offset: int, row_bytes: int, rows: int, first: int, width: int
) -> NDArray[np.uint8]:
    if width == row_bytes:
        return np.frombuffer(reader.read(offset, rows * row_bytes), dtype=np.uint8).reshape(rows, width)
    found = np.empty((rows, width), dtype=np.uint8)
    step = max(WINDOW_PIECE // max(row_bytes, 1), 1)
    for row in range(0, rows, step):
        count = min(step, rows - row)
        # the first row is not needed before the window, nor the last one behind it
        content = np.frombuffer(
            reader.read(offset + row * row_bytes + first, (count - 1) * row_bytes + width), dtype=np.uint8
        )
        found[row : row + count] = np.lib.stride_tricks.as_strided(content, (count, width), (row_bytes, 1))
    return found


def open_bytes(address: str | Path, *, s3: S3Settings | None = None) -> LocalReader | RangeReader:
    """Open a file for random access.

    Parameters
    ----------
    address
        Local path or ``s3://`` URL.
    s3
        Endpoint of an ``s3://`` address.

    Raises
    ------
    NotFoundError
        No such file.
    FitsError
        A damaged gzip or bzip2 stream, or one that unpacks beyond all measure.
    """
    if is_remote(address):
        filesystem = fsspec.filesystem("s3", **s3_options(s3 or S3Settings()))
        ranges = RangeReader(filesystem, str(address))
        opener = _opener(bytes(ranges.read(0, 3)))
        if opener is None:
            return ranges
        with storage_errors(address), filesystem.open(str(address), "rb") as packed:
            return _unpacked(packed, opener, ranges.size, str(address))
    path = Path(address)
    if path.is_dir():
        raise FitsError(f"{path}: a folder, not a FITS file")
    if not path.exists():
        raise NotFoundError(f"{path}: no such file; check the path")
    if not path.is_file():
        raise FitsError(f"{path}: a device or pipe, not a FITS file; copy it to a file first")
    with storage_errors(path), path.open("rb") as stream:
        opener = _opener(stream.read(3))
        stream.seek(0)
        if opener is None:
            return LocalReader(stream, str(path))
        return _unpacked(stream, opener, path.stat().st_size, str(path))


def spooled(reader: ByteReader, *, name: str) -> LocalReader:
    """Bring a remote object to an unnamed temporary file, by ranges; a local file is given back as it is."""
    if isinstance(reader, LocalReader):
        return reader
    with tempfile.TemporaryFile() as target, storage_errors(tempfile.gettempdir()):
        for offset in range(0, reader.size, WINDOW_PIECE):
            target.write(reader.read(offset, WINDOW_PIECE))
        target.flush()
        return LocalReader(target, name)


def _opener(magic: bytes) -> Any:
    if magic.startswith(b"\x1f\x8b"):
        return gzip.open
    return bz2.open if magic.startswith(b"BZh") else None


def _unpacked(packed: IO[bytes], opener: Any, packed_size: int, name: str) -> LocalReader:
    """Unpack into an unnamed temporary file, within bounds."""
    limit = min(MOST_UNPACKED, max(packed_size * MOST_EXPANSION, COPY))
    size = 0
    with tempfile.TemporaryFile() as target:
        try:
            with opener(packed) as stream:
                while piece := stream.read(COPY):
                    size += len(piece)
                    if size > limit:
                        raise FitsError(f"{name}: unpacks to more than {limit:,} bytes from {packed_size:,}; refused")
                    target.write(piece)
            target.flush()
        except (EOFError, zlib.error, OSError, ValueError) as error:
            if isinstance(error, FitsError):
                raise
            if getattr(error, "errno", None) is not None:
                raise StorageError(f"{name}: cannot be unpacked to {tempfile.gettempdir()}: {error}") from None
            raise FitsError(f"{name}: damaged or truncated compressed stream ({error}); fetch it again") from None
        return LocalReader(target, name)
