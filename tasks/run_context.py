"""One run of a job: what its tasks share, how far it is, what it made, and what its page tells in the end."""

import platform
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from prefect.runtime import flow_run, task_run

from jwstpipe import __version__
from jwstpipe.catalog.catalog import Catalog, open_catalog
from jwstpipe.catalog.leases import holders, release
from jwstpipe.catalog.records.components import Execution
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.execution.workers import Workers, open_workers
from jwstpipe.jobs.report import MadeProduct, RunReport, write_report
from jwstpipe.jobs.users import users_of
from jwstpipe.operations.make.make_missing import OperationRun
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import Request
from jwstpipe.settings import Settings, load_settings
from jwstpipe.storage import ObjectStore, open_store
from jwstpipe.tasks import run_page as page
from jwstpipe.tasks.artifacts import Overall, following, link

__all__ = ["Run", "job_run", "open_run"]


class Run:
    """Everything that a task needs besides its own inputs.

    A plain class, not a dataclass: Prefect looks into dataclasses that are given to tasks, field by field, and would
    walk through the Dask client.
    """

    def __init__(self, settings: Settings, store: ObjectStore, catalog: Catalog, workers: Workers, run_id: str) -> None:
        self.settings = settings
        self.store = store
        self.catalog = catalog
        self.workers = workers
        self.run_id = run_id
        self.attempt = uuid4().hex[:12]
        """Unique part of the keys that this run writes: no two attempts ever write to one place."""
        self._lock = threading.Lock()
        self.overall = Overall()
        self.stop = threading.Event()
        """Set when the run is to end early."""
        self.started = time.perf_counter()
        self.ended: float | None = None
        self.seconds: dict[str, float] = {}
        self.products: dict[str, MadeProduct] = {}
        self.notes: list[str] = []
        self.counts: dict[str, int] = {}
        self.thumbnails: list[str] = []
        self.files = 0
        self.bytes_moved = 0

    @staticmethod
    def now() -> datetime:
        """Tell the time, with its zone."""
        return datetime.now(UTC)

    def operations(self, report: Reporter = silent) -> OperationRun:
        """Give what the library needs to make products for this run."""
        return OperationRun(
            self.catalog, self.store, self.workers, self.run_id, self.attempt, report, execution=self.execution
        )

    @contextmanager
    def step(self, name: str, *, percent: float) -> Iterator[None]:
        """Time a step, and count it as so many percent of the whole run."""
        started = time.perf_counter()
        share = self.overall.enter(percent)
        with following(share):
            yield
        self.took(name, time.perf_counter() - started)
        self.overall.leave(share)

    def took(self, name: str, seconds: float) -> None:
        """Add to the time of a step; steps that go on side by side share the clock."""
        self.seconds[name] = round(self.seconds.get(name, 0.0) + seconds, 2)

    def abandon(self) -> None:
        """Tell all that works for this run, in whatever thread, to end."""
        self.stop.set()
        self.workers.abandon()

    def let_go(self) -> None:
        """Give back what this run has reserved: a thread that hangs in a write must not keep others waiting."""
        own = self.operations().owner
        release(self.catalog, [lease for lease in holders(self.catalog) if lease.owner == own])

    def execution(self) -> Execution:
        """Tell where and by what products are computed at this moment."""
        client = getattr(self.workers, "client", None)
        return Execution(
            prefect_flow_run=_id(flow_run.id),
            prefect_task_run=_id(task_run.id),
            dask_scheduler=None if client is None else str(client.scheduler.address),
            dask_client=None if client is None else str(client.id),
            host=platform.node() or None,
        )

    def made(self, records: Iterable[ProductRecord]) -> None:
        """Count products among the results of the run: they stand in its report, on its page and in its result."""
        for record in records:
            info = record.image_info
            self.products[record.product_id] = MadeProduct(
                kind=record.kind,
                product_id=record.product_id,
                name=record.file_name,
                filter=info.filter if info else None,
                inputs=len(record.parents),
                where=self.store.url(str(record.storage_key)),
                reused=record.run_id != self.run_id,
            )

    def show(self, thumbnails: Iterable[ProductRecord]) -> None:
        """Show small pictures on the page of the run."""
        self.thumbnails += [str(record.storage_key) for record in thumbnails]

    def count(self, **counts: int) -> None:
        """Add to what the run counts; called from steps that go on side by side."""
        with self._lock:
            for name, count in counts.items():
                self.counts[name] = self.counts.get(name, 0) + count

    def note(self, text: str) -> None:
        """Keep a remark for the report."""
        if text not in self.notes:
            self.notes.append(text)

    def report(self, kind: str, request: Request) -> RunReport:
        """Give the report as it is now."""
        return RunReport(
            kind=kind,
            title=request.summary(),
            run_id=self.run_id,
            request=request.model_dump(mode="json"),
            version=__version__,
            products=tuple(self.products.values()),
            files=self.files,
            bytes_moved=self.bytes_moved,
            counts=self.counts,
            notes=tuple(self.notes),
            seconds=self.seconds,
            total_seconds=round((self.ended or time.perf_counter()) - self.started, 2),
            dashboard=self.workers.dashboard_link,
        )


def _id(value: Any) -> str | None:
    return None if value is None else str(value)


@contextmanager
def open_run(settings: Settings) -> Iterator[Run]:
    """Open store, catalogue and workers for a flow run, and close them.

    The run of a user's job sees the catalogue as that user does, and what it makes is that user's.

    Raises
    ------
    StorageError, ServiceError
        A part is not there; the message says which and what to do.
    """
    with ExitStack() as stack:
        store = open_store(settings.store_root, s3=settings.s3)
        catalog = stack.enter_context(open_catalog(settings.catalog_address))
        users = users_of(flow_run.tags or ())
        catalog = catalog.as_user(users[0]) if users else catalog
        workers = stack.enter_context(open_workers(settings.execution_of_home, dashboard=True))
        yield Run(settings, store, catalog, workers, str(flow_run.id or uuid4()))


@contextmanager
def job_run(kind: str, request: Request) -> Iterator[Run]:
    """Open a run of a job, follow its progress, and end it with a report in the store and on its page.

    The frame of every flow::

        with job_run("mosaic", request) as run:
            with run.step("plan", percent=10):
                ...
            run.made(records)
        return run.report("mosaic", request)

    Steps follow one pattern, resolve, plan, reserve, compute, verify, publish; its second half is
    `jwstpipe.operations.make.make_products`. Percentages of all steps add up to 100.
    """
    with open_run(load_settings()) as run:
        run.overall.start(f"{kind}: {request.summary()}")
        if run.workers.dashboard_link:
            link(
                run.workers.dashboard_link,
                key="dask-dashboard",
                text="Dask dashboard of this run",
                description="Where its tasks are seen while it lasts",
            )
        try:
            yield run
            run.ended = time.perf_counter()
        except Exception as error:
            page.failed(run.report(kind, request), error)
            raise
        report = run.report(kind, request)
        write_report(run.store, report)
        page.finished(report, run.store, run.catalog, link_root=run.settings.store_link, thumbnails=run.thumbnails)
        run.overall.finish()
