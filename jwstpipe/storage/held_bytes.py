"""What was fetched or sent a moment ago and will be wanted again: held in memory, up to a number of bytes."""

import threading
from collections import OrderedDict
from collections.abc import Hashable

__all__ = ["HeldBytes"]


class HeldBytes:
    """The byte strings that were put or taken last, by key; for threads of one process."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes, self._bytes = most_bytes, 0
        self._held: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> bytes | None:
        """Give what is held under a key, or None."""
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def put(self, key: Hashable, content: bytes) -> None:
        """Hold it; what was used longest ago goes."""
        with self._lock:
            self._bytes += len(content) - len(self._held.pop(key, b""))
            self._held[key] = content
            while self._bytes > self._most_bytes:
                self._bytes -= len(self._held.popitem(last=False)[1])
