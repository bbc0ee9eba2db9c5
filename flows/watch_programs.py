"""What the archive released since last time, of everything on the watch list."""

from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests import WatchProgramsRequest
from jwstpipe.tasks.run_context import job_run
from jwstpipe.tasks.watchlist import watch_round

__all__ = ["watch_programs"]


@job_flow
def watch_programs(request: WatchProgramsRequest) -> RunReport:
    """Fetch and register what was released since the last round, for each entry of the watch list."""
    with job_run("watch_programs", request) as run:
        watch_round(run, request)
    return run.report("watch_programs", request)
