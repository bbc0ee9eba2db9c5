"""A Prefect server of our own on loopback, started and stopped by its handle.

Prefect reads its settings when it is imported, so the environment is set here, before any import of flows.
"""

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from jwstpipe.cli.server.parent_death import tied
from jwstpipe.errors import ServiceError
from jwstpipe.execution.loopback import home_password
from jwstpipe.jobs.server import PASSWORD_FILE
from jwstpipe.settings import Settings, as_environment
from jwstpipe.storage import writing_errors

__all__ = [
    "PrefectServer",
    "flush_history",
    "free_port",
    "private_folder",
    "starting_server",
    "stop_process",
    "use_server",
]

START_SECONDS = 300.0
STOP_SECONDS = 15.0
FLUSH_SECONDS = 10.0

PORTS = range(20_000, 32_000)
"""Below those that systems give to connections: a server takes ten seconds to come up."""

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "jwstpipe",
    "PREFECT_CLIENT_MAX_RETRIES": "8",
    "PREFECT_RUNNER_POLL_FREQUENCY": "2",
}
"""Nothing is sent anywhere, and no second server starts behind our back."""


def free_port() -> int:
    """Find a port of the loopback interface that nobody listens on, and that no connection is given meanwhile."""
    for port in random.SystemRandom().sample(PORTS, 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise ServiceError(f"no port of 127.0.0.1 is free from {PORTS.start} to {PORTS.stop - 1}; name one with --port")


def use_server(api: str, home: Path, *, verbose: bool, password: str | None = None) -> None:
    """Point Prefect in this process, and in those that it starts, to a server.

    Parameters
    ----------
    api
        Address of its API, as ``http://127.0.0.1:4200/api``.
    home
        Folder for Prefect's own files.
    verbose
        Show the logs of runs on the terminal too; they always go to the run page.
    password
        ``user:password`` that it asks for; None = that of Prefect's own settings, if any.
    """
    os.environ.update(QUIET)
    os.environ["PREFECT_HOME"] = str(home.resolve())
    os.environ["PREFECT_API_URL"] = api
    if password is not None:
        os.environ["PREFECT_API_AUTH_STRING"] = password
    if api.startswith("http://"):
        _trust_nobody(home)
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "INFO" if verbose else "CRITICAL"


def _trust_nobody(home: Path) -> None:
    """Spare Prefect's clients the authorities of the whole web: 30 ms to read, and a run makes clients by the dozen.

    No certificate is ever shown at a plain address. Where Prefect is told of a file already, that one stands.
    """
    from jwstpipe.execution.certificates import make_authority

    if "PREFECT_API_SSL_CERT_FILE" not in os.environ:
        os.environ["PREFECT_API_SSL_CERT_FILE"] = str(make_authority(home.resolve() / "authority.pem"))


def flush_history() -> None:
    """Send what a run in this process still has to tell the server, before the server stops.

    Prefect sends logs and events from background threads, and would otherwise try them against a closed door at exit.
    """
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=FLUSH_SECONDS)


@dataclass(frozen=True)
class PrefectServer:
    """A server that was started and may still be coming up."""

    api: str
    """Address of its API."""

    log: Path
    process: subprocess.Popen[bytes]
    password: str
    """``user:password`` that it asks for."""

    @property
    def entrance(self) -> str:
        """Address that lets a browser in; whoever reads it may do everything: show it to the owner only."""
        return f"{self.dashboard}/enter#{quote(self.password, safe=':')}"

    @property
    def dashboard(self) -> str:
        """Address of its pages."""
        return self.api.removesuffix("/api")

    def wait_until_ready(self) -> None:
        """Wait until it answers.

        Raises
        ------
        ServiceError
            It ended or stays silent; its log tells why.
        """
        import requests

        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                code = self.process.returncode
                raise ServiceError(f"the Prefect server ended with code {code} as it started; see {self.log}")
            try:
                if requests.get(f"{self.api}/health", timeout=10).ok:
                    return
            except requests.RequestException:
                time.sleep(0.1)
        raise ServiceError(f"the Prefect server did not answer within {START_SECONDS:.0f} s; see {self.log}")


@contextmanager
def starting_server(home: Path, *, port: int = 0, site: Settings | None = None) -> Iterator[PrefectServer]:
    """Start a Prefect server with its history under `home`, and stop it behind the block, or when this process dies.

    It answers programs and pages of this machine that bring the password of the home, which stands in the file
    ``password``, readable by its owner only; it is made with the first start.

    Of a server that keeps the runs of a site, `site` are its settings: runs that cannot work are refused.

    It takes some seconds to come up: do something else first, then `PrefectServer.wait_until_ready`.
    """
    home = home.resolve()
    password = private_folder(home)
    number = port or free_port()
    api = f"http://127.0.0.1:{number}/api"
    log = home / "server.log"
    environment = {
        **os.environ,
        **({} if site is None else as_environment(site)),
        **QUIET,
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": api,
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_API_AUTH_STRING": password,
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{number},http://localhost:{number}",
    }
    command = [sys.executable, "-m", "jwstpipe.jobs.guarded_server", str(number)]
    if site is not None:
        command.append("refusing")
    with log.open("ab") as stream:
        process = subprocess.Popen(
            tied(command),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        yield PrefectServer(api, log, process, password)
    finally:
        stop_process(process)


def private_folder(home: Path) -> str:
    """Make Prefect's folder of a home, which only its owner can enter, and give the password in it."""
    with writing_errors(home):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        home.chmod(0o700)
        return home_password(home / PASSWORD_FILE)


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """End a process, kindly first, and wait for it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
