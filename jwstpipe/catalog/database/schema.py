"""What the database looks like: collections, indexes, the version of the documents, and how older ones are brought up.

Everything here may run again at any time, by several processes at once: indexes that are there stay, a migration
writes what follows from the documents alone.
"""

from collections.abc import Callable, Iterator
from typing import Any

from jwstpipe.catalog.database.mongodb import CatalogDatabase
from jwstpipe.catalog.records.documents import from_document, search_fields, wrapped
from jwstpipe.errors import DataError

__all__ = ["COLLECTION_NAME", "SCHEMA_VERSION", "ensure_schema", "make_indexes", "schema_version"]

COLLECTION_NAME = "jwst_data"
META_NAME = "catalog_meta"
SCHEMA_VERSION = 3
"""Version of the documents that this code writes.

1: no version was written. 2: fields for the search by position, date of observation and parts of texts. 3: inputs with
names, digests, roles and evidence beside their ids.
"""

_VERSION_KEY = {"_id": {"$eq": "schema"}}

_EQUALITY_INDEXES = (
    *("data_type", "processing_status", "processing_level", "kind", "status"),
    *("observation_base_id", "exposure_id", "detector", "target_key", "program", "run_id", "operation", "slot"),
    *("image_info.instrument", "image_info.filter", "metadata.mast_obs_id"),
    *("user_id", "is_public", "is_archived", "file_path", "file_name", "uri", "checksum"),
)
"""Each with the time of entry behind it, the usual order of answers."""

_OTHER_INDEXES: tuple[tuple[tuple[str, int], ...], ...] = (
    (("created_ms", -1),),
    (("image_info.filter", 1), ("processing_level", 1), ("created_ms", -1)),
    (("image_info.instrument", 1), ("image_info.filter", 1), ("created_ms", -1)),
    (("upload_date", -1),),
    (("observed_ms", 1),),
    (("file_size", -1),),
    (("sky.z", 1), ("sky.x", 1), ("sky.y", 1)),
    (("observation_base_id", 1), ("processing_level", 1), ("file_name", 1)),
)
_ARRAY_INDEXES = ("tags", "derived_from", "shared_with")


def ensure_schema(database: CatalogDatabase) -> None:
    """Make indexes, and bring older documents up to this version.

    Raises
    ------
    DataError
        The catalogue was written by a newer version.
    """
    with database.writing() as collections:
        make_indexes(collections[COLLECTION_NAME])
    version = schema_version(database)
    if version > SCHEMA_VERSION:
        raise DataError(
            f"{database.address}: its records are of version {version}, this version reads up to {SCHEMA_VERSION};"
            " update jwstpipe"
        )
    for target in range(version + 1, SCHEMA_VERSION + 1):
        with database.writing():
            _bring_up(database, _MIGRATIONS[target])
            _write_version(database, target)


def schema_version(database: CatalogDatabase) -> int:
    """Tell the version of the documents; that of this code where there are none."""
    with database.reading() as collections:
        found = collections[META_NAME].find_one(_VERSION_KEY)
        if found is not None:
            return int(found["version"])
        empty = collections[COLLECTION_NAME].find_one({}) is None
    if empty:
        with database.writing():
            _write_version(database, SCHEMA_VERSION)
    return SCHEMA_VERSION if empty else 1


def _write_version(database: CatalogDatabase, version: int) -> None:
    with database.writing() as collections:
        collections[META_NAME].update_one(_VERSION_KEY, {"$set": {"version": version}}, upsert=True)


def make_indexes(collection: Any) -> None:
    """Make the indexes of records in a collection; those that are there stay."""
    for field in _ARRAY_INDEXES:
        collection.create_index([(field, 1)])
    for field in _EQUALITY_INDEXES:
        collection.create_index([(field, 1), ("created_ms", -1)])
    for fields in _OTHER_INDEXES:
        collection.create_index(list(fields))
    collection.create_index("owner_path", unique=True, sparse=True)


def _bring_up(database: CatalogDatabase, change: Callable[[Any, dict[str, Any]], dict[str, Any]]) -> None:
    with database.reading() as collections:
        collection = collections[COLLECTION_NAME]
        updates = {
            document["_id"]: {"$set": fields}
            for document in list(collection.find({}))
            if (fields := change(collection, document))
        }
    database.update_by_id(COLLECTION_NAME, updates, upsert=False)


def _with_search_fields(collection: Any, document: dict[str, Any]) -> dict[str, Any]:
    """Write what searches need; a position that only the coarse WCS tells becomes the record's own."""
    del collection
    record = from_document(document)
    wcs = (record.image_info.wcs if record.image_info else None) or {}
    ra, dec = record.metadata.get("mast_s_ra", wcs.get("CRVAL1")), record.metadata.get("mast_s_dec", wcs.get("CRVAL2"))
    if record.ra is None and isinstance(ra, int | float) and isinstance(dec, int | float) and -90 <= dec <= 90:
        record = record.model_copy(update={"ra": wrapped(ra), "dec": float(dec)})
    fields = search_fields(record)
    slot = record.slot or (record.uri if record.kind == "archive" else None)
    return {**fields, "ra": record.ra, "dec": record.dec, "slot": slot}


def _with_inputs(collection: Any, document: dict[str, Any]) -> dict[str, Any]:
    """Write down the inputs of a product as they are now, and its slot, where it was made without."""
    parents = list(document.get("derived_from") or ())
    if document.get("inputs") or not parents:
        return {}
    known = {found["_id"]: found for found in _by_ids(collection, parents)}
    return {
        "inputs": [
            {
                "product_id": key,
                "file_name": known.get(key, {}).get("file_name") or key,
                "digest": known.get(key, {}).get("checksum"),
                "role": "science",
                "evidence": "exact",
            }
            for key in parents
        ]
    }


def _by_ids(collection: Any, keys: list[str]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(keys), 500):
        yield from collection.find({"_id": {"$in": keys[start : start + 500]}})


_MIGRATIONS: dict[int, Callable[[Any, dict[str, Any]], dict[str, Any]]] = {2: _with_search_fields, 3: _with_inputs}
