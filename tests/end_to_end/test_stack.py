"""The stack beyond one machine, as processes: what it makes, and what it leaves when its parts are ended under it."""

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import dask.config
import pytest

import jwstpipe
from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.leases import holders
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.errors import InterruptedRunError
from jwstpipe.execution.workers import open_workers
from jwstpipe.requests import ProcessTargetRequest
from jwstpipe.settings import load_settings
from jwstpipe.storage import open_store
from tests.end_to_end.stack import start_stack
from tests.prefect_server import nothing_deployed_behind
from tests.waiting import LIMIT_SECONDS, wait_for
from tests.world import TARGET

REQUEST = ProcessTargetRequest(target=TARGET, level=2, clean="none")

TILES = "/store/mosaics/"
"""Where tiles are written: whoever shuts the gate there keeps a run in the middle of its mosaics."""


@pytest.fixture(scope="module")
def stack(tiny_world, prefect_server, tmp_path_factory):
    _, archive = tiny_world
    archive.set_faults()
    with pytest.MonkeyPatch.context() as patch, nothing_deployed_behind():
        running, ending = start_stack(tmp_path_factory.mktemp("stack"), archive, prefect_server)
        with ending:
            for name, value in running.environment.items():
                if name.startswith(("JWSTPIPE_", "AWS_", "DASK_")):
                    patch.setenv(name, value)
            # this process may have imported Dask before the variables were there
            dask.config.refresh()
            yield running
    dask.config.refresh()


@pytest.fixture
def inputs(tiny_world):
    return [file for file in tiny_world[0].files if file.suffix == "cal"]


def logs(stack, name):
    return (stack.folder / f"{name}.log").read_text()[-3000:]


def in_the_middle(stack, job):
    """Wait until a job writes a tile; while the gate is shut it comes no further."""

    def writes():
        assert not job.status().ended, logs(stack, "worker")
        assert not stack.ended(), "\n".join(logs(stack, name) for name in stack.ended())
        return stack.gate.waiting

    wait_for(f"{job.title} writes a tile", writes)


def published_and_stored():
    """Check that each published product stands once and whole, and that nothing else looks like one."""
    settings = load_settings()
    store = open_store(settings.store_root, s3=settings.s3)
    with open_catalog(settings.catalog_address) as catalog:
        records = catalog.find(RecordQuery(status=()))
        assert holders(catalog) == []
    assert {record.status for record in records} == {"published"}
    keys = [record.storage_key for record in records]
    assert len(set(keys)) == len(keys)
    stored = [key for folder in ("images", "mosaics") for key in store.list(folder)]
    roots = {key.removesuffix("/zarr.json") for key in stored if re.fullmatch(r"\w+/\w+/\w+\.zarr/zarr.json", key)}
    assert roots == {key for key in keys if key.endswith(".zarr")}
    assert all(store.exists(key) for key in keys)
    return Counter(record.kind for record in records)


@pytest.fixture(scope="module")
def cancelled(stack):
    """Start a run by Prefect's own command, cancel it while it writes tiles; give it."""
    parameters = json.dumps(REQUEST.model_dump(mode="json"))
    with stack.gate.shut(TILES):
        words = ("process-target/process-target", "--param", f"request={parameters}")
        said = stack.run("-m", "prefect", "deployment", "run", *words)
        job = jwstpipe.find_job(re.search(r"UUID: ([0-9a-f-]{36})", said)[1])
        in_the_middle(stack, job)
        assert job.status().state == "running"
        assert 0 < job.progress().percent < 100
        assert job.cancel(timeout=LIMIT_SECONDS).state == "cancelled"
    return job


@pytest.mark.exhaustive("tests/flows/test_jobs.py::test_a_job_that_failed_or_was_cancelled_is_tried_again")
def test_a_cancelled_job_stops_its_work_and_leaves_nothing_half_published(cancelled, inputs):
    with pytest.raises(InterruptedRunError):
        cancelled.result()
    with open_workers(load_settings().execution) as workers:
        client = workers.client
        wait_for("Dask stands still", lambda: not any(client.processing().values()))
    whole = len(inputs)
    assert published_and_stored() == Counter(archive=whole, image=whole, thumbnail=whole)


@pytest.fixture(scope="module")
def finished(stack, cancelled):
    """Ask for the same from Python; the run loses the Dask worker with its tile, and the Prefect server.

    Gives the job and what the one who watched it was told.
    """
    told = []
    with ThreadPoolExecutor(1) as watching:
        with stack.gate.shut(TILES):
            job = jwstpipe.submit("process_target", REQUEST)
            end = watching.submit(job.watch, told.append, timeout=LIMIT_SECONDS)
            in_the_middle(stack, job)
            stack.kill("dask")
            stack.server.stop()
            stack.start_dask_worker("dask")
            stack.server.start()
            assert not job.status().ended
        status = end.result()
    assert status.state == "done", f"{status}\n{logs(stack, 'worker')}"
    return job, [progress.done for progress in told]


@pytest.mark.exhaustive("tests/mosaicking/test_cluster.py::test_a_killed_worker_costs_its_tiles_only")
def test_a_worker_that_is_killed_and_a_server_that_restarts_cost_a_run_nothing(cancelled, finished, inputs):
    job, percents = finished
    assert job.id != cancelled.id
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert len(percents) >= 4
    report = job.report()
    assert report.files == len(inputs)
    assert [product.kind for product in report.products] == ["mosaic", "mosaic", "picture"]
    assert all(product.where.startswith("s3://jwstpipe-stack/store/") for product in report.products)
    # files, images and thumbnails are those of the run that was cancelled
    assert report.bytes_moved == 0
    whole = len(inputs)
    assert published_and_stored() == Counter(archive=whole, image=whole, thumbnail=whole, mosaic=2, picture=1)


@pytest.mark.exhaustive("tests/flows/test_jobs.py::test_the_same_request_is_the_same_job")
def test_the_result_of_a_job_opens_and_the_same_request_is_the_same_job(finished):
    job, _ = finished
    picture = job.result()
    assert max(picture.size) > 100
    assert jwstpipe.submit("process_target", REQUEST) == job
