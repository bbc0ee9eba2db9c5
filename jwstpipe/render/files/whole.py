"""Whether a picture file is whole: by the sums that its format carries, else by decoding it."""

import warnings
import zlib
from pathlib import Path
from typing import BinaryIO

from jwstpipe.errors import DataError
from jwstpipe.storage import storage_errors

__all__ = ["PICTURE_ENDINGS", "check_picture_file"]

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff")

PNG = b"\x89PNG\r\n\x1a\n"
MOST_DECODED = 1 << 26
"""Most pixels of a JPEG that are decoded, which happens in memory."""

PIECE = 1 << 20


def check_picture_file(path: Path, *, name: str) -> str:
    """Read a PNG, JPEG or TIFF wholly.

    Parameters
    ----------
    path
        The file.
    name
        What messages call it.

    Returns
    -------
    str
        What vouches for its pixels, as the end of a sentence.

    Raises
    ------
    DataError
        Cut short, damaged, or none of them.
    """
    with storage_errors(name), path.open("rb") as stream:
        head = stream.read(8)
        if head == PNG:
            _check_chunks(stream, name)
            return "every chunk of it agrees with its CRC"
        if head.startswith(b"\xff\xd8\xff"):
            return _check_jpeg(path, stream, name)
        if head.startswith((b"II", b"MM")):
            return _check_tiff(path, name)
    raise DataError(f"{name}: no PNG, JPEG or TIFF, it begins with {head!r}; fetch or make it again")


def _check_chunks(stream: BinaryIO, name: str) -> None:
    """Compare the CRC of each chunk (PNG specification, section 5)."""
    kind = b""
    while kind != b"IEND":
        length, kind = stream.read(4), stream.read(4)
        left, found = int.from_bytes(length, "big"), zlib.crc32(kind)
        while left and (piece := stream.read(min(left, PIECE))):
            found, left = zlib.crc32(piece, found), left - len(piece)
        magic = stream.read(4)
        if len(magic) < 4 or left:
            raise DataError(f"{name}: truncated in its chunk {kind.decode('latin-1')!r}; fetch or make it again")
        if int.from_bytes(magic, "big") != found:
            raise DataError(f"{name}: damaged: the CRC of its chunk {kind!r} does not hold; fetch or make it again")
    if stream.read(1):
        raise DataError(f"{name}: damaged: something follows its last chunk; fetch or make it again")


def _check_jpeg(path: Path, stream: BinaryIO, name: str) -> str:
    from PIL import Image  # noqa: PLC0415 - only where one is looked at

    stream.seek(-2, 2)
    if stream.read(2) != b"\xff\xd9":
        raise DataError(f"{name}: truncated: it does not end as a JPEG does; fetch or make it again")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path) as picture:
                if picture.width * picture.height > MOST_DECODED:
                    return "begin and end are there; it is too large to be decoded, and a JPEG carries no sums"
                picture.load()
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise DataError(f"{name}: damaged: it cannot be decoded ({error}); fetch or make it again") from None
    return "it can be decoded; a JPEG carries no sums"


def _check_tiff(path: Path, name: str) -> str:
    import tifffile  # noqa: PLC0415

    try:
        with tifffile.TiffFile(path) as opened:
            pages = [page for series in opened.series for level in series.levels for page in level.pages]
            for page in pages:
                for _ in page.segments() if page is not None else ():  # each tile or strip by itself
                    pass
            packed = all(page is not None and page.compression != tifffile.COMPRESSION.NONE for page in pages)
    except Exception as error:  # noqa: BLE001 - decoders raise whatever their C code says
        raise DataError(f"{name}: damaged: it cannot be decoded ({error}); fetch or make it again") from None
    return "each part of it unpacks" if packed else "each part of it is there; it is not packed and carries no sums"
