"""One verb over many products: made where it is missing, all as one job of the workers, errors as rows.

What was made stays and is found again, so that a batch that was interrupted goes on where it stood.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from astropy.table import MaskedColumn, Table

from jwstpipe.analysis.pixels.report import statistics
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import JwstPipeError
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.operations.make.batch_verbs import STATS, batch_form, verb_named
from jwstpipe.operations.make.make_missing import OperationRun, existing_products, make_missing
from jwstpipe.operations.make.make_products import inputs_of, make_into
from jwstpipe.operations.registry import operation_named
from jwstpipe.operations.spec import Identity, MakeContext, Operation, Receipt
from jwstpipe.requests import Request
from jwstpipe.requests.analysis.statistics import StatisticsRequest
from jwstpipe.settings import S3Settings
from jwstpipe.storage import ObjectStore

__all__ = ["BatchRow", "batch", "batch_table"]


@dataclass(frozen=True)
class BatchRow:
    """What became of one input."""

    input: str
    """File name."""

    product_id: str
    """Of what was made of it; empty where nothing was."""

    address: str
    made: bool
    """False = it was there, or there is an error."""

    error: str
    results: Mapping[str, Any]
    """Numbers and words that were found on the way."""


@dataclass(frozen=True)
class _Job:
    operation: str
    identity: Identity
    request: Request
    store: ObjectStore
    key: str


@dataclass(frozen=True)
class _StatsJob:
    address: str
    request: StatisticsRequest
    s3: S3Settings


class _SomeFailedError(Exception):
    """Ends a round of making in which some products could not be made; the others are published."""


def batch(
    run: OperationRun, verb: str, options: Request, inputs: Sequence[ProductRecord], *, form: str = ""
) -> list[BatchRow]:
    """Do a verb to products.

    Parameters
    ----------
    run
        Catalogue, store, workers, report.
    verb
        Name of an operation that is made of one product, or ``stats``.
    options
        From `jwstpipe.operations.make.batch_verbs.batch_options`.
    inputs
        Records of the products.
    form
        Of the files, as ``png``; none = the usual one of the verb.

    Returns
    -------
    list of BatchRow
        In the order of `inputs`; statistics of several regions have several.

    Raises
    ------
    UsageError
        No such verb, or form.
    """
    operation, ending = verb_named(verb), batch_form(verb, form)
    if operation is None:
        return _stats(run, options, inputs)
    wanted, ids, errors = _identified(run, operation, options, inputs)
    before = set(existing_products(run, wanted))
    receipts: dict[str, Receipt] = {}
    failed: dict[str, str] = {}
    left = dict(wanted)
    while left:
        try:
            make_missing(run, left, lambda part: _made(run, operation, options, part, receipts, failed, ending))
            break
        except _SomeFailedError:
            left = {key: one for key, one in left.items() if key not in failed}
    done = existing_products(run, wanted)
    rows = []
    for record in inputs:
        key = ids.get(record.product_id, "")
        fault = errors.get(record.product_id) or failed.get(key, "")
        made = done.get(key)
        found = _results(operation, made, receipts.get(key))
        address = "" if made is None else run.store.url(str(made.storage_key))
        name = "" if made is None else key
        rows.append(BatchRow(record.file_name, name, address, bool(made) and key not in before, fault, found))
    return rows


def _identified(
    run: OperationRun, operation: Operation[Any], options: Request, inputs: Sequence[ProductRecord]
) -> tuple[dict[str, tuple[Identity, ProductRecord]], dict[str, str], dict[str, str]]:
    """Give what is to be made by its ids, the id of each input's product, and why some inputs can have none."""
    context = MakeContext(run.workers, run.store.s3, run.report)
    wanted: dict[str, tuple[Identity, ProductRecord]] = {}
    ids: dict[str, str] = {}
    errors: dict[str, str] = {}
    for record in inputs:
        try:
            identity = operation.identify(options, inputs_of(run.store, [record]), context=context)
        except JwstPipeError as error:
            errors[record.product_id] = str(error)
            continue
        wanted[identity.id], ids[record.product_id] = (identity, record), identity.id
    return wanted, ids, errors


