"""Pieces of a file that are made side by side and written one after the other."""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Content", "Piece", "as_bytes", "write_pieces"]

BYTES_AHEAD = 96 << 20
"""Bytes of pieces that are made, or wait, while one is written; one piece at least."""

MOST_THREADS = 4
"""Threads that make pieces: writing is the slowest part long before there are more."""

Content = bytes | memoryview
"""Bytes in a row."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Some bytes of a file, not made yet."""

    size: int
    make: Callable[[], Content]
    """Gives the bytes, on whatever thread."""

    @classmethod
    def of(cls, content: Content) -> Self:
        """Take bytes that are there."""
        return cls(len(content), lambda: content)


def as_bytes(values: NDArray[Any]) -> memoryview:
    """Show the bytes of an array in a row, without a copy where it is contiguous."""
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8).data


def write_pieces(stream: IO[bytes], pieces: Iterable[Piece], *, digest: bool) -> tuple[int, str]:
    """Write pieces in their order, while the next ones are made on other threads.

    Parameters
    ----------
    stream
        Where they go.
    pieces
        The file.
    digest
        Take the SHA-256 of all bytes on the way, on one more thread.

    Returns
    -------
    tuple
        Bytes written, and their digest; empty without one.
    """
    state, size, ahead = hashlib.sha256(), 0, 0
    waiting: deque[tuple[Piece, Future[Content]]] = deque()
    threads = max(1, min(os.cpu_count() or 1, MOST_THREADS))
    with ThreadPoolExecutor(threads, "export") as makers, ThreadPoolExecutor(1, "digest") as hasher:

        def write_next() -> int:
            piece, made = waiting.popleft()
            content = made.result()
            hashed = hasher.submit(state.update, content) if digest else None
            stream.write(content)
            if hashed is not None:
                hashed.result()
            return piece.size

        try:
            for piece in pieces:
                while waiting and ahead + piece.size > BYTES_AHEAD:
                    ahead -= write_next()
                waiting.append((piece, makers.submit(piece.make)))
                ahead += piece.size
                size += piece.size
            while waiting:
                write_next()
        finally:
            for _, made in waiting:
                made.cancel()
    return size, state.hexdigest() if digest else ""
