"""Where the bytes of one file land: a part file on the local disk, or parts of an upload into S3.

Both take ranges in any order from several threads, know after a crash which of them are there, show the whole for
verification while it stands under no final name, and publish it in one step.
"""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from jwstpipe.archive.safe_names import checked_file_name, checked_obs_id
from jwstpipe.archive.transfer.destinations.part_file import FillingPart, PartWriter
from jwstpipe.archive.transfer.sources.source import Chunk
from jwstpipe.archive.transfer.state import FileRecord, PartState, Places, save, verified_ranges
from jwstpipe.archive.transfer.verify import Digest, FileReader, sha256_of
from jwstpipe.errors import StorageError
from jwstpipe.fits.hdus import ByteReader
from jwstpipe.storage import storage_errors, writing_errors

__all__ = ["Destination", "FileDestination", "LocalFolder", "LocalTarget", "RangeWriter"]

SIDE_FOLDER = ".transfer"


class RangeWriter(Protocol):
    """Takes the bytes of one range in order."""

    def write(self, chunk: Chunk) -> None:
        """Take the next bytes."""
        ...

    def finish(self) -> int:
        """Bring what came where it belongs, and give its CRC-32."""
        ...


class FileDestination(Protocol):
    """The place of one file."""

    @property
    def address(self) -> str:
        """Final place: a local path or an ``s3://`` URL."""
        ...

    @property
    def range_bytes(self) -> int | None:
        """Size that ranges must have; None = any."""
        ...

    def known(self, record: FileRecord) -> FileRecord | None:
        """Give the record, brought up to date, if what it describes stands at the final place."""
        ...

    def resumed(self, state: PartState) -> PartState:
        """Keep of a state what is really there; called before the first range, also of a fresh state."""
        ...

    def opened(self, size: int) -> AbstractContextManager[None]:
        """Be ready for ranges of a file of `size` bytes, 0 = not known, while the block lasts."""
        ...

    def writer(self, start: int) -> RangeWriter:
        """Begin a range."""
        ...

    def reached(self, stop: int) -> None:
        """Learn that the bytes up to `stop` are there; called while it is opened, for ranges only."""
        ...

    def digest(self) -> Digest | None:
        """Give the digest of the start of the file, as far as it was taken on the way."""
        ...

    def whole(self) -> AbstractContextManager[ByteReader]:
        """End the writing, and give the whole for verification; its size is what really came."""
        ...

    def publish(self, record: FileRecord) -> FileRecord:
        """Give the verified whole its final name; gives the record as it was kept."""
        ...

    def forget(self) -> None:
        """Drop a part that belongs to nothing."""
        ...


class Destination(Protocol):
    """A folder of files, by observation."""

    @property
    def side(self) -> Path:
        """Local folder of what a transfer leaves beside the files."""
        ...

    def prepare(self, needed: int) -> None:
        """Make the folder, and refuse when `needed` bytes have no room (`StorageError`)."""
        ...

    def holds(self, obs_id: str, file_name: str) -> bool:
        """Tell whether something stands under a final name already, as far as that is cheap to know."""
        ...

    def target(self, obs_id: str, file_name: str) -> FileDestination:
        """Give the place of a file.

        Raises
        ------
        DataError
            A name that is not safe.
        """
        ...


@dataclass(frozen=True)
class LocalFolder:
    """A folder on the local disk (see `Destination`)."""

    root: Path

    @property
    def side(self) -> Path:
        """Where parts, states and records stand."""
        return self.root / SIDE_FOLDER

    def prepare(self, needed: int) -> None:
        """Make the folder (see `Destination`)."""
        with writing_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.root).free
        if needed > free:
            raise StorageError(
                f"{self.root}: {needed / 1e9:.1f} GB to fetch and {free / 1e9:.1f} GB free; free some or choose another"
            )

    def holds(self, obs_id: str, file_name: str) -> bool:
        """Tell whether a file is there."""
        return (self.root / checked_obs_id(obs_id) / checked_file_name(file_name)).exists()

    def target(self, obs_id: str, file_name: str) -> "LocalTarget":
        """Give the place of a file."""
        final = self.root / checked_obs_id(obs_id) / checked_file_name(file_name)
        return LocalTarget(final, Places.of(self.side, obs_id, file_name))


class LocalTarget:
    """A sparse part file that is renamed when it is whole (see `FileDestination`)."""

    range_bytes: int | None = None

    def __init__(self, final: Path, places: Places) -> None:
        self._final = final
        self._places = places
        self._part: FillingPart | None = None

    @property
    def address(self) -> str:
        """Path of the file."""
        return str(self._final)

    def known(self, record: FileRecord) -> FileRecord | None:
        """Compare size and time; where the time differs, the digest."""
        if not self._final.is_file():
            return None
        with storage_errors(self._final):
            now = self._final.stat()
            if now.st_size != record.size:
                return None
            if now.st_mtime_ns == record.mtime_ns:
                return record
            with FileReader(self._final) as reader:
                if sha256_of(reader) != record.sha256:
                    return None
        return replace(record, mtime_ns=now.st_mtime_ns)

    def resumed(self, state: PartState) -> PartState:
        """Keep the ranges whose CRC-32 still holds."""
        return verified_ranges(state, self._places.part)

    @contextmanager
    def opened(self, size: int) -> Iterator[None]:
        """Open the part with its full size (sparse), for writing at any place."""
        with closing(FillingPart(self._places.part, size)) as self._part:
            yield

    def reached(self, stop: int) -> None:
        """Take the digest meanwhile, from what the system still has in memory."""
        self._filling.reached(stop)

    def digest(self) -> Digest | None:
        """Give the digest so far."""
        return None if self._part is None else self._part.digest

    def writer(self, start: int) -> PartWriter:
        """Begin a range."""
        return self._filling.writer(start)

    @contextmanager
    def whole(self) -> Iterator[ByteReader]:
        """Read the part, while the system brings it to disk.

        Ranges are not brought to disk one by one: should the machine lose them, their CRC-32 tells when the transfer
        goes on. A file gets its name only when all of it is there.
        """
        part = self._places.part
        with storage_errors(part), FileReader(part) as reader, ThreadPoolExecutor(1, "to-disk") as pool:
            on_disk = pool.submit(reader.flush)
            yield reader
            on_disk.result()

    def publish(self, record: FileRecord) -> FileRecord:
        """Write the record, then rename: a crash between leaves a record without its file, which is fetched again."""
        places = self._places
        with storage_errors(self._final):
            self._final.parent.mkdir(parents=True, exist_ok=True)
            kept = replace(record, mtime_ns=places.part.stat().st_mtime_ns)
            save(kept, places.record)
            places.part.replace(self._final)
            folder = os.open(self._final.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return kept

    def forget(self) -> None:
        """Remove the part."""
        self._places.part.unlink(missing_ok=True)

    @property
    def _filling(self) -> FillingPart:
        if self._part is None:
            raise StorageError(f"{self._final}: not open for writing")
        return self._part
