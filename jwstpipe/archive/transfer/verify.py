"""Whether a file is whole: its FITS structure, the checksums that it carries, and its digest."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, Self

from jwstpipe.archive.transfer.checksums import checksum_of, in_base64
from jwstpipe.errors import DataError, FitsError
from jwstpipe.fits.hdus import BLOCK, ByteReader, Hdu, scan_fits

__all__ = ["Digest", "FileReader", "Piecewise", "check_digests", "check_file", "check_fits", "sha256_of"]

FITS_ENDINGS = (".fits", ".fits.gz")
PACKED = (b"\x1f\x8b", b"BZh")
"""First bytes of gzip and bzip2."""

LARGEST_JSON = 64 << 20
CARD = 80
CHUNK = 256 << 10
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

    def flush(self) -> None:
        """Bring the bytes of the file to disk, whoever wrote them."""
        os.fsync(self._stream.fileno())

    def read(self, offset: int, length: int) -> bytes:
        """Give bytes; fewer at the end of the file."""
        return os.pread(self._stream.fileno(), length, offset)


def check_file(reader: ByteReader, *, name: str) -> None:
    """Check a file as far as its kind allows: FITS by structure and checksums, others by what they begin and end with.

    Parameters
    ----------
    reader
        Its bytes.
    name
        What it is to be called; tells its kind, and stands in errors.

    Raises
    ------
    FitsError
        Not FITS, an HDU that is not whole, a damaged gzip stream, or a checksum that does not hold.
    DataError
        A file of another kind that is not what its name says.
    """
    if not name.lower().endswith(FITS_ENDINGS):
        _check_kind(reader, name)
    else:
        check_fits(reader, name=name)


def check_fits(reader: ByteReader, *, name: str) -> None:
    """Check a FITS file, whatever its name, plain or packed: its structure, and CHECKSUM and DATASUM where it has them.

    Raises
    ------
    FitsError
        As `check_file`.
    """
    if reader.size and bytes(reader.read(0, 3)).startswith(PACKED):
        _check_packed(reader, name)
    else:
        _check_hdus(reader, name)


def _check_packed(reader: ByteReader, name: str) -> None:
    from jwstpipe.fits.readers.byte_readers import open_bytes  # noqa: PLC0415 - few files are packed

    with tempfile.NamedTemporaryFile() as packed:
        for start in range(0, reader.size, CHUNK):
            packed.write(reader.read(start, CHUNK))
        packed.flush()
        unpacked = open_bytes(packed.name, name=name)
        _check_hdus(unpacked, name)


def sha256_of(reader: ByteReader) -> str:
    """Give the SHA-256 of a file, hexadecimal."""
    return check_digests(reader, {}, name="")


class Piecewise(Protocol):
    """Gives bytes that are used before the next are asked for."""

    def read(self, offset: int, length: int) -> bytes | memoryview:
        """Give bytes; fewer at the end of the file."""
        ...


class Digest:
    """SHA-256 of the start of a file; carried on as more of it is there."""

    def __init__(self) -> None:
        self.position = 0
        """Bytes that are in."""
        self._sha256 = hashlib.sha256()

    def advance(self, reader: "Piecewise", stop: int) -> None:
        """Take the bytes up to `stop`."""
        while self.position < stop:
            piece = reader.read(self.position, min(CHUNK, stop - self.position))
            if not piece:
                return
            self._sha256.update(piece)
            self.position += len(piece)

    def value(self) -> bytes:
        """Give the SHA-256."""
        return self._sha256.digest()


def check_digests(reader: ByteReader, given: Mapping[str, str], *, name: str, begun: Digest | None = None) -> str:
    """Compare a file with digests that its source gives, and give its SHA-256, hexadecimal.

    Parameters
    ----------
    reader
        Its bytes.
    given
        Base64 by kind, of `jwstpipe.archive.transfer.checksums.CHECKSUM_KINDS`, as S3 writes them.
    name
        For the message.
    begun
        Digest of its start, to be carried on; None = none.

    Raises
    ------
    DataError
        A digest that does not hold.
    """
    digest = begun or Digest()
    digest.advance(reader, reader.size)
    for kind, value in given.items():  # few sources give any, so others than SHA-256 are not taken on the way
        own = in_base64(digest.value()) if kind == "sha256" else checksum_of(kind, reader)
        if own != value:
            raise DataError(f"{name}: its {kind} is not the {value} that the archive gives; fetch it again")
    return digest.value().hex()


def _check_kind(reader: ByteReader, name: str) -> None:
    """Check what other kinds of files of the archive have at their ends, as far as that is cheap."""
    ending = name.lower().rpartition(".")[2]
    head, tail = bytes(reader.read(0, 8)), bytes(reader.read(max(reader.size - 2, 0), 2))
    good = {
        "jpg": head.startswith(b"\xff\xd8") and tail == b"\xff\xd9",
        "png": head.startswith(b"\x89PNG\r\n\x1a\n"),
        "ecsv": head.startswith(b"# %ECSV"),
        "asdf": head.startswith(b"#ASDF"),
    }
    if ending == "json" and reader.size <= LARGEST_JSON:
        try:
            json.loads(bytes(reader.read(0, reader.size)))
        except ValueError as error:
            raise DataError(f"{name}: not JSON ({error}); fetch it again") from None
    elif not good.get(ending, True):
        raise DataError(f"{name}: not a .{ending} file, it begins with {head!r}; fetch it again")


def _check_hdus(reader: ByteReader, name: str) -> None:
    hdus = scan_fits(reader, name=name)
    for hdu in hdus:
        if hdu.end > reader.size:
            raise FitsError(f"{name}: {hdu.label} (HDU {hdu.index}) lacks the end of its last block; fetch it again")
        _check_sums(reader, hdu, name)
    if hdus[-1].end < reader.size:  # a reader may pass over special records; a file on its way shows a cut or a mix-up
        raise FitsError(
            f"{name}: what follows its last HDU at byte {hdus[-1].end:,} does not start with XTENSION; fetch it again"
        )


def _check_sums(reader: ByteReader, hdu: Hdu, name: str) -> None:
    """Compare CHECKSUM and DATASUM, where an HDU has them (FITS standard 4.0, appendix J)."""
    datasum, checksum = _quoted(hdu.header_bytes, b"DATASUM "), _quoted(hdu.header_bytes, b"CHECKSUM")
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
    import numpy as np  # noqa: PLC0415 - files of the archive rarely carry sums, and it takes long to load

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
