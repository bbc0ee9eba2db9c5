"""The skeleton of a FITS file: which HDUs stand where, checked against the size of the file.

Read before anything else, so that a truncated, absurd or foreign file is refused by its first wrong byte and never by
a failing allocation. Headers are handed on as the bytes that they are.
"""

import math
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from jwstpipe.errors import FitsError
from jwstpipe.fits.standard_cards import all_standard

if TYPE_CHECKING:  # both take long to load, and the structure is found without them
    import numpy as np
    from astropy.io.fits import Card, Header
    from numpy.typing import NDArray

__all__ = ["BLOCK", "CARD", "ByteReader", "Hdu", "WindowReader", "header_of", "parse_header", "scan_fits"]

BLOCK = 2880
"""Bytes of a FITS block."""

CARD = 80
"""Bytes of a FITS card."""

MOST_HEADER_BLOCKS = 4096
"""Longest header accepted: 147,456 cards; the longest of JWST have a few thousand."""

MOST_HDUS = 4096
"""More than any image product has; every one costs time when it is converted."""

MOST_AXES = 8

_ONE_AT_A_TIME = threading.Lock()
"""Filters of warnings belong to the whole process."""

_PRINTABLE = bytes(byte if 32 <= byte < 127 else ord("?") for byte in range(256))


