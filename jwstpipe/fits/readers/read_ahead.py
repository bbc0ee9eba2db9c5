"""A remote file all of which is read: the next pieces come while one is worked on."""

from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from jwstpipe.fits.readers.local_reader import cut_rows
from jwstpipe.fits.readers.range_reader import HEADER, PIECE, RangeReader

__all__ = ["ReadAhead"]

AHEAD = 2
"""Pieces that are asked for before they are needed."""

MOST_PIECES = 6
"""Pieces in memory, but for a longer read."""

SMALL = MOST_PIECES * PIECE
"""Bytes of a file that is held as it comes."""


class ReadAhead:
    """A remote file for a conversion, which reads it in order: each byte of that is moved once, and none is kept.

    The first pieces are asked for at once, while headers are looked at. What is read far ahead (headers, the weights
    that tell where there are data, the gwcs at the end of the file) is asked for by itself, and comes again in its
    turn; but a small file is in memory by then.
    """

    def __init__(self, reader: RangeReader) -> None:
        self._reader = reader
        self._threads = ThreadPoolExecutor(AHEAD, thread_name_prefix="ahead")
        self._pieces: dict[int, Future[bytes]] = {}
        self._next = 0
        """Number of the piece behind the last one that was asked for."""

        self._ask(AHEAD)

    in_place = True
    """It reads the file itself, not something unpacked from it."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._reader.size

    def read(self, offset: int, length: int) -> bytes:
        """Read bytes; fewer at the end of the file."""
        end = min(offset + length, self.size)
        first, last = offset // PIECE, (end - 1) // PIECE
        if self.size > SMALL and length <= HEADER:  # a header, before its turn: nothing more is asked for
            here, ahead = first in self._pieces and last in self._pieces, 0
        else:
            here, ahead = first in self._pieces or first == self._next, AHEAD
        if end <= offset or not here:
            return self._reader.read(offset, length)
        parts = [memoryview(self._piece(number, ahead)) for number in range(first, last + 1)]
        parts[-1] = parts[-1][: end - last * PIECE]
        parts[0] = parts[0][offset - first * PIECE :]
        return b"".join(parts)

    def _ask(self, last: int) -> None:
        """Ask for the pieces up to a number that have not been asked for."""
        for wanted in range(self._next, min(last, (self.size - 1) // PIECE) + 1):
            self._pieces[wanted] = self._threads.submit(self._reader.fetch, wanted * PIECE, PIECE)
            self._next = wanted + 1

    def _piece(self, number: int, ahead: int) -> bytes:
        """Give a piece, and ask for some behind it; of those before it the last ones stay."""
        self._ask(number + ahead)
        content = self._pieces[number].result()
        for old in sorted(self._pieces)[:-MOST_PIECES]:
            del self._pieces[old]
        return content

    def read_rows(self, offset: int, row_bytes: int, rows: int, first: int, width: int) -> NDArray[np.uint8]:
        """Read bytes `first` to `first + width` of each of many rows, shape (rows, width); whole rows are moved."""
        return cut_rows(self, offset, row_bytes, rows, first, width)
