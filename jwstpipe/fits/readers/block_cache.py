"""Blocks of remote files on the local disk, the files used longest ago removed when there are too many.

What is here of a remote file stands at its place in a sparse file, so that windows are read from it as from any local
file. Behind the content stands a record of each block: a checksum, written after the block; one that is half written,
by whoever was killed or whose machine was, is no block. The sparse file is named by the digest of address and ETag: a
file that changes on the server has another one. Several processes may share a folder; who has a file open that another
process removes reads on.
"""

import hashlib
import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from weakref import WeakValueDictionary

from jwstpipe.fits.readers.local_reader import LocalReader

__all__ = ["BLOCK_BYTES", "KeptFile", "ReadCache", "default_folder"]

BLOCK_BYTES = 1 << 20
LOW_WATER = 0.8
"""Share of the limit that is left when files are removed."""

RECORD_BYTES = 8

_open_files: WeakValueDictionary[Path, "KeptFile"] = WeakValueDictionary()
_opening = threading.Lock()


def default_folder() -> Path:
    """Give the folder of this user's cache."""
    return Path(tempfile.gettempdir()) / f"jwstpipe-read-cache-{os.getuid()}"


class KeptFile:
    """What is here of a remote file."""

    def __init__(self, path: Path, size: int, name: str) -> None:
        self._size = size
        path.parent.mkdir(exist_ok=True)
        with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0) as stream:  # noqa: PTH123 - for its mode
            os.ftruncate(stream.fileno(), size + RECORD_BYTES * -(-size // BLOCK_BYTES))
            self.content = LocalReader(stream, name)
        """The blocks that are here, at their places; holes between them."""

        self.fetching = threading.Lock()
        """Held by who fetches blocks for a window, so that no other thread fetches the same."""

        self._whole: set[int] = set()
        """Blocks that this process wrote or checked."""

    @property
    def gone(self) -> bool:
        """It was removed: what is written to it now is lost."""
        return os.fstat(self.content.descriptor).st_nlink == 0

    def lacking(self, first: int, last: int) -> list[int]:
        """Give which of blocks `first` to `last` (not included) are not here."""
        with suppress(OSError):
            os.utime(self.content.descriptor)
        return [number for number in range(first, last) if not self._has(number)]

    def _has(self, number: int) -> bool:
        if number in self._whole:
            return True
        record = os.pread(self.content.descriptor, RECORD_BYTES, self._size + number * RECORD_BYTES)
        start = number * BLOCK_BYTES
        if not any(record) or record != _record(self.content.read(start, min(BLOCK_BYTES, self._size - start))):
            return False
        self._whole.add(number)
        return True

    def put(self, number: int, block: memoryview) -> None:
        """Keep a block."""
        descriptor, done = self.content.descriptor, 0
        while done < len(block):
            done += os.pwrite(descriptor, block[done:], number * BLOCK_BYTES + done)
        os.pwrite(descriptor, _record(block), self._size + number * RECORD_BYTES)
        self._whole.add(number)


def _record(block: bytes | memoryview) -> bytes:
    """Make the record of a block, never all zeros."""
    from isal import isal_zlib  # noqa: PLC0415 - only remote files need it

    return (isal_zlib.crc32(block) | 1 << 32).to_bytes(RECORD_BYTES, "little")


class ReadCache:
    """A bounded folder of such files."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self.limit = limit
        """Most bytes on the disk."""

        self._lock = threading.Lock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._size = sum(size for _, size, _ in self._files())

    def file(self, address: str, etag: str, size: int) -> KeptFile | None:
        """Give what is here of a remote file; None where nothing can be kept."""
        name = hashlib.blake2b(f"{address}\n{etag}".encode(), digest_size=16).hexdigest()
        path = self._folder / name / "content"
        with _opening:
            found = _open_files.get(path)
            if found is None or found.gone:
                try:
                    found = _open_files[path] = KeptFile(path, size, address)
                except OSError:
                    return None
            return found

    def put(self, kept: KeptFile, number: int, block: memoryview) -> None:
        """Keep a block of a file; a disk that is full keeps none."""
        with suppress(OSError):
            kept.put(number, block)
            with self._lock:
                self._size += len(block)
                if self._size > self.limit:
                    self._size = self._shrink()

    def _files(self) -> list[tuple[float, int, Path]]:
        found = []
        for path in self._folder.glob("*/*"):
            with suppress(OSError):
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_blocks * 512, path))
        return sorted(found)

    def _shrink(self) -> int:
        files = self._files()
        total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if total <= self.limit * LOW_WATER:
                break
            with suppress(OSError):
                path.unlink()
                path.parent.rmdir()
            total -= size
        return total
