"""Whole objects at an address, local or in S3, what was moved of them a moment ago, and Zarr stores."""

import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

from jwstpipe.settings import S3Settings
from jwstpipe.storage.address import is_remote
from jwstpipe.storage.faults import writing_errors
from jwstpipe.storage.leftovers import locked_file, settle
from jwstpipe.storage.s3 import get_object, s3_filesystem, s3_options

__all__ = ["HeldBytes", "copy_object", "get_bytes", "object_writer", "put_bytes", "zarr_store"]

ContentT = TypeVar("ContentT", bytes, memoryview)


def zarr_store(address: str | Path, *, s3: S3Settings | None = None, read_only: bool = False) -> Any:
    """Open a Zarr store at a local path or an ``s3://`` URL."""
    import zarr.storage  # noqa: PLC0415 - commands that touch no image start without it

    if is_remote(address):
        options = s3_options(s3 or S3Settings())
        return zarr.storage.FsspecStore.from_url(str(address), storage_options=options, read_only=read_only)
    return zarr.storage.LocalStore(Path(address), read_only=read_only)


def put_bytes(address: str, *pieces: bytes, s3: S3Settings | None = None) -> None:
    """Write a whole object, piece after piece; a reader sees all of it or nothing, also when this process is killed."""
    with object_writer(address, s3=s3) as write:
        for piece in pieces or (b"",):
            write(piece)


@contextmanager
def object_writer(address: str, *, s3: S3Settings | None = None) -> Iterator[Callable[[bytes], Any]]:
    """Give a function that takes the pieces of an object in order; it appears when the block ends well.

    Where not a single piece was written there is no object. The pieces of a local one go to disk at once, those of a
    remote one are held.
    """
    if is_remote(address):
        pieces: list[bytes] = []
        yield pieces.append
        if pieces:
            s3_filesystem(s3 or S3Settings()).pipe_file(address, b"".join(pieces))
        return
    path = Path(address)
    partial = path
    stream: Any = None

    def write(piece: bytes) -> None:
        nonlocal partial, stream
        if stream is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            settle(path.parent)
            partial, descriptor = locked_file(path)
            stream = open(descriptor, "wb", buffering=0)  # noqa: PTH123, SIM115 - closed at the end
        rest = memoryview(piece)
        while rest:
            rest = rest[stream.write(rest) :]

    try:
        yield write
        if stream is not None:
            partial.replace(path)
    except BaseException:
        if stream is not None:
            partial.unlink(missing_ok=True)
        raise
    finally:
        if stream is not None:
            stream.close()


def get_bytes(address: str, *, s3: S3Settings | None = None) -> bytes | None:
    """Read a whole object, or None where there is none."""
    try:
        if is_remote(address):
            return get_object(address, s3=s3)  # fsspec asks for its size first
        return Path(address).read_bytes()
    except FileNotFoundError:
        return None


def copy_object(source: str, target: str, *, s3: S3Settings | None = None) -> None:
    """Copy an object that never changes; nothing where there is no source. Local files are linked where they can be."""
    with writing_errors(target):
        if not is_remote(source) and not is_remote(target):
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, target)
            except FileNotFoundError:
                return
            except OSError:  # another file system, or one without links
                shutil.copyfile(source, target)
            return
        content = get_bytes(source, s3=s3)
        if content is not None:
            put_bytes(target, content, s3=s3)


class HeldBytes(Generic[ContentT]):
    """What was fetched, sent or unpacked last and will be wanted again, by key, in memory; for threads of a process."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes, self._bytes = most_bytes, 0
        self._held: OrderedDict[Hashable, ContentT] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> ContentT | None:
        """Give what is held under a key, or None."""
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def put(self, key: Hashable, content: ContentT) -> None:
        """Hold it; what was used longest ago goes."""
        with self._lock:
            self._bytes += len(content) - len(self._held.pop(key, ()))
            self._held[key] = content
            while self._bytes > self._most_bytes:
                self._bytes -= len(self._held.popitem(last=False)[1])
