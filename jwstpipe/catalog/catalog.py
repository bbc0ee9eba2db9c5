"""`Catalog`: products entered, published, found and changed."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from jwstpipe.catalog.database.mongodb import CatalogDatabase, connect
from jwstpipe.catalog.database.schema import COLLECTION_NAME, ensure_schema
from jwstpipe.catalog.query import RecordQuery, SortKey, sort_fields, to_filter, visible_to
from jwstpipe.catalog.records.components import InputLink, time_text
from jwstpipe.catalog.records.documents import from_document, publish_update, stage_insert
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.catalog.statistics import CatalogStats, Share, statistics_of
from jwstpipe.errors import NotFoundError, UsageError

__all__ = ["COLLECTION_NAME", "Catalog", "CatalogStats", "Share", "open_catalog"]

_IDS_AT_ONCE = 500
_MANY = 1000
"""Changes after which the planner of queries looks at the data anew."""


@dataclass(frozen=True)
class Catalog:
    """The records of one database; every change is one atomic update, safe to repeat."""

    database: CatalogDatabase
    user: str | None = None
    """Who asks: sees public, own and shared records, and changes own ones only. None = the site: everything."""

    def as_user(self, user: str) -> Self:
        """Give the catalogue as a user sees it; "" is somebody without a name."""
        return replace(self, user=user)

    def ensure_indexes(self) -> None:
        """Make the indexes and bring older documents up to this version; what is there stays."""
        ensure_schema(self.database)

    def stage(self, record: ProductRecord) -> None:
        """Enter a record that readers do not see yet; one that is there, staged or published, stays as it is.

        Raises
        ------
        ConflictError
            Another product stands under its storage key.
        """
        with self._writing() as collection:
            collection.update_one(_by_id(record.product_id), stage_insert(self._owned(record)), upsert=True)

    def publish(self, record: ProductRecord) -> None:
        """Make a product visible, with everything that is known of it, in one update.

        Whether it was staged, published before or unknown: the result is the same. What belongs to users (see
        `ProductRecord`) is kept from the first time on; tags are added. An older product of the same slot is marked as
        superseded.

        Raises
        ------
        ConflictError
            Another product stands under its storage key.
        """
        self.publish_many((record,))

    def publish_many(self, records: Iterable[ProductRecord]) -> int:
        """Publish many products in few round trips; each as by `publish`.

        Returns
        -------
        int
            How many.

        Raises
        ------
        ConflictError
            Another product stands under one of their storage keys. In an embedded file none is then published, on a
            server all others are.
        """
        owned = list({record.product_id: self._owned(record) for record in records}.values())
        with self._writing() as collection:
            for start in range(0, len(owned), _IDS_AT_ONCE):
                _retire_older(collection, owned[start : start + _IDS_AT_ONCE])
            updates = {record.product_id: publish_update(record) for record in owned}
            self.database.update_by_id(COLLECTION_NAME, updates, upsert=True)
        if len(owned) >= _MANY:
            self.database.collect_statistics()
        return len(owned)

    def restore(self, record: ProductRecord) -> None:
        """Enter a record with the status that it has; one that is there stays as it is."""
        with self._writing() as collection:
            insert = stage_insert(self._owned(record), status=record.status)
            collection.update_one(_by_id(record.product_id), insert, upsert=True)

    def get(self, product_id: str) -> ProductRecord:
        """Read one record, staged, published or superseded.

        Raises
        ------
        NotFoundError
            No product of this id, or none that this user may see.
        """
        found = self.get_many([product_id])
        if product_id not in found:
            raise NotFoundError(f"no product {product_id!r} in the catalogue {self.database.address}")
        return found[product_id]

    def get_many(self, product_ids: Iterable[str]) -> dict[str, ProductRecord]:
        """Read records by id; ids that are not there, or not to be seen by this user, are left out."""
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
            for document in self._documents({"_id": {"$in": batch}, "status": {"$eq": "published"}})
        }

    def starting_with(self, beginning: str, *, most: int = 10) -> list[ProductRecord]:
        """Find records whose id starts so, as people shorten them."""
        span = {"$gte": beginning, "$lt": beginning + "\x7f"}
        with self._reading() as collection:
            found = list(collection.find(self._seen({"_id": span})).sort([("_id", 1)]).limit(most))
        return [from_document(document) for document in found]

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
        conditions = self._seen(to_filter(query or RecordQuery()))
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
            return int(collection.count_documents(self._seen(to_filter(query or RecordQuery()))))

    def stats(self, query: RecordQuery | None = None) -> CatalogStats:
        """Count records and bytes by kind, instrument, filter, level, status and size; None = all records."""
        with self._reading() as collection:
            return statistics_of(collection, self._seen(to_filter(query or RecordQuery(status=()))))

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
        shared_with: Collection[str] | None = None,
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
        UsageError
            A record of somebody else.
        """
        given = {"description": description, "thumbnail": thumbnail, "is_public": is_public, "is_archived": is_archived}
        changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if is_archived is not None:
            changes["archived_date"] = time_text(datetime.now(UTC)) if is_archived else None
        if shared_with is not None:
            changes["shared_with"] = sorted(set(shared_with))
        record = self._own(self.get(product_id))
        from_document({**record.model_dump(mode="json", by_alias=True), **changes, "tags": list(add_tags)})
        if description is not None:
            changes["note_key"] = description.lower()
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
        """Forget a product; tell whether it was there.

        Raises
        ------
        UsageError
            A record of somebody else.
        """
        if self.user is not None:
            found = self.get_many([product_id])
            if product_id not in found:
                return False
            self._own(found[product_id])
        with self._writing() as collection:
            return bool(collection.delete_one(_by_id(product_id)).deleted_count)

    def mark_invalid(self, product_id: str, fault: str) -> None:
        """Write down what is wrong with the bytes of a product; publishing it again takes that back."""
        changes = {"is_validated": False, "validation_error": fault}
        with self._writing() as collection:
            collection.update_one(_by_id(product_id), {"$set": changes})

    def set_inputs(self, links: Iterable[tuple[str, Sequence[InputLink]]]) -> int:
        """Write down what archive products were made from; tell how many records were told."""
        updates = {}
        for product_id, inputs in links:
            parents = list(dict.fromkeys(link.product_id for link in inputs if link.product_id is not None))
            told = {
                "inputs": [link.model_dump(mode="json") for link in inputs],
                "derived_from": parents,
                "parent_id": parents[0] if len(parents) == 1 else None,
            }
            updates[product_id] = {"$set": told}
        self.database.update_by_id(COLLECTION_NAME, updates, upsert=False)
        return len(updates)

    def set_thumbnails(self, keys: Mapping[str, str]) -> None:
        """Write down where small pictures stand: key of the store by id of the product that they show.

        For the work of the site on many products; one that is gone gets none.
        """
        updates = {product_id: {"$set": {"thumbnail": key}} for product_id, key in keys.items()}
        self.database.update_by_id(COLLECTION_NAME, updates, upsert=False)

    def documents(self, product_ids: Iterable[str] | None = None) -> list[dict[str, Any]]:
        """Read documents as they stand, unchecked and quickly, for work on very many; None = all."""
        if product_ids is None:
            return self._documents({})
        return [found for batch in _batches(product_ids) for found in self._documents({"_id": {"$in": batch}})]

    def update_many(self, product_ids: Sequence[str], update: Mapping[str, Any]) -> int:
        """Apply one update to many records; see `jwstpipe.catalog.maintenance.bulk`, which is what callers want."""
        with self._writing() as collection:
            done = [
                collection.update_many({"_id": {"$in": batch}}, dict(update)).matched_count
                for batch in _batches(product_ids)
            ]
        return sum(done)

    def delete_many(self, product_ids: Sequence[str]) -> int:
        """Forget many products; see `jwstpipe.catalog.maintenance.bulk`, which is what callers want."""
        with self._writing() as collection:
            done = [collection.delete_many({"_id": {"$in": batch}}).deleted_count for batch in _batches(product_ids)]
        return sum(done)

    def _seen(self, conditions: dict[str, Any]) -> dict[str, Any]:
        """Add to conditions that this user may see a record; every read goes through here."""
        alternatives = visible_to(self.user)
        if not alternatives:
            return conditions
        return {**conditions, "$and": [*conditions.get("$and", []), {"$or": alternatives}]}

    def _own(self, record: ProductRecord) -> ProductRecord:
        if self.user is not None and record.user_id != self.user:
            raise UsageError(f"{record.file_name} is not yours to change; ask its owner or the site")
        return record

    def _owned(self, record: ProductRecord) -> ProductRecord:
        """Give a record of a user's the user as owner."""
        if not self.user or record.user_id is not None:
            return record
        return record.model_copy(update={"user_id": self.user})

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        with self.database.reading() as collections:
            yield collections[COLLECTION_NAME]

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        with self.database.writing() as collections:
            yield collections[COLLECTION_NAME]

    def _documents(self, conditions: dict[str, Any]) -> list[dict[str, Any]]:
        with self._reading() as collection:
            return list(collection.find(self._seen(conditions)))


@contextmanager
def open_catalog(address: str | Path) -> Iterator[Catalog]:
    """Open the catalogue at an address, indexes made and documents brought up to date, and close it behind the block.

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


def _retire_older(collection: Any, records: Sequence[ProductRecord]) -> None:
    """Mark published products whose slot (and owner) one of these records takes as superseded by it.

    Their place in the store is free for the newer one; what they were stays known, for the lineage of what they went
    into.
    """
    heirs = {(record.slot, record.user_id): record.product_id for record in records if record.slot is not None}
    if not heirs:
        return
    slots = sorted({str(slot) for slot, _ in heirs})
    for document in list(collection.find({"slot": {"$in": slots}, "status": {"$eq": "published"}})):
        heir = heirs.get((document["slot"], document.get("user_id")))
        if heir is not None and heir != document["_id"]:
            retired = {"$set": {"status": "superseded", "superseded_by": heir}, "$unset": {"owner_path": ""}}
            collection.update_one(_by_id(document["_id"]), retired)
