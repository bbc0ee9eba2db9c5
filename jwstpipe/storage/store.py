"""`ObjectStore`: a root, a local folder or an ``s3://`` prefix, under which objects are named by relative keys."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from jwstpipe.settings import S3Settings
from jwstpipe.storage.address import checked_key, is_remote
from jwstpipe.storage.faults import named_for_people, storage_errors, writing_errors
from jwstpipe.storage.leftovers import settle
from jwstpipe.storage.partial import aside
from jwstpipe.storage.s3 import LINK_SECONDS, presigned_url, s3_filesystem

__all__ = ["ObjectStore", "StoredObject", "open_store"]

_PIECE = 4 << 20


@dataclass(frozen=True)
class StoredObject:
    """One object of a store."""

    key: str
    size: int
    """Bytes."""

    modified: datetime


@dataclass(frozen=True)
class ObjectStore:
    """A root under which objects are named by relative keys."""

    root: str
    """Local folder or ``s3://bucket/prefix``, without a trailing slash."""

    s3: S3Settings = field(default_factory=S3Settings)
    """Endpoint of an ``s3://`` root."""

    def url(self, key: str) -> str:
        """Give the address of a key: a local path or an ``s3://`` URL."""
        return f"{self.root}/{checked_key(key)}"

    def link(self, key: str, *, seconds: int = LINK_SECONDS) -> str:
        """Make a link to an object that needs no credentials for a while (see `presigned_url`)."""
        return presigned_url(self.url(key), seconds=seconds, s3=self.s3)

    def exists(self, key: str) -> bool:
        """Tell whether an object or a prefix of this name is there."""
        url = self.url(key)
        with storage_errors(url):
            return bool(self._filesystem().exists(url)) if is_remote(url) else Path(url).exists()

    def size(self, key: str) -> int:
        """Give the size of an object, bytes."""
        with storage_errors(self.url(key)):
            return int(self._filesystem().size(self.url(key)))

    def read_bytes(self, key: str) -> bytes:
        """Read a whole object."""
        with storage_errors(self.url(key)):
            return bytes(self._filesystem().cat_file(self.url(key)))

    def pieces(self, key: str) -> Iterator[bytes]:
        """Read an object piece by piece, for what may be larger than memory."""
        url = self.url(key)
        with storage_errors(url), self._filesystem().open(url, "rb") as stream:
            while piece := stream.read(_PIECE):
                yield piece

    def write_bytes(self, key: str, content: bytes) -> None:
        """Write a whole object at once; a reader sees the old content or the new, never a part."""
        url = self.url(key)
        if is_remote(url):
            with writing_errors(url):
                self._filesystem().pipe_file(url, content)
            return
        with aside(Path(url)) as partial, partial.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())

    @contextmanager
    def file_for(self, key: str) -> Iterator[Path]:
        """Give a local path of the key's name to write a file to; it stands in the store when the block ends well.

        What writes to it writes aside and renames: in a local store it is the place itself.
        """
        url = self.url(key)
        if is_remote(url):
            with TemporaryDirectory(prefix="jwstpipe-file-") as folder:
                path = Path(folder) / PurePosixPath(key).name
                with named_for_people({str(path): url}):
                    yield path
                with writing_errors(url):
                    self._filesystem().put_file(str(path), url)
            return
        path = Path(url)
        with writing_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        yield path
        with writing_errors(path), path.open("rb") as stream:
            os.fsync(stream.fileno())

    def put_file(self, source: Path, key: str) -> None:
        """Move a local file into the store."""
        url = self.url(key)
        with writing_errors(url):
            if is_remote(url):
                self._filesystem().put_file(str(source), url)
                source.unlink()
                return
            Path(url).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(source, url)

    def delete(self, key: str) -> None:
        """Delete an object, or everything under a prefix; nothing there is no error."""
        url = self.url(key)
        filesystem = self._filesystem()
        with storage_errors(url):
            if filesystem.exists(url):
                filesystem.rm(url, recursive=True)

    def list(self, prefix: str) -> list[str]:
        """List the keys of all objects under a prefix, sorted."""
        url = self.url(prefix)
        with storage_errors(url):
            found = self._filesystem().find(url)
        base = self.root.removeprefix("s3://") if is_remote(self.root) else str(Path(self.root).resolve())
        return sorted(str(PurePosixPath(path).relative_to(base)) for path in found)

    def objects(self, prefix: str) -> tuple[StoredObject, ...]:
        """List all objects under a prefix with size and age, sorted by key; nothing there is no error."""
        url = self.url(prefix)
        if not is_remote(self.root):
            with storage_errors(url):
                return tuple(sorted(_local_objects(Path(self.root), Path(url)), key=lambda item: item.key))
        filesystem = self._filesystem()
        with storage_errors(url):
            filesystem.invalidate_cache()
            found = filesystem.find(url, detail=True)
        base = self.root.removeprefix("s3://")
        objects = (
            StoredObject(str(PurePosixPath(path).relative_to(base)), int(facts["size"]), facts["LastModified"])
            for path, facts in found.items()
        )
        return tuple(sorted(objects, key=lambda item: item.key))

    def total_bytes(self, prefix: str) -> int:
        """Add up the sizes of all objects under a prefix; nothing there is no error."""
        url = self.url(prefix)
        if is_remote(url):
            return sum(found.size for found in self.objects(prefix))
        with storage_errors(url):
            return _local_bytes(url)

    def _filesystem(self) -> Any:
        if is_remote(self.root):
            return s3_filesystem(self.s3)
        import fsspec  # noqa: PLC0415 - a store is opened more often than it is listed

        return fsspec.filesystem("file", auto_mkdir=True)


def _local_objects(root: Path, place: Path) -> Iterator[StoredObject]:
    """List the files under a place, or a file; what goes away meanwhile is not there, a link that leads nowhere is."""
    folders = [str(place)] if place.is_dir() else []
    if place.is_file():
        facts = place.stat()
        yield StoredObject(
            place.relative_to(root).as_posix(), facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC)
        )
    while folders:
        with suppress(FileNotFoundError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                    continue
                with suppress(FileNotFoundError):
                    facts = entry.stat(follow_symlinks=not entry.is_symlink() or Path(entry.path).exists())
                    key = entry.path.removeprefix(str(root)).lstrip(os.sep)
                    yield StoredObject(
                        key.replace(os.sep, "/"), facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC)
                    )


def _local_bytes(folder: str) -> int:
    total = 0
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                total += _local_bytes(entry.path) if entry.is_dir(follow_symlinks=False) else entry.stat().st_size
    return total


def open_store(root: str | Path, *, s3: S3Settings | None = None) -> ObjectStore:
    """Open the object store at `root`; a local folder is made if it is not there.

    Raises
    ------
    StorageError
        The folder cannot be made or written.
    """
    if is_remote(root):
        return ObjectStore(str(root).rstrip("/"), s3 or S3Settings())
    folder = Path(root).expanduser().resolve()
    with writing_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        settle(folder)
        probe = folder / f".probe-{uuid4().hex[:12]}"
        probe.touch()
        probe.unlink(missing_ok=True)
    return ObjectStore(str(folder), s3 or S3Settings())
