"""Sources of a target, and their fluxes on all filters."""

from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests.analysis.measure import MeasureRequest
from jwstpipe.tasks.measure import draw_diagrams, find_sources_on, images_to_measure, measure_fluxes
from jwstpipe.tasks.run_context import job_run

__all__ = ["measure"]


@job_flow
def measure(request: MeasureRequest) -> RunReport:
    """Find the sources of one image of a target, and measure them at the same places on the images of all filters."""
    with job_run("measure", request) as run:
        with run.step("choose", percent=5):
            images = images_to_measure(run, request)
        with run.step("detect", percent=40):
            catalogue = find_sources_on(run, request, images[0])
        with run.step("photometry", percent=45):
            fluxes = measure_fluxes(run, request, catalogue, images)
        run.files = len(images)
        run.made([catalogue, fluxes])
        with run.step("diagrams", percent=10):
            draw_diagrams(run, request, catalogue, fluxes, images[0])
    return run.report("measure", request)
