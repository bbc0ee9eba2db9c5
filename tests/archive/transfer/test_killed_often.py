"""Killed without warning in mid-file, again and again: nothing wrong is ever seen, and hardly a byte comes twice."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.archive.archive_helpers import NAME, RANGE, fits_bytes, make_product
from tests.archive.loopback import Loopback, ranged
from tests.waiting import LIMIT_SECONDS

KILLS = 10
WORKERS = 4
RANGES_A_LIFE = 9

CHILD = """
import sys
from pathlib import Path

import pytest
from jwstpipe.archive.product import Product
from jwstpipe.archive.transfer.fetch import fetch
from jwstpipe.settings import ArchiveSettings
server, folder, size, range_bytes, workers, name, obs_id = sys.argv[1:]
product = Product(
    f"mast:JWST/product/{name}", name, int(size), obs_id, 3, "i2d", (), "NIRCAM/IMAGE", "", "SCIENCE", "", "", obs_id
)
settings = ArchiveSettings(server=server, source="https", ranges_at_once=int(workers), timeout_s=600.0)
fetch([product], Path(folder), settings=settings, range_bytes=int(range_bytes)).require_all()
"""  # imports little: eleven lives begin with it


class Lives:
    """A good server that holds its answers back after some ranges, until the client is dead."""

    def __init__(self, content):
        self._content = content
        self._lock = threading.Lock()
        self.answered = []
        self.begin(None)

    def begin(self, ranges):
        with self._lock:
            self._left = ranges
            self.reached, self.release = threading.Event(), threading.Event()

    def __call__(self, ask):
        with self._lock:
            probe = ask.headers["range"] == "bytes=0-0"
            held = not probe and self._left == 0
            if not probe and not held:
                self.answered.append(ask.headers["range"])
                self._left = None if self._left is None else self._left - 1
            reached, release = self.reached, self.release
        if held:
            reached.set()
            release.wait(LIMIT_SECONDS)
            return None
        return ranged(self._content, ask)


@pytest.mark.exhaustive(
    "tests/archive/transfer/test_transfer_faults.py::test_a_killed_process_leaves_what_the_next_one_needs"
)
def test_ten_kills_cost_at_most_one_range_for_each_worker_each(tmp_path):
    content = fits_bytes(side=950)
    whole = -(-len(content) // RANGE)
    assert whole > KILLS * RANGES_A_LIFE
    lives = Lives(content)
    final = tmp_path / "down" / make_product().obs_id / NAME
    with Loopback(lives) as server:
        command = [
            sys.executable, "-c", CHILD, server.address, str(tmp_path / "down"), str(len(content)), str(RANGE),
            str(WORKERS), NAME, make_product().obs_id,
        ]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
        for _ in range(KILLS):
            lives.begin(RANGES_A_LIFE)
            process = subprocess.Popen(command, env=environment)
            try:
                assert lives.reached.wait(LIMIT_SECONDS)
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait(LIMIT_SECONDS)
                lives.release.set()
            assert not final.exists()
        assert len(lives.answered) == KILLS * RANGES_A_LIFE
        lives.begin(None)
        subprocess.run(command, env=environment, check=True, timeout=LIMIT_SECONDS)
    assert final.read_bytes() == content
    assert whole <= len(lives.answered) <= whole + KILLS * WORKERS
    assert len(set(lives.answered)) == whole
