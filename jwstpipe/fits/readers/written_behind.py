"""What is unpacked, written and digested while the next piece is made."""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO, Self

__all__ = ["WrittenBehind"]

Piece = bytes | memoryview


class WrittenBehind:
    """Writes and digests what is unpacked, one piece behind, in a thread of its own: unpacking is what takes long."""

    def __init__(self, target: BinaryIO) -> None:
        self._target, self._digest = target, hashlib.sha256()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="written")
        self._behind: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def take(self, piece: Piece) -> None:
        """Take the next piece; raises what went wrong with the one before."""
        self._wait()
        self._behind = self._thread.submit(self._put, piece)

    @property
    def sha256(self) -> str:
        """Digest of all that was taken, hexadecimal; once it is written."""
        return self._digest.hexdigest()

    def _put(self, piece: Piece) -> None:
        self._target.write(piece)
        self._digest.update(piece)

    def _wait(self) -> None:
        if self._behind is not None:
            self._behind.result()

    def __exit__(self, *fault: object) -> None:
        self._thread.shutdown()
        if fault[0] is None:
            self._wait()
            self._target.flush()
