"""`jwstpipe up` as a user starts it: a process of its own, stopped by one Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from jwstpipe.jobs.client import BUSY
from tests.waiting import LIMIT_SECONDS
from tests.world import variables

JWSTPIPE = [sys.executable, "-m", "jwstpipe"]
STOP_SECONDS = 360
AGAIN = Retry(8, connect=0, read=0, other=0, status_forcelist=BUSY, allowed_methods=None, backoff_factor=0.5)


class OwnerSession(requests.Session):
    """Asks a Prefect server as its owner's programs do: with the password, and the token that changes need.

    It waits as long as every wait of the tests: a server on a busy machine is slow to answer, and not broken. Where the
    server's database is just being written it says 503 and wants to be asked again, as all of Prefect's clients do.
    """

    def __init__(self, api, password_file):
        super().__init__()
        self.mount(api, HTTPAdapter(max_retries=AGAIN))
        self.api = api
        self.auth = tuple(Path(password_file).read_text().strip().split(":"))

    def request(self, method, url, *arguments, **named):
        if method.upper() not in ("GET", "HEAD") and url.startswith(self.api):
            token = super().request("GET", f"{self.api}/csrf-token", params={"client": "tests"}, timeout=LIMIT_SECONDS)
            token = token.json()
            named["headers"] = {"Prefect-Csrf-Token": token["token"], "Prefect-Csrf-Client": "tests"}
        return super().request(method, url, *arguments, **{**named, "timeout": LIMIT_SECONDS})


@dataclass
class Up:
    """What it printed, and its process."""

    facts: dict
    environment: dict
    process: subprocess.Popen

    @cached_property
    def http(self):
        return OwnerSession(self.facts["api"], self.facts["password_file"])

    @property
    def entrance(self):
        """Address that lets a browser in, as a terminal shows it."""
        return f"{self.facts['prefect']}/enter#{':'.join(self.http.auth)}"

    @property
    def dask(self):
        """Address that opens Dask's pages, with the password in it."""
        return self.facts["dask"].replace("://", f"://{':'.join(self.http.auth)}@")

    def stop(self):
        """Press Ctrl-C once and wait; give the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=STOP_SECONDS)
        return self.process.returncode


@contextmanager
def up(folder, archive, **more):
    """Start everything in a folder, with more variables, and wait until it says that it stands."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = {**inherited, **variables(archive, folder / "home"), "PYTHONUNBUFFERED": "1", **more}
    command = [*JWSTPIPE, "up", "--port", "0", "--dask-port", "0", "--viewer-port", "0", "--json"]
    with (folder / "up.err").open("wb") as errors:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors)
    running = None
    try:
        line = process.stdout.readline()
        assert line, (folder / "up.err").read_text()
        running = Up(json.loads(line), environment, process)
        yield running
    finally:
        (running or Up({}, {}, process)).stop()
