"""Archive files of the catalogue into image stores, with their thumbnails."""

from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests import ConvertRequest
from jwstpipe.tasks.arriving.arrivals import convert_images
from jwstpipe.tasks.images import chosen_files
from jwstpipe.tasks.run_context import job_run

__all__ = ["convert"]


@job_flow
def convert(request: ConvertRequest) -> RunReport:
    """Convert FITS files of the catalogue to image stores, and make their thumbnails.

    What was converted before is left as it is, so that it costs nothing to run this again.
    """
    with job_run("convert", request) as run:
        with run.step("resolve", percent=5):
            files = chosen_files(run, request)
        run.made(convert_images(run, files))
        run.files = len(files)
    return run.report("convert", request)
