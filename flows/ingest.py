"""Files of the archive into the store and the catalogue."""

from jwstpipe.errors import NotFoundError
from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests import IngestRequest
from jwstpipe.tasks.archive import choose_ingest
from jwstpipe.tasks.arriving.arrivals import bring_files
from jwstpipe.tasks.run_context import job_run

__all__ = ["ingest"]


@job_flow
def ingest(request: IngestRequest) -> RunReport:
    """Search the archive, fetch the files that are wanted, verify them, and register them in the catalogue.

    Files that are here move no bytes; those that the archive replaced are fetched anew.
    """
    with job_run("ingest", request) as run:
        with run.step("search", percent=5):
            chosen = choose_ingest(run, request)
        if not chosen:
            raise NotFoundError(f"the archive has no public files for {request.summary()}; try other levels or filters")
        run.made(bring_files(run, chosen, request.source, percent=(85, 10)))
    return run.report("ingest", request)
