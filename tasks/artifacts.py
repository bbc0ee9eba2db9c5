"""What a person sees on the page of a run: progress that rises, tables, pictures, links.

A page is told of, never waited for: a Prefect server that restarts meanwhile costs a line of the page at worst, never
the work.
"""

import base64
import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

import httpx
from PIL import Image
from prefect import get_run_logger
from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.exceptions import PrefectHTTPStatusError
from prefect.runtime import flow_run

from jwstpipe.progress import Progress, Reporter
from jwstpipe.storage import ObjectStore

__all__ = [
    "Overall",
    "StepShare",
    "following",
    "image",
    "link",
    "markdown",
    "named",
    "picture",
    "progress_artifacts",
    "table",
]

ResultT = TypeVar("ResultT")

SECONDS_BETWEEN, MOST_BETWEEN = 1.0, 10.0
"""Seconds between two writes of progress artifacts, at least and at most."""

PACE = 30.0
"""The wait after a write is so many times as long as the write took: a server that has much to do is asked less."""

PREVIEW_SIDE = 640
"""Longest side of the preview on the run page, pixels: about 60 kB in the database of the server."""

LARGE_ITEM = 64 << 20
"""Bytes of a file that gets a bar of its own; smaller ones come and go too quickly."""

RUN_LETTERS = 8
"""Letters of a run's id that its artifacts have in their keys: `jwstpipe status` takes them, too."""

PATIENCE = (1.0, 2.0, 4.0, 8.0)
"""Waits between attempts to reach a server that restarts, seconds."""


def _told(write: Callable[[], ResultT], *, waits: Sequence[float] = PATIENCE) -> ResultT | None:
    """Write to the page; where the server stays away, say so in the log and go on with the work."""
    for wait in (*waits, None):
        try:
            return write()
        except (httpx.TransportError, PrefectHTTPStatusError) as error:
            if isinstance(error, PrefectHTTPStatusError) and error.response.status_code < 500:
                raise
            if wait is None:
                get_run_logger().warning("a part of this page is missing, the Prefect server was away: %s", error)
                return None
            time.sleep(wait)
    raise AssertionError("unreachable")


