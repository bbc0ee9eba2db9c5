"""One Prefect server for all tests of a session that need one: a process, which a test may stop and start again."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from jwstpipe.cli.server.prefect_server import free_port
from jwstpipe.execution.certificates import make_authority
from tests.waiting import LIMIT_SECONDS, wait_for

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}


@dataclass
class PrefectServer:
    """A server with a history of its own."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None
    more: dict[str, str] = field(default_factory=dict)
    """Further variables of its environment."""

    @property
    def api(self):
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def tables(self):
        return self.folder / "tables"

    @property
    def database(self):
        return self.folder / "prefect.db"

    def start(self):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        environment = {**inherited, **QUIET, "PREFECT_HOME": str(self.folder), **self.more}
        words = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *words], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_for("the Prefect server is ready", self.ready)
        if not self.tables.exists():
            self._keep_tables()

    def _keep_tables(self):
        """Keep the database as it is before anything has happened."""
        self.tables.mkdir()
        databases = (sqlite3.connect(folder / "prefect.db") for folder in (self.folder, self.tables))
        with closing(next(databases)) as source, closing(next(databases)) as copy:
            source.backup(copy)
        # says which kinds of blocks the database knows
        shutil.copy(self.folder / "memo_store.toml", self.tables)

    def give_tables(self, home):
        """Give the home of another server the database without a history: it need not make all tables step by step."""
        shutil.copytree(self.tables, home)

    def ready(self):
        assert self.process.poll() is None, (self.folder / "server.log").read_text()[-3000:]
        try:
            return requests.get(f"{self.api}/ready", timeout=60).ok
        except requests.RequestException:
            return False

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def prefect_of_this_process(server):
    """Point the Prefect of this process to a server, and send what is still on its way before the block ends."""
    from prefect.context import _temporary_global_settings_context, get_settings_context
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker
    from prefect.settings import (
        PREFECT_API_REQUEST_TIMEOUT,
        PREFECT_API_SSL_CERT_FILE,
        PREFECT_API_URL,
        PREFECT_CLIENT_MAX_RETRIES,
        PREFECT_HOME,
        temporary_settings,
    )

    authority = make_authority(server.folder / "authority.pem")
    updates = {
        PREFECT_API_URL: server.api, PREFECT_HOME: server.folder, PREFECT_API_SSL_CERT_FILE: str(authority),
        PREFECT_API_REQUEST_TIMEOUT: LIMIT_SECONDS, PREFECT_CLIENT_MAX_RETRIES: 8,  # as `jwstpipe up` sets it
    }  # fmt: skip
    with temporary_settings(updates), _temporary_global_settings_context(get_settings_context()):
        yield
        for worker in (APILogWorker, EventsWorker):
            worker.drain_all(timeout=120)


@contextmanager
def nothing_deployed_behind():
    """Take away what a block deploys and sets up: a deployment that nobody serves would be asked for by later tests."""
    yield
    from prefect.client.orchestration import get_client

    from jwstpipe.deployments.automations import FAILED, SILENT

    with get_client(sync_client=True) as client:
        for deployment in client.read_deployments(limit=200):
            client.delete_deployment(deployment.id)
        for name in (SILENT, FAILED):
            for automation in client.read_automations_by_name(name):
                client.delete_automation(automation.id)
