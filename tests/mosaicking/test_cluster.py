"""A cluster of processes, over TLS: a worker is killed, and nothing of it shows in the mosaic."""

import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import pytest

import jwstpipe
from jwstpipe.cli.server.prefect_server import free_port
from jwstpipe.execution.workers import ThreadWorkers, open_workers
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import ExecutionSettings
from tests.execution.test_clusters import certificates, spec_file
from tests.mosaicking.test_incremental import PLANE, contents, strip_of_images
from tests.waiting import LIMIT_SECONDS, wait_for_port

OPTIONS = MosaicOptions(background="level", combine="clipped")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Inputs on five tiles, and their mosaic by threads."""
    folder = tmp_path_factory.mktemp("strip")
    names = strip_of_images(folder, 10, level=0.5)
    made = jwstpipe.mosaic(names, folder / "out.zarr", grid=(PLANE, None), options=OPTIONS, workers=ThreadWorkers(2))
    assert made.tiles == 5
    return names, made, contents(folder / "out.zarr")


@contextmanager
def cluster(folder):
    """Run a scheduler and two workers, each a process of its own; give their settings and the workers' processes."""
    port = free_port()
    address = f"tls://127.0.0.1:{port}"
    certificates(folder)

    def part(command, role, *words):
        files = (("ca-file", "ca.pem"), ("cert", f"{role}.pem"), ("key", f"{role}.key"))
        tls = [word for name, file in files for word in (f"--tls-{name}", str(folder / file))]
        everything = [sys.executable, "-m", "dask", command, *tls, *words]
        process = subprocess.Popen(everything, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.kill)
        return process

    with ExitStack() as stack:
        listening = ("--protocol", "tls", "--host", "127.0.0.1", "--port", str(port))
        pages = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")
        wait_for_port(port, part("scheduler", "scheduler", *listening, *pages))
        one = (address, "--no-nanny", "--nthreads", "1", "--host", "127.0.0.1", "--no-dashboard")
        workers = [part("worker", "worker", *one, "--local-directory", str(folder)) for _ in range(2)]
        yield ExecutionSettings(cluster=str(spec_file(folder, address)), patience_s=LIMIT_SECONDS), workers


def test_a_killed_worker_costs_its_tiles_only(undisturbed, tmp_path):
    names, quiet, everything = undisturbed
    seen = []
    with cluster(tmp_path / "cluster") as (settings, processes), open_workers(settings) as workers:
        workers.client.wait_for_workers(2)

        def kill_one(progress):
            if progress.stage == "tiles":
                if not any(seen) and progress.done:  # the first report that tells of a tile, though it may tell of two
                    processes[0].send_signal(signal.SIGKILL)
                seen.append(progress.done)

        out = tmp_path / "out.zarr"
        disturbed = jwstpipe.mosaic(names, out, grid=(PLANE, None), options=OPTIONS, workers=workers, report=kill_one)
        assert processes[0].wait(LIMIT_SECONDS) == -signal.SIGKILL
        assert processes[1].poll() is None
    assert seen[-1] == 5
    assert disturbed.digest == quiet.digest
    assert contents(out) == everything
