"""The command batch."""

from functools import partial
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from jwstpipe.cli.arguments import Home, Json, Overwrite, User, output_option
from jwstpipe.cli.catalog.opened import opened
from jwstpipe.cli.context import choices_of
from jwstpipe.cli.output import data, json_data, progress_bars
from jwstpipe.cli.request_options import request_options
from jwstpipe.errors import PartialError
from jwstpipe.requests.batch import BatchRequest

__all__ = ["batch"]


@request_options(BatchRequest, into="request", arguments={"verb": "VERB"})
def batch(
    context: typer.Context,
    *,
    request: BatchRequest,
    out: Annotated[Path | None, output_option("OUT.ecsv|.parquet|.csv", "table of all rows")] = None,
    overwrite: Overwrite = False,
    user: User = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Do one verb to many products of the catalogue; a row for each, and an error is a row too.

    Examples: jwstpipe batch detect --filter F200W --with threshold=5 -o rows.ecsv;
    jwstpipe batch stats --target "NGC 3132"; jwstpipe batch filter --query 'exposure_time > 100 and width < 4000';
    jwstpipe batch lines --instrument MIRI --with redshift=0.02 -o lines.ecsv; jwstpipe batch spectrum --as png
    """
    from jwstpipe.analysis.catalogues.files import write_catalogue
    from jwstpipe.analysis.catalogues.forms import check_target
    from jwstpipe.execution.workers import open_workers
    from jwstpipe.operations.batch import batch as run_batch
    from jwstpipe.operations.batch import batch_table
    from jwstpipe.operations.make.batch_verbs import batch_form, batch_inputs, batch_kinds, batch_options
    from jwstpipe.operations.make.chosen import chosen_records
    from jwstpipe.operations.make.make_missing import OperationRun
    from jwstpipe.storage import open_store

    options = batch_options(request.verb, request.with_)
    batch_form(request.verb, request.as_)
    if out is not None:
        check_target(out, overwrite=overwrite)
    with opened(context, home=home, user=user) as (catalog, settings):
        kinds = batch_kinds(request.verb)
        inputs = chosen_records(
            catalog, request, kinds=kinds, condition=request.query, most=request.max_files,
            fitting=partial(batch_inputs, request.verb),
        )  # fmt: skip
        store = open_store(settings.store_root, s3=settings.s3)
        with progress_bars(quiet=choices_of(context).quiet) as report, open_workers(settings.execution) as workers:
            run = OperationRun(catalog, store, workers, f"batch-{uuid4().hex[:8]}", uuid4().hex[:12], report)
            rows = run_batch(run, request.verb, options, inputs, form=request.as_)
    if out is not None:
        write_catalogue(batch_table(rows), out, overwrite=overwrite)
    for row in rows:
        if as_json:
            json_data({"input": row.input, "product_id": row.product_id, "made": row.made, "error": row.error}
                      | {"results": dict(row.results)})  # fmt: skip
        else:
            data(f"{row.input}: {row.error or row.product_id or 'measured'}")
    failed = sum(bool(row.error) for row in rows)
    if failed:
        raise PartialError(f"{failed} of {len(rows)} rows are errors; the others are done, and are not done again")
