"""Workers behind a Dask scheduler: one that is started here, or one that runs elsewhere."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import Any, TypeVar
from uuid import uuid4

import dask.config
from distributed import Client, KilledWorker, LocalCluster, Security, as_completed
from distributed.client import FutureCancelledError

from jwstpipe.errors import ServiceError, UsageError
from jwstpipe.execution.bundles import Outcome, Pace, run_bundle
from jwstpipe.execution.certificates import make_certificates, security_of
from jwstpipe.execution.clusters import ClusterSpec, TlsFiles, cluster_spec
from jwstpipe.execution.local_cluster import LOCAL_CONFIG, any_dashboard_port, guard_pages, without_pages
from jwstpipe.execution.workers import Stage, Workers, require_wanted
from jwstpipe.settings import ExecutionSettings

__all__ = ["DaskWorkers", "open_cluster"]

log = logging.getLogger(__name__)

JobT = TypeVar("JobT")
ReceiptT = TypeVar("ReceiptT")

CONNECT_SECONDS = 40.0
"""Longest wait for a scheduler to answer, for machines that are slow or busy too."""

REPORT_SECONDS = 5.0
"""A longer wait is told."""

GRAPH_TASKS = 500
"""Most tasks that are sent to a scheduler in one graph: one graph a task costs more than a tiny job itself."""


@dataclass(frozen=True)
class DaskWorkers(Workers):
    """Workers behind a Dask scheduler; the client belongs to the process that opened it."""

    client: Any
    dashboard_link: str | None
    abandoned: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)
    under_way: dict[str, dict[Any, list[str]]] = field(default_factory=dict, repr=False, compare=False)
    """Futures of each call of `each` that has not ended, by its token."""

    paces: dict[str, float | None] = field(default_factory=dict, repr=False, compare=False)
    """What a job took of the latest call of each stage, seconds."""

    def abandon(self) -> None:
        """Cancel all futures of this client's calls, in whatever thread somebody waits for them."""
        self.abandoned.set()
        self.client.cancel([future for pending in list(self.under_way.values()) for future in list(pending)])

    def _each(
        self, function: Callable[[JobT], ReceiptT], jobs: Mapping[str, JobT], stage: Stage
    ) -> Iterator[tuple[str, ReceiptT]]:
        """Do what `Workers.each` promises.

        Task names carry a token of this call: a scheduler that outlives it must never hand out the receipt of an
        earlier attempt.
        """
        token = uuid4().hex[:8]
        waiting, left = iter(jobs.items()), len(jobs)
        pending: dict[Any, list[str]] = {}
        pace = Pace(sum(self.client.nthreads().values()), self.paces.get(stage.name))
        done = 0

        def submit() -> list[Any]:
            nonlocal left
            bundles: list[list[tuple[str, JobT]]] = []
            room = pace.room(len(pending))
            while left and len(bundles) < room:
                bundles.append(list(islice(waiting, pace.jobs(left))))
                left -= len(bundles[-1])
            if not bundles:
                return []
            names = [f"{stage.name}-{token}-{bundle[0][0]}" for bundle in bundles]
            values = [[job for _, job in bundle] for bundle in bundles]
            futures: list[Any] = self.client.map(
                partial(run_bundle, function), values, key=names, pure=False, batch_size=GRAPH_TASKS
            )
            pending.update(zip(futures, ([key for key, _ in bundle] for bundle in bundles), strict=True))
            return futures

        self.under_way[token] = pending
        try:
            require_wanted(self.abandoned, stage)
            finished = as_completed(submit(), loop=self.client.loop)
            for batch in finished.batches():
                require_wanted(self.abandoned, stage)
                keys = {future: pending.pop(future) for future in batch}
                failed = [future for future in batch if future.status in ("error", "cancelled")]
                whole = [future for future in batch if future not in failed]
                outcomes: list[Outcome[ReceiptT]] = _receipts(self.client, whole, stage.name)
                errors = [outcome.error for outcome in outcomes if outcome.error is not None]
                for outcome in outcomes:
                    pace.note(outcome)
                    self.paces[stage.name] = pace.job_s
                finished.update(submit() if not failed and not errors else [])
                done += sum(len(outcome.receipts) for outcome in outcomes)
                stage.done(done)
                for future, outcome in zip(whole, outcomes, strict=True):
                    yield from zip(keys[future], outcome.receipts, strict=False)  # those behind an error were not done
                if errors:
                    raise errors[0]
                _receipts(self.client, failed[:1], stage.name)  # raises
        finally:
            del self.under_way[token]
            self.client.cancel(list(pending))