def _made(
    run: OperationRun, operation: Operation[Any], options: Request, part: Mapping[str, tuple[Identity, ProductRecord]],
    receipts: dict[str, Receipt], failed: dict[str, str], ending: str,
) -> Iterator[ProductRecord]:  # fmt: skip
    """Make products on the workers; what cannot be made is kept as an error, and ends the round at its end."""
    names = {
        key: f"{record.file_name.rpartition('.')[0]}-{operation.name}{ending}" for key, (_, record) in part.items()
    }
    keys = {key: operation.key(key, attempt=run.attempt, name=names[key]) for key in part}
    jobs = {key: _Job(operation.name, identity, options, run.store, keys[key]) for key, (identity, _) in part.items()}
    for key, receipt in run.workers.each(_try, jobs, name=operation.name, report=run.report, unit="products"):
        identity, record = part[key]
        if isinstance(receipt, str):
            failed[key] = receipt
            continue
        receipts[key] = receipt
        yield operation.record(
            receipt, identity, parents=[record], storage_key=keys[key], created=run.now(), run_id=run.run_id,
            file_name=names[key],
        )  # fmt: skip
    if failed.keys() & part.keys():
        raise _SomeFailedError


def _try(job: _Job) -> Receipt | str:
    """Make one product on a worker; gives what is wrong where it cannot be made."""
    context = MakeContext(ThreadWorkers(1), job.store.s3)
    try:
        made = make_into(operation_named(job.operation), job.identity, job.request, job.store, job.key, context)
    except JwstPipeError as error:
        return str(error)
    return Receipt(made.product_id, made.shape, made.file_size, made.digest, made.results, made.notes)


def _results(operation: Operation[Any], record: ProductRecord | None, receipt: Receipt | None) -> Mapping[str, Any]:
    if receipt is not None:
        found = receipt.results
    else:
        found = record.processing_results[-1].results if record is not None and record.processing_results else {}
    return found if operation.row is None else operation.row(found)


def _stats(run: OperationRun, options: Request, inputs: Sequence[ProductRecord]) -> list[BatchRow]:
    assert isinstance(options, StatisticsRequest)
    jobs = {
        record.product_id: _StatsJob(one.address, options, run.store.s3)
        for record, one in zip(inputs, inputs_of(run.store, inputs), strict=True)
    }
    found = run.workers.run(_measure, jobs, name=STATS, report=run.report, unit="products")
    rows = []
    for record in inputs:
        outcome = found[record.product_id]
        if isinstance(outcome, str):
            rows.append(BatchRow(record.file_name, "", "", False, outcome, {}))
        else:
            rows += [BatchRow(record.file_name, "", "", False, "", one) for one in outcome]
    return rows


def _measure(job: _StatsJob) -> list[dict[str, Any]] | str:
    try:
        rows = list(statistics([job.address], options=job.request, s3=job.s3, workers=ThreadWorkers(1)))
    except JwstPipeError as error:
        return str(error)
    return [{key: value for key, value in row.items() if key != "image"} for row in rows]


def batch_table(rows: Sequence[BatchRow]) -> Table:
    """Make a table of the rows: what was done to which input, and every number or word that was found on the way."""
    table = Table()
    for name in ("input", "product_id", "address", "error"):
        table[name] = [str(getattr(row, name)) for row in rows] or [""][:0]
    table["made"] = [row.made for row in rows]
    names = dict.fromkeys(
        key for row in rows for key, value in row.results.items() if isinstance(value, int | float | str)
    )
    for name in names:
        values = [row.results.get(name) for row in rows]
        kinds = {type(value) for value in values if value is not None}
        fill: Any = "" if str in kinds else 0 if kinds == {int} else 0.0
        kept = [fill if value is None else type(fill)(value) for value in values]
        column = name if name not in table.colnames else f"{name}_found"
        table[column] = MaskedColumn(kept, mask=[value is None for value in values])
    return table
