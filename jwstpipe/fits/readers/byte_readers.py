"""Random access to the bytes of a file, wherever it is and however it is packed.

A plain local file is read where it lies; a gzip or bzip2 stream, whatever its name, is unpacked once into an unnamed
temporary file; a remote object is read by byte ranges. Nothing is mapped into memory, so that a process that reads a
file of any size stays as small as the windows that it holds.
"""

import bz2
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

from isal import igzip, isal_zlib

from jwstpipe.errors import FitsError, JwstPipeError, NotFoundError, StorageError
from jwstpipe.fits.hdus import ByteReader
from jwstpipe.fits.readers.local_reader import WINDOW_PIECE, LocalReader
from jwstpipe.fits.readers.promised_size import PromisedSize
from jwstpipe.fits.readers.range_reader import RangeReader
from jwstpipe.fits.readers.unpacked_files import content_key, unpacked_files
from jwstpipe.fits.readers.written_behind import WrittenBehind
from jwstpipe.settings import S3Settings
from jwstpipe.storage import is_remote, storage_errors

__all__ = ["open_bytes", "spooled", "temporary_file"]

MOST_EXPANSION = 2000
"""Largest ratio of unpacked to packed size; gzip itself cannot pass about 1,030, real images stay under 300."""

ALWAYS_UNPACKED = 256 << 20
"""Unpacked size that is accepted from however few bytes: constant images pack that well, bytes."""

MOST_UNPACKED = 64 << 30
"""Largest unpacked size, bytes."""

COPY = 1 << 20


def open_bytes(
    address: str | Path, *, s3: S3Settings | None = None, name: str = "", whole: bool = False
) -> LocalReader | RangeReader:
    """Open a file for random access.

    Parameters
    ----------
    address
        Local path or ``s3://`` URL.
    s3
        Endpoint of an ``s3://`` address.
    name
        What messages call it; default: its address.
    whole
        All of it will be read.

    Raises
    ------
    NotFoundError
        No such file.
    FitsError
        A damaged gzip or bzip2 stream, one that holds no FITS file, or unpacks to more than its headers promise.
    """
    if is_remote(address):
        ranges = RangeReader(str(address), s3 or S3Settings(), whole=whole)
        opener = _opener(ranges.read(0, 3))
        if opener is None:
            return ranges
        local = spooled(ranges, name=str(address))
        with open(os.dup(local.descriptor), "rb") as packed:  # noqa: PTH123 - a descriptor has no path
            packed.seek(0)
            return _unpacked(packed, opener, ranges.size, name or str(address))
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
            return LocalReader(stream, name or str(path), in_place=True)
        return _unpacked(stream, opener, path.stat().st_size, name or str(path))


@contextmanager
def temporary_file(name: str) -> Iterator[BinaryIO]:
    """Open an unnamed file for what comes from the file `name`; it is gone when the last reader of it is.

    Raises
    ------
    StorageError
        The folder for temporary files is full or cannot be written.
    """
    try:
        with tempfile.TemporaryFile() as stream:
            yield stream
    except OSError as error:
        if isinstance(error, JwstPipeError) or error.errno is None:
            raise
        place = tempfile.tempdir or "the folder for temporary files"
        raise StorageError(
            f"{name}: {place}, where a part of it must lie meanwhile: {os.strerror(error.errno).lower()}; "
            "free some space or set TMPDIR to another folder"
        ) from None


def spooled(reader: ByteReader, *, name: str) -> LocalReader:
    """Bring a remote object to an unnamed temporary file, by ranges; a local file is given back as it is."""
    if isinstance(reader, LocalReader):
        return reader
    with temporary_file(name) as target:
        for offset in range(0, reader.size, WINDOW_PIECE):
            target.write(reader.read(offset, WINDOW_PIECE))
        target.flush()
        return LocalReader(target, name)


def _opener(magic: bytes) -> Any:
    if magic.startswith(b"\x1f\x8b"):
        return igzip.open  # half again as fast as that of Python, the same errors but for one
    return bz2.open if magic.startswith(b"BZh") else None


def _unpacked(packed: IO[bytes], opener: Any, packed_size: int, name: str) -> LocalReader:
    """Unpack a stream, or take what was unpacked of the same bytes a moment ago."""

    def unpack() -> LocalReader:
        packed.seek(0)
        return _unpack(packed, opener, packed_size, name)

    found: LocalReader = unpacked_files().get(f"stream {content_key(packed.fileno())}", unpack)
    return found.called(name)


def _unpack(packed: IO[bytes], opener: Any, packed_size: int, name: str) -> LocalReader:
    """Unpack into an unnamed temporary file, no further than the headers in the stream promise, and within bounds."""
    limit = min(MOST_UNPACKED, max(packed_size * MOST_EXPANSION, ALWAYS_UNPACKED))
    promised = PromisedSize(name)
    with temporary_file(name) as target:
        try:
            with opener(packed) as stream, WrittenBehind(target) as written:
                while piece := stream.read(COPY):
                    promised.take(piece)
                    if promised.bytes > limit:
                        raise FitsError(
                            f"{name}: its headers promise {promised.bytes:,} bytes, out of {packed_size:,} packed ones;"
                            f" refused above {limit:,}: cut short, or not a FITS file"
                        )
                    written.take(piece)
        except (EOFError, zlib.error, isal_zlib.error, OSError, ValueError) as error:  # type: ignore[misc]  # no stubs
            if isinstance(error, FitsError) or getattr(error, "errno", None) is not None:
                raise
            raise FitsError(f"{name}: damaged or truncated compressed stream ({error}); fetch it again") from None
        return LocalReader(target, name, sha256=written.sha256)
