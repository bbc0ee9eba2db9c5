"""Jobs whose errors and logs tell a secret that nobody foresaw."""

from prefect import get_run_logger

from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests import RefreshMetadataRequest
from jwstpipe.tasks.steps.step_task import step_task
from tests.flows.test_secrets import SECRET

ADDRESS = f"mongodb://me:{SECRET}@127.0.0.1:9/jwst?serverSelectionTimeoutMS=300"
LINK = f"https://bucket.example/key?X-Amz-Signature={SECRET}&part=1"


@step_task("leak")
def leaking_step():
    get_run_logger().warning("reading %s", LINK)
    try:
        raise ValueError(f"cannot reach {ADDRESS}")  # noqa: TRY301
    except ValueError:
        get_run_logger().exception("once more with %s", ADDRESS)
        raise


@job_flow
def leaking_step_job(request: RefreshMetadataRequest) -> RunReport:
    leaking_step()


@job_flow
def leaking_job(request: RefreshMetadataRequest) -> RunReport:
    get_run_logger().error("connecting to %s", ADDRESS)
    try:
        raise OSError(f"no route to {ADDRESS}")  # noqa: TRY301
    except OSError as error:
        raise KeyError("nothing secret here") from error
