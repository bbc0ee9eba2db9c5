"""Make a product again from its record, and say whether it came out the same."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import DataError, NotFoundError, UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.images.open import open_image
from jwstpipe.operations.make_products import make_into
from jwstpipe.operations.registry import REGISTRY
from jwstpipe.operations.spec import Input, MakeContext, Operation
from jwstpipe.storage import ObjectStore, product_exists, tree_digest

__all__ = ["Reproduction", "reproduce"]


@dataclass(frozen=True)
class Reproduction:
    """A product that was made again."""

    product_id: str
    digest: str
    """SHA-256 of the file, or of all files of an image store with their names."""

    expected: str
    """Digest of the product as it stood, or as its record or its samples tell."""

    compared: str
    """What was compared: bytes with the standing product, file with the record, samples with the record."""

    same: bool
    address: str
    """Where the product stands."""

    restored: bool
    """It was not there any more, and is there again."""


def reproduce(
    product_id: str, *, catalog: Catalog, store: ObjectStore, workers: Workers | None = None, depth: int = 64
) -> Reproduction:
    """Make a product again from its record: the same inputs, parameters and algorithm.

    Inputs of ours that are not in the store any more are made again first. A product that stands is left alone and
    compared; one that does not is put back in its place.

    Parameters
    ----------
    product_id
        Of a product that we made.
    catalog, store
        Hold its record and its inputs.
    workers
        Where it is computed; default: two threads.
    depth
        How many generations of inputs may be made again.

    Returns
    -------
    Reproduction
        With both digests.

    Raises
    ------
    UsageError
        A file of the archive, or an operation that nobody can repeat.
    DataError
        An input was replaced, or the algorithm has changed: the same product cannot come out any more.
    NotFoundError
        The product, or one of its inputs, is not known or not there.
    """
    record = catalog.get(product_id)
    operation = _operation_of(record)
    inputs = _inputs(record, catalog=catalog, store=store, workers=workers, depth=depth)
    key = str(record.storage_key)
    stood = product_exists(store, key, record.file_format)
    context = MakeContext(workers or ThreadWorkers(2), store.s3)
    request = operation.request_of(record.parameters)
    identity = operation.identify(request, inputs, context=context)
    if identity.id != product_id:
        raise DataError(f"{record.file_name}: its record gives product {identity.id}, not {product_id}; was it edited?")
    with TemporaryDirectory(prefix="jwstpipe-reproduce-") as folder:
        scratch = ObjectStore(str(Path(folder).resolve()))
        name = key.rpartition("/")[2]
        if record.file_format == "zarr" and not stood:
            make_into(operation, identity, request, store, key, context)
            digest = tree_digest(store, key)
        else:
            make_into(operation, identity, request, scratch, name, context)
            digest = tree_digest(scratch, name)
        expected, compared = _expected(record, store, digest, stood=stood)
        if not stood and record.file_format != "zarr" and digest == expected:
            store.put_file(Path(scratch.url(name)), key)
    return Reproduction(product_id, digest, expected, compared, digest == expected, store.url(key), restored=not stood)


def _expected(record: ProductRecord, store: ObjectStore, digest: str, *, stood: bool) -> tuple[str, str]:
    if stood:
        return tree_digest(store, str(record.storage_key)), "all bytes with those of the standing product"
    if record.digest is not None:
        return record.digest, "all bytes with the digest of the record"
    told = record.processing_results[-1].results.get("digest") if record.processing_results else None
    if told is None:  # an image is its input without loss, and its id holds the input's digest
        return digest, "the id, which holds the digest of the input"
    found = open_image(store.url(str(record.storage_key)), s3=store.s3).provenance["receipt"]["digest"]
    return (digest if found == told else str(told)), "all samples with the digest of the record"


def _operation_of(record: ProductRecord) -> Operation[Any]:
    """Find what made a product; refuse what cannot come out the same."""
    if record.operation is None:
        raise UsageError(f"{record.file_name}: came from the archive; jwstpipe ingest fetches it again")
    operation = REGISTRY.get(record.operation)
    if operation is None:
        raise UsageError(f"{record.file_name}: {record.operation} cannot be repeated from a record")
    if record.algorithm_version != operation.version:
        raise DataError(
            f"{record.file_name}: made by version {record.algorithm_version} of {record.operation}, this installation"
            f" has version {operation.version}; the same product cannot come out"
        )
    if record.storage_key is None:
        raise DataError(f"{record.file_name}: its record has no place in the store")
    return operation


def _inputs(
    record: ProductRecord, *, catalog: Catalog, store: ObjectStore, workers: Workers | None, depth: int
) -> list[Input]:
    """Give the inputs, each as it was when the product was made."""
    known = catalog.get_many(record.parents)
    inputs = []
    for key in record.parents:
        parent = known.get(key)
        if parent is None:
            raise NotFoundError(f"{record.file_name}: its input {key} is not in the catalogue any more")
        if parent.kind == "archive":
            _require_unchanged(parent, record, store)
        elif not product_exists(store, str(parent.storage_key), parent.file_format):
            if depth <= 0:
                raise DataError(f"{record.file_name}: its lineage is deeper than can be made again at once")
            reproduce(key, catalog=catalog, store=store, workers=workers, depth=depth - 1)
        inputs.append(Input.of_record(parent, store.url(str(parent.storage_key))))
    return inputs


def _require_unchanged(parent: ProductRecord, child: ProductRecord, store: ObjectStore) -> None:
    key = str(parent.storage_key)
    if parent.status == "superseded":
        raise DataError(
            f"{child.file_name}: its input {parent.file_name} was replaced by {parent.superseded_by}; the same product"
            " cannot come out, run its job again for a current one"
        )
    if not store.exists(key):
        raise NotFoundError(f"{child.file_name}: its input {key} is not in the store; jwstpipe ingest fetches it again")
    if parent.digest is not None and tree_digest(store, key) != parent.digest:
        raise DataError(f"{child.file_name}: its input {key} has other bytes than its record says; ingest it again")
