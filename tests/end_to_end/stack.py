"""The parts of docker-compose.yml as processes of this machine: the same commands, the same wiring, no containers."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from jwstpipe.cli.server.prefect_server import free_port
from jwstpipe.execution.certificates import make_certificates
from tests.prefect_server import PrefectServer
from tests.s3_server import Gate, serving_s3
from tests.waiting import LIMIT_SECONDS, wait_for
from tests.world import variables

ROOT = Path(__file__).parents[2]
PYTHON = sys.executable
STOP_SECONDS = 20
"""For a worker that has, in tests that pass, no run left to end."""


@dataclass
class Stack:
    """A running stack."""

    folder: Path
    environment: dict
    server: PrefectServer
    gate: Gate
    scheduler_port: int
    dashboard_port: int
    processes: dict = field(default_factory=dict)

    def start(self, name, *words):
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [PYTHON, *words], cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def kill(self, name):
        """End a part with its whole process group, as the end of a container would."""
        process = self.processes.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end_runs(self):
        """Ask the Prefect worker to end the runs that it has begun: they are no part of its process group."""
        self.processes["worker"].terminate()
        with suppress(subprocess.TimeoutExpired):
            self.processes["worker"].wait(STOP_SECONDS)

    def ended(self):
        """Name the parts that have ended by themselves."""
        return [name for name, process in self.processes.items() if process.poll() is not None]

    def run(self, *words):
        done = subprocess.run(
            [PYTHON, *words], cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def tls(self, role):
        certificates = self.folder / "certificates"
        files = {"ca-file": "ca.pem", "cert": f"{role}.pem", "key": f"{role}.key"}
        return [word for name, file in files.items() for word in (f"--tls-{name}", str(certificates / file))]

    def start_dask_worker(self, name):
        address = f"tls://127.0.0.1:{self.scheduler_port}"
        local = ["--host", "127.0.0.1", "--nthreads", "1", "--local-directory", str(self.folder), "--no-dashboard"]
        self.start(name, "-m", "dask", "worker", address, *self.tls("worker"), *local, "--name", name)


def start_stack(folder, archive, prefect_server):
    """Start all parts around a Prefect server, and give them with a stack of what to undo."""
    make_certificates(folder / "certificates")
    mongo_port = free_port()
    ending = ExitStack()
    gate = Gate()
    s3_server = ending.enter_context(serving_s3(gate.pass_through))
    stack = Stack(folder, {}, prefect_server, gate, free_port(), free_port())
    stack.environment = _environment(stack, archive, s3_server, mongo_port)

    def end():
        if "worker" in stack.processes:
            stack.end_runs()
        for name in list(stack.processes):
            stack.kill(name)

    ending.callback(end)
    with ExitStack() as on_failure:
        on_failure.push(ending)
        stack.start("catalogue", "-m", "tests.catalog.wire_server", str(mongo_port))
        listening = ["--protocol", "tls", "--host", "127.0.0.1", "--port", str(stack.scheduler_port)]
        dashboard = ["--dashboard-address", f"127.0.0.1:{stack.dashboard_port}"]
        stack.start("scheduler", "-m", "dask", "scheduler", *stack.tls("scheduler"), *listening, *dashboard)
        stack.start_dask_worker("dask")
        wait_for("the catalogue answers", lambda: _catalogue_answers(mongo_port))
        stack.run("-m", "jwstpipe.deployments.setup")
        stack.start(
            "worker", "-m", "prefect", "worker", "start", "--pool", "jwstpipe", "--type", "process", "--limit", "2"
        )
        on_failure.pop_all()
    return stack, ending


def _environment(stack, archive, s3_server, mongo_port):
    certificates = stack.folder / "certificates"
    site = {
        **variables(archive, stack.folder / "home"),
        "JWSTPIPE_STORE": "s3://jwstpipe-stack/store",
        "JWSTPIPE_S3__ENDPOINT": s3_server,
        "JWSTPIPE_CATALOG": f"mongodb://127.0.0.1:{mongo_port}/jwst_data_analysis",
        "JWSTPIPE_EXECUTION__CLUSTER": f"tls://127.0.0.1:{stack.scheduler_port}",
        "JWSTPIPE_EXECUTION__PATIENCE_S": "600",
        "JWSTPIPE_PREFECT_API": stack.server.api,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    dask = {
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true",
        # a container that gave up would be started again; a scheduler on a busy machine takes long before it listens
        "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": f"{LIMIT_SECONDS}s",
        "DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(certificates / "ca.pem"),
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT": str(certificates / "client.pem"),
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY": str(certificates / "client.key"),
    }
    prefect = {
        "PREFECT_API_URL": stack.server.api,
        "PREFECT_API_SSL_CERT_FILE": str(certificates / "ca.pem"),
        "PREFECT_HOME": str(stack.folder / "prefect"),
        "PREFECT_CLIENT_MAX_RETRIES": "8",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "jwstpipe",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "DO_NOT_TRACK": "1",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("JWSTPIPE_", "PREFECT_"))}
    return {**inherited, **site, **dask, **prefect, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def _catalogue_answers(port):
    with MongoClient(f"mongodb://127.0.0.1:{port}/", serverSelectionTimeoutMS=500) as client:
        try:
            return client.admin.command("ping")
        except PyMongoError:
            return False
