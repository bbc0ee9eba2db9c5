"""A remote object, read by byte ranges."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import NotFoundError, StorageError
from jwstpipe.fits.hdus import ByteReader
from jwstpipe.fits.readers.block_cache import BLOCK_BYTES, ReadCache, default_folder
from jwstpipe.settings import S3Settings
from jwstpipe.storage import get_range

__all__ = ["WINDOW_PIECE", "RangeReader", "cut_rows"]

MOST_CACHED = 8 << 20
"""Longest read that goes through the cache, bytes."""

WINDOW_PIECE = 16 << 20
"""Bytes of whole rows held at once while a window is cut out of them."""


class RangeReader:
    """A remote object read by byte ranges, through the read cache for all but long stretches.

    Opening takes one request, for the first block; it tells size and ETag, and every later one asks for that ETag.
    """

    def __init__(self, address: str, s3: S3Settings) -> None:
        self._address = address
        self._s3 = s3
        found = get_range(address, 0, BLOCK_BYTES, s3=s3)
        if found is None:
            raise NotFoundError(f"{address}: no such object; check the address")
        self._size, self._etag, self._head = found.size, found.etag, found.content
        self._cache = ReadCache(s3.cache or default_folder(), s3.cache_mb << 20) if s3.cache_mb else None

    in_place = True
    """It reads the file itself, not something unpacked from it."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Fetch a byte range; fewer bytes at the end of the object."""
        end = max(min(offset + length, self._size), offset)
        if end <= len(self._head):
            return self._head[offset:end]
        if end - offset > MOST_CACHED or self._cache is None:
            return self._fetch(offset, end)
        first, last = offset // BLOCK_BYTES, -(-end // BLOCK_BYTES)
        content = b"".join(self._blocks(self._cache, first, last))
        return content[offset - first * BLOCK_BYTES : end - first * BLOCK_BYTES]

    def read_rows(self, offset: int, row_bytes: int, rows: int, first: int, width: int) -> NDArray[np.uint8]:
        """Fetch bytes `first` to `first + width` of each of many rows, shape (rows, width); whole rows are moved."""
        return cut_rows(self, offset, row_bytes, rows, first, width)

    def fetch(self, offset: int, length: int) -> bytes:
        """Fetch a byte range past the cache, for who reads all of the object once."""
        end = min(offset + length, self._size)
        return self._head[offset:end] if end <= len(self._head) else self._fetch(offset, end)

    def _blocks(self, cache: ReadCache, first: int, last: int) -> list[bytes]:
        """Give blocks `first` to `last` (not included); those that are not here come in one request."""
        found = [cache.get(self._address, self._etag, number) for number in range(first, last)]
        lacking = [number for number, block in enumerate(found, first) if block is None]
        if lacking:
            start, end = lacking[0] * BLOCK_BYTES, min((lacking[-1] + 1) * BLOCK_BYTES, self._size)
            content = self._fetch(start, end)
            for number in range(lacking[0], lacking[-1] + 1):
                block = content[number * BLOCK_BYTES - start : (number + 1) * BLOCK_BYTES - start]
                found[number - first] = block
                cache.put(self._address, self._etag, number, block)
        return [block for block in found if block is not None]

    def _fetch(self, start: int, end: int) -> bytes:
        if end <= start:
            return b""
        found = get_range(self._address, start, end - start, etag=self._etag, s3=self._s3)
        if found is None or len(found.content) != end - start:
            raise StorageError(f"{self._address}: gave other than {end - start:,} bytes; open it again")
        return found.content


def cut_rows(reader: ByteReader, offset: int, row_bytes: int, rows: int, first: int, width: int) -> NDArray[np.uint8]:
    """Read bytes `first` to `first + width` of each of many rows, shape (rows, width), by whole rows."""
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
