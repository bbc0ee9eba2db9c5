"""Thumbnails and contact sheets of what the catalogue holds."""

from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests import ThumbnailsRequest
from jwstpipe.tasks.images import make_thumbnails
from jwstpipe.tasks.render import chosen_images, make_contact_sheet
from jwstpipe.tasks.run_context import job_run
from jwstpipe.tasks.steps.stream import Stream

__all__ = ["thumbnails"]


@job_flow
def thumbnails(request: ThumbnailsRequest) -> RunReport:
    """Make a small picture of each image and mosaic that has none yet, and a contact sheet of all of them."""
    with job_run("thumbnails", request) as run:
        with run.step("choose", percent=5):
            images = chosen_images(run, request)
        with run.step("thumbnails", percent=60):
            made = make_thumbnails(run, Stream.of(images), len(images))
        small = [made[image.product_id] for image in images]
        run.show(small)
        run.made(small)
        if request.sheet:
            with run.step("contact sheet", percent=35):
                run.made([make_contact_sheet(run, request, images)])
    return run.report("thumbnails", request)
