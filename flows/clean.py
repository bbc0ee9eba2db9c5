"""Exposures of the catalogue without what their detectors added."""

from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.report import RunReport
from jwstpipe.operations.cleaning.clean import CLEAN
from jwstpipe.operations.make.asked import options_of
from jwstpipe.requests import CleanRequest, validated
from jwstpipe.requests.clean import CleanOptions
from jwstpipe.tasks.cleaning import clean_selected
from jwstpipe.tasks.operation import chosen_inputs
from jwstpipe.tasks.run_context import job_run

__all__ = ["clean"]


@job_flow
def clean(request: CleanRequest) -> RunReport:
    """Take out of exposures what their detectors added; the exposures stay.

    Two mosaics of all exposures of a filter tell what is sky; each cleaned exposure is made of its own and of the
    second of them.
    """
    with job_run("clean", request) as run:
        with run.step("choose", percent=5):
            exposures = chosen_inputs(run, request, CLEAN.name)
        with run.step("clean", percent=95):
            options = validated(CleanOptions, **options_of(CLEAN, request).model_dump())
            run.made(clean_selected(run, options, exposures, request.wisp_template))
        run.files = len(exposures)
    return run.report("clean", request)
