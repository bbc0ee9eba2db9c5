"""What a transfer leaves on the local disk beside the files: how far parts are, locks, orders, records of whole files.

All of it stands in one side folder, so that the folders of observations hold whole files only::

    <side>/<obs_id>/<file>.part            bytes so far, where the file goes to the local disk
    <side>/<obs_id>/<file>.part.json       which ranges of which version are there (`PartState`), a line for each new
    <side>/<obs_id>/<file>.request.json    the product that is being fetched, so that it can go on without a search
    <side>/<obs_id>/<file>.order           pause or cancel, read by the process that works on it
    <side>/<obs_id>/<file>.json            what the finished file is (`FileRecord`)
    <side>/<obs_id>/<file>.lock            held by the process that works on it
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from isal.isal_zlib import crc32

from jwstpipe.archive.retry import POLL_S, CancellationToken
from jwstpipe.archive.safe_names import checked_file_name, checked_obs_id
from jwstpipe.archive.transfer.sources.source import CHUNK, SourceInfo
from jwstpipe.storage import storage_errors

__all__ = [
    "FileRecord",
    "PartState",
    "Places",
    "exclusive",
    "is_locked",
    "load",
    "note_range",
    "save",
    "verified_ranges",
]

VERSION = 1

REQUEST = ".request.json"
OLDER_REQUEST = ".wish.json"
StateT = TypeVar("StateT", "PartState", "FileRecord")


@dataclass(frozen=True)
class Places:
    """Paths that belong to one file."""

    part: Path
    state: Path
    request: Path
    older_request: Path
    """As releases before 0.1 named it."""

    order: Path
    record: Path
    lock: Path

    @classmethod
    def of(cls, side: Path, obs_id: str, file_name: str) -> "Places":
        """Name the paths of a file.

        Raises
        ------
        DataError
            A name that is not safe.
        """
        folder, name = side / checked_obs_id(obs_id), checked_file_name(file_name)
        return cls(
            part=folder / f"{name}.part",
            state=folder / f"{name}.part.json",
            request=folder / f"{name}{REQUEST}",
            older_request=folder / f"{name}{OLDER_REQUEST}",
            order=folder / f"{name}.order",
            record=folder / f"{name}.json",
            lock=folder / f"{name}.lock",
        )

    def clear(self) -> None:
        """Remove what speaks of a part; record and lock stay."""
        for path in (self.state, self.request, self.older_request, self.order):
            path.unlink(missing_ok=True)


@dataclass(frozen=True)
class PartState:
    """How far a part is."""

    data_uri: str
    source: str
    size: int
    etag: str | None
    last_modified: str | None
    fell_back: str | None = None
    """Why this source and not the first choice."""

    done: tuple[tuple[int, int, int], ...] = ()
    """Ranges that are there: start, stop, CRC-32."""

    upload: str | None = None
    """Id of the upload that holds them, where the file goes into S3."""

    upload_key: str | None = None
    """Object under which the upload is put together."""

    range_bytes: int = 0
    """Size of the parts of the upload."""

    version: int = VERSION

    @property
    def info(self) -> SourceInfo:
        """The version of the file that the bytes belong to."""
        return SourceInfo(self.size, self.etag, self.last_modified, ranges=True)

    def missing(self, range_bytes: int) -> list[tuple[int, int]]:
        """Cut what is not there yet into ranges of at most `range_bytes`."""
        gaps: list[tuple[int, int]] = []
        position = 0
        for start, stop, _ in (*self.done, (self.size, self.size, 0)):
            gaps += [(at, min(at + range_bytes, start)) for at in range(position, start, range_bytes)]
            position = max(position, stop)
        return gaps


@dataclass(frozen=True)
class FileRecord:
    """What a finished file is: enough to know it again without the network."""

    data_uri: str
    listed_size: int
    """Size in the archive's listing when it was fetched."""

    listed_version: str
    """Pipeline version in the archive's listing when it was fetched."""

    size: int
    sha256: str
    source: str
    etag: str | None
    last_modified: str | None
    mtime_ns: int
    """Modification time of the file as verified; while it stands, the digest needs no second look. 0 in S3."""

    other_etags: tuple[str, ...] = ()
    """Further ETags under which the archive has given these very bytes."""

    stored_etag: str | None = None
    """ETag of the object in the store, where the file went into S3."""

    version: int = VERSION


def load(kind: type[StateT], path: Path) -> StateT | None:
    """Read a state; None when there is none, or none that this version understands."""
    try:
        first, *noted = path.read_bytes().split(b"\n")
        content: Any = json.loads(first)
        if content.get("version") != VERSION:
            return None
        if kind is PartState:
            ranges = [*content["done"], *(json.loads(line) for line in noted[:-1])]
            content["done"] = tuple(sorted((int(a), int(b), int(crc)) for a, b, crc in ranges))
        else:
            content["other_etags"] = tuple(content.get("other_etags", ()))
        return kind(**content)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def save(state: PartState | FileRecord, path: Path) -> None:
    """Write a state so that a reader sees the old one or the new one."""
    aside = path.with_name(f"{path.name}.new")
    with storage_errors(path):
        aside.write_text(json.dumps(vars(state)) + "\n")
        aside.replace(path)


def note_range(start: int, stop: int, crc: int, path: Path) -> None:
    """Add a range to a saved state, as a line of its own; one that was cut short by a crash does not count.

    To write the whole state for each range would be quadratic, and a rename makes the system bring it to disk.
    """
    with storage_errors(path), path.open("ab", buffering=0) as stream:
        stream.write(f"[{start}, {stop}, {crc}]\n".encode())


def verified_ranges(state: PartState, part: Path) -> PartState:
    """Keep the ranges whose bytes on disk still have the CRC-32 that was noted."""
    kept: list[tuple[int, int, int]] = []
    position = 0
    try:
        with part.open("rb") as stream:
            for start, stop, crc in state.done:
                if position <= start < stop <= state.size and _crc(stream.fileno(), start, stop) == crc:
                    kept.append((start, stop, crc))
                    position = stop
    except OSError:
        kept = []
    return replace(state, done=tuple(kept))


def _crc(fd: int, start: int, stop: int) -> int | None:
    crc = 0
    while start < stop:
        chunk = os.pread(fd, min(CHUNK, stop - start), start)
        if not chunk:
            return None
        crc = crc32(chunk, crc)
        start += len(chunk)
    return crc


@contextmanager
def exclusive(lock: Path, stop: CancellationToken) -> Iterator[None]:
    """Hold a lock file; whoever comes second, in this process or another, waits.

    The lock dies with its process. It is removed when released: so after a wait it must be made sure that the file
    locked is still the one that stands under the name.

    Raises
    ------
    InterruptedRunError
        `stop` was raised during the wait.
    """
    while (held := _try_lock(lock)) is None:
        stop.rest(POLL_S)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(held)


def is_locked(lock: Path) -> bool:
    """Tell whether a process works on a file."""
    try:
        fd = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _try_lock(lock: Path) -> int | None:
    """Take a lock if it is free, and give its descriptor."""
    with storage_errors(lock):
        lock.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if lock.stat().st_ino == os.fstat(fd).st_ino:
            return fd
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(fd)
    return None
