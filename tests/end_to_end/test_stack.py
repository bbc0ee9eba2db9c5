"""The stack beyond one machine, as processes: what it makes, and what it leaves when its parts are ended under it."""

import json
import re
import signal
from collections import Counter

import dask.config
import pytest

import jwstpipe
from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.leases import holders
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.errors import InterruptedRunError
from jwstpipe.execution.workers import open_workers
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests import ProcessTargetRequest
from jwstpipe.settings import load_settings
from jwstpipe.storage import open_store
from tests.end_to_end.stack import start_stack
from tests.waiting import LIMIT_SECONDS, wait_for
from tests.world import TARGET

FINE = 0.012
"""Pixel size that keeps a run busy for some seconds, arcsec."""


@pytest.fixture(scope="module")
def stack(tiny_world, s3_server, tmp_path_factory):
    _, archive = tiny_world
    archive.set_faults()
    with pytest.MonkeyPatch.context() as patch:
        running, ending = start_stack(tmp_path_factory.mktemp("stack"), archive, s3_server)
        with ending:
            for name, value in running.environment.items():
                if name.startswith(("JWSTPIPE_", "AWS_", "DASK_")):
                    patch.setenv(name, value)
            # this process may have imported Dask before the variables were there
            dask.config.refresh()
            yield running
    dask.config.refresh()


def request(**values):
    return ProcessTargetRequest(target=TARGET, level=2, **values)


def reach(job, percent):
    """Wait until a job has done so much."""

    def far_enough():
        status = job.status()
        assert not status.ended, status
        return job.progress().percent >= percent

    wait_for(f"{job.title} at {percent} %", far_enough, LIMIT_SECONDS)


def logs(stack, name):
    return (stack.folder / f"{name}.log").read_text()[-3000:]


def ended(stack, job, state="done"):
    status = job.watch(timeout=LIMIT_SECONDS)
    assert status.state == state, f"{status}\n{logs(stack, 'worker')}"
    return status


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
def first(stack):
    """The first run: everything is made."""
    job = jwstpipe.submit("process_target", request())
    seen = []
    status = job.watch(seen.append, timeout=LIMIT_SECONDS)
    assert status.state == "done", f"{status}\n{logs(stack, 'worker')}"
    return job, [progress.done for progress in seen]


def test_a_job_submitted_from_python_rises_to_100_percent_and_its_result_opens(first, tiny_world):
    job, percents = first
    inputs = [file for file in tiny_world[0].files if file.suffix == "cal"]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert len(percents) >= 4
    picture = job.result()
    assert max(picture.size) > 100
    report = job.report()
    assert report.files == len(inputs)
    assert all(product.where.startswith("s3://jwstpipe-stack/store/") for product in report.products)
    assert published_and_stored()["archive"] == len(inputs)
    assert jwstpipe.submit("process_target", request()) == job


def test_the_prefect_command_runs_the_same_deployment_and_makes_nothing_twice(stack, first):
    before = published_and_stored()
    parameters = json.dumps({"target": TARGET, "level": 2})
    said = stack.run("-m", "prefect", "deployment", "run", "process-target/pool", "--param", f"request={parameters}")
    job = jwstpipe.find_job(re.search(r"UUID: ([0-9a-f-]{36})", said)[1])
    ended(stack, job)
    report = job.report()
    assert isinstance(report, RunReport)
    assert all(product.reused for product in report.products)
    assert published_and_stored() == before


def test_a_cancelled_job_stops_its_work_and_leaves_nothing_half_published(stack, first):
    before = published_and_stored()
    job = jwstpipe.submit("process_target", request(scale_arcsec=FINE))
    reach(job, 61)
    assert job.cancel(timeout=LIMIT_SECONDS).state == "cancelled"
    with pytest.raises(InterruptedRunError):
        job.result()
    with open_workers(load_settings().execution) as workers:
        client = workers.client
        wait_for("Dask stands still", lambda: not any(client.processing().values()))
    after = published_and_stored()
    assert after["picture"] == before["picture"]
    assert after["mosaic"] <= before["mosaic"] + 1

    again = jwstpipe.submit("process_target", request(scale_arcsec=FINE))
    assert again.id != job.id
    ended(stack, again)
    assert published_and_stored()["picture"] == before["picture"] + 1


def test_a_dask_worker_that_is_killed_costs_its_tiles_only(stack, first):
    before = published_and_stored()
    job = jwstpipe.submit("process_target", request(scale_arcsec=FINE * 1.1))
    reach(job, 60)
    stack.stop("dask-1", signal.SIGKILL)
    ended(stack, job)
    stack.start_dask_worker("dask-1")
    after = published_and_stored()
    assert after - before == Counter(mosaic=2, picture=1)


def test_a_prefect_server_that_restarts_costs_nothing(stack, first):
    before = published_and_stored()
    job = jwstpipe.submit("process_target", request(scale_arcsec=FINE * 1.2))
    reach(job, 60)
    stack.stop("server")
    stack.start_server()
    ended(stack, job)
    assert job.progress().percent == 100
    assert len(job.report().products) == 3
    assert published_and_stored() - before == Counter(mosaic=2, picture=1)
