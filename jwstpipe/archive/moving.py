"""Bytes from a source into a part file: ranges side by side, each noted when it is safely on disk."""

import os
import zlib
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from jwstpipe.archive.gauge import Gauge
from jwstpipe.archive.retry import PassingError, StopSign, rest_after
from jwstpipe.archive.sources import ByteSource, SourceInfo
from jwstpipe.archive.state import PartState, save
from jwstpipe.storage import storage_errors

__all__ = ["Workplace", "move_ranges", "move_whole"]

PROGRESS_BYTES = 64 << 10
"""A broken attempt that brought at least this much does not count as a failure in a row."""


@dataclass(frozen=True)
class Workplace:
    """What the movers of one transfer share."""

    pool: ThreadPoolExecutor
    """Threads for ranges, of all files."""

    ranges_at_once: int
    """Ranges of one file in flight."""

    range_bytes: int
    """Size of a range."""

    gauge: Gauge
    stop: StopSign


def move_ranges(source: ByteSource, state: PartState, part: Path, state_path: Path, work: Workplace) -> int:
    """Fetch the ranges that a part lacks.

    Parameters
    ----------
    source
        Where the bytes come from; still the version that `state` describes.
    state
        What is on disk.
    part, state_path
        Files to write.
    work
        Threads and policies.

    Returns
    -------
    int
        Size of the file.

    Raises
    ------
    PassingError, ChangedError, RangesIgnoredError, AbsentError, TransferError
        As the source says, after its attempts; ranges finished before are kept.
    StorageError
        The part cannot be written.
    """
    halt = StopSign(work.stop)
    missing = iter(state.missing(work.range_bytes))
    pending: dict[Future[int], tuple[int, int]] = {}
    with _open_part(part, state.size) as fd:
        job = _Job(source, state.info, state.data_uri, fd, part, work.gauge, halt)
        try:
            while True:
                for start, stop in missing:
                    pending[work.pool.submit(_move_range, job, start, stop)] = (start, stop)
                    if len(pending) >= work.ranges_at_once:
                        break
                if not pending:
                    return state.size
                finished, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in finished:
                    start, stop = pending.pop(future)
                    state = state.with_range(start, stop, future.result())
                _flush(fd, part)
                save(state, state_path)
        finally:
            halt.set()
            wait(pending)


def move_whole(source: ByteSource, info: SourceInfo, key: str, part: Path, work: Workplace) -> int:
    """Fetch a file from its start to its end, for a source without ranges; each attempt starts anew.

    Returns
    -------
    int
        Size of the file.

    Raises
    ------
    PassingError, ChangedError, AbsentError, TransferError
        As the source says, after its attempts.
    StorageError
        The part cannot be written.
    """
    failures = 0
    while True:
        position = 0
        work.gauge.place(key, 0)
        try:
            with _open_part(part, 0) as fd, closing(source.read_all(info)) as chunks:
                for chunk in chunks:
                    work.stop.check()
                    _write(fd, chunk, position, part)
                    position += len(chunk)
                    work.gauge.add(key, len(chunk))
                _flush(fd, part)
        except PassingError as error:
            failures += 1
            if failures >= source.attempts:
                raise
            rest_after(error, failures, work.stop)
        else:
            return position


@dataclass(frozen=True)
class _Job:
    """What the ranges of one file share."""

    source: ByteSource
    info: SourceInfo
    key: str
    fd: int
    part: Path
    gauge: Gauge
    halt: StopSign


def _move_range(job: _Job, start: int, stop: int) -> int:
    """Fetch one range and give its CRC-32; after a broken connection it goes on where the bytes ended."""
    position, crc, failures = start, 0, 0
    while position < stop:
        job.halt.check()
        before = position
        try:
            with closing(job.source.read_range(position, stop, job.info)) as chunks:
                for chunk in chunks:
                    job.halt.check()
                    _write(job.fd, chunk, position, job.part)
                    crc = zlib.crc32(chunk, crc)
                    position += len(chunk)
                    job.gauge.add(job.key, len(chunk))
        except PassingError as error:
            failures = 1 if position - before >= PROGRESS_BYTES else failures + 1
            if failures >= job.source.attempts:
                raise
            rest_after(error, failures, job.halt)
    return crc


@contextmanager
def _open_part(part: Path, size: int) -> Iterator[int]:
    """Open a part of its full size (sparse), for writing at any place."""
    with storage_errors(part):
        fd = os.open(part, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        with storage_errors(part):
            os.ftruncate(fd, size)
        yield fd
    finally:
        os.close(fd)


def _write(fd: int, chunk: bytes, position: int, part: Path) -> None:
    with storage_errors(part):
        view = memoryview(chunk)
        while view:
            written = os.pwrite(fd, view, position)
            view = view[written:]
            position += written


def _flush(fd: int, part: Path) -> None:
    """Bring bytes to disk before a state says that they are there."""
    with storage_errors(part):
        os.fsync(fd)
