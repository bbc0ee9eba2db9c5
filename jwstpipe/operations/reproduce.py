"""Make a product again from its record, and say whether it came out the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import DataError, NotFoundError, UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.images.convert import ALGORITHM as CONVERT_ALGORITHM
from jwstpipe.images.convert import convert
from jwstpipe.images.open import open_image
from jwstpipe.mosaicking.build import build_mosaic
from jwstpipe.mosaicking.plan import plan_mosaic
from jwstpipe.mosaicking.tile_job import ALGORITHM as MOSAIC_ALGORITHM
from jwstpipe.operations.pictures import (
    COMPOSITE_ALGORITHM,
    SHEET_ALGORITHM,
    THUMBNAIL_ALGORITHM,
    composite,
    contact_sheet,
    thumbnail,
)
from jwstpipe.requests import CompositeRequest, MosaicOptions
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.storage import ObjectStore, product_exists, tree_digest

__all__ = ["ALGORITHMS", "Reproduction", "reproduce"]

ALGORITHMS: dict[str, str] = {
    "convert": CONVERT_ALGORITHM,
    "mosaic": MOSAIC_ALGORITHM,
    "composite": COMPOSITE_ALGORITHM,
    "thumbnail": THUMBNAIL_ALGORITHM,
    "contact-sheet": SHEET_ALGORITHM,
}
"""Version of each operation in this installation."""


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
    Remade
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
    recipe = _recipe_of(record)
    inputs = _inputs(record, catalog=catalog, store=store, workers=workers, depth=depth)
    key = str(record.storage_key)
    stood = product_exists(store, key, record.file_format)
    at_work = workers or ThreadWorkers(2)
    with TemporaryDirectory(prefix="jwstpipe-remake-") as folder:
        scratch = ObjectStore(str(Path(folder).resolve()))
        name = key.rpartition("/")[2]
        if record.file_format == "zarr" and not stood:
            made_id = recipe(record, inputs, store.url(key), store, at_work)
            digest = tree_digest(store, key)
        else:
            made_id = recipe(record, inputs, scratch.url(name), store, at_work)
            digest = tree_digest(scratch, name)
        if made_id != product_id:
            raise DataError(f"{record.file_name}: its record gives product {made_id}, not {product_id}; was it edited?")
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


Recipe = Callable[[ProductRecord, Sequence[str], str, ObjectStore, Workers], str]


def _recipe_of(record: ProductRecord) -> Recipe:
    if record.operation is None:
        raise UsageError(f"{record.file_name}: came from the archive; jwstpipe ingest fetches it again")
    recipe = _RECIPES.get(record.operation)
    if recipe is None:
        raise UsageError(f"{record.file_name}: {record.operation} cannot be repeated from a record")
    current = ALGORITHMS[record.operation]
    if record.algorithm_version != current:
        raise DataError(
            f"{record.file_name}: made by version {record.algorithm_version} of {record.operation}, this installation"
            f" has version {current}; the same product cannot come out"
        )
    if record.storage_key is None:
        raise DataError(f"{record.file_name}: its record has no place in the store")
    return recipe


def _inputs(
    record: ProductRecord, *, catalog: Catalog, store: ObjectStore, workers: Workers | None, depth: int
) -> list[str]:
    """Give the addresses of the inputs, each as it was when the product was made."""
    known = catalog.get_many(record.parents)
    addresses = []
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
        addresses.append(store.url(str(parent.storage_key)))
    return addresses


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


def _convert(record: ProductRecord, inputs: Sequence[str], target: str, store: ObjectStore, workers: Workers) -> str:
    planes = record.parameters["planes"]
    return convert(inputs[0], target, planes=planes, parent=record.parents[0], s3=store.s3, workers=workers).product_id


def _mosaic(record: ProductRecord, inputs: Sequence[str], target: str, store: ObjectStore, workers: Workers) -> str:
    wanted: dict[str, Any] = record.parameters
    if "window" not in wanted:
        raise DataError(f"{record.file_name}: its record is of an older kind, without the window of the plane")
    plan = plan_mosaic(
        inputs,
        options=MosaicOptions(**wanted["options"]),
        grid=(SkyGrid.from_dict(wanted["grid"]), Box(*wanted["window"])),
        s3=store.s3,
        workers=workers,
    )
    return build_mosaic(plan, target, s3=store.s3, workers=workers).product_id


def _composite(record: ProductRecord, inputs: Sequence[str], target: str, store: ObjectStore, workers: Workers) -> str:
    wanted = dict(record.parameters)
    for name in ("form", "files"):
        wanted.pop(name, None)
    bright = wanted.get("luminance") is not None
    if bright:
        wanted["luminance"] = inputs[-1]
    made = composite(
        inputs[:-1] if bright else inputs,
        target,
        options=CompositeRequest(**wanted),
        product_id=record.product_id,
        s3=store.s3,
        workers=workers,
    )
    return str(made.product_id)


def _thumbnail(record: ProductRecord, inputs: Sequence[str], target: str, store: ObjectStore, workers: Workers) -> str:
    del workers
    wanted = record.parameters
    thumbnail(
        inputs[0], target, size=wanted["size"], stretch=wanted["stretch"], product_id=record.product_id, s3=store.s3
    )
    return record.product_id


def _sheet(record: ProductRecord, inputs: Sequence[str], target: str, store: ObjectStore, workers: Workers) -> str:
    del workers
    contact_sheet(inputs, target, **record.parameters, product_id=record.product_id, s3=store.s3)
    return record.product_id


_RECIPES: dict[str, Recipe] = {
    "convert": _convert,
    "mosaic": _mosaic,
    "composite": _composite,
    "thumbnail": _thumbnail,
    "contact-sheet": _sheet,
}
