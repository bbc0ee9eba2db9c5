"""What goes wrong around a run is one clear sentence: on its page, from the Jobs API, and from the command."""

import os

import pytest
from distributed import LocalCluster

import jwstpipe
from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.cli.main import main
from jwstpipe.errors import ServiceError, StorageError, UsageError
from jwstpipe.requests import ProcessTargetRequest
from jwstpipe.settings import load_settings
from tests.waiting import LIMIT_SECONDS, wait_for
from tests.world import TARGET

REQUEST = ProcessTargetRequest(target=TARGET, level=2)


@pytest.fixture
def connected(site, monkeypatch, prefect_server):
    """The site, with its Prefect server named."""
    monkeypatch.setenv("JWSTPIPE_PREFECT_API", prefect_server.api)


def failed_run(error, request=REQUEST):
    """Run the flow until it fails, and give its job."""
    from jwstpipe.flows.process_target import process_target

    with pytest.raises(error):
        process_target(request)
    return jwstpipe.find_jobs("process_target", state="failed", limit=1)[0]


def page(job):
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

    own = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[job.id]))
    with get_client(sync_client=True) as client:
        return {
            str(artifact.key).removesuffix(f"-{job.id[:8]}"): artifact.data
            for artifact in client.read_artifacts(artifact_filter=own)
        }


def said(job):
    """Give what stands under Logs on the page of a run."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
    from prefect.logging.handlers import APILogWorker

    APILogWorker.drain_all(timeout=LIMIT_SECONDS)
    with get_client(sync_client=True) as client:
        own = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[job.id]))
        return [record.message for record in client.read_logs(log_filter=own, limit=200)]


def say_the_same(job, capsys, error, says):
    def told_of():
        return [line for line in said(job) if says in line.replace("\\", "")]

    status = job.status()
    wait_for("its log", told_of)  # it may come a little later
    lines = said(job)
    assert not [line for line in lines if "Traceback" in line or "\n" in line]
    assert len(told_of()) == 1, lines
    assert status.state == "failed"
    assert says in status.message
    assert "\n" not in status.message
    with pytest.raises(error, match=says):
        job.result()
    with pytest.raises(SystemExit) as ended:
        main(["result", job.id])
    told = capsys.readouterr().err
    assert ended.value.code == error.exit_code
    assert told.count("\n") == 1
    assert says in told


def test_a_disk_that_fills_up_in_the_middle(connected, monkeypatch, capsys):
    def full(*arguments, **options):
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patched:
        patched.setattr("jwstpipe.images.zarr.writer.put_bytes", full)
        job = failed_run(StorageError)
    say_the_same(job, capsys, StorageError, "no space left; free some or choose another folder")
    assert "no space left" in page(job)["report"]
    assert "What was finished is kept" in page(job)["report"]
    with open_catalog(load_settings().catalog_address) as catalog:
        assert {record.kind for record in catalog.find(RecordQuery(status=()))} == {"archive"}


def test_a_scheduler_without_workers(connected, monkeypatch, capsys):
    with LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster:
        monkeypatch.setenv("JWSTPIPE_EXECUTION__CLUSTER", cluster.scheduler_address)
        monkeypatch.setenv("JWSTPIPE_EXECUTION__PATIENCE_S", "0.5")
        job = failed_run(ServiceError)
        says = f"the Dask scheduler at {cluster.scheduler_address} has had no workers for 0.5 s"
    say_the_same(job, capsys, ServiceError, says)


def test_a_scheduler_that_is_not_there(connected, monkeypatch, capsys):
    monkeypatch.setattr("jwstpipe.execution.dask_workers.CONNECT_SECONDS", 1.0)
    monkeypatch.setenv("JWSTPIPE_EXECUTION__CLUSTER", "tcp://127.0.0.1:9")
    say_the_same(failed_run(ServiceError), capsys, ServiceError, "no Dask scheduler answers at tcp://127.0.0.1:9")


def test_more_than_was_allowed(connected, capsys):
    job = failed_run(UsageError, REQUEST.model_copy(update={"max_files": 1}))
    say_the_same(job, capsys, UsageError, "are more than the limit of 1 files")


def test_values_that_do_not_go_together(connected, capsys):
    from jwstpipe.flows.ingest import ingest

    both = {"target": TARGET, "ra": 10.0, "dec": -5.0}
    with pytest.raises(UsageError, match="not both"):
        ingest(both)
    job = jwstpipe.find_jobs("ingest", state="failed", limit=1)[0]
    assert job.title == "ingest"
    say_the_same(job, capsys, UsageError, "give a target or a position, not both")
    with pytest.raises(UsageError, match=r"^give a target or a position, not both$"):
        jwstpipe.submit("ingest", both)
    with pytest.raises(SystemExit) as ended:
        main(["submit", "ingest", f"target={TARGET}", "ra=10", "dec=-5"])
    assert ended.value.code == UsageError.exit_code
    assert capsys.readouterr().err == "jwstpipe: give a target or a position, not both\n"
