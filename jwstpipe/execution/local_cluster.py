"""Dask clusters of this machine: encrypted, known to their owner only, their pages behind a password."""

import logging
import os
import secrets
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jwstpipe.execution.certificates import client_environment, make_certificates, security_of
from jwstpipe.execution.clusters import WORKER_THREADS
from jwstpipe.execution.loopback import USER, home_password
from jwstpipe.settings import ExecutionSettings

__all__ = ["LOCAL_CONFIG", "SharedCluster", "any_dashboard_port", "guard_pages", "shared_cluster"]

LOCAL_CONFIG = {
    "distributed.dashboard.link": "http://127.0.0.1:{port}/status",
    "distributed.scheduler.allowed-failures": 6,
    "distributed.scheduler.no-workers-timeout": "10m",
    "distributed.scheduler.worker-saturation": 1.1,
    "distributed.comm.retry.count": 4,
    # many jobs travel as one graph on purpose, see `GRAPH_TASKS`
    "distributed.admin.large-graph-warning-threshold": "100 MB",
    # the profile page is as telling at a fifth of the samples, and tiny jobs lose less of the interpreter to it
    "distributed.worker.profile.interval": "50 ms",
    # Dask keeps its last messages to each worker, with the jobs in them, for its developers: 1,000 of them, megabytes
    "distributed.admin.low-level-log-length": 100,
    # each worker would serve pages of its own, to everybody on this machine
    "distributed.worker.http.routes": [],
}


@contextmanager
def any_dashboard_port() -> Iterator[None]:
    """Let a cluster start whose port for the dashboard is taken.

    Dask takes another port then and warns. The warning is for a person to read: where warnings are errors it would end
    work that has all it needs.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("default", message=r"\s*Port \d+ is already in use", category=UserWarning)
        yield


def guard_pages(cluster: Any, settings: ExecutionSettings) -> str | None:
    """Put the pages of a cluster of this process behind a password, and give the address that opens them.

    The password is that of the home, where the settings name its file; then the browser asks for it. Else it is made
    for this cluster alone and stands in the address.
    """
    from jwstpipe.execution.dashboard_guard import guard_dashboard  # noqa: PLC0415 - threads alone need no tornado

    scheduler = getattr(cluster, "scheduler", None)
    if getattr(scheduler, "http_server", None) is None:
        return str(cluster.dashboard_link) if cluster.dashboard_link else None
    link = str(cluster.dashboard_link)
    if settings.password_file is not None:
        password = home_password(settings.password_file)
    else:
        password = f"{USER}:{secrets.token_urlsafe(24)}"
        link = link.replace("://", f"://{password}@", 1)
    guard_dashboard(scheduler, password, draw=True)
    return link


def without_pages(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Give the arguments of a cluster of this process that draws no pages until `guard_pages` lets somebody see them.

    Those of a worker that is a part of this process are never drawn: the scheduler's tell of it.
    """
    from distributed import Worker  # noqa: PLC0415 - threads alone need no scheduler

    class Pageless(Worker):
        """A worker without pages, which `LocalCluster` gives to each that has an address of its own for them."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "dashboard": False})

    own = {"worker_class": Pageless} if kwargs.get("processes") is False else {}
    return {**own, **kwargs, "scheduler_kwargs": {"dashboard": False, **kwargs.get("scheduler_kwargs", {})}}


@dataclass(frozen=True)
class SharedCluster:
    """A Dask cluster of this machine that other processes of its owner work on."""

    address: str
    """Address of its scheduler, ``tls://127.0.0.1:port``."""

    dashboard_link: str

    environment: dict[str, str]
    """Variables by which other processes find the certificates that the scheduler asks for."""


@contextmanager
def shared_cluster(settings: ExecutionSettings, *, folder: Path) -> Iterator[SharedCluster]:
    """Run a Dask cluster on loopback for flows in other processes.

    Kernels release the GIL, so a worker process has four threads (fewer on a small machine).

    Parameters
    ----------
    settings
        Number of workers, port and password of the dashboard.
    folder
        Where its certificates go, new ones for each start; only their owner can read the keys.
    """
    import dask.config  # noqa: PLC0415 - threads alone need no scheduler
    from distributed import LocalCluster  # noqa: PLC0415

    make_certificates(folder, renew=True)
    count = settings.workers or os.cpu_count() or 1
    threads = min(count, WORKER_THREADS)
    with (
        dask.config.set(LOCAL_CONFIG),
        any_dashboard_port(),
        LocalCluster(
            n_workers=max(1, count // threads),
            threads_per_worker=threads,
            host="127.0.0.1",
            protocol="tls://",
            security=security_of(folder),
            dashboard_address=f"127.0.0.1:{settings.dashboard_port}",
            silence_logs=logging.ERROR,
        ) as cluster,
    ):
        link = guard_pages(cluster, settings)
        yield SharedCluster(cluster.scheduler_address, str(link), client_environment(folder))
