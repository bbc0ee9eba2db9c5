"""Files of ours into the catalogue, by what they say of themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.lineage.carried import carried_provenance
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.operations.products.record_file import record_of_file
from jwstpipe.settings import S3Settings
from jwstpipe.storage import is_remote

__all__ = ["Entered", "enter_files"]


@dataclass(frozen=True)
class Entered:
    """One file, and the record of the product that it is."""

    file: str
    record: ProductRecord
    was_known: bool
    """The catalogue had the product already, or from a file before this one; its record was left as it is."""


def enter_files(
    catalog: Catalog, files: Sequence[str | Path], *, store_root: str, s3: S3Settings | None = None
) -> list[Entered]:
    """Enter files into the catalogue; all are read before the first is entered.

    Products that are made of each other may come in any order: inputs are entered before what is made of them.

    Parameters
    ----------
    catalog
        Gets the records.
    files
        Image stores, FITS files and pictures, local or ``s3://``. They stay where they are.
    store_root
        Of the store of the site: a file in it has its key, another one the URI of its place.
    s3
        Endpoint of ``s3://`` addresses.

    Raises
    ------
    NotFoundError, DataError
        A file that does not say what it was made of, or whose words do not fit its id.
    """
    named = [(str(name), carried_provenance(name, s3=s3)) for name in files]
    for name, carried in named:
        carried.require_true(name=name)
    own = {carried.product_id for _, carried in named}
    known = set(catalog.published(own))
    waiting = [(name, carried) for name, carried in named if carried.product_id not in known]
    first: dict[str, str] = {}
    while waiting:
        left = {carried.product_id for _, carried in waiting}
        ready = [one for one in waiting if not left & {str(link.product_id) for link in one[1].inputs}] or waiting
        for name, carried in ready:
            if carried.product_id in first:
                continue
            first[carried.product_id] = name
            key = _key_in(name, store_root)
            now = datetime.now(UTC)
            catalog.publish(record_of_file(name, carried, catalog, storage_key=key, created=now, s3=s3))
        waiting = [one for one in waiting if one not in ready]
    records = catalog.get_many(own)
    return [
        Entered(name, records[carried.product_id], first.get(carried.product_id) != name) for name, carried in named
    ]


def _key_in(name: str, root: str) -> str | None:
    """Give the key of a file that lies in the store; None for one that lies elsewhere."""
    place, top = name.rstrip("/"), str(root).rstrip("/")
    if not is_remote(place):
        place, top = str(Path(place).resolve()), str(Path(top).expanduser().resolve())
    return place[len(top) + 1 :] if place.startswith(f"{top}/") else None
