"""Arrays by key in one run of bytes: written as they come, read one key at a time.

The bytes are blobs, one after the other in the order of their keys, then an index of them as JSON, then its length. A
blob is a packed ``.npz``. The same arrays give the same bytes, whatever order they came in.
"""

import io
import json
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["Archive", "ArchiveWriter", "Arrays", "packed", "unpacked"]

Arrays = Mapping[str, NDArray[Any]]

MOST = 1 << 30
"""Largest blob when it is unpacked, and largest index, bytes."""

_LENGTH = 8
_PIECE = 1 << 20


def packed(arrays: Arrays) -> bytes:
    """Pack arrays as a blob; the same arrays give the same bytes."""
    stream = io.BytesIO()
    np.savez(stream, **{name: arrays[name] for name in sorted(arrays)})  # type: ignore[arg-type]
    return zlib.compress(stream.getbuffer(), 1)


def unpacked(blob: bytes) -> dict[str, NDArray[Any]] | None:
    """Unpack a blob; None where it is damaged, for all can be made again."""
    try:
        content = zlib.decompressobj().decompress(blob, MOST)
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, KeyError, zlib.error):
        return None


class ArchiveWriter:
    """Blobs that wait in a temporary file until all are there."""

    def __init__(self) -> None:
        self._spool: Any = tempfile.TemporaryFile(prefix="jwstpipe-kept-")  # noqa: SIM115 - closed by `close`
        self._places: dict[str, tuple[int, int]] = {}

    def close(self) -> None:
        """Remove the temporary file."""
        self._spool.close()

    def add(self, key: str, blob: bytes) -> None:
        """Add a blob; one of a key that is there already is the same."""
        if key not in self._places:
            self._places[key] = (self._spool.seek(0, io.SEEK_END), len(blob))
            self._spool.write(blob)

    def write_to(self, stream: BinaryIO) -> int:
        """Write the archive; give its length."""
        index: dict[str, list[int]] = {}
        written = 0
        for key in sorted(self._places):
            start, length = self._places[key]
            self._spool.seek(start)
            stream.writelines(self._spool.read(min(left, _PIECE)) for left in range(length, 0, -_PIECE))
            index[key] = [written, length]
            written += length
        told = json.dumps(index, separators=(",", ":")).encode()
        stream.write(told + len(told).to_bytes(_LENGTH, "little"))
        return written + len(told) + _LENGTH


@dataclass(frozen=True, eq=False)
class Archive:
    """An archive that stands in a file, or in bytes that were fetched."""

    content: bytes | Path
    start: int
    places: Mapping[str, tuple[int, int]]

    @classmethod
    def opened(cls, content: bytes | Path, start: int, length: int) -> "Archive":
        """Open an archive that begins at a byte; one without keys where it is damaged, for all can be made again."""
        try:
            size = int.from_bytes(_part(content, start + length - _LENGTH, _LENGTH), "little")
            if not 0 < size <= min(length - _LENGTH, MOST):
                return cls(content, start, {})
            told = json.loads(_part(content, start + length - _LENGTH - size, size))
            most = length - _LENGTH - size
            places = {str(key): (int(first), int(count)) for key, (first, count) in told.items()}
        except (OSError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            return cls(content, start, {})
        return cls(content, start, {k: v for k, v in places.items() if v[0] >= 0 < v[1] and v[0] + v[1] <= most})

    def packed(self, key: str) -> bytes | None:
        """Give a blob; None where there is none."""
        if key not in self.places:
            return None
        first, count = self.places[key]
        try:
            return _part(self.content, self.start + first, count)
        except OSError:
            return None


def _part(content: bytes | Path, start: int, count: int) -> bytes:
    if isinstance(content, bytes):
        return content[max(start, 0) : start + count]
    with content.open("rb") as stream:
        stream.seek(start)
        return stream.read(count)
