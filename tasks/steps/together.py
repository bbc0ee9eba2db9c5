"""Steps of a run that go on side by side, each a task of its own on the page."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Semaphore
from typing import Any, Generic, TypeVar

from prefect.futures import PrefectFuture, wait
from prefect.utilities.annotations import quote

from jwstpipe.tasks.artifacts import StepShare, following
from jwstpipe.tasks.run_context import Run

__all__ = ["Begun", "Together", "together"]

ResultT = TypeVar("ResultT")

SECONDS_TO_END = 10.0
"""Longest wait for steps that were told to end, before the run ends without them: Prefect kills it after 30 s."""


@dataclass(frozen=True, eq=False)
class Begun(Generic[ResultT]):
    """A step that was begun."""

    future: PrefectFuture[ResultT]
    name: str
    share: StepShare
    started: float

    def result(self) -> ResultT:
        """Wait for the step, and give what it gave."""
        return self.future.result()


class Together:
    """Begins steps of a run beside others."""

    def __init__(self, run: Run, *, at_once: int | None) -> None:
        self._run = run
        self._free = None if at_once is None else Semaphore(at_once)
        self._begun: list[Begun[Any]] = []
        self._ended: dict[str, float] = {}

    def begin(
        self, name: str, *, percent: float, step: Callable[..., ResultT], given: tuple[Any, ...]
    ) -> Begun[ResultT]:
        """Begin a step, as soon as one of those before it has ended where no more may run at once.

        Parameters
        ----------
        name, percent
            As of `Run.step`.
        step
            A function that `step_task` made a task.
        given
            What it is given, the run first.
        """
        if self._free is not None:
            self._free.acquire()
        share = self._run.overall.enter(percent)
        started = time.perf_counter()
        with following(share):
            future = step.task.submit(*(quote(one) for one in given))  # type: ignore[attr-defined]
        begun: Begun[ResultT] = Begun(future, name, share, started)
        self._begun.append(begun)
        future.add_done_callback(lambda _: self._note_end(name))
        return begun

    def _note_end(self, name: str) -> None:
        """Note when a step ended; called from its thread, where the page of the run cannot be written."""
        self._ended[name] = time.perf_counter()
        if self._free is not None:
            self._free.release()

    def drop(self, begun: Begun[ResultT]) -> ResultT:
        """Wait for a step that is not wanted any more: its error is raised here, and is none of the whole."""
        self._begun.remove(begun)
        self._run.overall.leave(begun.share)
        return begun.result()

    def finish(self) -> None:
        """Wait for all steps, and raise the error of the first that failed, in the order in which they were begun."""
        wait([one.future for one in self._begun])
        for one in self._begun:
            one.result()
            self._run.took(one.name, self._ended.get(one.name, time.perf_counter()) - one.started)
            self._run.overall.leave(one.share)

    def abandon(self) -> None:
        """Tell all steps to end, wait a while for it, and give back what those that hang have reserved."""
        self._run.abandon()
        wait([one.future for one in self._begun], timeout=SECONDS_TO_END)
        self._run.let_go()


@contextmanager
def together(run: Run, *, at_once: int | None = None) -> Iterator[Together]:
    """Let steps go on side by side until all have ended; when the run is ended from outside, they are told.

    Parameters
    ----------
    at_once
        Most steps at a time; None = all.

    Raises
    ------
    JwstPipeError
        As the first step that failed; the others came to their ends.
    """
    steps = Together(run, at_once=at_once)
    try:
        yield steps
        steps.finish()
    except BaseException:
        steps.abandon()
        raise
