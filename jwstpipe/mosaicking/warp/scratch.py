"""`ScratchBuffer`: memory that a tile uses again and again: no fresh pages to be cleared for each window."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["ScratchBuffer"]

ALIGNED = 64
"""Arrays start at multiples of this many bytes: a line of the cache."""


class ScratchBuffer:
    """A stretch of memory out of which arrays are cut until it is cleared; one owner, one thread."""

    def __init__(self, size: int) -> None:
        self._bytes = np.empty(size, dtype=np.uint8)
        self._taken = 0

    def take(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Give an array with arbitrary contents; one of its own where the room does not suffice."""
        kind = np.dtype(dtype)
        size = int(np.prod(shape)) * kind.itemsize
        start = -(-self._taken // ALIGNED) * ALIGNED
        if start + size > self._bytes.size:
            return np.empty(shape, dtype=kind)
        self._taken = start + size
        return self._bytes[start : start + size].view(kind).reshape(shape)

    def clear(self) -> None:
        """Take back all that was given: whoever still holds such an array must not use it any more."""
        self._taken = 0
