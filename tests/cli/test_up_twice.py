"""A home has one server."""

import fcntl
import os
import subprocess
import sys

from jwstpipe.jobs.server import remember_server


def test_a_home_whose_server_runs_gets_no_second_one_and_its_address_is_told(tmp_path):
    (tmp_path / "prefect").mkdir()
    remember_server(tmp_path, "http://127.0.0.1:31999/api")
    with (tmp_path / "prefect" / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as the first one holds it
        second = subprocess.run(
            [sys.executable, "-m", "jwstpipe", "up", "--port", "0", "--dask-port", "0"],
            env={**os.environ, "JWSTPIPE_HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert second.returncode == 7
    assert f"runs already for {tmp_path} at http://127.0.0.1:31999; use that one" in second.stderr
