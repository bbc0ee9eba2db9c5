"""The steps of any operation: which products of the catalogue it is made of, and making it."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from prefect import get_run_logger

from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.operations.make.asked import options_of
from jwstpipe.operations.make.fitting_inputs import fitting_inputs
from jwstpipe.operations.make.make_products import Order, make_products
from jwstpipe.operations.registry import operation_named
from jwstpipe.operations.spec import Operation
from jwstpipe.tasks.artifacts import progress_artifacts
from jwstpipe.tasks.run_context import Run
from jwstpipe.tasks.selection import asked_records, slug
from jwstpipe.tasks.steps.step_task import step_task

__all__ = ["chosen_inputs", "make_of"]


@step_task("choose")
def chosen_inputs(run: Run, request: Any, name: str) -> tuple[ProductRecord, ...]:
    """Find the products of the catalogue that an operation is to be made of."""
    operation = operation_named(name)
    kinds = operation.of
    found = asked_records(run, request, kinds=kinds, called=" or ".join(kinds))
    found = found if request.products else fitting_inputs(operation, found)
    if not found:
        raise NotFoundError(
            f"{request.summary()}: the catalogue has no such {' or '.join(kinds)}; jwstpipe catalog find lists what"
            " there is"
        )
    if len(found) > request.max_files:
        raise UsageError(
            f"{len(found)} products are more than the limit of {request.max_files}; narrow it or raise max_files"
        )
    return tuple(found)


@step_task("make")
def make_of(run: Run, request: Any, name: str, inputs: Sequence[ProductRecord]) -> tuple[ProductRecord, ...]:
    """Make the products of an operation that are not there, and publish them: one of each input, or one of all."""
    operation, options = operation_named(name), options_of(operation_named(name), request)
    form = f".{request.form}" if "form" in type(request).model_fields else operation.forms[0]
    groups = [tuple(inputs)] if operation.several else [(one,) for one in inputs]
    orders = [Order(options, group, _name(operation, request, group, form)) for group in groups]
    with progress_artifacts() as report:
        done = make_products(run.operations(report), operation, orders)
    made = [one.receipt for one in done if one.receipt is not None]
    get_run_logger().info("%s: %d made, %d were there", name, len(made), len(done) - len(made))
    for note in [note for receipt in made for note in receipt.notes]:
        run.note(note)
    return tuple(one.record for one in done)


def _name(operation: Operation[Any], request: Any, inputs: Sequence[ProductRecord], form: str) -> str:
    """Name a product for people: an image in another form keeps its name, a picture says what it is."""
    stem = PurePosixPath(inputs[0].file_name).stem
    if operation.several:
        stem = slug(request.target or "images")
    return f"{stem}{form}" if operation.kind in operation.of else f"{stem}-{operation.name}{form}"
