"""What one step of a run hands to the next as it comes."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from jwstpipe.progress import Progress, Reporter

__all__ = ["Batched", "Stream"]

ItemT = TypeVar("ItemT")


class Stream(Generic[ItemT]):
    """Items on their way between two steps: one fills it and closes it, the other takes what has come.

    Example
    -------
    >>> stream = Stream([1, 2])
    >>> stream.close()
    >>> list(stream.batches())
    [[1, 2]]
    """

    def __init__(self, items: Iterable[ItemT] = ()) -> None:
        self._queue: SimpleQueue[list[ItemT]] = SimpleQueue()  # an empty list is the end
        self.put(items)

    @classmethod
    def of(cls, items: Iterable[ItemT]) -> "Stream[ItemT]":
        """Give items that are all there."""
        stream = cls(items)
        stream.close()
        return stream

    def put(self, items: Iterable[ItemT]) -> None:
        """Hand items on; called from any thread."""
        if some := list(items):
            self._queue.put(some)

    def close(self) -> None:
        """Tell that no more will come."""
        self._queue.put([])

    def batches(self) -> Iterator[list[ItemT]]:
        """Wait for the next items, and give all that came since the last time, until the stream is closed.

        What a busy step finds is more at once, so that it falls behind less.
        """
        ended = False
        while not ended:
            batch = self._queue.get()
            ended = not batch
            while not ended:
                try:
                    more = self._queue.get_nowait()
                except Empty:
                    break
                ended = not more
                batch = batch + more
            if batch:
                yield batch


class Batched:
    """Adds up the progress of work that is done a batch at a time, so that its bar rises once.

    Parameters
    ----------
    report
        Told of the whole.
    expected
        How many units all batches will have.
    """

    def __init__(self, report: Reporter, *, expected: int) -> None:
        self._report = report
        self._expected = expected
        self._before: dict[str, int] = {}
        self._now: dict[str, int] = {}

    def begin(self) -> None:
        """Begin a batch."""
        self._before = {stage: self._before.get(stage, 0) + done for stage, done in self._now.items()}
        self._now = dict.fromkeys(self._now, 0)

    def __call__(self, progress: Progress) -> None:
        """Report a state of this batch as one of the whole."""
        self._now[progress.stage] = max(progress.done, self._now.get(progress.stage, 0))
        done = self._before.get(progress.stage, 0) + self._now[progress.stage]
        self._report(replace(progress, done=done, total=max(self._expected, done)))
