"""What a person sees on the page of a run: progress that rises, tables, pictures, links."""

import base64
import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any
from uuid import UUID

from PIL import Image
from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from jwstpipe.progress import Progress, Reporter
from jwstpipe.storage import ObjectStore

__all__ = ["link", "markdown", "picture", "progress_artifacts", "table"]

SECONDS_BETWEEN = 1.0
"""A progress artifact is written at most this often."""

PREVIEW_SIDE = 640
"""Longest side of the preview on the run page, pixels: about 60 kB in the database of the server."""


class _Stages:
    """The newest state of each stage, written to the server by one thread at a quiet pace."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: dict[str, Progress] = {}
        self._shown: dict[str, tuple[UUID, float]] = {}

    def report(self, progress: Progress) -> None:
        """Note a state; called from any thread, never waits for the server."""
        with self._lock:
            self._latest[progress.stage] = progress

    def flush(self) -> None:
        """Write what changed."""
        with self._lock:
            latest = dict(self._latest)
        for stage, progress in latest.items():
            percent = round(100.0 * progress.done / progress.total, 1) if progress.total else 0.0
            if stage not in self._shown:
                text = f"{stage} ({progress.total:,} {progress.unit})" if progress.total else stage
                artifact = create_progress_artifact(progress=percent, description=text)
                self._shown[stage] = (_uuid(artifact), percent)
            elif percent > self._shown[stage][1]:
                artifact_id = self._shown[stage][0]
                update_progress_artifact(artifact_id=artifact_id, progress=percent)
                self._shown[stage] = (artifact_id, percent)


@contextmanager
def progress_artifacts() -> Iterator[Reporter]:
    """Give a reporter whose stages show as progress bars on the run page."""
    stages, done = _Stages(), threading.Event()

    def write() -> None:
        while not done.wait(SECONDS_BETWEEN):
            stages.flush()
        stages.flush()

    # the context of the task run travels with the thread, so that artifacts belong to it
    writer = threading.Thread(target=copy_context().run, args=(write,), name="progress", daemon=True)
    writer.start()
    try:
        yield stages.report
    finally:
        done.set()
        writer.join()


def table(rows: Sequence[dict[str, Any]], *, key: str, description: str) -> None:
    """Show rows as a table."""
    create_table_artifact(table=list(rows), key=key, description=description)


def markdown(text: str, *, key: str, description: str) -> None:
    """Show text."""
    create_markdown_artifact(markdown=text, key=key, description=description)


def link(address: str, *, key: str, text: str) -> None:
    """Show a link."""
    create_link_artifact(link=address, link_text=text, key=key)


def picture(store: ObjectStore, storage_key: str, *, key: str, description: str) -> None:
    """Show a small version of a picture of the store.

    It goes into the page itself: an address on this machine would be dead as soon as the run's process ends.
    """
    with Image.open(io.BytesIO(store.read_bytes(storage_key))) as opened:
        small = opened.convert("RGB")
        small.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
        stream = io.BytesIO()
        small.save(stream, format="JPEG", quality=85)
    content = base64.b64encode(stream.getvalue()).decode("ascii")
    create_image_artifact(image_url=f"data:image/jpeg;base64,{content}", key=key, description=description)


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))
