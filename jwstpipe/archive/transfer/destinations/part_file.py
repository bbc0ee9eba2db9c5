"""A part on the local disk while it fills: ranges are written at their places, and behind them follow digest and disk.

The thread that follows reads each stretch while the system still has it in memory, takes its digest, and asks the
system to begin to bring it to disk. So when the last range is there, nearly all of that is done, and the flush before
the final name finds little left to wait for.
"""

import ctypes
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from pathlib import Path
from threading import Lock

from isal.isal_zlib import crc32

from jwstpipe.archive.transfer.sources.source import Chunk
from jwstpipe.archive.transfer.verify import Digest
from jwstpipe.storage import storage_errors

__all__ = ["FillingPart"]

MOST_BEHIND = 32 << 20
"""Bytes by which digest and disk may fall behind. Further back they would read from slow memory, and all at the end."""

SYNC_FILE_RANGE_WRITE = 2
"""Begin to write the dirty pages of a range (``sync_file_range(2)``)."""


class FillingPart:
    """An open part; close it, or use it as a context manager.

    Parameters
    ----------
    path
        Where it stands; made if it is not there.
    size
        Bytes that it will have, 0 = not known; the file is sparse until they are there.

    Raises
    ------
    StorageError
        It cannot be made.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.digest = Digest()
        self._path = path
        self._buffer = memoryview(bytearray())
        with storage_errors(path):
            self._fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
            try:
                os.ftruncate(self._fd, size)
            except OSError:
                os.close(self._fd)
                raise
        self._follower = ThreadPoolExecutor(1, "digest")
        self._following: deque[tuple[int, Future[None]]] = deque()
        self._lock = Lock()
        self._resumed: int | None = None

    def close(self) -> None:
        """Wait until the digest has what was reached, and close the file."""
        self._follower.shutdown()
        os.close(self._fd)

    def writer(self, start: int) -> "PartWriter":
        """Begin a range."""
        return PartWriter(self._fd, start, self._path)

    def reached(self, stop: int) -> None:
        """Follow up to `stop`: all bytes before it are there.

        Waits while that is too far behind; but never for what was there already when the first call came, so that a
        large part is read again while its last ranges come.
        """
        late: list[Future[None]] = []
        with self._lock:
            self._resumed = stop if self._resumed is None else self._resumed
            self._following.append((stop, self._follower.submit(self._follow, stop)))
            while self.digest.position >= self._resumed and stop - self._following[0][0] > MOST_BEHIND:
                late = [self._following.popleft()[1]]
        wait(late)

    def _follow(self, stop: int) -> None:
        start = self.digest.position
        self.digest.advance(self, stop)
        begin = _start_writing()
        if begin is not None and stop > start:
            begin(self._fd, start, stop - start, SYNC_FILE_RANGE_WRITE)

    def read(self, offset: int, length: int) -> memoryview:
        """Give bytes for the digest; they are good until the next are asked for."""
        if len(self._buffer) < length:
            self._buffer = memoryview(bytearray(length))
        return self._buffer[: os.preadv(self._fd, [self._buffer[:length]], offset)]


class PartWriter:
    """Writes a range at its place in the part (see `RangeWriter` in `destination.py`)."""

    def __init__(self, fd: int, start: int, part: Path) -> None:
        self._fd, self._position, self._part = fd, start, part
        self._crc = 0

    def write(self, chunk: Chunk) -> None:
        """Write the next bytes."""
        self._crc = crc32(chunk, self._crc)
        with storage_errors(self._part):
            view = memoryview(chunk)
            while view:
                written = os.pwrite(self._fd, view, self._position)
                view = view[written:]
                self._position += written

    def finish(self) -> int:
        """Give the CRC-32."""
        return self._crc


@cache
def _start_writing() -> Callable[[int, int, int, int], int] | None:
    """Find the system's ``sync_file_range``, which Python does not have; None where there is none.

    It is a hint: whatever it answers, the flush before the final name is what counts.
    """
    call = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if call is None:
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    call.restype = ctypes.c_int
    return call  # type: ignore[no-any-return]
