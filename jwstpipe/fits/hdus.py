"""The skeleton of a FITS file: which HDUs stand where, checked against the size of the file.

Read before anything else, so that a truncated, absurd or foreign file is refused by its first wrong byte and never by
a failing allocation. Each header is read once, here; the `Hdu` hands on its bytes, and what they say.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from jwstpipe.errors import FitsError
from jwstpipe.fits.headers import CARD, card_text, parse_header
from jwstpipe.sky.wcs.header_repairs import card_words

if TYPE_CHECKING:  # both take long to load, and the structure is found without them
    import numpy as np
    from astropy.io.fits import Header
    from numpy.typing import NDArray

__all__ = ["BLOCK", "CARD", "ByteReader", "Hdu", "WindowReader", "check_magic", "hdu_of_header", "scan_fits"]

BLOCK = 2880
"""Bytes of a FITS block."""

MOST_HEADER_BLOCKS = 4096
"""Longest header accepted: 147,456 cards; the longest of JWST have a few thousand."""

MOST_HDUS = 4096
"""More than any image product has; every one costs time when it is converted."""

MOST_HEADER_BYTES = 256 << 20
"""Most of all headers of a file together, which are held in memory; those of JWST have a few hundred thousand."""

MOST_AXES = 8


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
    header_bytes: bytes = field(repr=False)
    """The header as it stands in the file, whole blocks."""

    data_offset: int
    data_size: int
    """Bytes without padding."""

    unpacked_size: int = 0
    """Bytes of the image that a tile-compressed table unpacks to; 0 for all others."""

    @property
    def header_size(self) -> int:
        """Bytes, a multiple of 2880."""
        return len(self.header_bytes)

    @property
    def cards(self) -> bytes:
        """The cards of the header up to and with END."""
        starts = range(0, self.header_size, CARD)
        end = next(start for start in starts if self.header_bytes[start : start + 8] == b"END     ")
        return self.header_bytes[: end + CARD]

    @cached_property
    def header(self) -> "Header":
        """The header as far as it can be understood (see `parse_header`); parsed once, when it is first asked for."""
        return parse_header(self.header_bytes)

    @cached_property
    def words(self) -> dict[str, str]:
        """What the cards say, as text (see `card_words`): for those who ask for a few words, and need no `Header`."""
        return card_words(self.header_bytes.decode("latin-1"))

    @property
    def end(self) -> int:
        """Offset behind the padded data."""
        return self.data_offset + self.padded_size

    @property
    def padded_size(self) -> int:
        """Bytes of the data, a multiple of 2880."""
        return -(-self.data_size // BLOCK) * BLOCK

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
    check_magic(bytes(reader.read(0, 64)), name)
    found: list[Hdu] = []
    offset = held = 0
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
        held += hdu.header_size
        if held > MOST_HEADER_BYTES:
            raise FitsError(f"{name}: its headers have more than {MOST_HEADER_BYTES:,} bytes; not a file that is read")
        found.append(hdu)
        offset = hdu.end
    return tuple(found)


class _Header:
    """A header that has come without the rest of its file."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size = len(content)

    def read(self, offset: int, length: int) -> bytes:
        return self._content[offset : offset + length]


def hdu_of_header(content: bytes, index: int, name: str) -> Hdu:
    """Read what a whole header says, without the data behind it.

    Raises
    ------
    FitsError
        As `scan_fits`.
    """
    return _read_hdu(_Header(content), 0, index, name)


def check_magic(start: bytes, name: str) -> None:
    """Refuse a file that does not begin as FITS; the `FitsError` tells by its first bytes what it is instead."""
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
    cards, content = _header_cards(reader, offset, index, name)
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
    kind = card_text(values.get("XTENSION", "")) or "PRIMARY"
    random = bool(shape) and shape[-1] == 0 and values.get("GROUPS", "").split("/")[0].strip() == "T"
    elements = math.prod(shape[:-1] if random else shape)  # of random groups the first axis is a mark
    return Hdu(
        index=index,
        name=card_text(values.get("EXTNAME", "")).upper() or ("PRIMARY" if index == 0 else ""),
        version=_whole(values, "EXTVER", 1, name, index),
        kind=kind,
        bitpix=bitpix,
        shape=shape,
        header_offset=offset,
        header_bytes=content,
        data_offset=offset + len(content),
        data_size=abs(bitpix) // 8 * groups * (extra + elements) if shape else 0,
        unpacked_size=_unpacked_size(values, name, index)
        if values.get("ZIMAGE", "").split("/")[0].strip() == "T"
        else 0,
    )


def _header_cards(reader: ByteReader, offset: int, index: int, name: str) -> tuple[list[tuple[str, str]], bytes]:
    """Collect keyword and raw value of the cards up to END, and the bytes of the header."""
    cards: list[tuple[str, str]] = []
    blocks: list[bytes] = []
    for block in range(MOST_HEADER_BLOCKS):
        blocks.append(bytes(reader.read(offset + block * BLOCK, BLOCK)))
        content = blocks[-1].decode("latin-1")
        if len(content) < BLOCK:
            raise FitsError(f"{name}: truncated in the header of HDU {index} at byte {reader.size:,}; fetch it again")
        if block == 0 and index > 0 and not content.startswith("XTENSION"):
            raise FitsError(f"{name}: HDU {index} does not start with XTENSION (byte {offset:,}); the file is damaged")
        for start in range(0, BLOCK, CARD):
            card = content[start : start + CARD]
            keyword = card[:8].rstrip()
            if keyword == "END":
                return cards, b"".join(blocks)
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
