"""Bytes from a source to their place: ranges side by side, each noted when it is there."""

from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, wait
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Lock

from jwstpipe.archive.retry import CancellationToken, TransientError, rest_after
from jwstpipe.archive.transfer.context import FileTransfer
from jwstpipe.archive.transfer.destinations.destination import FileDestination
from jwstpipe.archive.transfer.sources.source import ByteSource, Chunk, SourceInfo
from jwstpipe.archive.transfer.state import PartState, note_range

__all__ = ["move_ranges", "move_whole"]

PROGRESS_BYTES = 64 << 10
"""A broken attempt that brought this much, or a quarter of what was missing, does not count as a failure in a row."""

WHOLE_PIECE = 8 << 20
"""Bytes of a file without ranges that are written as one range."""


def move_ranges(source: ByteSource, state: PartState, file: FileTransfer) -> int:
    """Fetch the ranges that a part lacks.

    Parameters
    ----------
    source
        Where the bytes come from; still the version that `state` describes.
    state
        What is there; each range is noted where the state was saved.
    file
        Where they go, with the threads and policies of the transfer.

    Returns
    -------
    int
        Size of the file.

    Raises
    ------
    TransientError, ChangedError, RangesIgnoredError, AbsentError, TransferError
        As the source says, after its attempts; ranges finished before are kept.
    StorageError
        The part cannot be written.
    """
    context, target = file.context, file.target
    halt = CancellationToken(file.stop)
    halted = replace(file, stop=halt)
    spans = state.missing(target.range_bytes or context.range_bytes)
    with target.opened(state.size):
        track = _Track(state, target, file.places.state, spans)
        at_once = spans[: context.settings.ranges_at_once]
        workers = [context.pool.submit(_move_spans, source, state.info, halted, track) for _ in at_once]
        try:
            done, _ = wait(workers, return_when=FIRST_EXCEPTION)
            failures = [error for worker in done if (error := worker.exception()) is not None]
        finally:
            halt.set()
            wait(workers)
    if failures:
        raise failures[0]
    return state.size


def move_whole(source: ByteSource, info: SourceInfo, file: FileTransfer) -> int:
    """Fetch a file from its start to its end, for a source without ranges; each attempt starts anew.

    Returns
    -------
    int
        Size of the file.

    Raises
    ------
    TransientError, ChangedError, AbsentError, TransferError
        As the source says, after its attempts.
    StorageError
        The part cannot be written.
    """
    failures = 0
    while True:
        file.context.meter.place(file.key, 0)
        try:
            return _move_once(source, info, file)
        except TransientError as error:
            failures += 1
            if failures >= source.attempts:
                raise
            rest_after(error, failures, file.stop)


def _move_once(source: ByteSource, info: SourceInfo, file: FileTransfer) -> int:
    """Write one body, piece by piece, and give its size."""
    target, position = file.target, 0
    piece = target.range_bytes or WHOLE_PIECE
    with target.opened(0), closing(source.read_all(info)) as chunks:
        writer = target.writer(0)
        for chunk in chunks:
            file.context.throttle.take(len(chunk), file.stop)
            file.stop.check()
            for part in _cut(chunk, piece - position % piece, piece):
                writer.write(part)
                position += len(part)
                if position % piece == 0:
                    writer.finish()
                    target.reached(position)
                    writer = target.writer(position)
            file.context.meter.add(file.key, len(chunk))
        writer.finish()
    return position


def _cut(chunk: Chunk, first: int, piece: int) -> list[Chunk]:
    """Cut a chunk where pieces end."""
    if len(chunk) <= first:
        return [chunk]
    rest = [chunk[at : at + piece] for at in range(first, len(chunk), piece)]
    return [chunk[:first], *rest]


class _Track:
    """Hands out the ranges of one file, and notes those that are there; shared by threads."""

    def __init__(
        self, state: PartState, target: FileDestination, state_path: Path, spans: Sequence[tuple[int, int]]
    ) -> None:
        self._target, self._path = target, state_path
        self._spans = iter(spans)
        self._lock = Lock()
        self._ahead = {start: stop for start, stop, _ in state.done}
        self._prefix = 0
        self._advance()

    def take(self) -> tuple[int, int] | None:
        """Give the next range, or None."""
        with self._lock:
            return next(self._spans, None)

    def note(self, start: int, stop: int, crc: int) -> None:
        """Remember that a range is there."""
        note_range(start, stop, crc, self._path)
        with self._lock:
            self._ahead[start] = stop
        self._advance()

    def _advance(self) -> None:
        """Move the end of what is there without a gap, and tell the target."""
        with self._lock:
            while (stop := self._ahead.pop(self._prefix, None)) is not None:
                self._prefix = stop
            reached = self._prefix
        self._target.reached(reached)


def _move_spans(source: ByteSource, info: SourceInfo, file: FileTransfer, track: _Track) -> None:
    """Fetch ranges until there are no more."""
    while (span := track.take()) is not None:
        start, stop = span
        track.note(start, stop, _move_range(source, info, file, start, stop))


def _move_range(source: ByteSource, info: SourceInfo, file: FileTransfer, start: int, stop: int) -> int:
    """Fetch one range and give its CRC-32; after a broken connection it goes on where the bytes ended."""
    position, failures = start, 0
    writer = file.target.writer(start)
    while position < stop:
        file.stop.check()
        before = position
        try:
            with closing(source.read_range(position, stop, info)) as chunks:
                for chunk in chunks:
                    file.context.throttle.take(len(chunk), file.stop)
                    file.stop.check()
                    writer.write(chunk)
                    position += len(chunk)
                    file.context.meter.add(file.key, len(chunk))
        except TransientError as error:
            came, wanted = position - before, stop - before
            failures = 1 if came >= min(PROGRESS_BYTES, max(wanted // 4, 1)) else failures + 1
            if failures >= source.attempts:
                raise
            rest_after(error, failures, file.stop)
    return writer.finish()
