"""The command `up`: Prefect server, served flows and Dask cluster on this machine, until Ctrl-C."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from jwstpipe.cli.context import settings_of
from jwstpipe.cli.output import data, remark
from jwstpipe.cli.prefect_server import PrefectServer, starting_server, stop_process, use_server
from jwstpipe.errors import ServiceError
from jwstpipe.settings import as_environment

__all__ = ["COMMANDS"]

SERVE_SECONDS = 60.0
LOOK_SECONDS = 0.5


def up(
    context: typer.Context,
    *,
    home: Annotated[Path | None, typer.Option(help="folder of catalogue, store and history")] = None,
    port: Annotated[int, typer.Option(help="port of the Prefect server on 127.0.0.1; 0 = any free one")] = 4200,
    dask_port: Annotated[int, typer.Option(help="port of the Dask dashboard on 127.0.0.1; 0 = any free one")] = 8787,
) -> None:
    """Start Prefect, the flows and Dask on this machine; Ctrl-C stops them all."""
    from jwstpipe.execute import shared_cluster

    settings = settings_of(context, home=home)
    execution = settings.execution.model_copy(update={"dashboard_port": dask_port})
    stop = _stop_on_signals()
    with ExitStack() as stack:
        server = stack.enter_context(starting_server(settings.home / "prefect", port=port))
        cluster = stack.enter_context(shared_cluster(execution))
        server.wait_until_ready()
        own = settings.execution.model_copy(update={"cluster": cluster.address})
        os.environ.update(as_environment(settings.model_copy(update={"execution": own, "prefect_api": server.api})))
        use_server(server.api, settings.home / "prefect", verbose=True)
        serving = stack.enter_context(_serving_flows(settings.home / "prefect" / "flows.log"))
        _wait_for_deployment(server, serving, stop)
        data(f"Prefect dashboard: {server.dashboard}")
        data(f"Dask dashboard:    {cluster.dashboard_link}")
        data(f"start a run:       {server.dashboard}/deployments  (process-target/here), Ctrl-C here stops everything")
        sys.stdout.flush()
        while not stop.wait(LOOK_SECONDS):
            for name, process in (("Prefect server", server.process), ("process that serves the flows", serving)):
                if process.poll() is not None:
                    raise ServiceError(f"the {name} ended with code {process.returncode}; see {settings.home}/prefect")
    remark("stopped")


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


@contextmanager
def _serving_flows(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the process that serves the flows; it ends with the block, and its runs with it."""
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.serve"],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        stop_process(process)


def _wait_for_deployment(server: PrefectServer, serving: subprocess.Popen[bytes], stop: threading.Event) -> None:
    import requests

    deadline = time.monotonic() + SERVE_SECONDS
    while not stop.wait(0.1) and time.monotonic() < deadline:
        if serving.poll() is not None:
            raise ServiceError(
                f"the flows could not be served (code {serving.returncode}); see {server.log.parent}/flows.log"
            )
        answer = requests.get(f"{server.api}/deployments/name/process-target/here", timeout=5)
        if answer.ok:
            return
    if not stop.is_set():
        raise ServiceError(f"the flows were not served within {SERVE_SECONDS:.0f} s; see {server.log.parent}/flows.log")


COMMANDS = {"up": up}
