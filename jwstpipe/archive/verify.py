"""Whether a file is whole: its FITS structure, the checksums that it carries, and its digest."""

import hashlib
import os
from pathlib import Path
from typing import Self

import numpy as np

from jwstpipe.archive.sources import CHUNK
from jwstpipe.errors import FitsError
from jwstpipe.images.byte_readers import open_bytes
from jwstpipe.images.fits_structure import BLOCK, ByteReader, Hdu, scan_fits

__all__ = ["check_file", "sha256_of"]

FITS_ENDINGS = (".fits", ".fits.gz")
CARD = 80
ALL_ONES = 0xFFFFFFFF


class FileReader:
    """Random access to a file without mapping it, so that memory stays flat."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("rb")
        self._size = os.fstat(self._stream.fileno()).st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self._stream.close()

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Give bytes; fewer at the end of the file."""
        return os.pread(self._stream.fileno(), length, offset)


def check_file(path: Path, *, name: str) -> None:
    """Check a file as far as its kind allows: FITS by structure and checksums, other kinds not at all.

    Parameters
    ----------
    path
        Where it is.
    name
        What it is to be called; tells its kind, and stands in errors.

    Raises
    ------
    FitsError
        Not FITS, an HDU that is not whole, a damaged gzip stream, or a checksum that does not hold.
    """
    if not name.lower().endswith(FITS_ENDINGS):
        return
    with FileReader(path) as reader:
        if reader.read(0, 2) != b"\x1f\x8b":
            _check_hdus(reader, name)
            return
    _check_hdus(open_bytes(path), name)


def sha256_of(path: Path) -> str:
    """Give the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_hdus(reader: ByteReader, name: str) -> None:
    for hdu in scan_fits(reader, name=name):
        if hdu.end > reader.size:
            raise FitsError(f"{name}: {hdu.label} (HDU {hdu.index}) lacks the end of its last block; fetch it again")
        _check_sums(reader, hdu, name)


def _check_sums(reader: ByteReader, hdu: Hdu, name: str) -> None:
    """Compare CHECKSUM and DATASUM, where an HDU has them (FITS standard 4.0, appendix J)."""
    header = bytes(reader.read(hdu.header_offset, hdu.header_size))
    datasum, checksum = _quoted(header, b"DATASUM "), _quoted(header, b"CHECKSUM")
    if not datasum and not checksum:
        return
    data = _sum(reader, hdu.data_offset, hdu.end)
    if datasum and (not datasum.isdigit() or int(datasum) != data):
        raise FitsError(f"{name}: DATASUM of {hdu.label} is {datasum!r}, its data give {data}; fetch it again")
    if checksum and _folded(_sum(reader, hdu.header_offset, hdu.data_offset) + data) != ALL_ONES:
        raise FitsError(f"{name}: CHECKSUM of {hdu.label} does not hold; fetch it again")


def _quoted(header: bytes, keyword: bytes) -> str:
    for start in range(0, len(header), CARD):
        card = header[start : start + CARD]
        if card.startswith(keyword + b"= '"):
            return card[11:].split(b"'")[0].decode("latin-1").strip()
        if card.startswith(b"END     "):
            break
    return ""


def _sum(reader: ByteReader, start: int, stop: int) -> int:
    """Add big-endian 32-bit words with end-around carry (ones' complement)."""
    total = 0
    step = CHUNK // BLOCK * BLOCK
    for at in range(start, stop, step):
        words = np.frombuffer(reader.read(at, min(step, stop - at)), dtype=">u4")
        total += int(words.sum(dtype=np.uint64))
    return _folded(total)


def _folded(total: int) -> int:
    while total > ALL_ONES:
        total = (total & ALL_ONES) + (total >> 32)
    return total
