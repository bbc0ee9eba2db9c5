"""`Catalog`: products entered, published, found and counted."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jwstpipe.catalog.connect import CatalogDatabase, connect
from jwstpipe.catalog.documents import from_document, publish_update, stage_insert
from jwstpipe.catalog.models import ProductRecord
from jwstpipe.catalog.parts import time_text
from jwstpipe.catalog.query import RecordQuery, SortKey, sort_fields, to_filter
from jwstpipe.errors import NotFoundError

__all__ = ["COLLECTION_NAME", "Catalog", "CatalogStats", "Share", "open_catalog"]

COLLECTION_NAME = "jwst_data"

_IDS_AT_ONCE = 500

_SINGLE_INDEXES = (
    *("data_type", "processing_status", "observation_base_id", "user_id", "tags", "is_public", "is_archived"),
    *(
        "processing_level",
        "derived_from",
        "file_path",
        "file_name",
        "kind",
        "status",
        "target_key",
        "program",
        "run_id",
    ),
    *("image_info.instrument", "image_info.filter", "metadata.mast_obs_id"),
)
_ORDERED_INDEXES: tuple[tuple[tuple[str, int], ...], ...] = (
    (("upload_date", -1),),
    (("created_ms", -1),),
    (("observation_base_id", 1), ("processing_level", 1), ("file_name", 1)),
)


@dataclass(frozen=True)
class Share:
    """How much of the catalogue falls to one value."""

    records: int
    bytes: int
    """Size of their files, as far as it is known."""


@dataclass(frozen=True)
class CatalogStats:
    """What the catalogue holds; records without a value stand under the empty text."""

    total: Share
    by_kind: dict[str, Share]
    by_instrument: dict[str, Share]
    by_filter: dict[str, Share]
    by_level: dict[str, Share]
    by_status: dict[str, Share]


@dataclass(frozen=True)
class Catalog:
    """The records of one database; every change is one atomic update, safe to repeat."""

    database: CatalogDatabase

    def ensure_indexes(self) -> None:
        """Make the indexes; those that are there stay."""
        with self.database.writing() as collections:
            collection = collections[COLLECTION_NAME]
            for field in _SINGLE_INDEXES:
                collection.create_index([(field, 1)])
            for fields in _ORDERED_INDEXES:
                collection.create_index(list(fields))
            collection.create_index("owner_path", unique=True, sparse=True)

    def stage(self, record: ProductRecord) -> None:
        """Enter a record that readers do not see yet; one that is there, staged or published, stays as it is.

        Raises
        ------
        ConflictError
            Another product stands under its storage key.
        """
        with self._writing() as collection:
            collection.update_one(_by_id(record.product_id), stage_insert(record), upsert=True)

    def publish(self, record: ProductRecord) -> None:
        """Make a product visible, with everything that is known of it, in one update.

        Whether it was staged, published before or unknown: the result is the same. What belongs to users (see
        `ProductRecord`) is kept from the first time on; tags are added.

        Raises
        ------
        ConflictError
            Another product stands under its storage key.
        """
        with self._writing() as collection:
            collection.update_one(_by_id(record.product_id), publish_update(record), upsert=True)

    def get(self, product_id: str) -> ProductRecord:
        """Read one record, staged or published.

        Raises
        ------
        NotFoundError
            No product of this id.
        """
        found = self.get_many([product_id])
        if product_id not in found:
            raise NotFoundError(f"no product {product_id!r} in the catalogue {self.database.address}")
        return found[product_id]

    def get_many(self, product_ids: Iterable[str]) -> dict[str, ProductRecord]:
        """Read records by id; ids that are not there are left out."""
        return {
            document["_id"]: from_document(document)
            for batch in _batches(product_ids)
            for document in self._documents({"_id": {"$in": batch}})
        }

    def published(self, product_ids: Iterable[str]) -> set[str]:
        """Tell which of these products are finished, so that they need not be made again."""
        return {
            document["_id"]
            for batch in _batches(product_ids)
            for document in self._documents(
                {"_id": {"$in": batch}, "status": {"$eq": "published"}}, projection={"status": 1}
            )
        }

    def find(
        self, query: RecordQuery | None = None, *, sort: SortKey = "newest", limit: int = 0, skip: int = 0
    ) -> list[ProductRecord]:
        """Find records.

        Parameters
        ----------
        query
            Conditions; None = all published ones.
        sort
            Order; equal ones stand by id.
        limit
            Most records wanted; 0 = all.
        skip
            Records to pass over first.
        """
        conditions = to_filter(query or RecordQuery())
        with self._reading() as collection:
            cursor = collection.find(conditions).sort(sort_fields(sort))
            cursor = cursor.skip(skip) if skip else cursor
            documents = list(cursor.limit(limit) if limit else cursor)
        return [from_document(document) for document in documents]

    def children(self, product_ids: Iterable[str]) -> list[ProductRecord]:
        """Find the records that have any of these products as a parent."""
        found = {
            document["_id"]: document
            for batch in _batches(product_ids)
            for document in self._documents({"derived_from": {"$in": batch}})
        }
        return [from_document(found[key]) for key in sorted(found)]

    def count(self, query: RecordQuery | None = None) -> int:
        """Count records; None = all published ones."""
        with self._reading() as collection:
            return int(collection.count_documents(to_filter(query or RecordQuery())))

    def stats(self, query: RecordQuery | None = None) -> CatalogStats:
        """Count records and bytes by kind, instrument, filter, level and status; None = all records."""
        conditions = to_filter(query or RecordQuery(status=()))
        with self._reading() as collection:
            return CatalogStats(
                total=_shares(collection, conditions, None).get("", Share(0, 0)),
                by_kind=_shares(collection, conditions, "$kind"),
                by_instrument=_shares(collection, conditions, "$image_info.instrument"),
                by_filter=_shares(collection, conditions, "$image_info.filter"),
                by_level=_shares(collection, conditions, "$processing_level"),
                by_status=_shares(collection, conditions, "$status"),
            )

    def amend(
        self,
        product_id: str,
        *,
        add_tags: Collection[str] = (),
        remove_tags: Collection[str] = (),
        description: str | None = None,
        thumbnail: str | None = None,
        is_public: bool | None = None,
        is_archived: bool | None = None,
    ) -> ProductRecord:
        """Change what belongs to users; None = leave as it is.

        Returns
        -------
        ProductRecord
            The record after the change.

        Raises
        ------
        NotFoundError
            No product of this id.
        DataError
            A value that no record may have.
        """
        given = {"description": description, "thumbnail": thumbnail, "is_public": is_public, "is_archived": is_archived}
        changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if is_archived is not None:
            changes["archived_date"] = time_text(datetime.now(UTC)) if is_archived else None
        record = self.get(product_id)
        from_document({**record.model_dump(mode="json", by_alias=True), **changes, "tags": list(add_tags)})
        updates = [
            {"$set": changes} if changes else {},
            {"$addToSet": {"tags": {"$each": list(add_tags)}}} if add_tags else {},
            {"$pullAll": {"tags": list(remove_tags)}} if remove_tags else {},
        ]
        with self._writing() as collection:
            for update in filter(None, updates):
                collection.update_one(_by_id(product_id), update)
        return self.get(product_id)

    def delete(self, product_id: str) -> bool:
        """Forget a product; tell whether it was there."""
        with self._writing() as collection:
            return bool(collection.delete_one(_by_id(product_id)).deleted_count)

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        with self.database.reading() as collections:
            yield collections[COLLECTION_NAME]

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        with self.database.writing() as collections:
            yield collections[COLLECTION_NAME]

    def _documents(
        self, conditions: dict[str, Any], *, projection: dict[str, int] | None = None
    ) -> list[dict[str, Any]]:
        with self._reading() as collection:
            return list(collection.find(conditions, projection))


@contextmanager
def open_catalog(address: str | Path) -> Iterator[Catalog]:
    """Open the catalogue at an address, indexes made, and close it behind the block.

    Raises
    ------
    UsageError, ServiceError, StorageError, DataError
        See `connect`.
    """
    with connect(address) as database:
        catalog = Catalog(database)
        catalog.ensure_indexes()
        yield catalog


def _by_id(product_id: str) -> dict[str, Any]:
    return {"_id": {"$eq": product_id}}


def _batches(product_ids: Iterable[str]) -> Iterator[list[str]]:
    ids = list(dict.fromkeys(product_ids))
    for start in range(0, len(ids), _IDS_AT_ONCE):
        yield ids[start : start + _IDS_AT_ONCE]


def _shares(collection: Any, conditions: dict[str, Any], field: str | None) -> dict[str, Share]:
    stages = [
        {"$match": conditions},
        {"$group": {"_id": field, "records": {"$sum": 1}, "bytes": {"$sum": "$file_size"}}},
    ]
    rows = collection.aggregate(stages)
    shares = {str(row["_id"] or ""): Share(int(row["records"]), int(row["bytes"] or 0)) for row in rows}
    return dict(sorted(shares.items()))
