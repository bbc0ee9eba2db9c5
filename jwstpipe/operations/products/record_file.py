"""The record of a product of ours that lies anywhere: of what the file says, and what is known of its inputs."""

from datetime import datetime
from pathlib import Path
from typing import Any

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.lineage.carried import Carried
from jwstpipe.catalog.lineage.file_cards import cards_of_file
from jwstpipe.catalog.records.archive_record import described_by
from jwstpipe.catalog.records.components import InputLink
from jwstpipe.catalog.records.derived_record import derived_record, file_format_of, shared_image_info
from jwstpipe.catalog.records.models import ProductRecord, checked_record
from jwstpipe.errors import JwstPipeError
from jwstpipe.images.zarr.image_store import open_image_store
from jwstpipe.operations.make.write_catalogue_product import place_of
from jwstpipe.operations.registry import REGISTRY
from jwstpipe.settings import S3Settings
from jwstpipe.storage import is_remote, path_digest, path_size, s3_filesystem, storage_errors

__all__ = ["SHORTENED", "record_of_file"]

SHORTENED = "its metadata had no room for all of its parameters and inputs, which stand in it as digests"
"""Warning on the record of a JPEG that cannot be made again from it alone."""

_RESULTS = ("weights", "background", "digest")


def record_of_file(
    address: str | Path,
    carried: Carried,
    catalog: Catalog,
    *,
    storage_key: str | None,
    created: datetime,
    s3: S3Settings | None = None,
) -> ProductRecord:
    """Make the record of a file from what it says of itself, and from its bytes.

    Parameters
    ----------
    address
        File or image store, local or ``s3://``.
    carried
        What it says.
    catalog
        Asked for its inputs: of those that it does not know, their names tell, and the headers of the file.
    storage_key
        Its key, where it lies in the store; else its place is kept as a URI.
    created
        Time of the entry.
    s3
        Endpoint of an ``s3://`` address.

    Raises
    ------
    DataError
        A value that no record may have.
    """
    name = str(address).rstrip("/").rpartition("/")[2]
    cards = cards_of_file(address, s3=s3)
    known = catalog.get_many([str(link.product_id) for link in carried.inputs if link.product_id])
    parents = [known.get(str(link.product_id)) or _stand_in(link, cards, created) for link in carried.inputs]
    operation = REGISTRY.get(carried.operation)
    slots = [parent.slot or parent.product_id for parent in parents]
    size, digest = _size_and_digest(address, s3)
    made = derived_record(
        carried.product_id,
        kind=carried.kind,
        storage_key=storage_key or "outside",
        parents=parents,
        operation=carried.operation,
        algorithm_version=carried.algorithm_version,
        parameters=carried.parameters,
        image=shared_image_info(parents, shape=_shape(cards)),
        created=created,
        run_id=None,
        file_size=size,
        digest=digest,
        file_name=name,
        results=_results(address, s3, carried.kind),
        slot=None if operation is None else operation.slot(carried.parameters, slots),
    )
    own = described_by(cards, name, created)
    changes: dict[str, Any] = {
        "status": "published",
        "file_format": file_format_of(name),
        "software": carried.software,
        "warnings": (SHORTENED,) if carried.shortened else (),
        "ra": own["ra"] if made.ra is None else made.ra,
        "dec": own["dec"] if made.dec is None else made.dec,
    }
    if storage_key is None:
        uri = str(address) if is_remote(address) else Path(address).resolve().as_uri()
        changes |= {"storage_key": None, "uri": uri}
    return checked_record({**made.model_dump(), **changes}, what=str(address))


def _stand_in(link: InputLink, cards: dict[str, Any], created: datetime) -> ProductRecord:
    """Describe an input that the catalogue does not know by its name, and by what its product has of it."""
    described = described_by(cards, link.file_name, created)
    facts = {"product_id": link.product_id, "kind": "archive", "file_name": link.file_name, "digest": link.digest}
    return checked_record({**described, **facts, "created": created, "is_public": True}, what=link.file_name)


def _shape(cards: dict[str, Any]) -> tuple[int, int] | None:
    rows, columns = cards.get("NAXIS2"), cards.get("NAXIS1")
    return (rows, columns) if isinstance(rows, int) and isinstance(columns, int) else None


def _size_and_digest(address: str | Path, s3: S3Settings | None) -> tuple[int | None, str | None]:
    """Take size and digest: of a file both, of an image store the bytes of all its files."""
    if is_remote(address):
        files = s3_filesystem(s3 or S3Settings())
        with storage_errors(str(address)):
            return int(files.du(str(address))), None
    path = Path(address)
    return path_size(path), path_digest(path) if path.is_file() else None


def _results(address: str | Path, s3: S3Settings | None, kind: str) -> dict[str, Any]:
    """Take what an image store keeps of its making, as its digest: by that it is compared when it is made again.

    Of a catalogue take where on the sky its rows lie.
    """
    if kind == "catalogue":
        return _place(address, s3)
    if not str(address).rstrip("/").endswith(".zarr"):
        return {}
    attributes = open_image_store(address, s3=s3).attributes
    receipt = (attributes.get("provenance") or {}).get("receipt") or {}
    return {key: receipt[key] for key in _RESULTS if key in receipt}


def _place(address: str | Path, s3: S3Settings | None) -> dict[str, Any]:
    from jwstpipe.operations.inputs.catalogue_inputs import table_at  # noqa: PLC0415 - loads tables

    try:
        return place_of(table_at(str(address), s3=s3))
    except JwstPipeError:  # it is entered all the same, and looked into at every search
        return {}
