"""A remote file read by byte ranges."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import NotFoundError, StorageError
from jwstpipe.fits.readers.block_cache import BLOCK_BYTES, KeptFile, ReadCache, default_folder
from jwstpipe.fits.readers.local_reader import LocalReader, cut_rows
from jwstpipe.settings import S3Settings
from jwstpipe.storage import get_range

__all__ = ["HEADER", "PIECE", "RangeReader"]

MOST_CACHED = 8 << 20
"""Longest read that goes through the cache, bytes."""

PIECE = 8 << 20
"""Bytes of a request for a file all of which is read."""

HEAD = 128 << 10
"""Bytes that are fetched when a file is opened: the primary header and that of the science plane, of most files."""

HEADER, MOST_HEADERS = 64 << 10, 64
"""Bytes that are fetched for a header behind a plane of such a file, and how many of these are held."""

MOST_LOCAL = 256 << 20
"""Longest stretch that is brought to the local disk for one window, bytes; a quarter of the cache at most."""

AT_ONCE = 4
"""Requests for a window at the same time."""


class RangeReader:
    """A remote object read by byte ranges, through the read cache for all but long stretches.

    Opening takes one request, for its beginning; it tells size and ETag, and every later one asks for that ETag.
    Of a file all of which is read (`whole`) the first long piece comes at once, and headers behind the planes come by
    themselves, so that nothing is kept on the disk, and little is moved twice.
    """

    def __init__(self, address: str, s3: S3Settings, *, whole: bool = False) -> None:
        self._address = address
        self._s3 = s3
        found = get_range(address, 0, PIECE if whole else HEAD, s3=s3)
        if found is None:
            raise NotFoundError(f"{address}: no such object; check the address")
        self._size, self._etag, self._head = found.size, found.etag, found.content
        kept = s3.cache_mb and self._etag and not whole
        self._cache = ReadCache(s3.cache or default_folder(), s3.cache_mb << 20) if kept else None
        self._file: KeptFile | None = None
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
        kept = None if end - offset > MOST_CACHED else self._kept()
        if kept is None:
            return self._fetch(offset, end)
        lacking = kept.lacking(offset // BLOCK_BYTES, -(-end // BLOCK_BYTES))
        if not lacking:
            return kept.content.read(offset, end - offset)
        start = lacking[0] * BLOCK_BYTES
        content = self._bring(kept, lacking[0], lacking[-1] + 1)
        before = kept.content.read(offset, start - offset) if start > offset else b""
        behind = kept.content.read(start + len(content), end - start - len(content))
        here = content[max(offset - start, 0) : end - start]
        return b"".join((before, here, behind)) if before or behind else here

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
        end = offset + (rows - 1) * row_bytes + first + width
        if self._cache is None or width == row_bytes or not rows or end > self._size:
            return cut_rows(self, offset, row_bytes, rows, first, width)
        found = np.empty((rows, width), dtype=np.uint8)
        step = max(MOST_CACHED // row_bytes, 1)
        for row in range(0, rows, step):
            start, count = offset + row * row_bytes, min(step, rows - row)
            local = self.local(start + first, start + (count - 1) * row_bytes + first + width)
            found[row : row + count] = (
                cut_rows(self, start, row_bytes, count, first, width)
                if local is None
                else local.read_rows(start, row_bytes, count, first, width)
            )
        return found

    def local(self, start: int, end: int) -> LocalReader | None:
        """Give a local file in which a stretch stands at its place; what lacks comes in several requests at once.

        None where nothing can be kept, or the stretch is too long for it.
        """
        kept = self._kept()
        if kept is None or self._cache is None or end - start > min(MOST_LOCAL, self._cache.limit // 4):
            return None
        first, last = start // BLOCK_BYTES, -(-end // BLOCK_BYTES)
        if kept.lacking(first, last):
            with kept.fetching:
                runs = _runs(kept.lacking(first, last))
                if len(runs) > 1:
                    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetch") as pool:
                        for done in [pool.submit(self._bring, kept, *run) for run in runs]:
                            done.result()
                elif runs:
                    self._bring(kept, *runs[0])
            if kept.lacking(first, last):  # a full disk
                return None
        return kept.content

    def fetch(self, offset: int, length: int) -> bytes:
        """Fetch a byte range past the cache, for who reads all of the object once."""
        end = min(offset + length, self._size)
        return self._head[offset:end] if end <= len(self._head) else self._fetch(offset, end)

    def _kept(self) -> KeptFile | None:
        """Give what is here of the file; None where nothing is kept."""
        if self._cache is not None and (self._file is None or self._file.gone):
            self._file = self._cache.file(self._address, self._etag, self._size)
        return self._file

    def _bring(self, kept: KeptFile, first: int, last: int) -> bytes:
        """Fetch and keep blocks `first` to `last` (not included), and give their bytes."""
        content = self._fetch(first * BLOCK_BYTES, min(last * BLOCK_BYTES, self._size))
        view = memoryview(content)
        assert self._cache is not None
        for number in range(first, last):
            self._cache.put(kept, number, view[(number - first) * BLOCK_BYTES : (number - first + 1) * BLOCK_BYTES])
        return content

    def _fetch(self, start: int, end: int) -> bytes:
        if end <= start:
            return b""
        found = get_range(self._address, start, end - start, etag=self._etag, s3=self._s3)
        if found is None or len(found.content) != end - start:
            raise StorageError(f"{self._address}: gave other than {end - start:,} bytes; open it again")
        return found.content


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Join blocks that follow each other, as many as a request asks for: first of each run, and the one behind it."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number and number - runs[-1][0] < PIECE // BLOCK_BYTES:
            runs[-1] = runs[-1][0], number + 1
        else:
            runs.append((number, number + 1))
    return runs