class ByteReader(Protocol):
    """Random access to the bytes of a file."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """Give `length` bytes from `offset`; fewer at the end of the file."""
        ...


class WindowReader(ByteReader, Protocol):
    """Random access to windows too."""

    @property
    def in_place(self) -> bool:
        """It reads the file itself, not something unpacked from it."""
        ...

    def read_rows(self, offset: int, row_bytes: int, rows: int, first: int, width: int) -> "NDArray[np.uint8]":
        """Give bytes `first` to `first + width` of each of `rows` rows, shape (rows, width)."""
        ...


@dataclass(frozen=True)
class Hdu:
    """One header and its data."""

    index: int
    name: str
    """EXTNAME in capitals; PRIMARY for the first."""

    version: int
    """EXTVER."""

    kind: str
    """PRIMARY, IMAGE, BINTABLE, TABLE or what XTENSION says."""

    bitpix: int
    shape: tuple[int, ...]
    """Axes in array order, slowest first."""

    header_offset: int
    header_size: int
    """Bytes, a multiple of 2880."""

    data_offset: int
    data_size: int
    """Bytes without padding."""

    unpacked_size: int = 0
    """Bytes of the image that a tile-compressed table unpacks to; 0 for all others."""

    @property
    def end(self) -> int:
        """Offset behind the padded data."""
        return self.data_offset + -(-self.data_size // BLOCK) * BLOCK

    @property
    def whole(self) -> bool:
        """Its data are one array of its shape: no groups, no heap."""
        return self.data_size == abs(self.bitpix) // 8 * math.prod(self.shape)

    @property
    def label(self) -> str:
        """Name for messages, as ``SCI`` or ``SCI,2``."""
        return (self.name or f"HDU {self.index}") if self.version == 1 else f"{self.name},{self.version}"


def scan_fits(reader: ByteReader, *, name: str) -> tuple[Hdu, ...]:
    """Walk through all HDUs of a file.

    Parameters
    ----------
    reader
        The bytes, not compressed.
    name
        File name for errors.

    Raises
    ------
    FitsError
        Not FITS, truncated, a header without END or beyond bounds, with the place and the numbers.
    """
    _check_magic(reader, name)
    found: list[Hdu] = []
    offset = 0
    while offset < reader.size:
        if len(found) == MOST_HDUS:
            raise FitsError(f"{name}: more than {MOST_HDUS} HDUs; not a file that jwstpipe reads")
        if found and _behind_the_last(reader, offset):
            break
        hdu = _read_hdu(reader, offset, len(found), name)
        if hdu.data_offset + hdu.data_size > reader.size:
            raise FitsError(
                f"{name}: truncated: {hdu.label} (HDU {hdu.index}) ends at byte {hdu.end:,} and the file at"
                f" {reader.size:,}; fetch it again"
            )
        found.append(hdu)
        offset = hdu.end
    return tuple(found)


def header_of(reader: ByteReader, hdu: Hdu) -> "Header":
    """Parse the header of an HDU (see `parse_header`)."""
    return parse_header(reader.read(hdu.header_offset, hdu.header_size))


def parse_header(content: bytes) -> "Header":
    """Parse the cards of a header as far as they can be understood.

    Bytes that FITS does not allow read as ``?``, and cards that no parser understands are left out: the bytes
    themselves are what is stored and written back, and one bad card must not hide the others.
    """
    from astropy.io.fits import Header  # noqa: PLC0415 - see above

    text = content.translate(_PRINTABLE).decode("ascii")
    header = Header.fromstring(text)
    if all_standard(text):
        return header
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a card that astropy mends is understood
        broken = [number for number, card in enumerate(header.cards) if not _understood(card)]
    for number in reversed(broken):
        del header[number]
    return header


def _understood(card: "Card") -> bool:
    from astropy.io.fits.verify import VerifyError  # noqa: PLC0415 - see above

    try:
        return bool(card.image) and card.value is not card
    except (VerifyError, ValueError):
        return False


def _check_magic(reader: ByteReader, name: str) -> None:
    start = bytes(reader.read(0, 64))
    if start.startswith(b"SIMPLE  ="):
        return
    if not start:
        raise FitsError(f"{name}: empty file; fetch it again")
    if start.startswith(b"version https://git-lfs"):
        raise FitsError(f"{name}: a Git LFS pointer, not the file itself; fetch the real one")
    if start.lstrip()[:1] in (b"<", b"{"):
        raise FitsError(f"{name}: a web page or JSON answer saved under a FITS name; fetch it again")
    raise FitsError(f"{name}: not a FITS file (it starts with {start[:9]!r}, not SIMPLE)")


def _behind_the_last(reader: ByteReader, offset: int) -> bool:
    """Accept what may stand behind the last HDU: zeros or blanks of writers and tapes, and special records.

    Special records (FITS 4.0, section 3.5) are anything that is no header; a block that holds cards of one is a
    damaged extension.
    """
    rest = bytes(reader.read(offset, BLOCK))
    if not rest.strip(b"\0 "):
        return True
    if rest.startswith(b"XTENSION"):
        return False
    starts = range(0, len(rest) - CARD + 1, CARD)
    return not any(rest[start + 8 : start + 10] == b"= " for start in starts) and b"END     " not in rest


def _read_hdu(reader: ByteReader, offset: int, index: int, name: str) -> Hdu:
    cards, size = _header_cards(reader, offset, index, name)
    values = dict(reversed(cards))
    axes = _whole(values, "NAXIS", 0, name, index)
    if not 0 <= axes <= MOST_AXES:
        raise FitsError(f"{name}: HDU {index} claims {axes} axes; at most {MOST_AXES} make sense")
    bitpix = _whole(values, "BITPIX", 8 if not axes else 0, name, index)
    if bitpix not in (8, 16, 32, 64, -32, -64):
        raise FitsError(f"{name}: HDU {index} has BITPIX {bitpix}, which FITS does not know")
    shape = tuple(_whole(values, f"NAXIS{axis}", 0, name, index) for axis in range(axes, 0, -1))
    if any(side < 0 for side in shape):
        raise FitsError(f"{name}: HDU {index} has a negative axis: {shape}")
    groups, extra = _whole(values, "GCOUNT", 1, name, index), _whole(values, "PCOUNT", 0, name, index)
    if groups < 0 or extra < 0:
        raise FitsError(f"{name}: HDU {index} has a negative PCOUNT or GCOUNT")
    kind = _text(values.get("XTENSION", "")) or "PRIMARY"
    random = bool(shape) and shape[-1] == 0 and values.get("GROUPS", "").split("/")[0].strip() == "T"
    elements = math.prod(shape[:-1] if random else shape)  # of random groups the first axis is a mark
    return Hdu(
        index=index,
        name=_text(values.get("EXTNAME", "")).upper() or ("PRIMARY" if index == 0 else ""),
        version=_whole(values, "EXTVER", 1, name, index),
        kind=kind,
        bitpix=bitpix,
        shape=shape,
        header_offset=offset,
        header_size=size,
        data_offset=offset + size,
        data_size=abs(bitpix) // 8 * groups * (extra + elements) if shape else 0,
        unpacked_size=_unpacked_size(values, name, index)
        if values.get("ZIMAGE", "").split("/")[0].strip() == "T"
        else 0,
    )


def _header_cards(reader: ByteReader, offset: int, index: int, name: str) -> tuple[list[tuple[str, str]], int]:
    """Collect keyword and raw value of the cards up to END, and the size of the header in bytes."""
    cards: list[tuple[str, str]] = []
    for block in range(MOST_HEADER_BLOCKS):
        content = bytes(reader.read(offset + block * BLOCK, BLOCK)).decode("latin-1")
        if len(content) < BLOCK:
            raise FitsError(f"{name}: truncated in the header of HDU {index} at byte {reader.size:,}; fetch it again")
        if block == 0 and index > 0 and not content.startswith("XTENSION"):
            raise FitsError(f"{name}: HDU {index} does not start with XTENSION (byte {offset:,}); the file is damaged")
        for start in range(0, BLOCK, CARD):
            card = content[start : start + CARD]
            keyword = card[:8].rstrip()
            if keyword == "END":
                return cards, (block + 1) * BLOCK
            if card[8:10] == "= ":
                cards.append((keyword, card[10:]))
    raise FitsError(f"{name}: the header of HDU {index} has no END within {MOST_HEADER_BLOCKS} blocks")


def _unpacked_size(values: dict[str, str], name: str, index: int) -> int:
    axes = _whole(values, "ZNAXIS", 0, name, index)
    if not 1 <= axes <= MOST_AXES:
        raise FitsError(f"{name}: HDU {index} claims a compressed image of {axes} axes")
    sides = [_whole(values, f"ZNAXIS{axis}", 0, name, index) for axis in range(1, axes + 1)]
    if min(sides) < 0:
        raise FitsError(f"{name}: HDU {index} claims a compressed image with a negative axis: {sides}")
    return max(abs(_whole(values, "ZBITPIX", 8, name, index)) // 8 * math.prod(sides), 1)


def _whole(values: dict[str, str], key: str, default: int, name: str, index: int) -> int:
    raw = values.get(key)
    if raw is None:
        return default
    try:
        return int(raw.split("/")[0])
    except ValueError:
        raise FitsError(f"{name}: {key} of HDU {index} is not a whole number: {raw.split('/')[0].strip()!r}") from None


def _text(raw: str) -> str:
    quoted = raw.strip()
    if not quoted.startswith("'"):
        return ""
    return quoted[1:].replace("''", "\0").split("'")[0].replace("\0", "'").strip()
