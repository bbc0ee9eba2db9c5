"""The steps of a batch: which products, and one verb to all of them."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from jwstpipe.analysis.catalogues.files import write_catalogue
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.operations.batch import BatchRow, batch, batch_table
from jwstpipe.operations.make import batch_verbs
from jwstpipe.operations.make.batch_verbs import batch_form, batch_kinds, batch_options
from jwstpipe.operations.make.chosen import chosen_records
from jwstpipe.requests.batch import BatchRequest
from jwstpipe.tasks.artifacts import progress_artifacts, table
from jwstpipe.tasks.run_context import Run
from jwstpipe.tasks.steps.step_task import step_task

__all__ = ["batch_inputs", "run_batch"]

MOST_SHOWN = 500


@step_task("choose")
def batch_inputs(run: Run, request: BatchRequest) -> tuple[ProductRecord, ...]:
    """Find the products that a verb is done to."""
    batch_options(request.verb, request.with_)  # a fault is told before anything is looked for
    batch_form(request.verb, request.as_)
    return tuple(
        chosen_records(
            run.catalog, request, kinds=batch_kinds(request.verb), condition=request.query, most=request.max_files,
            fitting=partial(batch_verbs.batch_inputs, request.verb),
        )
    )  # fmt: skip


@step_task("batch")
def run_batch(run: Run, request: BatchRequest, inputs: Sequence[ProductRecord]) -> tuple[BatchRow, ...]:
    """Do the verb, keep the table of its rows in the store, and show it on the page of the run."""
    with progress_artifacts() as report:
        options = batch_options(request.verb, request.with_)
        rows = batch(run.operations(report), request.verb, options, inputs, form=request.as_)
    with TemporaryDirectory(prefix="jwstpipe-batch-") as folder:
        path = write_catalogue(batch_table(rows), Path(folder, "batch.parquet"))
        run.store.put_file(path, f"runs/{run.run_id}/batch.parquet")
    shown = [{"input": row.input, "product": row.product_id, "made": row.made, "error": row.error} for row in rows]
    table(shown[:MOST_SHOWN], key="batch", description=f"{request.verb}: {len(rows)} rows, the first {MOST_SHOWN}")
    return tuple(rows)
