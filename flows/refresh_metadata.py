"""Records of archive files, read anew from MAST."""

from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests import RefreshMetadataRequest
from jwstpipe.tasks.archive import refresh
from jwstpipe.tasks.run_context import job_run

__all__ = ["refresh_metadata"]


@job_flow
def refresh_metadata(request: RefreshMetadataRequest) -> RunReport:
    """Read anew what MAST and the headers say of files in the catalogue; what belongs to users stays."""
    with job_run("refresh_metadata", request) as run:
        with run.step("refresh", percent=100):
            done = refresh(run, request)
        run.files = len(done.refreshed)
        run.made(done.refreshed)
    return run.report("refresh_metadata", request)
