"""Random access to the bytes of a file, wherever it is and however it is packed.

A plain local file is mapped into memory; a gzip or bzip2 stream, whatever its name, is unpacked once into an unnamed
temporary file and mapped; a remote object is read by byte ranges.
"""

import bz2
import gzip
import mmap
import os
import tempfile
import zlib
from pathlib import Path
from typing import IO, Any

import fsspec

from jwstpipe.errors import FitsError, NotFoundError, StorageError
from jwstpipe.images.fits_structure import ByteReader
from jwstpipe.settings import S3Settings
from jwstpipe.storage import is_remote, s3_options, storage_errors

__all__ = ["MappedReader", "RangeReader", "open_bytes"]

MOST_EXPANSION = 2000
"""Largest ratio of unpacked to packed size; gzip itself cannot pass about 1,030, real images stay under 300."""

MOST_UNPACKED = 64 << 30
"""Largest unpacked size, bytes."""

COPY = 1 << 20


class MappedReader:
    """A local file mapped into memory; the map outlives the stream that it was made from."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._size = os.fstat(stream.fileno()).st_size
        self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if self._size else b""
        self._view = memoryview(self._map)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._size

    def read(self, offset: int, length: int) -> memoryview:
        """Give a view of the bytes; nothing is copied."""
        return self._view[offset : offset + length]

    def release(self) -> None:
        """Take the pages that were read out of this process; they stay in the system's cache."""
        if isinstance(self._map, mmap.mmap):
            self._map.madvise(mmap.MADV_DONTNEED)


class RangeReader:
    """A remote object read by byte ranges; the start is kept, because headers are read in small pieces."""

    HEAD = 1 << 20

    def __init__(self, filesystem: Any, address: str) -> None:
        self._filesystem = filesystem
        self._address = address
        with storage_errors(address):
            self._size = int(filesystem.size(address))
            self._head = bytes(filesystem.cat_file(address, start=0, end=min(self.HEAD, self._size)))

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Fetch a byte range."""
        end = min(offset + length, self._size)
        if end <= len(self._head):
            return self._head[offset:end]
        with storage_errors(self._address):
            return bytes(self._filesystem.cat_file(self._address, start=offset, end=end))


def open_bytes(address: str | Path, *, s3: S3Settings | None = None) -> ByteReader:
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
    with storage_errors(path), path.open("rb") as stream:
        opener = _opener(stream.read(3))
        stream.seek(0)
        return MappedReader(stream) if opener is None else _unpacked(stream, opener, path.stat().st_size, str(path))


def _opener(magic: bytes) -> Any:
    if magic.startswith(b"\x1f\x8b"):
        return gzip.open
    return bz2.open if magic.startswith(b"BZh") else None


def _unpacked(packed: IO[bytes], opener: Any, packed_size: int, name: str) -> MappedReader:
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
        except (EOFError, zlib.error, OSError) as error:
            if isinstance(error, FitsError):
                raise
            if getattr(error, "errno", None) is not None:
                raise StorageError(f"{name}: cannot be unpacked to {tempfile.gettempdir()}: {error}") from None
            raise FitsError(f"{name}: damaged or truncated compressed stream ({error}); fetch it again") from None
        return MappedReader(target)
