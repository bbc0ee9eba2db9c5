"""Small jobs that travel together: a task costs a scheduler milliseconds, whatever is in it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

__all__ = ["Outcome", "Pace", "run_bundle"]

JobT = TypeVar("JobT")
ReceiptT = TypeVar("ReceiptT")

TASK_S = 0.4
"""A task is made of so many jobs that it takes about this long: then what it costs the scheduler is a percent."""

DRIVER_S = 0.02
"""The same for each thread of the cluster: they are served one after the other."""

MOST_JOBS = 48
"""Most jobs of a task: they are lost together when a worker dies."""

SHARES = 4
"""Tasks for each thread that the jobs which are left must at least make where tasks are longer than `TASK_S`, so that
all threads end together."""

FIRST_TASKS, FIRST_JOBS = 2, 4
"""Most tasks for each thread, and jobs of a task, as long as no job of this call has told how long it takes."""

TASKS_A_THREAD = 16
"""Most tasks that a scheduler has for each thread at a time: what it holds does not grow with the work."""

NEWEST_SHARE = 0.3
"""Share of the newest task in what is believed of the next: jobs of one call are alike, but the first ones warm up."""


@dataclass(frozen=True)
class Outcome(Generic[ReceiptT]):
    """What came of the jobs of a task."""

    receipts: list[ReceiptT]
    """Of those that were done, in their order."""

    error: Exception | None
    """That of the first which failed, where some were done before it."""

    seconds: float


def run_bundle(function: Callable[[JobT], ReceiptT], jobs: Sequence[JobT]) -> Outcome[ReceiptT]:
    """Do some jobs one after the other, on a worker, until one fails.

    Raises
    ------
    Exception
        That of the first job.
    """
    started = time.perf_counter()
    receipts: list[ReceiptT] = []
    for job in jobs:
        try:
            receipts.append(function(job))
        except Exception as error:
            if not receipts:
                raise
            return Outcome(receipts, error, time.perf_counter() - started)
    return Outcome(receipts, None, time.perf_counter() - started)


class Pace:
    """How many jobs go into a task, by how long they took so far.

    Parameters
    ----------
    threads
        Of the whole cluster.
    earlier_s
        What a job of an earlier call of this kind took; None = unknown.
    """

    def __init__(self, threads: int, earlier_s: float | None = None) -> None:
        self._threads = max(threads, 1)
        self._job_s: float | None = None
        self._earlier_s = earlier_s

    @property
    def job_s(self) -> float | None:
        """What a job takes, as far as it is known."""
        return self._earlier_s if self._job_s is None else self._job_s

    def note(self, outcome: Outcome[Any]) -> None:
        """Learn from a task."""
        took = outcome.seconds / max(len(outcome.receipts), 1)
        before = took if self._job_s is None else self._job_s
        self._job_s = before + NEWEST_SHARE * (took - before)

    def jobs(self, left: int) -> int:
        """Tell how many of the jobs that are left go into the next task; one, as long as nothing is known of them."""
        if self.job_s is None:
            return 1
        takes = max(self.job_s, 1e-6)
        short = min(TASK_S / takes, left / self._threads)  # threads end together to within a task, which is short
        wanted = min(max(TASK_S, self._threads * DRIVER_S) / takes, left / (SHARES * self._threads))
        most = FIRST_JOBS if self._job_s is None else MOST_JOBS
        return int(max(min(max(short, wanted), most, left), 1))

    def room(self, under_way: int) -> int:
        """Tell how many tasks to send besides those that are under way; none until half of them are done.

        They travel as one graph, which costs more than a task.
        """
        most = (FIRST_TASKS if self._job_s is None else TASKS_A_THREAD) * self._threads
        room = most - under_way
        return room if 2 * room >= most else 0
