"""The command `up`: Prefect, all flows, Dask, catalogue and store on this machine, until Ctrl-C."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jwstpipe.cli.arguments import Home, Json
from jwstpipe.cli.context import settings_of
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.server.file_server import serving_store
from jwstpipe.cli.server.parent_death import tied
from jwstpipe.cli.server.prefect_server import PrefectServer, private_folder, starting_server, stop_process, use_server
from jwstpipe.errors import ConflictError, ServiceError
from jwstpipe.jobs.server import PASSWORD_FILE, running_server
from jwstpipe.settings import Settings, as_environment

if TYPE_CHECKING:
    from jwstpipe.execution.local_cluster import SharedCluster

__all__ = ["up"]

SERVE_SECONDS = 900.0
"""For what hangs: a machine with much else to do takes minutes, and a process that ends is noticed at once."""

LOOK_SECONDS = 0.5


def up(
    context: typer.Context,
    *,
    home: Home = None,
    port: Annotated[int, typer.Option(help="port of the Prefect server on 127.0.0.1; 0 = any free one")] = 4200,
    dask_port: Annotated[int, typer.Option(help="port of the Dask dashboard on 127.0.0.1; 0 = any free one")] = 8787,
    viewer_port: Annotated[
        int, typer.Option(help="port of the viewer on 127.0.0.1; a free one where it is taken")
    ] = 5006,
    as_json: Json = False,
) -> None:
    """Start Prefect, the flows, Dask, catalogue and store on this machine; Ctrl-C stops them all.

    Examples: jwstpipe up; jwstpipe up --home /data/jwst
    """
    from jwstpipe.catalog.catalog import open_catalog
    from jwstpipe.execution.local_cluster import shared_cluster
    from jwstpipe.jobs.kinds import KINDS
    from jwstpipe.jobs.server import forget_server, remember_server
    from jwstpipe.storage import open_store
    from jwstpipe.viewer.server.library import Library
    from jwstpipe.viewer.server.serve import viewer_for
    from jwstpipe.viewer.sources import Sources

    settings = settings_of(context, home=home)
    folder = settings.home.expanduser().resolve() / "prefect"
    private_folder(folder)
    execution = settings.execution_of_home.model_copy(update={"dashboard_port": dask_port})
    stop = _stop_on_signals()
    store = open_store(settings.store_root, s3=settings.s3)
    with open_catalog(settings.catalog_address) as catalog:
        records = catalog.count()
    with ExitStack() as stack:
        stack.enter_context(_only_one(settings.home, folder / "up.lock"))
        server = stack.enter_context(starting_server(folder, port=port, site=settings))
        cluster = stack.enter_context(shared_cluster(execution, folder=folder / "certificates"))
        link = settings.store_link or stack.enter_context(serving_store(store))
        server.wait_until_ready()
        _hand_down(settings.model_copy(update={"execution": execution}), server, cluster, link)
        serving = stack.enter_context(_serving_flows(folder / "flows.log"))
        _wait_for_deployments(server, serving, [kind.flow_name for kind in KINDS.values()], stop)
        if stop.is_set():
            return
        library = Library(settings)
        viewer = stack.enter_context(
            viewer_for(settings, Sources(s3=settings.s3, library=library), port=viewer_port, write=True)
        )
        remember_server(settings.home, server.api)
        stack.callback(forget_server, settings.home)
        facts = {
            "prefect": server.dashboard,
            "api": server.api,
            "password_file": str(folder / PASSWORD_FILE),
            "dask": cluster.dashboard_link,
            "viewer": viewer.address,
            "scheduler": cluster.address,
            "store": store.root,
            "catalog": settings.catalog_address,
            "records": records,
            "flows": [kind.flow_name for kind in KINDS.values()],
        }
        _report(facts, server.entrance, viewer.entrance(), as_json=as_json)
        watched = {"Prefect server": server.process, "process that serves the flows": serving}
        while not stop.wait(LOOK_SECONDS):
            for name, process in watched.items():
                if process.poll() is not None:
                    raise ServiceError(f"the {name} ended with code {process.returncode}; see {settings.home}/prefect")
    remark("stopped")


def _report(facts: dict[str, object], entrance: str, viewer: str, *, as_json: bool) -> None:
    """Say where everything is; the password goes to the owner's terminal, and into no log."""
    if as_json:
        json_data(facts)
    else:
        data(f"Prefect dashboard: {facts['prefect']}")
        if sys.stdout.isatty():
            data(f"  open it once by: {entrance}")
        data(f"Dask dashboard:    {facts['dask']}")
        data(f"viewer:            {facts['viewer']}")
        if sys.stdout.isatty():
            data(f"  open it once by: {viewer}")
        data(f"password of all:  in {facts['password_file']}")
        data(f"start a run:       {facts['prefect']}/deployments, or: jwstpipe submit; Ctrl-C here stops everything")
        data(f"store:             {facts['store']}")
        data(f"catalogue:         {facts['catalog']} ({facts['records']} products)")
    sys.stdout.flush()


@contextmanager
def _only_one(home: Path, lock: Path) -> Iterator[None]:
    """Hold the lock of a home for the time of the block.

    Raises
    ------
    ConflictError
        Another process holds it; the message gives the address of its server.
    """
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        where = running_server(home)
        at = f" at {where.removesuffix('/api')}" if where else ", and is just starting"
        raise ConflictError(f"jwstpipe up runs already for {home}{at}; use that one, or another --home") from None
    try:
        yield
    finally:
        os.close(descriptor)


def _hand_down(settings: Settings, server: PrefectServer, cluster: "SharedCluster", link: str | None) -> None:
    """Let the flows of processes below use the parts that stand here."""
    execution = settings.execution.model_copy(update={"cluster": cluster.address})
    own = {"execution": execution, "prefect_api": server.api, "store_link": link}
    os.environ.update(as_environment(settings.model_copy(update=own)))
    os.environ.update(cluster.environment)
    use_server(server.api, settings.home / "prefect", verbose=True, password=server.password)


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


@contextmanager
def _serving_flows(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the process that serves the flows; it ends with the block or with this process, and its runs with it."""
    with log.open("ab") as stream:
        process = subprocess.Popen(
            tied([sys.executable, "-m", "jwstpipe.flows.serve"]),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        stop_process(process)


def _wait_for_deployments(
    server: PrefectServer, serving: subprocess.Popen[bytes], flow_names: list[str], stop: threading.Event
) -> None:
    import requests

    log = server.log.parent / "flows.log"
    user, _, password = server.password.partition(":")
    missing = list(flow_names)
    deadline = time.monotonic() + SERVE_SECONDS
    while missing and not stop.is_set():
        if serving.poll() is not None:
            raise ServiceError(f"the flows could not be served (code {serving.returncode}); see {log}")
        if time.monotonic() > deadline:
            raise ServiceError(f"the flows were not served within {SERVE_SECONDS:.0f} s; see {log}")
        address = f"{server.api}/deployments/name/{missing[0]}/{missing[0]}"
        with suppress(requests.Timeout):  # a server that registers flows on a busy machine is asked again
            if requests.get(address, auth=(user, password), timeout=30).ok:
                del missing[0]
                continue
        stop.wait(LOOK_SECONDS / 2)
