"""Windows of big-endian samples, read row by row straight to where they are needed; compiled, without the GIL.

A window is a short piece of each of many rows. Read through Python that is a call, and a temporary, for each row; here
one call of `pread` brings some rows with all that lies between their pieces, because a call costs as much as some
kilobytes, and the bytes are turned while they are in the cache.
"""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.c_function import CFunction
from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["read_swapped"]

ROOM = 30 << 10
"""Samples that are read at once, with those between: they stay in the second-level cache."""

MOST_BETWEEN = 6
"""Rows that are at most so many times as long as the window are read whole."""

Words = NDArray[np.uint32]

_pread: Any = CFunction("pread", "int64", ("int32", "uintp", "uintp", "int64"))
"""``ssize_t pread(int, void *, size_t, off_t)`` of the C library, on systems where ``off_t`` has 64 bits."""


def read_swapped(descriptor: int, offset: int, row_bytes: int, out: NDArray[np.float32] | Words) -> bool:
    """Read four-byte samples of a file in network byte order into an array.

    Parameters
    ----------
    descriptor
        The open file.
    offset
        Where the first sample of the window stands in it.
    row_bytes
        Distance of rows in the file.
    out
        (rows, columns), float32 or uint32, C order; filled with samples in native byte order.

    Returns
    -------
    bool
        False when a row cannot be read whole; then the caller finds out why.
    """
    room = np.empty(ROOM if row_bytes <= MOST_BETWEEN * 4 * out.shape[1] else 0, dtype=np.uint32)
    return bool(_read_rows(descriptor, offset, row_bytes, out.view(np.uint32), int(sys.byteorder == "little"), room))


@compiled()
def _read_rows(descriptor: int, offset: int, row_bytes: int, out: Words, swap: int, room: Words) -> bool:
    width = 4 * out.shape[1]
    together = max((4 * room.size - width) // row_bytes + 1, 1)
    if together == 1:
        room = np.empty(out.shape[1], dtype=np.uint32)
    for first in range(0, out.shape[0], together):
        rows = min(together, out.shape[0] - first)
        start, size, done = offset + first * row_bytes, (rows - 1) * row_bytes + width, 0
        while done < size:
            found = _pread(descriptor, room.ctypes.data + done, size - done, start + done)
            if found <= 0:
                return False
            done += found
        for i in range(rows):
            _take(room[i * (row_bytes // 4) :], out[first + i], swap)
    return True


@compiled()
def _take(words: Words, row: Words, swap: int) -> None:
    if swap == 1:
        for j in range(row.size):
            word = words[j]
            row[j] = (word >> 24) | ((word >> 8) & 0xFF00) | ((word << 8) & 0xFF0000) | (word << 24)
    else:
        for j in range(row.size):
            row[j] = words[j]
