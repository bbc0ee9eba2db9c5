"""Blocks of remote files on the local disk, the least recently used ones removed when there are too many.

A block is named by the digest of address, ETag and number: a file that changes on the server has other names. Several
processes may share a folder; a block that another process removes is fetched again.
"""

import hashlib
import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

__all__ = ["BLOCK_BYTES", "ReadCache", "default_folder"]

BLOCK_BYTES = 1 << 20
LOW_WATER = 0.8
"""Share of the limit that is left when blocks are removed."""


def default_folder() -> Path:
    """Give the folder of this user's cache."""
    return Path(tempfile.gettempdir()) / f"jwstpipe-read-cache-{os.getuid()}"


class ReadCache:
    """A bounded folder of blocks."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._lock = threading.Lock()
        self._written = 0
        """Bytes written since the folder was last measured."""

        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._size = self._measure()

    def get(self, address: str, etag: str, number: int) -> bytes | None:
        """Give a block, or None where it is not here."""
        path = self._path(address, etag, number)
        try:
            content = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return content

    def put(self, address: str, etag: str, number: int, content: bytes) -> None:
        """Keep a block; a disk that is full keeps none."""
        path = self._path(address, etag, number)
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as stream:
                stream.write(content)
            Path(stream.name).replace(path)
            with self._lock:
                self._size += len(content)
                if self._size > self._limit:
                    self._size = self._shrink()

    def _path(self, address: str, etag: str, number: int) -> Path:
        name = hashlib.blake2b(f"{address}\n{etag}".encode(), digest_size=16).hexdigest()
        return self._folder / name / f"{number}"

    def _blocks(self) -> list[tuple[float, int, Path]]:
        found = []
        for path in self._folder.glob("*/*"):
            with suppress(OSError):
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size, path))
        return sorted(found)

    def _measure(self) -> int:
        return sum(size for _, size, _ in self._blocks())

    def _shrink(self) -> int:
        blocks = self._blocks()
        total = sum(size for _, size, _ in blocks)
        for _, size, path in blocks:
            if total <= self._limit * LOW_WATER:
                break
            with suppress(OSError):
                path.unlink()
            total -= size
        return total
