"""From a sky target to a colour mosaic: search, fetch, register, convert, mosaic, compose, publish."""

from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests import ProcessTargetRequest
from jwstpipe.tasks.archive import choose_files
from jwstpipe.tasks.arriving.arrivals import bring_images
from jwstpipe.tasks.discovery import settle_suggestion
from jwstpipe.tasks.mosaic import build_filters, plan_filters
from jwstpipe.tasks.render import make_composite
from jwstpipe.tasks.run_context import job_run

__all__ = ["process_target"]


@job_flow
def process_target(request: ProcessTargetRequest) -> RunReport:
    """Make mosaics and a colour picture of a sky target.

    Searches the archive around the target, fetches the images that it chooses, converts them to image stores, cleans
    them where that is asked for, makes one mosaic for each filter on a common grid, and a picture of all filters. What
    was done before is reused. Files are converted and filters cleaned while others still come, and mosaics of filters
    are made side by side.
    """
    with job_run("process_target", request) as run:
        with run.step("search", percent=3):
            request = settle_suggestion(run, request)
            chosen = choose_files(run, request)
        images = bring_images(run, request, chosen)
        with run.step("plan", percent=5):
            plans = plan_filters(run, request, images)
        mosaics = build_filters(run, plans, percent=20)
        with run.step("composite", percent=10):
            picture = make_composite(run, request, mosaics)
        run.made([*mosaics, picture])
    return run.report("process_target", request)
