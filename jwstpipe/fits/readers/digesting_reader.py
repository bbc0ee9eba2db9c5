"""The SHA-256 of a file, taken on the way of a conversion that reads most of it in order anyway."""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from jwstpipe.fits.hdus import WindowReader

__all__ = ["DigestingReader"]

PIECE = 16 << 20
"""Bytes read at once for the digest alone."""

NEAR = 1 << 20
"""Bytes left out at most, headers and padding, that are read for the digest as soon as what follows them has passed.

A conversion looks ahead (to headers, to the weights that tell where there are data, to the gwcs at the end of the
file): what lies before is still to come then.
"""


class DigestingReader:
    """Another reader, whose bytes are digested as they pass; what is not read in order is read again for it.

    What was unpacked has been digested on its way already. Else the digest is taken in a thread of its own, one piece
    behind, while the reader's thread packs what it has read. Who reads must not change the bytes.
    """

    def __init__(self, reader: WindowReader) -> None:
        self._reader = reader
        self._known = getattr(reader, "sha256", "")
        self._digest = hashlib.sha256()
        self._position = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="digest")
        self._behind: Future[None] | None = None

    @property
    def in_place(self) -> bool:
        """It reads the file itself, not something unpacked from it."""
        return self._reader.in_place

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._reader.size

    def read(self, offset: int, length: int) -> bytes:
        """Read bytes; fewer at the end of the file."""
        content = self._reader.read(offset, length)
        self._pass(offset, content)
        return content

    def read_rows(self, offset: int, row_bytes: int, rows: int, first: int, width: int) -> NDArray[np.uint8]:
        """Read bytes `first` to `first + width` of each of many rows, shape (rows, width)."""
        content = self._reader.read_rows(offset, row_bytes, rows, first, width)
        if width == row_bytes:
            self._pass(offset, content)
        return content

    def sha256(self) -> str:
        """Digest what has not passed yet, and give the digest of the whole file, hexadecimal."""
        if self._known:
            return str(self._known)
        self._catch_up(self.size)
        if self._behind is not None:
            self._behind.result()
        return self._digest.hexdigest()

    def _pass(self, offset: int, content: bytes | NDArray[np.uint8]) -> None:
        view = memoryview(content).cast("B")  # type: ignore[arg-type]  # arrays are buffers
        if self._known or not view.nbytes or not 0 <= offset - self._position <= NEAR:
            return
        self._catch_up(offset)
        self._update(view)

    def _catch_up(self, end: int) -> None:
        while self._position < end:
            content = self._reader.read(self._position, min(PIECE, end - self._position))
            self._update(memoryview(content))

    def _update(self, view: memoryview) -> None:
        if self._behind is not None:
            self._behind.result()  # no more than one piece waits in memory
        self._behind = self._thread.submit(self._digest.update, view)
        self._position += view.nbytes
