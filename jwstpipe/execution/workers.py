"""The only place that owns Dask: where pure functions run, and how their receipts come back.

A job is a small picklable value; the function reads and writes storage by itself and returns a small receipt. Arrays
never travel. `open_workers` gives the same `Workers` whether jobs run in threads of this process, in processes, or on
a scheduler elsewhere.
"""

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from jwstpipe.errors import InterruptedRunError, MissingExtraError
from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.settings import ExecutionSettings

__all__ = ["Stage", "ThreadWorkers", "Workers", "open_workers", "require_wanted"]

JobT = TypeVar("JobT")
ReceiptT = TypeVar("ReceiptT")


@dataclass(frozen=True)
class Stage:
    """Jobs of one kind that run together, and who is told how many are done."""

    name: str
    jobs: int
    report: Reporter
    unit: str

    def done(self, count: int) -> None:
        """Tell how many are."""
        self.report(Progress(self.name, count, self.jobs, self.unit))


class Workers(ABC):
    """Something that runs jobs."""

    dashboard_link: str | None
    """Address of the Dask dashboard, where there is one."""

    def each(
        self,
        function: Callable[[JobT], ReceiptT],
        jobs: Mapping[str, JobT],
        *,
        name: str,
        report: Reporter = silent,
        unit: str = "items",
    ) -> Iterator[tuple[str, ReceiptT]]:
        """Apply a function to every job, and give key and receipt of each as soon as it is done.

        Parameters
        ----------
        function
            Pure, importable from a module; errors it raises reach the caller as they are.
        jobs
            Job by key; keys are what the dashboard shows.
        name
            Stage name for progress and task names.
        report
            Told after each job, or after some that ended together.
        unit
            What a job is, for progress.

        Yields
        ------
        tuple
            Key and receipt, in the order in which jobs end. On the first error, or when the iterator is closed, the
            jobs not yet started are dropped.
        """
        stage = Stage(name, len(jobs), report, unit)
        stage.done(0)
        yield from self._each(function, jobs, stage)

    @abstractmethod
    def _each(
        self, function: Callable[[JobT], ReceiptT], jobs: Mapping[str, JobT], stage: Stage
    ) -> Iterator[tuple[str, ReceiptT]]:
        """Do what `each` promises."""

    @abstractmethod
    def abandon(self) -> None:
        """Drop what is under way for all threads: each that waits for receipts gets an `InterruptedRunError`.

        For a run that is ended from outside. Nothing can be asked of these workers afterwards.
        """

    def run(
        self,
        function: Callable[[JobT], ReceiptT],
        jobs: Mapping[str, JobT],
        *,
        name: str,
        report: Reporter = silent,
        unit: str = "items",
    ) -> dict[str, ReceiptT]:
        """Apply a function to every job (see `each`), and give the receipts by key, in the order of `jobs`."""
        receipts = dict(self.each(function, jobs, name=name, report=report, unit=unit))
        return {key: receipts[key] for key in jobs}


@dataclass(frozen=True)
class ThreadWorkers(Workers):
    """Threads of this process, without a scheduler: the least overhead for one command."""

    threads: int
    dashboard_link: str | None = None
    abandoned: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    def abandon(self) -> None:
        """Let the jobs that run come to their end, and begin no other."""
        self.abandoned.set()

    def _each(
        self, function: Callable[[JobT], ReceiptT], jobs: Mapping[str, JobT], stage: Stage
    ) -> Iterator[tuple[str, ReceiptT]]:
        if self.threads == 1:  # the caller's own thread does it, and shares its memory
            for done, (key, job) in enumerate(jobs.items(), start=1):
                require_wanted(self.abandoned, stage)
                receipt = function(job)
                stage.done(done)
                yield key, receipt
            return
        with ThreadPoolExecutor(self.threads, thread_name_prefix=stage.name) as pool:
            pending: dict[Future[ReceiptT], str] = {pool.submit(function, job): key for key, job in jobs.items()}
            try:
                for future in as_completed(list(pending)):
                    require_wanted(self.abandoned, stage)
                    key, receipt = pending.pop(future), future.result()
                    stage.done(len(jobs) - len(pending))
                    yield key, receipt
            finally:
                for future in pending:
                    future.cancel()


def require_wanted(abandoned: threading.Event, stage: Stage) -> None:
    """Go on only where nobody has abandoned the work.

    Raises
    ------
    InterruptedRunError
        Somebody has.
    """
    if abandoned.is_set():
        raise InterruptedRunError(f"{stage.name}: the run was ended from outside; what was finished stays")


@contextmanager
def open_workers(settings: ExecutionSettings, *, dashboard: bool = False) -> Iterator[Workers]:
    """Open workers as the settings say, and close what was started.

    Parameters
    ----------
    settings
        Kind (threads, processes, the address of a scheduler, a spec file) and number.
    dashboard
        True starts a Dask scheduler for threads too, so that its dashboard shows the work; one command at a terminal
        does without.

    Raises
    ------
    UsageError
        An unknown kind of cluster, or a spec that is wrong.
    ServiceError
        No scheduler answers at the address, it has no workers, or the cluster cannot be started.
    """
    if settings.cluster == "threads" and not dashboard:
        yield ThreadWorkers(settings.workers or os.cpu_count() or 1)
        return
    try:
        from jwstpipe.execution.dask_workers import open_cluster  # noqa: PLC0415 - threads alone need no scheduler
    except ModuleNotFoundError as error:
        raise MissingExtraError.of(error) or error from None
    with open_cluster(settings) as workers:
        yield workers
