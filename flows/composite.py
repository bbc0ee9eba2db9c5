"""Mosaics of the catalogue into a colour picture."""

from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests import PictureRequest
from jwstpipe.tasks.render import chosen_mosaics, make_picture
from jwstpipe.tasks.run_context import job_run

__all__ = ["composite"]


@job_flow
def composite(request: PictureRequest) -> RunReport:
    """Make a colour picture of the mosaics of a target, or of the products named.

    The same wishes on the same products give the picture that stands already.
    """
    with job_run("composite", request) as run:
        with run.step("choose", percent=5):
            inputs, luminance = chosen_mosaics(run, request)
        with run.step("composite", percent=95):
            picture = make_picture(run, request, inputs, luminance)
        run.made([picture])
    return run.report("composite", request)
