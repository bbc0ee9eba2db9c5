"""Images of the catalogue into mosaics."""

from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests import MosaicRequest
from jwstpipe.tasks.cleaning import clean_images
from jwstpipe.tasks.mosaic import build_filters, chosen_images, plan_filters
from jwstpipe.tasks.run_context import job_run

__all__ = ["mosaic"]


@job_flow
def mosaic(request: MosaicRequest) -> RunReport:
    """Make one mosaic for each filter, all on one grid, of images in the catalogue.

    Exposures are cleaned first where that is asked for and they need it. Tiles that an earlier mosaic of the
    same filter has are taken from it: a new exposure costs the tiles it touches.
    """
    with job_run("mosaic", request) as run:
        with run.step("resolve", percent=5):
            images = chosen_images(run, request)
        run.files = len(images)
        with run.step("clean", percent=25):
            images = clean_images(run, request, images)
        with run.step("plan", percent=10):
            plans = plan_filters(run, request, images)
        mosaics = build_filters(run, plans, percent=60)
        run.made(mosaics)
    return run.report("mosaic", request)
