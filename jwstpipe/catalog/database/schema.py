"""The version of the documents, and how older ones are brought up.

Everything here may run again at any time, by several processes at once: tables and indexes that are there stay, a
migration writes what follows from the documents alone.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jwstpipe.catalog.database.backend import CatalogDatabase, Document
from jwstpipe.catalog.database.changes import in_batches
from jwstpipe.catalog.records.documents import from_document, search_fields, wrapped
from jwstpipe.errors import DataError

__all__ = ["SCHEMA_VERSION", "ensure_schema", "schema_version"]

SCHEMA_VERSION = 3
"""Version of the documents that this code writes.

1: no version was written. 2: fields for the search by position, date of observation and parts of texts. 3: inputs with
names, digests, roles and evidence beside their ids.
"""

_AT_ONCE = 500


def ensure_schema(database: CatalogDatabase) -> None:
    """Make tables and indexes, and bring older documents up to this version.

    Raises
    ------
    DataError
        The catalogue was written by a newer version.
    """
    database.prepare()
    version = schema_version(database)
    if version > SCHEMA_VERSION:
        raise DataError(
            f"{database.address}: its records are of version {version}, this version reads up to {SCHEMA_VERSION};"
            " update jwstpipe"
        )
    for target in range(version + 1, SCHEMA_VERSION + 1):
        with database.writing():
            database.replace(_brought_up(database, _MIGRATIONS[target]))
            database.set_version(target)


def schema_version(database: CatalogDatabase) -> int:
    """Tell the version of the documents; that of this code where there are none."""
    version = database.version()
    if version is None:
        database.set_version(SCHEMA_VERSION)
        return SCHEMA_VERSION
    return version


def _brought_up(database: CatalogDatabase, change: "_Migration") -> Iterator[Document]:
    for batch in in_batches(database.documents(), _AT_ONCE):
        parents = {key for document in batch for key in document.get("derived_from") or ()}
        known = {document["_id"]: document for document in database.read(parents, viewer=None)}
        yield from ({**document, **fields} for document in batch if (fields := change(known, document)))


_Migration = Callable[[Mapping[str, Document], Document], dict[str, Any]]
"""Gives the fields of a document that get other values; takes its parents by id, and the document."""


def _with_search_fields(parents: Mapping[str, Document], document: Document) -> dict[str, Any]:
    """Write what searches need; a position that only the coarse WCS tells becomes the record's own."""
    del parents
    record = from_document(document)
    wcs = (record.image_info.wcs if record.image_info else None) or {}
    ra, dec = record.metadata.get("mast_s_ra", wcs.get("CRVAL1")), record.metadata.get("mast_s_dec", wcs.get("CRVAL2"))
    if record.ra is None and isinstance(ra, int | float) and isinstance(dec, int | float) and -90 <= dec <= 90:
        record = record.model_copy(update={"ra": wrapped(ra), "dec": float(dec)})
    fields = search_fields(record)
    slot = record.slot or (record.uri if record.kind == "archive" else None)
    return {**fields, "ra": record.ra, "dec": record.dec, "slot": slot}


def _with_inputs(parents: Mapping[str, Document], document: Document) -> dict[str, Any]:
    """Write down the inputs of a product as they are now, and its slot, where it was made without."""
    made_from = list(document.get("derived_from") or ())
    if document.get("inputs") or not made_from:
        return {}
    return {
        "inputs": [
            {
                "product_id": key,
                "file_name": parents.get(key, {}).get("file_name") or key,
                "digest": parents.get(key, {}).get("checksum"),
                "role": "science",
                "evidence": "exact",
            }
            for key in made_from
        ]
    }


_MIGRATIONS: dict[int, _Migration] = {2: _with_search_fields, 3: _with_inputs}
