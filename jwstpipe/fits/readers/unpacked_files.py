"""What was unpacked a moment ago: a packed file is opened several times on its way into a mosaic, and unpacked once."""

import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from typing import Any

__all__ = ["UnpackedFiles", "content_key", "unpacked_files"]

MOST_BYTES = 4 << 30
"""Room that unnamed temporary files of this process may take beyond the one in use."""

KEPT_S = 600.0
"""A file that nobody asked for in this time is let go when another one is asked for."""


class UnpackedFiles:
    """Readers of unnamed temporary files, by the content that they were unpacked from; safe between threads."""

    def __init__(self, *, most_bytes: int = MOST_BYTES, kept_s: float = KEPT_S) -> None:
        self._most_bytes, self._kept_s = most_bytes, kept_s
        self._kept: OrderedDict[str, tuple[Any, float]] = OrderedDict()
        self._busy: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: str, unpack: Callable[[], Any]) -> Any:
        """Give the reader of a content, unpacked by `unpack` if it is not here; by one thread at a time.

        Parameters
        ----------
        key
            From `content_key`, and how it is unpacked.
        unpack
            Gives a reader with a `size`; what it raises is raised.
        """
        with self._lock:
            busy = self._busy.setdefault(key, threading.Lock())
        with busy:
            with self._lock:
                found = self._kept.get(key)
            reader = unpack() if found is None else found[0]
            with self._lock:
                self._kept[key] = reader, time.monotonic()
                self._kept.move_to_end(key)
                self._let_go()
                self._busy.pop(key, None)
        return reader

    def _let_go(self) -> None:
        size = sum(reader.size for reader, _ in self._kept.values())
        for key, (reader, used) in list(self._kept.items())[:-1]:
            if size > self._most_bytes or time.monotonic() - used > self._kept_s:
                size -= reader.size
                del self._kept[key]


@lru_cache(maxsize=1)
def unpacked_files() -> UnpackedFiles:
    """Give those of this process."""
    return UnpackedFiles()


def content_key(descriptor: int) -> str:
    """Name the content of an open file; SHA-256, for which processors have instructions of their own."""
    state, offset = hashlib.sha256(), 0
    while piece := os.pread(descriptor, 1 << 20, offset):
        state.update(piece)
        offset += len(piece)
    return state.hexdigest()
