"""`Job`: a handle on something that was asked for; it holds an id and nothing that could go stale."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, TypeVar

from jwstpipe.errors import NotFoundError, ServiceError, TimedOutError
from jwstpipe.jobs.client import PrefectApi, asking
from jwstpipe.jobs.report import RunReport, read_report
from jwstpipe.jobs.server import api_address
from jwstpipe.jobs.states import FlowRun, JobProgress, JobStatus, state_of
from jwstpipe.jobs.waiting import why_it_waits
from jwstpipe.notebook import facts_html
from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.settings import Settings
from jwstpipe.storage import open_store

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    from jwstpipe.images.image import SkyImage

__all__ = ["Job"]

AnswerT = TypeVar("AnswerT")

LOOK_SECONDS = 0.5
LONGEST_LOOK_SECONDS = 2.0
"""Pause between two looks of a wait: from the first it grows to the longest, for each look costs the server work."""

PATIENCE_SECONDS = 180.0
"""How long `Job.watch` waits for a server that went away."""


@dataclass(frozen=True)
class Job:
    """Something that was asked for."""

    id: str
    """Id of its flow run."""

    kind: str
    """As ``mosaic``."""

    title: str
    """What it is about, for people."""

    settings: Settings = field(repr=False, compare=False)
    """Which server and which store."""

    def _repr_html_(self) -> str:
        """Show what it is about, with a link to its page."""
        link = f'<a href="{escape(self.page)}">{escape(self.page)}</a><br>'
        return facts_html(f"Job: {self.title}", {"kind": self.kind, "id": self.id}, picture=link)

    @property
    def page(self) -> str:
        """Address of its page in the Prefect dashboard."""
        return f"{api_address(self.settings).removesuffix('/api')}/runs/flow-run/{self.id}"

    def status(self) -> JobStatus:
        """Ask how it stands.

        Raises
        ------
        ServiceError
            No server answers.
        NotFoundError
            The server does not know it any more.
        """
        with asking(self.settings) as server:
            run = self._run(server)
            return state_of(run, hint=why_it_waits(server, run))

    def progress(self) -> JobProgress:
        """Ask how far it is.

        Raises
        ------
        ServiceError
            No server answers.
        """
        return self._look()[1]

    def _look(self) -> tuple[JobStatus, JobProgress]:
        """Ask how it stands and how far it is, in one round."""
        own = {"flow_run_id": {"any_": [self.id]}, "type": {"any_": ["progress"]}}
        with asking(self.settings) as server:
            run = self._run(server)
            status = state_of(run, hint=why_it_waits(server, run))
            artifacts = server.post("/artifacts/filter", {"artifacts": own, "limit": 200})
        return status, _progress(artifacts, done=status.state == "done")

    def _run(self, server: PrefectApi) -> FlowRun:
        return FlowRun.of(server.get(f"/flow_runs/{self.id}"))

    def watch(self, report: Reporter = silent, *, timeout: float | None = None) -> JobStatus:
        """Wait until it ends.

        A server that restarts meanwhile is waited for.

        Parameters
        ----------
        report
            Told of the progress of the whole, in percent, under the title of the job; see
            `jwstpipe.progress.progress_bars` for one that draws.
        timeout
            Longest wait, seconds; None = as long as it takes.

        Returns
        -------
        JobStatus
            How it ended; whether that is good or bad is not judged here.

        Raises
        ------
        TimedOutError
            It has not ended yet.
        ServiceError
            No server has answered for `PATIENCE_SECONDS`.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        shown, pause = -1.0, LOOK_SECONDS
        while True:
            status, progress = self._patiently(self._look)
            if progress.percent > shown:
                shown = progress.percent
                report(Progress(self.title, round(shown), 100, "percent"))
            if status.ended:
                return status
            if deadline is not None and time.monotonic() > deadline:
                raise TimedOutError(
                    f"{self.kind} {self.id} is still {status.state} after {timeout:g} s ({shown:.0f} %)"
                )
            time.sleep(pause)
            pause = min(1.1 * pause, LONGEST_LOOK_SECONDS)

    def cancel(self, *, timeout: float = 90.0) -> JobStatus:
        """Stop it, and wait until it stands still.

        Its tasks are taken from the Dask scheduler; what was published before stays, nothing half-done is visible. A
        job that ended before is left as it is.

        Parameters
        ----------
        timeout
            Longest wait, seconds.

        Raises
        ------
        TimedOutError
            It does not stop: the process that runs it is gone or busy.
        ServiceError
            No server answers.
        """
        stop = {"type": "CANCELLING", "name": "Cancelling", "message": "cancelled by its owner"}
        with asking(self.settings) as server:
            before = state_of(self._run(server))
            if not before.ended:
                server.post(f"/flow_runs/{self.id}/set_state", {"state": stop, "force": False})
        try:
            return self.watch(timeout=timeout)
        except TimedOutError:
            raise TimedOutError(
                f"{self.kind} {self.id} has not stopped after {timeout:g} s; is the worker that runs it alive?"
            ) from None

    def report(self) -> RunReport:
        """Read what it made.

        Raises
        ------
        JwstPipeError
            It ended badly: the error with which it failed, of the same family.
        NotFoundError
            It has not ended yet, or used another store.
        """
        status = self.status()
        if status.bad:
            raise status.error(f"{self.kind} {self.id}")
        if not status.ended:
            raise NotFoundError(f"{self.kind} {self.id} is {status.state}; wait for it with: jwstpipe watch {self.id}")
        return read_report(open_store(self.settings.store_root, s3=self.settings.s3), self.id)

    def result(self, *, timeout: float | None = None) -> "SkyImage | Picture | RunReport":
        """Wait for it, and open what it was for.

        Parameters
        ----------
        timeout
            Longest wait, seconds; None = as long as it takes.

        Returns
        -------
        SkyImage, PIL.Image.Image or RunReport
            The image of a job that makes one mosaic or image; the picture of one that makes a picture last; the
            report of one that makes many products or none. `report` lists all of them in each case.

        Raises
        ------
        JwstPipeError
            It ended badly: the error with which it failed, of the same family.
        TimedOutError
            It has not ended yet.
        """
        self.watch(timeout=timeout)
        made = self.report()
        main = [product for product in made.products if product.kind == "picture"] or list(made.products)
        if len(main) != 1 or main[0].kind not in ("picture", "mosaic", "image", "thumbnail"):
            return made
        if main[0].kind == "picture" and main[0].where.endswith(".fits"):  # a cube of colours is no image of the sky
            return made
        opened: SkyImage | Picture = _opened(main[0].kind, main[0].where, self.settings)
        return opened

    def _patiently(self, question: Callable[[], AnswerT]) -> AnswerT:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return question()
            except ServiceError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_SECONDS)


def _progress(artifacts: Iterable[Mapping[str, Any]], *, done: bool) -> JobProgress:
    in_order = sorted(artifacts, key=lambda artifact: str(artifact["created"]))
    whole = [float(artifact["data"]) for artifact in in_order if artifact["key"]]  # stages have none
    stages = {str(artifact["description"]): float(artifact["data"]) for artifact in in_order if not artifact["key"]}
    return JobProgress(100.0 if done else max(whole, default=0.0), stages)


def _opened(kind: str, where: str, settings: Settings) -> Any:
    if kind in ("mosaic", "image"):
        from jwstpipe.images.open import open_image  # noqa: PLC0415

        return open_image(where, s3=settings.s3)
    import io  # noqa: PLC0415

    from PIL import Image as pictures  # noqa: N813, PLC0415

    store = open_store(settings.store_root, s3=settings.s3)
    picture = pictures.open(io.BytesIO(store.read_bytes(where.removeprefix(f"{store.root}/"))))
    picture.load()
    return picture
