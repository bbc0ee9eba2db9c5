"""A remote file read by byte ranges."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import NotFoundError, StorageError
from jwstpipe.fits.readers.block_cache import BLOCK_BYTES, ReadCache, default_folder
from jwstpipe.fits.readers.local_reader import cut_rows
from jwstpipe.settings import S3Settings
from jwstpipe.storage import HeldBytes, get_range

__all__ = ["PIECE", "RangeReader"]

MOST_CACHED = 8 << 20
"""Longest read that goes through the cache, bytes."""

PIECE = 8 << 20
"""Bytes of a request for a file all of which is read."""

HEADER, MOST_HEADERS = 64 << 10, 64
"""Bytes that are fetched for a header behind a plane of such a file, and how many of these are held."""

_HELD = HeldBytes(64 << 20)
"""Blocks of the read cache that were used last: windows side by side lie in the same ones."""


class RangeReader:
    """A remote object read by byte ranges, through the read cache for all but long stretches.

    Opening takes one request, for the first block; it tells size and ETag, and every later one asks for that ETag.
    Of a file all of which is read (`whole`) the first long piece comes at once, and headers behind the planes come by
    themselves, so that nothing is kept on the disk, and little is moved twice.
    """

    def __init__(self, address: str, s3: S3Settings, *, whole: bool = False) -> None:
        self._address = address
        self._s3 = s3
        found = get_range(address, 0, PIECE if whole else BLOCK_BYTES, s3=s3)
        if found is None:
            raise NotFoundError(f"{address}: no such object; check the address")
        self._size, self._etag, self._head = found.size, found.etag, found.content
        kept = s3.cache_mb and not whole
        self._cache = ReadCache(s3.cache or default_folder(), s3.cache_mb << 20) if kept else None
        self._headers: list[tuple[int, bytes]] | None = [] if whole else None
        """Stretches of a file that is read whole: where they begin, and their bytes."""

    in_place = True
    """It reads the file itself, not something unpacked from it."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._size

    @property
    def version(self) -> str | None:
        """Endpoint, address, ETag and size: what it reads as long as they are the same; None without an ETag."""
        return f"{self._s3.endpoint} {self._address} {self._etag} {self._size}" if self._etag else None

    def read(self, offset: int, length: int) -> bytes:
        """Fetch a byte range; fewer bytes at the end of the object."""
        end = max(min(offset + length, self._size), offset)
        if end <= len(self._head):
            return self._head[offset:end]
        if self._headers is not None and length <= HEADER:
            return self._stretch(self._headers, offset, end)
        if end - offset > MOST_CACHED or self._cache is None:
            return self._fetch(offset, end)
        first, last = offset // BLOCK_BYTES, -(-end // BLOCK_BYTES)
        content = b"".join(self._blocks(self._cache, first, last))
        return content[offset - first * BLOCK_BYTES : end - first * BLOCK_BYTES]

    def _stretch(self, held: list[tuple[int, bytes]], offset: int, end: int) -> bytes:
        """Give a few bytes with what follows them, held or fetched: the next blocks of a header."""
        for start, content in reversed(held):
            if start <= offset and end <= start + len(content):
                return content[offset - start : end - start]
        held.append((offset, self._fetch(offset, min(offset + HEADER, self._size))))
        del held[:-MOST_HEADERS]
        return held[-1][1][: end - offset]

    def read_rows(self, offset: int, row_bytes: int, rows: int, first: int, width: int) -> NDArray[np.uint8]:
        """Fetch bytes `first` to `first + width` of each of many rows, shape (rows, width); whole rows are moved."""
        cache, end = self._cache, offset + (rows - 1) * row_bytes + first + width
        if cache is None or width == row_bytes or not rows or end > self._size:
            return cut_rows(self, offset, row_bytes, rows, first, width)
        found = np.empty((rows, width), dtype=np.uint8)
        step = max(MOST_CACHED // row_bytes, 1)
        for row in range(0, rows, step):
            part, start = found[row : row + step], offset + row * row_bytes + first
            lead = start // BLOCK_BYTES
            stop = start + (len(part) - 1) * row_bytes + width
            blocks = self._blocks(cache, lead, -(-stop // BLOCK_BYTES))
            _cut_blocks(blocks, start - lead * BLOCK_BYTES, row_bytes, part)
        return found

    def fetch(self, offset: int, length: int) -> bytes:
        """Fetch a byte range past the cache, for who reads all of the object once."""
        end = min(offset + length, self._size)
        return self._head[offset:end] if end <= len(self._head) else self._fetch(offset, end)

    def _blocks(self, cache: ReadCache, first: int, last: int) -> list[bytes]:
        """Give blocks `first` to `last` (not included); those that are not here come in one request."""
        found = [self._held(cache, number) for number in range(first, last)]
        lacking = [number for number, block in enumerate(found, first) if block is None]
        if lacking:
            start, end = lacking[0] * BLOCK_BYTES, min((lacking[-1] + 1) * BLOCK_BYTES, self._size)
            content = self._fetch(start, end)
            for number in range(lacking[0], lacking[-1] + 1):
                block = content[number * BLOCK_BYTES - start : (number + 1) * BLOCK_BYTES - start]
                found[number - first] = block
                cache.put(self._address, self._etag, number, block)
                _HELD.put((self._address, self._etag, number), block)
        return [block for block in found if block is not None]

    def _held(self, cache: ReadCache, number: int) -> bytes | None:
        """Give a block from memory or from the disk; None where it is not here."""
        key = self._address, self._etag, number
        block = _HELD.get(key)
        if block is None and (block := cache.get(*key)) is not None:
            _HELD.put(key, block)
        return block

    def _fetch(self, start: int, end: int) -> bytes:
        if end <= start:
            return b""
        found = get_range(self._address, start, end - start, etag=self._etag, s3=self._s3)
        if found is None or len(found.content) != end - start:
            raise StorageError(f"{self._address}: gave other than {end - start:,} bytes; open it again")
        return found.content


def _cut_blocks(blocks: list[bytes], start: int, row_bytes: int, out: NDArray[np.uint8]) -> None:
    """Fill rows with bytes of blocks, the first from `start` on, each `row_bytes` behind the one before it."""
    arrays, width = [np.frombuffer(block, dtype=np.uint8) for block in blocks], out.shape[1]
    for row, values in enumerate(out):
        done = 0
        while done < width:
            number, inside = divmod(start + row * row_bytes + done, BLOCK_BYTES)
            piece = arrays[number][inside : inside + width - done]
            values[done : done + piece.size] = piece
            done += piece.size
