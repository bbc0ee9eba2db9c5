"""What is new in the archive, or what can be made of a target."""

from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests.discovery import DiscoverRequest
from jwstpipe.tasks.discovery import tell_what_is_new, tell_what_to_make
from jwstpipe.tasks.run_context import job_run

__all__ = ["discover"]


@job_flow
def discover(request: DiscoverRequest) -> RunReport:
    """Tell what was released and which pictures that makes possible; of a target, all pictures that can be made.

    Nothing is fetched or made: the page of the run shows the tables, thumbnails, and the values for the run form.
    """
    with job_run("discover", request) as run, run.step("discover", percent=100):
        if request.names_a_place:
            tell_what_to_make(run, request)
        else:
            tell_what_is_new(run, request)
    return run.report("discover", request)