class Overall:
    """Progress of a whole run, in percent: finished steps and the parts of those that are under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before = 0.0
        self._steps: list[StepShare] = []
        self._shown = 0.0
        self._artifact: UUID | None = None

    def start(self, title: str) -> None:
        """Put the bar on the page."""
        made = _told(lambda: create_progress_artifact(progress=0.0, key=_key("progress"), description=title))
        self._artifact = None if made is None else _uuid(made)

    def enter(self, share: float) -> "StepShare":
        """Begin a step that is worth `share` percent of the run; others may be under way beside it."""
        step = StepShare(self, share)
        with self._lock:
            self._steps.append(step)
        return step

    def leave(self, step: "StepShare") -> None:
        """End a step."""
        with self._lock:
            self._steps.remove(step)
            self._before += step.share
        self.show()

    @property
    def percent(self) -> float:
        """How far the run is; never full before `finish`."""
        return round(min(self._before + sum(step.share * step.part for step in self._steps), 99.0), 1)

    def show(self) -> None:
        """Write the bar, if it rose."""
        with self._lock:
            percent = self.percent
            if self._artifact is None or percent <= self._shown:
                return
            self._shown = percent
        self._write(percent)

    def finish(self) -> None:
        """Fill the bar."""
        self._shown = 100.0
        self._write(100.0, waits=PATIENCE)

    def _write(self, percent: float, *, waits: Sequence[float] = ()) -> None:
        artifact = self._artifact
        if artifact is not None:
            _told(lambda: update_progress_artifact(artifact_id=artifact, progress=percent), waits=waits)


class StepShare:
    """A step of a run that is under way: its percent of the whole, and how far its stages are."""

    def __init__(self, overall: Overall, share: float) -> None:
        self.overall = overall
        self.share = share
        self._stages: dict[str, float] = {}

    @property
    def part(self) -> float:
        """How much of the step is done, between 0 and 1."""
        stages = list(self._stages.values())
        return sum(stages) / len(stages) if stages else 0.0

    def follow(self, stage: str, fraction: float) -> None:
        """Note how far a stage of the step is; called from any thread."""
        self._stages[stage] = fraction


_STEP: ContextVar[StepShare | None] = ContextVar("step", default=None)


@contextmanager
def following(step: StepShare) -> Iterator[None]:
    """Let the progress of all tasks that begin in the block count for a step."""
    token = _STEP.set(step)
    try:
        yield
    finally:
        _STEP.reset(token)


class _Stages:
    """The newest state of each stage, written to the server by one thread at a quiet pace."""

    def __init__(self, step: StepShare | None) -> None:
        self._lock = threading.Lock()
        self._latest: dict[str, Progress] = {}
        self._shown: dict[str, tuple[UUID, float]] = {}
        self._step = step

    def report(self, progress: Progress) -> None:
        """Note a state; called from any thread, never waits for the server."""
        if progress.item and progress.total < LARGE_ITEM:
            return
        stage = f"{progress.stage}: {progress.item}" if progress.item else progress.stage
        with self._lock:
            self._latest[stage] = progress

    def flush(self, *, waits: Sequence[float] = ()) -> None:
        """Write what changed."""
        with self._lock:
            latest = dict(self._latest)
        for stage, progress in latest.items():
            percent = round(100.0 * progress.done / progress.total, 1) if progress.total else 0.0
            self._write(stage, progress, percent, waits)
            if self._step is not None and not progress.item:
                self._step.follow(stage, percent / 100)
        if self._step is not None:
            self._step.overall.show()

    def _write(self, stage: str, progress: Progress, percent: float, waits: Sequence[float]) -> None:
        text = _described(stage, progress)
        if stage not in self._shown:
            made = _told(lambda: create_progress_artifact(progress=percent, description=text), waits=waits)
            if made is not None:
                self._shown[stage] = (_uuid(made), percent)
        elif percent > self._shown[stage][1]:
            artifact_id = self._shown[stage][0]
            _told(
                lambda: update_progress_artifact(artifact_id=artifact_id, progress=percent, description=text),
                waits=waits,
            )
            self._shown[stage] = (artifact_id, percent)


def _described(stage: str, progress: Progress) -> str:
    """Say what a bar stands for, how fast it rises and how long it will take."""
    size = f"{progress.total / 1e6:,.1f} MB" if progress.unit == "bytes" else f"{progress.total:,} {progress.unit}"
    words = [f"{stage} ({size})" if progress.total else stage]
    if progress.rate is not None and progress.unit == "bytes":
        words.append(f"{progress.rate / 1e6:.1f} MB/s")
    if progress.left_s is not None and progress.done < progress.total:
        words.append(f"{progress.left_s:.0f} s left")
    return ", ".join(words)


@contextmanager
def progress_artifacts() -> Iterator[Reporter]:
    """Give a reporter whose stages show as progress bars on the run page; behind the block all is written."""
    stages, done = _Stages(_STEP.get()), threading.Event()

    def write() -> None:
        pause = SECONDS_BETWEEN
        while not done.wait(pause):
            started = time.perf_counter()
            stages.flush()
            pause = min(max(PACE * (time.perf_counter() - started), SECONDS_BETWEEN), MOST_BETWEEN)
        stages.flush(waits=PATIENCE)

    # the context of the task run travels with the thread, so that artifacts belong to it
    writer = threading.Thread(target=copy_context().run, args=(write,), name="progress", daemon=True)
    writer.start()
    try:
        yield stages.report
    finally:
        done.set()
        writer.join()


def named(report: Reporter, name: str) -> Reporter:
    """Give a reporter of stages that have the name of what they are of."""
    return lambda progress: report(replace(progress, stage=f"{progress.stage} {name}"))


def table(rows: Sequence[dict[str, Any]], *, key: str, description: str) -> None:
    """Show rows as a table."""
    _told(lambda: create_table_artifact(table=list(rows), key=_key(key), description=description))


def markdown(text: str, *, key: str, description: str) -> None:
    """Show text."""
    _told(lambda: create_markdown_artifact(markdown=text, key=_key(key), description=description))


def link(address: str, *, key: str, text: str, description: str) -> None:
    """Show a link."""
    _told(lambda: create_link_artifact(link=address, link_text=text, key=_key(key), description=description))


def picture(store: ObjectStore, storage_key: str, *, key: str, description: str) -> None:
    """Show a small version of a picture of the store."""
    with Image.open(io.BytesIO(store.read_bytes(storage_key))) as opened:
        small = opened.convert("RGB")
    small.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    image(small, key=key, description=description)


def image(small: Image.Image, *, key: str, description: str) -> None:
    """Show an image as it is.

    It goes into the page itself: an address on this machine would be dead as soon as the run's process ends.
    """
    stream = io.BytesIO()
    small.save(stream, format="JPEG", quality=85)
    content = base64.b64encode(stream.getvalue()).decode("ascii")
    address = f"data:image/jpeg;base64,{content}"
    _told(lambda: create_image_artifact(image_url=address, key=_key(key), description=description))


def _key(name: str) -> str:
    """Name an artifact of this run: what has the same key is one thing in several versions to Prefect, for all runs."""
    run = str(flow_run.id or "")[:RUN_LETTERS]
    return f"{name}-{run}" if run else name


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))