def _receipts(client: Any, futures: list[Any], name: str) -> list[Any]:
    """Fetch the receipts of finished futures together, in one round; the error of one that failed is raised as it is.

    `as_completed(with_results=True)` fetches each by itself, and waits for ever when one cannot be fetched.
    """
    if not futures:  # to ask for nothing is a round trip, too
        return []
    try:
        return list(client.gather(futures))
    except FutureCancelledError:
        raise ServiceError(f"{name}: the Dask scheduler dropped the work; is it still running?") from None
    except KilledWorker as error:
        raise ServiceError(f"{name}: workers died again and again on {error.task}; more memory for each?") from None


@contextmanager
def open_cluster(settings: ExecutionSettings) -> Iterator[DaskWorkers]:
    """Open workers behind a scheduler, and close what was started (see `open_workers`)."""
    spec = cluster_spec(settings)
    with dask.config.set({**LOCAL_CONFIG, **spec.config}), any_dashboard_port(), ExitStack() as stack:
        if spec.address:
            client = stack.enter_context(_connect(spec))
            link = client.dashboard_link
        else:
            cluster = _start(spec, stack)
            link = guard_pages(cluster, settings)
            client = stack.enter_context(Client(cluster, set_as_default=False))
        _wait_for_workers(client, settings.patience_s)
        yield DaskWorkers(client, link)


def _connect(spec: ClusterSpec) -> Any:
    reminder = Timer(REPORT_SECONDS, log.warning, ("waiting for the Dask scheduler at %s to answer", spec.address))
    reminder.daemon = True
    reminder.start()
    try:
        return Client(spec.address, security=_security(spec.tls), set_as_default=False, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TypeError) as error:
        # TLS faults come as what OpenSSL says; a scheduler that is not there says nothing
        reason = "" if isinstance(error, OSError) else f" ({' '.join(str(error).split())})"
        raise ServiceError(
            f"no Dask scheduler answers at {spec.address}{reason}; start one, or use --cluster threads"
        ) from None
    finally:
        reminder.cancel()


def _security(tls: TlsFiles | None) -> Any:
    """Give the certificates of a spec; without, those of Dask's own configuration count."""
    if tls is None:
        return None
    return Security(
        tls_ca_file=tls.ca_file, tls_client_cert=tls.cert_file, tls_client_key=tls.key_file, require_encryption=True
    )


def _start(spec: ClusterSpec, stack: ExitStack) -> Any:
    path = str(spec.cluster_class)
    made = _cluster_class(path)
    kwargs = dict(spec.cluster_kwargs)
    if made is LocalCluster:
        kwargs = {"silence_logs": logging.ERROR, **without_pages(kwargs)}
        if (
            kwargs.get("processes") is not False and "security" not in kwargs
        ):  # whoever reaches a plain port runs code on the workers
            certificates = Path(stack.enter_context(TemporaryDirectory(prefix="jwstpipe-tls-")))
            make_certificates(certificates)
            kwargs |= {"security": security_of(certificates), "protocol": "tls://"}
    try:
        cluster = stack.enter_context(made(**kwargs))
        if spec.adapt_kwargs:
            cluster.adapt(**spec.adapt_kwargs)
        elif spec.scale is not None:
            cluster.scale(spec.scale)
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise ServiceError(f"{path} cannot be started: {' '.join(str(error).split())}; see its spec file") from None
    return cluster


def _cluster_class(path: str) -> Any:
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except ImportError:
        package = module.partition(".")[0].replace("_", "-")
        raise UsageError(f"{path} is not installed here; install it with: pip install {package}") from None
    except AttributeError:
        raise UsageError(f"{module} has no class {name}; see configs/dask") from None


def _wait_for_workers(client: Any, seconds: float) -> None:
    try:
        client.wait_for_workers(1, timeout=seconds)
    except TimeoutError:
        address = client.scheduler.address
        raise ServiceError(
            f"the Dask scheduler at {address} has had no workers for {seconds:g} s; start some with:"
            f" dask worker {address}"
        ) from None
