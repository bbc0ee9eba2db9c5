"""Where records are kept: a MongoDB server, or an embedded file behind the same collection interface.

The code above says only `reading` and `writing`. On a server every single update is atomic by itself; in the file the
library reads and writes in two steps, so that each writing block is one transaction that other processes wait for.
"""

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import pymongo
from pymongo import MongoClient
from pymongo import errors as mongo

from jwstpipe.catalog.database.embedded import IndexedCollection
from jwstpipe.catalog.database.updates import Updates, applied, in_batches
from jwstpipe.errors import ConflictError, DataError, ServiceError, StorageError, UsageError
from jwstpipe.storage import storage_errors

__all__ = ["DATABASE_NAME", "CatalogDatabase", "EmbeddedDatabase", "ServerDatabase", "connect", "without_secrets"]

DATABASE_NAME = "jwst_data_analysis"
SERVER_WAIT_MS = 5000
FILE_WAIT_S = 30.0
"""Longest wait for another process that writes the same file."""
OPEN_AGAIN_S = 0.01
CACHE_KB = 65_536
"""Most memory for pages of the file: the indexes of 100,000 records are touched all over by a bulk write."""

_SCHEMES = ("mongodb://", "mongodb+srv://")
UPDATES_AT_ONCE = 1000
_DUPLICATE = (11000, 11001)
_UNIQUE = "UNIQUE constraint"
_CREDENTIALS_REFUSED = (13, 18, 8000)


