"""What the tasks of one run share: settings, store, catalogue, workers, and the name of the run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from uuid import uuid4

from prefect.runtime import flow_run

from jwstpipe.catalog.catalog import Catalog, open_catalog
from jwstpipe.execute import Workers, open_workers
from jwstpipe.settings import Settings
from jwstpipe.storage import ObjectStore, open_store

__all__ = ["Run", "open_run"]


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

    @staticmethod
    def now() -> datetime:
        """Tell the time, with its zone."""
        return datetime.now(UTC)


@contextmanager
def open_run(settings: Settings) -> Iterator[Run]:
    """Open store, catalogue and workers for a flow run, and close them.

    Raises
    ------
    StorageError, ServiceError
        A part is not there; the message says which and what to do.
    """
    with ExitStack() as stack:
        store = open_store(settings.store_root, s3=settings.s3)
        catalog = stack.enter_context(open_catalog(settings.catalog_address))
        workers = stack.enter_context(open_workers(settings.execution, dashboard=True))
        yield Run(settings, store, catalog, workers, str(flow_run.id or uuid4()))
