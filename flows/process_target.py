"""From a sky target to a colour mosaic: search, fetch, register, convert, mosaic, compose, publish."""

from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests import ProcessTargetRequest
from jwstpipe.tasks.archive import choose_files, fetch_files
from jwstpipe.tasks.cleaning import clean_images
from jwstpipe.tasks.discovery import settle_suggestion
from jwstpipe.tasks.images import convert_files, make_thumbnails, register_files
from jwstpipe.tasks.mosaic import build_filter, plan_filters
from jwstpipe.tasks.render import make_composite
from jwstpipe.tasks.run_context import job_run

__all__ = ["process_target"]


@job_flow
def process_target(request: ProcessTargetRequest) -> RunReport:
    """Make mosaics and a colour picture of a sky target.

    Searches the archive around the target, fetches the images that it chooses, converts them to image stores, cleans
    exposures that need it, makes one mosaic for each filter on a common grid, and a picture of all filters. What was
    done before is reused.
    """
    with job_run("process_target", request) as run:
        with run.step("search", percent=3):
            request = settle_suggestion(run, request)
            chosen = choose_files(run, request)
        with run.step("transfer", percent=22):
            fetched = fetch_files(run, chosen)
        with run.step("register", percent=5):
            files = register_files(run, fetched)
        with run.step("convert", percent=20):
            images = convert_files(run, files)
        with run.step("thumbnails", percent=5):
            run.show(make_thumbnails(run, images))
        with run.step("clean", percent=10):
            images = clean_images(run, request, images)
        with run.step("plan", percent=5):
            plans = plan_filters(run, request, images)
        mosaics = []
        for planned in plans:
            with run.step(f"mosaic {planned.filter}", percent=20 / len(plans)):
                mosaics.append(build_filter(run, planned))
        with run.step("composite", percent=10):
            picture = make_composite(run, request, mosaics)
        run.files = len(files)
        run.bytes_moved = sum(found.bytes_moved for found in fetched)
        run.made([*mosaics, picture])
    return run.report("process_target", request)
