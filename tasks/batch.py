"""The steps of a batch: which products, and one verb to all of them."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from jwstpipe.analysis.catalogues.files import write_catalogue
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.operations.batch import BatchRow, batch, batch_kinds, batch_options, batch_table
from jwstpipe.requests.batch import BatchRequest
from jwstpipe.tasks.artifacts import progress_artifacts, table
from jwstpipe.tasks.run_context import Run
from jwstpipe.tasks.selection import asked_records
from jwstpipe.tasks.step_task import step_task

__all__ = ["batch_inputs", "run_batch"]

MOST_SHOWN = 500


@step_task("choose")
def batch_inputs(run: Run, request: BatchRequest) -> tuple[ProductRecord, ...]:
    """Find the products that a verb is done to."""
    batch_options(request.verb, request.with_)  # a fault is told before anything is looked for
    kinds = batch_kinds(request.verb)
    found = asked_records(run, request, kinds=kinds, called=" or ".join(kinds))
    if not found:
        raise NotFoundError(f"{request.summary()}: the catalogue has no such {' or '.join(kinds)}")
    if len(found) > request.max_files:
        raise UsageError(
            f"{len(found)} products are more than the limit of {request.max_files}; narrow it or raise max_files"
        )
    return tuple(found)


@step_task("batch")
def run_batch(run: Run, request: BatchRequest, inputs: Sequence[ProductRecord]) -> tuple[BatchRow, ...]:
    """Do the verb, keep the table of its rows in the store, and show it on the page of the run."""
    with progress_artifacts() as report:
        rows = batch(run.operations(report), request.verb, batch_options(request.verb, request.with_), inputs)
    with TemporaryDirectory(prefix="jwstpipe-batch-") as folder:
        path = write_catalogue(batch_table(rows), Path(folder, "batch.parquet"))
        run.store.put_file(path, f"runs/{run.run_id}/batch.parquet")
    shown = [{"input": row.input, "product": row.product_id, "made": row.made, "error": row.error} for row in rows]
    table(shown[:MOST_SHOWN], key="batch", description=f"{request.verb}: {len(rows)} rows, the first {MOST_SHOWN}")
    return tuple(rows)
