"""Products of an operation into store and catalogue: each identified, made where it is missing, recorded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.operations.make.make_missing import OperationRun, make_missing
from jwstpipe.operations.make.places import address_of
from jwstpipe.operations.registry import operation_named
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt
from jwstpipe.requests import Request
from jwstpipe.storage import ObjectStore

__all__ = ["Made", "Order", "identify_order", "inputs_of", "make_into", "make_products"]

MOST_EARLIER = 5
"""Earlier products that are looked through for parts."""


@dataclass(frozen=True)
class Order:
    """One product that is wanted: of which inputs, how, and under which name."""

    request: Request
    parents: tuple[ProductRecord, ...]
    name: str
    """File name for people."""

    identity: Identity | None = None
    """Where it was found before."""


@dataclass(frozen=True)
class Made:
    """A product that stands in store and catalogue."""

    record: ProductRecord
    receipt: Receipt | None
    """None = it was there."""


@dataclass(frozen=True)
class _Job:
    """One product, for workers: plain values that travel."""

    operation: str
    identity: Identity
    request: Request
    store: ObjectStore
    key: str


def make_products(run: OperationRun, operation: Operation[Any], orders: Sequence[Order]) -> list[Made]:
    """Make what is missing of some products, and publish it.

    Parameters
    ----------
    run
        The run that wants them: catalogue, store, workers, report.
    operation
        One of the registry.
    orders
        What is wanted.

    Returns
    -------
    list of Made
        In the order of `orders`.

    Raises
    ------
    JwstPipeError
        As the operation, and as `make_missing`.
    """
    context = MakeContext(run.workers, run.store.s3, run.report)
    identities = [order.identity or identify_order(run, operation, order, context) for order in orders]
    wanted = {identity.id: (identity, order) for identity, order in zip(identities, orders, strict=True)}
    receipts: dict[str, Receipt] = {}
    done = make_missing(run, wanted, partial(_records, run, operation, context, receipts))
    return [Made(done[identity.id], receipts.get(identity.id)) for identity in identities]


def identify_order(run: OperationRun, operation: Operation[Any], order: Order, context: MakeContext) -> Identity:
    """Tell what a product of the catalogue will be."""
    return operation.identify(order.request, inputs_of(run.store, order.parents), context=context)


def inputs_of(store: ObjectStore, records: Sequence[ProductRecord]) -> list[Input]:
    """Give products of the catalogue as inputs, in the store or where their files were entered from."""
    return [Input.of_record(record, address_of(record, store) or record.file_name) for record in records]


def make_into(
    operation: Operation[Any], identity: Identity, request: Request, store: ObjectStore, key: str, context: MakeContext
) -> Receipt:
    """Make one product under a key of a store: an image store in its place, a file through a local path."""
    if key.endswith(".zarr"):
        return operation.make(identity, store.url(key), request, context=context)
    with store.file_for(key) as path:
        return operation.make(identity, str(path), request, context=context)


def run_job(job: _Job) -> Receipt:
    """Carry out one job, on a worker."""
    context = MakeContext(ThreadWorkers(1), job.store.s3)
    return make_into(operation_named(job.operation), job.identity, job.request, job.store, job.key, context)


def _records(
    run: OperationRun,
    operation: Operation[Any],
    context: MakeContext,
    receipts: dict[str, Receipt],
    wanted: Mapping[str, tuple[Identity, Order]],
) -> Iterator[ProductRecord]:
    keys = {key: operation.key(key, attempt=run.attempt, name=order.name) for key, (_, order) in wanted.items()}
    for key, receipt in _made(run, operation, context, wanted, keys):
        identity, order = wanted[key]
        receipts[key] = receipt
        record = operation.record(
            receipt,
            identity,
            parents=order.parents,
            storage_key=keys[key],
            created=run.now(),
            run_id=run.run_id,
            file_name=order.name,
        )
        # what a user makes of what others have shared is that user's
        yield record.model_copy(update={"user_id": run.catalog.user}) if run.catalog.user else record


def _made(
    run: OperationRun,
    operation: Operation[Any],
    context: MakeContext,
    wanted: Mapping[str, tuple[Identity, Order]],
    keys: Mapping[str, str],
) -> Iterator[tuple[str, Receipt]]:
    """Make products on the workers, or one after the other here."""
    if operation.spread:
        jobs = {
            key: _Job(operation.name, identity, order.request, run.store, keys[key])
            for key, (identity, order) in wanted.items()
        }
        yield from run.workers.each(run_job, jobs, name=operation.name, report=run.report, unit="products")
        return
    for key, (identity, order) in wanted.items():
        earlier = _earlier(run, operation, order) if operation.reuses else ()
        own = MakeContext(context.workers, context.s3, context.report, earlier)
        yield key, make_into(operation, identity, order.request, run.store, keys[key], own)


def _earlier(run: OperationRun, operation: Operation[Any], order: Order) -> tuple[str, ...]:
    """Find earlier products of the same name: their parts are taken where the same inputs made them."""
    found = run.catalog.find(RecordQuery(kind=(operation.kind,), file_name=order.name), sort="newest")
    keys = [str(record.storage_key) for record in found[:MOST_EARLIER]]
    whole = [key for key in keys if run.store.exists(f"{key}/zarr.json" if key.endswith(".zarr") else key)]
    return tuple(run.store.url(key) for key in whole)
