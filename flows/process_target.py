"""From a sky target to a colour mosaic: search, fetch, register, convert, mosaic, compose, publish."""

from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests import ProcessTargetRequest
from jwstpipe.tasks.archive import choose_files
from jwstpipe.tasks.arriving.arrivals import bring_images
from jwstpipe.tasks.arriving.early_mosaics import EarlyMosaics
from jwstpipe.tasks.arriving.order import listed_as
from jwstpipe.tasks.discovery import settle_suggestion
from jwstpipe.tasks.mosaic import FILTERS_AT_ONCE, plan_filters
from jwstpipe.tasks.render import make_composite
from jwstpipe.tasks.run_context import job_run
from jwstpipe.tasks.steps.together import together

__all__ = ["process_target"]


@job_flow
def process_target(request: ProcessTargetRequest) -> RunReport:
    """Make mosaics and a colour picture of a sky target.

    Searches the archive around the target, fetches the images that it chooses, converts them to image stores, cleans
    them where that is asked for, makes one mosaic for each filter on a common grid, and a picture of all filters. What
    was done before is reused. Files are converted, filters cleaned and their mosaics begun while others still come, and
    mosaics of filters are made side by side.
    """
    with job_run("process_target", request) as run:
        with run.step("search", percent=3):
            request = settle_suggestion(run, request)
            chosen = choose_files(run, request)
        with together(run, at_once=FILTERS_AT_ONCE) as steps:
            early = EarlyMosaics(run, request, steps, percent=20, filters=len({listed_as(one) for one in chosen}))
            images = bring_images(run, request, chosen, early.take)
            with run.step("plan", percent=5):
                plans = plan_filters(run, request, images)
            begun = early.finish(plans)
        mosaics = [one.result() for one in begun]
        with run.step("composite", percent=10):
            picture = make_composite(run, request, mosaics)
        run.made([*mosaics, picture])
    return run.report("process_target", request)
