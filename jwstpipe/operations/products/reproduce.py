"""Make a product again from its record, and say whether it came out the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import ConflictError, DataError, UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.images.export import export
from jwstpipe.images.open import open_image
from jwstpipe.images.zarr.image_store import open_image_store
from jwstpipe.operations.inputs.reproduced_inputs import FoundInputs
from jwstpipe.operations.make.places import Place, address_of
from jwstpipe.operations.products.record_file import SHORTENED
from jwstpipe.operations.registry import REGISTRY
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation
from jwstpipe.storage import ObjectStore

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
    product_id: str,
    *,
    catalog: Catalog,
    store: ObjectStore,
    workers: Workers | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    inputs: Sequence[str | Path] = (),
    depth: int = 64,
) -> Reproduction:
    """Make a product again from its record: the same inputs, parameters and algorithm.

    Inputs of ours that are not there any more are made again first. A product that stands is left alone and compared;
    one that does not is put back in its place, in the store or where it was when it was entered into the catalogue.

    Parameters
    ----------
    product_id
        Of a product that we made.
    catalog, store
        Hold its record and its inputs.
    workers
        Where it is computed; default: two threads.
    out
        Where it goes, instead of its place; of the same form.
    overwrite
        Replace what stands at `out`.
    inputs
        Where inputs are that the catalogue does not know. Those that lie beside the product, or in the working folder,
        under their names are found without. All are known by the ids that they carry.
    depth
        How many generations of inputs may be made again.

    Returns
    -------
    Reproduction
        With both digests.

    Raises
    ------
    UsageError
        A file of the archive, an operation that nobody can repeat, or an `out` of another form.
    DataError
        An input was replaced, or the algorithm has changed: the same product cannot come out any more.
    NotFoundError
        The product, or one of its inputs, is not known or not there.
    ConflictError
        Something stands at `out`.
    """
    record = catalog.get(product_id)
    operation = _operation_of(record)
    home, place = _places(record, store, out, overwrite=overwrite)
    context = MakeContext(workers or ThreadWorkers(2), store.s3)

    def again(key: str) -> None:
        reproduce(key, catalog=catalog, store=store, workers=workers, inputs=inputs, depth=depth - 1)

    with TemporaryDirectory(prefix="jwstpipe-reproduce-") as name:
        folder = Path(name).resolve()
        beside = None if home is None else home.address
        known = FoundInputs(catalog, store, context, tuple(inputs), folder, beside)
        request = operation.request_of(record.parameters)
        identity = _identified(operation, request, known.of(record, again if depth > 0 else None), record, context)
        existed = home is not None and home.exists()
        direct = place.form == ".zarr" and not place.exists()
        made = place if direct else Place(str(folder / place.name))
        _make(operation, identity, request, made, context)
        digest = made.digest()
        expected, compared = _expected(record, home if existed else None, made, digest)
        if not direct and digest == expected and (out is not None or not existed):
            place.take(Path(made.address))
    restored = out is None and not existed
    return Reproduction(product_id, digest, expected, compared, digest == expected, place.address, restored=restored)


def _identified(
    operation: Operation[Any], request: Any, inputs: Sequence[Input], record: ProductRecord, context: MakeContext
) -> Identity:
    """Identify what is to be made: it has to be what the record is of."""
    identity = operation.identify(request, inputs, context=context)
    if identity.id != record.product_id:
        raise DataError(
            f"{record.file_name}: its record gives product {identity.id}, not {record.product_id}; was it edited?"
        )
    return identity


def _places(
    record: ProductRecord, store: ObjectStore, out: str | Path | None, *, overwrite: bool
) -> tuple[Place | None, Place]:
    """Give the place of a product, where it has one, and that where it goes."""
    address = address_of(record, store)
    home = None if address is None else Place(address, store.s3)
    if out is None:
        if home is None:
            raise DataError(f"{record.file_name}: its record does not say where it stands; say where it goes with -o")
        return home, home
    place = Place(str(out), store.s3)
    form = Path(record.file_name).suffix.lower() if home is None else home.form
    if place.form != form:
        raise UsageError(f"{out}: product {record.product_id} is a {form}; end the name so")
    if place.exists() and not overwrite:
        raise ConflictError(f"{out}: stands there already; choose another name or use --overwrite")
    return home, place


def _make(operation: Operation[Any], identity: Identity, request: Any, place: Place, context: MakeContext) -> None:
    """Make a product at a place; as FITS, what the operation makes as an image store."""
    if place.form in operation.endings or ".zarr" not in operation.forms:
        operation.make(identity, place.address, request, context=context)
        return
    with TemporaryDirectory(prefix="jwstpipe-reproduce-") as folder:
        operation.make(identity, f"{folder}/image.zarr", request, context=context)
        export(f"{folder}/image.zarr", place.address, overwrite=True, s3=context.s3)


def _expected(record: ProductRecord, home: Place | None, made: Place, digest: str) -> tuple[str, str]:
    if home is not None and not _of_other_layout(home, made):
        return home.digest(), "all bytes with those of the standing product"
    if record.digest is not None:
        return record.digest, "all bytes with the digest of the record"
    recorded = record.processing_results[-1].results.get("digest") if record.processing_results else None
    if recorded is None:  # an image is its input without loss, and its id holds the input's digest
        return digest, "the id, which holds the digest of the input"
    found = open_image(made.address, s3=made.s3).provenance["receipt"]["digest"]
    return (digest if found == recorded else str(recorded)), "all samples with the digest of the record"


def _of_other_layout(home: Place, made: Place) -> bool:
    """Tell whether a store was written by an older layout: the same samples then stand in other files."""
    if home.form != ".zarr":
        return False
    stood, now = (open_image_store(place.address, s3=place.s3).layout for place in (home, made))
    return stood != now


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
    if record.file_name.lower().endswith(".hips"):
        raise UsageError(f"{record.file_name}: a HiPS says when it was released, so that it never comes out the same")
    if SHORTENED in record.warnings:
        raise DataError(
            f"{record.file_name}: {SHORTENED}; make it again with jwstpipe {record.operation}, or enter its PNG or TIFF"
        )
    return operation
