"""Windows of big-endian samples, read row by row straight to where they are needed; compiled, without the GIL.

A window is a short piece of each of many rows. Read through Python that is a call, and a temporary, for each row; here
it is one call of `pread` for a row, whose bytes are turned while they are in the first-level cache.
"""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.c_function import CFunction
from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["read_swapped"]

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
    return bool(_read_rows(descriptor, offset, row_bytes, out.view(np.uint32), int(sys.byteorder == "little")))


@compiled()
def _read_rows(descriptor: int, offset: int, row_bytes: int, out: Words, swap: int) -> bool:
    width = 4 * out.shape[1]
    for i in range(out.shape[0]):
        row, start, done = out[i], offset + i * row_bytes, 0
        while done < width:
            found = _pread(descriptor, row.ctypes.data + done, width - done, start + done)
            if found <= 0:
                return False
            done += found
        if swap == 1:
            for j in range(row.size):
                word = row[j]
                row[j] = (word >> 24) | ((word >> 8) & 0xFF00) | ((word << 8) & 0xFF0000) | (word << 24)
    return True
