"""Arrays that took long to make, kept in a bounded folder for the next time; the least recently used ones go first.

An entry is named by the digest of what it follows from, so that nothing is ever out of date; it carries a check of its
bytes, and one that is damaged is none. Several processes may share a folder.
"""

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from jwstpipe.identity import canonical_json

__all__ = ["Entry", "KeptArrays"]

LOW_WATER = 0.8
"""Share of the limit that is left when entries are removed."""

_CHECK_BYTES = 9

_MOST_SHARE = 0.25
"""Largest entry, share of the limit."""


@dataclass(frozen=True, eq=False)
class Entry:
    """What was kept."""

    facts: dict[str, Any]
    arrays: tuple[NDArray[Any], ...]
    """Read-only."""


@dataclass(frozen=True)
class KeptArrays:
    """A folder of entries, of this user alone.

    Attributes
    ----------
    folder
        Made when it is not there; one that others may write to, or that is another user's, is neither read nor written.
    limit
        Largest size, bytes.
    """

    folder: Path
    limit: int

    def get(self, key: Mapping[str, Any]) -> Entry | None:
        """Give what was kept under a key; None = nothing, or nothing whole."""
        if not self._ours():
            return None
        path = self._path(key)
        try:
            with path.open("rb") as file:
                check, content = file.read(_CHECK_BYTES), file.read()
            os.utime(path)
        except OSError:
            return None
        if check != _check(content):
            return None
        place = content.find(b"\n") + 1
        known = json.loads(content[: place - 1])
        arrays = []
        for dtype, shape in known["arrays"]:
            found: NDArray[Any] = np.ndarray(tuple(shape), np.dtype(dtype), content, place)
            found.flags.writeable = False
            arrays.append(found)
            place += found.nbytes
        return Entry(known["facts"], tuple(arrays))

    def put(self, key: Mapping[str, Any], *, facts: Mapping[str, Any], arrays: Sequence[NDArray[Any]] = ()) -> None:
        """Keep facts and arrays under a key; a disk that is full keeps none."""
        head = json.dumps({"facts": facts, "arrays": [[one.dtype.str, one.shape] for one in arrays]}).encode()
        if len(head) + 1 + sum(one.nbytes for one in arrays) > self.limit * _MOST_SHARE:
            return
        pieces = [head + b"\n", *(np.ascontiguousarray(one).tobytes() for one in arrays)]
        path = self._path(key)
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._ours():
                return
            with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as stream:
                stream.write(_check(*pieces))
                for piece in pieces:
                    stream.write(piece)
            Path(stream.name).replace(path)
            self._shrink()

    def _ours(self) -> bool:
        try:
            facts = self.folder.stat()
        except OSError:
            return False
        return facts.st_uid == os.getuid() and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)

    def _path(self, key: Mapping[str, Any]) -> Path:
        return self.folder / hashlib.blake2b(canonical_json(dict(key)), digest_size=16).hexdigest()

    def _shrink(self) -> None:
        with os.scandir(self.folder) as entries:  # closed, too, where another process removes one of them meanwhile
            known = sorted(
                (facts.st_mtime_ns, facts.st_size, entry.path)
                for entry in entries
                if (facts := entry.stat()) and entry.is_file()
            )
        total = sum(size for _, size, _ in known)
        if total <= self.limit:
            return
        for _, size, path in known:
            if total <= self.limit * LOW_WATER:
                break
            with suppress(OSError):
                Path(path).unlink()
            total -= size


def _check(*pieces: bytes) -> bytes:
    found = 0
    for piece in pieces:
        found = google_crc32c.extend(found, piece)
    return b"%08x\n" % found
