"""One verb over many products of the catalogue."""

from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests.batch import BatchRequest
from jwstpipe.tasks.batch import batch_inputs, run_batch
from jwstpipe.tasks.run_context import job_run

__all__ = ["batch"]


@job_flow
def batch(request: BatchRequest) -> RunReport:
    """Do one verb to every product that is chosen, as one job of the workers; an error is a row, not the end.

    What was made before is not made again, so that an interrupted batch goes on where it stood.
    """
    with job_run("batch", request) as run:
        with run.step("choose", percent=5):
            inputs = batch_inputs(run, request)
        with run.step(request.verb, percent=95):
            rows = run_batch(run, request, inputs)
        run.files = len(inputs)
        run.made(run.catalog.get_many([row.product_id for row in rows if row.product_id]).values())
        run.counts["rows"] = len(rows)
        run.counts["errors"] = sum(bool(row.error) for row in rows)
        for row in [row for row in rows if row.error][:20]:
            run.note(f"{row.input}: {row.error}")
    return run.report("batch", request)