class CatalogDatabase(Protocol):
    """An open database of records; thread-safe, and bound to the process that opened it."""

    @property
    def address(self) -> str:
        """Where it is, without password."""
        ...

    def reading(self) -> AbstractContextManager[Any]:
        """Give the collections by name, for a block that reads."""
        ...

    def writing(self) -> AbstractContextManager[Any]:
        """Give the collections by name, for a block whose updates are seen together or not at all.

        On a server that holds for each update by itself.
        """
        ...

    def update_by_id(self, collection: str, updates: Updates, *, upsert: bool) -> None:
        """Apply many updates, each to the document of its id, in few round trips.

        A document that is not there is made with `upsert`, and left out without.
        """
        ...

    def collect_statistics(self) -> None:
        """Have the planner of queries look at the data anew, after many changes."""
        ...

    def close(self) -> None:
        """Let go of the connection; once more does no harm."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def connect(address: str | Path) -> CatalogDatabase:
    """Open a database of records; close it, or use it as a context manager.

    Parameters
    ----------
    address
        ``mongodb://host[:port][/database][?options]``, or the path of an embedded file, which is made if it is not
        there. Options are MongoDB's own, as ``replicaSet=rs0``, ``tls=true&tlsCAFile=ca.pem``, ``authSource=admin``;
        unless they say otherwise, writes wait for a majority of the members and are retried.

    Raises
    ------
    UsageError
        Another kind of address, or one that MongoDB's client does not understand.
    ServiceError
        No server answers, or it refuses the credentials.
    StorageError
        The file cannot be opened for writing.
    DataError
        The file is no catalogue.
    """
    text = str(address)
    if text.startswith(_SCHEMES):
        return ServerDatabase(text)
    if "://" in text:
        raise UsageError(f"unknown kind of catalogue {without_secrets(text)}: give mongodb://host or a path")
    return EmbeddedDatabase(Path(address).expanduser().resolve())


def without_secrets(address: str) -> str:
    """Give an address without password and options, for messages and logs."""
    return re.sub(r"//([^:@/]*)(?::.*)?@", r"//\1@", address).partition("?")[0]


class ServerDatabase:
    """A database on a MongoDB server; every write waits for a majority of its members."""

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

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """Give the collections by name (see `CatalogDatabase.reading`)."""
        with self._errors():
            yield self._database

    def writing(self) -> AbstractContextManager[Any]:
        """Give the collections by name (see `CatalogDatabase.writing`)."""
        return self.reading()

    def update_by_id(self, collection: str, updates: Updates, *, upsert: bool) -> None:
        """Apply many updates (see `CatalogDatabase.update_by_id`).

        What is new is inserted, which is half the work of an update that may insert.
        """
        with self._errors():
            target = self._database[collection]
            for batch in in_batches(updates, UPDATES_AT_ONCE):
                entered = _insert_new(target, batch) if upsert else frozenset()
                operations = [
                    pymongo.UpdateOne({"_id": {"$eq": key}}, update, upsert=upsert)
                    for key, update in batch.items()
                    if key not in entered
                ]
                if operations:
                    target.bulk_write(operations, ordered=False)

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

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except mongo.DuplicateKeyError as error:
            raise ConflictError(_conflict(self.address, str((error.details or {}).get("keyValue", "")))) from None
        except mongo.ConnectionFailure:
            raise ServiceError(
                f"no MongoDB answers at {self.address}; start it, or give the path of a file as catalogue"
            ) from None
        except mongo.BulkWriteError as error:
            faults = (error.details or {}).get("writeErrors") or [{}]
            if _is_duplicate(error):
                raise ConflictError(_conflict(self.address, str(faults[0].get("keyValue", "")))) from None
            raise ServiceError(f"{self.address} cannot do this: {faults[0].get('errmsg', error)}") from None
        except mongo.DocumentTooLarge as error:
            raise DataError(f"{self.address} takes no record of this size: {error}; keep less in it") from None
        except mongo.OperationFailure as error:
            if _is_duplicate(error):
                raise ConflictError(_conflict(self.address, "")) from None
            if error.code in _CREDENTIALS_REFUSED:
                raise ServiceError(f"{self.address} refuses these credentials; check user and password") from None
            raise ServiceError(f"{self.address} cannot do this: {error}; check the server's log") from None
        except mongo.PyMongoError as error:
            raise ServiceError(f"{self.address}: {error}; check the server's log") from None


def _insert_new(collection: Any, updates: Updates) -> frozenset[str]:
    """Insert the documents that are not there; tell which, or none where somebody else was faster with one of them.

    Updates tolerate that part of them was inserted, so that what is left is a batch of them.
    """
    known = {document["_id"] for document in collection.find({"_id": {"$in": list(updates)}}, {"_id": 1})}
    new = frozenset(updates) - known
    if not new:
        return new
    documents = [{"_id": key, **applied(update, None)} for key, update in updates.items() if key in new]
    try:
        collection.insert_many(documents, ordered=False)
    except (mongo.BulkWriteError, mongo.OperationFailure) as error:
        if not _is_duplicate(error):
            raise
        return frozenset()
    return new


def _is_duplicate(error: mongo.OperationFailure) -> bool:
    faults = (error.details or {}).get("writeErrors") or [{"code": error.code}]
    codes = all(fault.get("code") in _DUPLICATE for fault in faults)
    return codes or _UNIQUE in str(error)  # a wire server over SQLite has no code for duplicates


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


class EmbeddedDatabase:
    """A database in one SQLite file, for one machine; several processes may write in turn."""

    def __init__(self, path: Path) -> None:
        from neosqlite import Connection  # noqa: PLC0415 - a server needs none of it

        self.address = str(path)
        self._lock = threading.RLock()
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._errors():
            self._connection = _once_free(lambda: Connection(str(path), timeout=FILE_WAIT_S, check_same_thread=False))
            self._connection.db.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        self._collections = _EmbeddedCollections(self._connection)

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """Give the collections by name (see `CatalogDatabase.reading`)."""
        with self._lock, self._errors():
            yield self._collections

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """Give the collections by name, inside one transaction (see `CatalogDatabase.writing`).

        A block inside a block is part of the outer one.
        """
        with self._lock, self._errors():
            if self._connection.db.in_transaction:
                yield self._collections
                return
            with self._connection.start_session().start_transaction():
                yield self._collections

    def update_by_id(self, collection: str, updates: Updates, *, upsert: bool) -> None:
        """Apply many updates in one transaction (see `CatalogDatabase.update_by_id`)."""
        with self.writing() as collections:
            collections[collection].update_by_id(updates, upsert=upsert)

    def collect_statistics(self) -> None:
        """Have SQLite count what its indexes hold."""
        with self._lock, self._errors():
            self._connection.db.execute("PRAGMA analysis_limit = 1000")
            self._connection.db.execute("ANALYZE")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.IntegrityError as error:
            raise ConflictError(_conflict(self.address, str(error))) from None
        except sqlite3.OperationalError as error:
            raise StorageError(f"{self.address}: {_way_out(str(error))}") from None
        except sqlite3.DatabaseError as error:
            raise DataError(f"{self.address} is no catalogue ({error}); give another file") from None


def _once_free(open_file: Callable[[], Any]) -> Any:
    """Open a file as soon as nobody else is just making it: SQLite does not wait where it sets the kind of journal."""
    deadline = time.monotonic() + FILE_WAIT_S
    while True:
        try:
            return open_file()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(OPEN_AGAIN_S)


class _EmbeddedCollections:
    """Collections of an embedded file by name."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @property
    def db(self) -> sqlite3.Connection:
        """The connection below."""
        connection: sqlite3.Connection = self._connection.db
        return connection

    def __getitem__(self, name: str) -> IndexedCollection:
        return IndexedCollection(self._connection[name], self.db)


def _conflict(address: str, what: str) -> str:
    key = f" ({what})" if what else ""
    return f"{address}: another product already stands under this storage key{key}; delete it or choose another key"


def _way_out(message: str) -> str:
    if "locked" in message or "busy" in message:
        return f"another process has been writing for {FILE_WAIT_S:.0f} s; wait for it, or use a MongoDB server"
    if "readonly" in message or "unable to open" in message:
        return "not writable; choose another file or change its rights"
    if "full" in message:
        return "no space left; free some or choose another place"
    return f"{message}; choose another file or check the disk"
