"""`jwstpipe up` as a user starts it: a process of its own, stopped by one Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass

from tests.world import variables

JWSTPIPE = [sys.executable, "-m", "jwstpipe"]
STOP_SECONDS = 360


@dataclass
class Up:
    """What it printed, and its process."""

    facts: dict
    environment: dict
    process: subprocess.Popen

    def stop(self):
        """Press Ctrl-C once and wait; give the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=STOP_SECONDS)
        return self.process.returncode


@contextmanager
def up(folder, archive):
    """Start everything in a folder and wait until it says that it stands."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = {**inherited, **variables(archive, folder / "home"), "PYTHONUNBUFFERED": "1"}
    command = [*JWSTPIPE, "up", "--port", "0", "--dask-port", "0", "--json"]
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
