"""`ServerDatabase`: the catalogue on a MongoDB server, for many machines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import Any, Self

import pymongo
from pymongo import MongoClient
from pymongo import errors as mongo

from jwstpipe.catalog.database.address import without_secrets
from jwstpipe.catalog.database.backend import Document, RecordSummary
from jwstpipe.catalog.database.changes import RecordChange, in_batches
from jwstpipe.catalog.database.messages import conflict
from jwstpipe.catalog.database.mongodb import updates
from jwstpipe.catalog.database.mongodb.filters import ids_among, one, selection, sort_fields, viewed
from jwstpipe.catalog.database.mongodb.indexes import COLLECTION_NAME, META_NAME, make_indexes
from jwstpipe.catalog.database.mongodb.leases import LEASES_NAME, ServerLeases
from jwstpipe.catalog.query import RecordQuery, SortKey
from jwstpipe.catalog.statistics import Group, Share, Shared
from jwstpipe.errors import ConflictError, DataError, ServiceError, UsageError

__all__ = ["DATABASE_NAME", "ServerDatabase"]

DATABASE_NAME = "jwst_data_analysis"
SERVER_WAIT_MS = 5000
IDS_AT_ONCE = 500
_DUPLICATE = (11000, 11001)
_CREDENTIALS_REFUSED = (13, 18, 8000)
_VERSION_KEY = {"_id": {"$eq": "schema"}}


class ServerDatabase:
    """A database on a server (see `jwstpipe.catalog.database.backend.CatalogDatabase`).

    Every write waits for a majority of its members, and every change of one record is one atomic update.
    """

    def __init__(self, address: str) -> None:
        self.address = without_secrets(address)
        try:
            self._client: MongoClient[dict[str, Any]] = MongoClient(address, **_options(address))
        except (mongo.PyMongoError, ValueError):
            way = "mongodb://user:password@host:port/database, with %-encoded words"
            raise UsageError(f"not a MongoDB address: {self.address}; write {way}") from None
        try:
            with self._errors():
                self._client.admin.command("ping")
                self._database = self._client.get_default_database(DATABASE_NAME)
        except BaseException:
            self._client.close()
            raise
        self._records: Any = self._database[COLLECTION_NAME]
        self._meta: Any = self._database[META_NAME]
        self.leases = ServerLeases(self._database[LEASES_NAME], self._errors)

    def prepare(self) -> None:
        """Make the indexes; those that are there stay."""
        with self._errors():
            make_indexes(self._records)

    def version(self) -> int | None:
        """Tell the version of the documents; None = none was written, and there are no documents."""
        with self._errors():
            found = self._meta.find_one(_VERSION_KEY)
            if found is not None:
                return int(found["version"])
            return None if self._records.find_one({}) is None else 1

    def set_version(self, version: int) -> None:
        """Write down the version of the documents."""
        with self._errors():
            self._meta.update_one(_VERSION_KEY, {"$set": {"version": version}}, upsert=True)

    def writing(self) -> AbstractContextManager[None]:
        """Do nothing: on a server each record is changed by itself."""
        return nullcontext()

    def find(
        self, query: RecordQuery, *, viewer: str | None, sort: SortKey, limit: int = 0, skip: int = 0
    ) -> Iterator[Document]:
        """Give the documents that a query asks for, in order."""
        conditions = selection(query, viewer=viewer)
        with self._errors():
            cursor = self._records.find(conditions).sort(sort_fields(sort)).skip(skip).limit(limit)
            yield from cursor

    def count(self, query: RecordQuery, *, viewer: str | None) -> int:
        """Count the records that a query asks for."""
        with self._errors():
            return int(self._records.count_documents(selection(query, viewer=viewer)))

    def groups(self, query: RecordQuery, *, viewer: str | None) -> Iterator[Group]:
        """Count records and bytes by kind, instrument, filter, level, status and size, in one pass of the server."""
        with self._errors():
            stages = updates.group_stages(selection(query, viewer=viewer))
            yield from map(updates.group_of, self._records.aggregate(stages))

    def shares(self, by: Shared, *, viewer: str | None) -> dict[str, Share]:
        """Count records and bytes by target or user."""
        with self._errors():
            return dict(map(updates.share_of, self._records.aggregate(updates.share_stages(by, viewed({}, viewer)))))

    def read(self, product_ids: Iterable[str], *, viewer: str | None) -> list[Document]:
        """Give the documents of some ids."""
        return list(self._each(product_ids, viewer))

    def known(self, product_ids: Iterable[str], *, viewer: str | None) -> dict[str, str]:
        """Give the status of products by their id."""
        return {found["_id"]: found["status"] for found in self._each(product_ids, viewer, ("status",))}

    def owners(self, product_ids: Iterable[str]) -> dict[str, str | None]:
        """Give who owns products, by id."""
        return {found["_id"]: found.get("user_id") for found in self._each(product_ids, None, ("user_id",))}

    def holders(self, storage_keys: Iterable[str]) -> dict[str, str]:
        """Find the products that stand under these keys of the store, inside of one, or around it."""
        found: dict[str, str] = {}
        with self._errors():
            for key in storage_keys:
                parts = key.split("/")
                around = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
                inside = {"file_path": {"$gt": f"{key}/", "$lt": f"{key}0"}}
                rows = self._records.find({"$or": [{"file_path": {"$in": around}}, inside]}, {"file_path": 1})
                found |= {row["_id"]: row["file_path"] for row in rows}
        return found

    def starting_with(self, beginning: str, *, viewer: str | None, most: int) -> list[Document]:
        """Give the documents whose id starts so, by id."""
        span = {"_id": {"$gte": beginning, "$lt": beginning + "\x7f"}}
        with self._errors():
            return list(self._records.find(viewed(span, viewer)).sort([("_id", 1)]).limit(most))

    def children(self, product_ids: Iterable[str], *, viewer: str | None) -> list[Document]:
        """Give the documents that have any of these products as a parent, by id."""
        found: dict[str, Document] = {}
        with self._errors():
            for batch in in_batches(product_ids, IDS_AT_ONCE):
                rows = self._records.find(viewed({"derived_from": {"$in": batch}}, viewer))
                found |= {row["_id"]: row for row in rows}
        return [found[key] for key in sorted(found)]

    def summaries(self, product_ids: Iterable[str] | None, *, viewer: str | None) -> Iterator[RecordSummary]:
        """Give the few fields that work on very many needs; None = of all records."""
        if product_ids is not None:
            yield from map(RecordSummary.of, self._each(product_ids, viewer, RecordSummary.FIELDS))
            return
        with self._errors():
            rows = self._records.find(viewed({}, viewer), dict.fromkeys(RecordSummary.FIELDS, 1))
            yield from map(RecordSummary.of, rows)

    def documents(self) -> Iterator[Document]:
        """Give all documents as they stand."""
        with self._errors():
            yield from self._records.find({})

    def replace(self, documents: Iterable[Document]) -> None:
        """Put documents in the place of those of their ids."""
        with self._errors():
            for batch in in_batches(documents, IDS_AT_ONCE):
                self._records.bulk_write(
                    [pymongo.ReplaceOne(one(document["_id"]), document) for document in batch], ordered=False
                )

    def publish(self, documents: Sequence[Document], *, owner: str | None) -> None:
        """Make documents visible, each by one atomic update.

        One that is another's does not match, is inserted, and collides: nobody takes it over.
        """
        with self._errors():
            for batch in in_batches(documents, IDS_AT_ONCE):
                self._retire_older(batch)
                mine = {} if owner is None else {"user_id": {"$eq": owner}}
                operations = [
                    pymongo.UpdateOne({**one(document["_id"]), **mine}, updates.publish_update(document), upsert=True)
                    for document in batch
                ]
                if operations:
                    self._records.bulk_write(operations, ordered=False)

    def enter(self, documents: Sequence[Document]) -> None:
        """Enter documents as they are; those whose id is there stay as they are."""
        with self._errors():
            for batch in in_batches(documents, IDS_AT_ONCE):
                operations = []
                for document in batch:
                    rest = {name: value for name, value in document.items() if name != "_id"}
                    operations.append(pymongo.UpdateOne(one(document["_id"]), {"$setOnInsert": rest}, upsert=True))
                self._records.bulk_write(operations, ordered=False)

    def change(self, changes: Mapping[str, RecordChange], *, owner: str | None) -> int:
        """Change records by id, each by itself; tell how many were found."""
        mine = {} if owner is None else {"user_id": {"$eq": owner}}
        count = 0
        with self._errors():
            for batch in in_batches(changes.items(), IDS_AT_ONCE):
                steps = [(key, list(updates.change_updates(change))) for key, change in batch]
                for at in (0, 1):
                    operations = [
                        pymongo.UpdateOne({**one(key), **mine}, each[at]) for key, each in steps if len(each) > at
                    ]
                    if operations:
                        done = self._records.bulk_write(operations, ordered=False)
                        count += done.matched_count if at == 0 else 0
        return count

    def delete(self, product_ids: Iterable[str], *, owner: str | None) -> int:
        """Forget records; those that are another's stay. Tell how many went."""
        mine = {} if owner is None else {"user_id": {"$eq": owner}}
        with self._errors():
            return sum(
                int(self._records.delete_many({"_id": {"$in": batch}, **mine}).deleted_count)
                for batch in in_batches(dict.fromkeys(product_ids), IDS_AT_ONCE)
            )

    def collect_statistics(self) -> None:
        """Do nothing: the server's planner tries plans as it goes."""

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _each(
        self, product_ids: Iterable[str], viewer: str | None, fields: Sequence[str] | None = None
    ) -> Iterator[Document]:
        """Read documents by id, a few at a time, whole or only some fields."""
        wanted = None if fields is None else dict.fromkeys(fields, 1)
        with self._errors():
            for batch in in_batches(dict.fromkeys(product_ids), IDS_AT_ONCE):
                yield from self._records.find(ids_among(batch, viewer), wanted)

    def _retire_older(self, documents: Sequence[Document]) -> None:
        """Mark published products whose slot (and owner) one of these takes as superseded by it."""
        heirs = {
            (document["slot"], document["user_id"]): document["_id"]
            for document in documents
            if document["slot"] is not None
        }
        if not heirs:
            return
        slots = sorted({slot for slot, _ in heirs})
        found = self._records.find({"slot": {"$in": slots}, "status": {"$eq": "published"}}, {"slot": 1, "user_id": 1})
        for older in list(found):
            heir = heirs.get((older["slot"], older.get("user_id")))
            if heir is not None and heir != older["_id"]:
                self._records.update_one(one(older["_id"]), updates.retire_update(heir))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except mongo.DuplicateKeyError as error:
            raise ConflictError(conflict(self.address, str((error.details or {}).get("keyValue", "")))) from None
        except mongo.ConnectionFailure:
            raise ServiceError(
                f"no MongoDB answers at {self.address}; start it, or give the path of a file as catalogue"
            ) from None
        except mongo.BulkWriteError as error:
            faults = (error.details or {}).get("writeErrors") or [{}]
            if _is_duplicate(error):
                raise ConflictError(conflict(self.address, str(faults[0].get("keyValue", "")))) from None
            raise ServiceError(f"{self.address} cannot do this: {faults[0].get('errmsg', error)}") from None
        except mongo.DocumentTooLarge as error:
            raise DataError(f"{self.address} takes no record of this size: {error}; keep less in it") from None
        except mongo.OperationFailure as error:
            if _is_duplicate(error):
                raise ConflictError(conflict(self.address, "")) from None
            if error.code in _CREDENTIALS_REFUSED:
                raise ServiceError(f"{self.address} refuses these credentials; check user and password") from None
            raise ServiceError(f"{self.address} cannot do this: {error}; check the server's log") from None
        except mongo.PyMongoError as error:
            raise ServiceError(f"{self.address}: {error}; check the server's log") from None


def _is_duplicate(error: mongo.OperationFailure) -> bool:
    faults = (error.details or {}).get("writeErrors") or [{"code": error.code}]
    return all(fault.get("code") in _DUPLICATE for fault in faults)


def _options(address: str) -> dict[str, Any]:
    wanted = {
        "w": "majority",
        "journal": True,
        "retryWrites": True,
        "serverSelectionTimeoutMS": SERVER_WAIT_MS,
        "appname": "jwstpipe",
    }
    # read by hand: the client would ask the name server about mongodb+srv:// addresses, and its own names
    given = {part.partition("=")[0].lower() for part in address.partition("?")[2].split("&")}
    return {key: value for key, value in wanted.items() if key.lower() not in given}
