"""A file on this disk, read where it lies; and windows cut out of whole rows, from whatever reads bytes."""

import os
import weakref
from typing import IO

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import FitsError
from jwstpipe.fits.hdus import ByteReader
from jwstpipe.storage import storage_errors

__all__ = ["WINDOW_PIECE", "LocalReader", "cut_rows"]

WINDOW_PIECE = 16 << 20
"""Bytes of whole rows held at once while a window is cut out of them."""


class LocalReader:
    """A local file; the descriptor outlives the stream that it was made from, and a name that is removed."""

    def __init__(self, stream: IO[bytes], name: str, *, in_place: bool = False, sha256: str = "") -> None:
        self._descriptor = os.dup(stream.fileno())
        self._name = name
        self.sha256 = sha256
        """Digest of all of it, where it was taken while it was unpacked; hexadecimal, else empty."""

        self.in_place = in_place
        """It reads the file itself, not something unpacked from it."""

        self._size = os.fstat(self._descriptor).st_size
        weakref.finalize(self, os.close, self._descriptor)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._size

    @property
    def descriptor(self) -> int:
        """The open file, for a child process that shall read it."""
        return self._descriptor

    def local(self, start: int, end: int) -> "LocalReader":  # noqa: ARG002 - all of it is here
        """Give a local file in which a stretch stands at its place: this one."""
        return self

    def called(self, name: str) -> "LocalReader":
        """Give another reader of the same bytes, whose messages have another name."""
        with open(self._descriptor, "rb", buffering=0, closefd=False) as stream:
            return LocalReader(stream, name, in_place=self.in_place, sha256=self.sha256)

    def read(self, offset: int, length: int) -> bytes:
        """Read bytes; fewer at the end of the file."""
        wanted = max(min(length, self._size - offset), 0)
        with storage_errors(self._name):
            content = os.pread(self._descriptor, wanted, offset)
            while len(content) < wanted:  # the kernel gives at most 2 GiB at once
                more = os.pread(self._descriptor, wanted - len(content), offset + len(content))
                if not more:
                    raise FitsError(f"{self._name}: became shorter while it was read; convert it when it is complete")
                content += more
        return content

    def read_rows(self, offset: int, row_bytes: int, rows: int, first: int, width: int) -> NDArray[np.uint8]:
        """Read bytes `first` to `first + width` of each of many rows, shape (rows, width)."""
        if row_bytes <= 2 * width:
            return cut_rows(self, offset, row_bytes, rows, first, width)
        found = np.empty((rows, width), dtype=np.uint8)
        with storage_errors(self._name):
            for row in range(rows):
                if os.preadv(self._descriptor, [found[row]], offset + row * row_bytes + first) < width:
                    raise FitsError(f"{self._name}: became shorter while it was read; convert it when it is complete")
        return found


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
