"""`EmbeddedFile`: the SQLite file of a catalogue, opened, waited for, and its faults told in words of users."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from jwstpipe.catalog.database.messages import conflict, file_hint
from jwstpipe.catalog.database.sqlite.carried_over import carry_over, is_older
from jwstpipe.catalog.database.sqlite.layout import APPLICATION_ID, LAYOUT, create
from jwstpipe.errors import ConflictError, DataError, StorageError
from jwstpipe.storage import storage_errors

__all__ = ["FILE_WAIT_S", "EmbeddedFile"]

FILE_WAIT_S = 30.0
"""Longest wait for another process that writes the same file."""
OPEN_AGAIN_S = 0.01
CACHE_KB = 65_536
"""Most memory for pages of the file: the indexes of 100,000 records are touched all over by a bulk write."""

_WHAT_IT_IS = """
    SELECT (SELECT application_id FROM pragma_application_id), COUNT(*), COUNT(CASE WHEN name = 'jwst_data' THEN 1 END)
    FROM sqlite_master
"""

OpenedT = TypeVar("OpenedT")


class EmbeddedFile:
    """A connection that threads share, and its transactions."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self._lock = threading.RLock()
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._errors():
            self.connection = _once_free(lambda: _opened(path))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold the connection for a block that reads."""
        with self._lock, self._errors():
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make a block one transaction; a block inside a block is part of the outer one."""
        with self._lock, self._errors():
            if self._is_open():
                yield
                return
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                if self._is_open():  # a full disk ends it by itself
                    self.connection.execute("ROLLBACK")
                raise

    def prepare(self) -> None:
        """Make tables and indexes, and carry a file of the older form over."""
        with self.reading():
            if self.first_value("PRAGMA user_version") == LAYOUT and not is_older(self.connection):
                return
        with self.writing():
            create(self.connection)
            if is_older(self.connection):
                carry_over(self.connection, name=self.address)

    def version(self) -> int | None:
        """Tell the version of the documents; None = none was written, and there are no documents."""
        with self.reading():
            found = self.connection.execute("SELECT value FROM settings WHERE name = 'version'").fetchone()
            if found is not None:
                return int(found[0])
            return 1 if self.first_value("SELECT EXISTS (SELECT 1 FROM records)") else None

    def set_version(self, version: int) -> None:
        """Write down the version of the documents."""
        with self.writing():
            self.connection.execute("INSERT OR REPLACE INTO settings (name, value) VALUES ('version', ?)", (version,))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _is_open(self) -> bool:
        """Tell whether a transaction is."""
        return bool(self.connection.in_transaction)

    def first_value(self, statement: str, values: tuple[Any, ...] = ()) -> Any:
        """Give the first value that a statement selects."""
        return self.connection.execute(statement, values).fetchone()[0]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.IntegrityError as error:
            raise ConflictError(conflict(self.address, str(error))) from None
        except sqlite3.OperationalError as error:
            raise StorageError(f"{self.address}: {file_hint(str(error), seconds=FILE_WAIT_S)}") from None
        except sqlite3.DatabaseError as error:
            raise DataError(f"{self.address} is no catalogue ({error}); give another file") from None


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=FILE_WAIT_S, isolation_level=None, check_same_thread=False)
    try:
        _require_catalogue(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        connection.execute("PRAGMA trusted_schema = OFF")
    except BaseException:
        connection.close()
        raise
    return connection


def _require_catalogue(connection: sqlite3.Connection, path: Path) -> None:
    mark, tables, older = connection.execute(_WHAT_IT_IS).fetchone()  # at one moment: another may be making it
    if mark != APPLICATION_ID and tables and not older:
        raise DataError(f"{path} is no catalogue, but another program's database; give another file")


def _once_free(open_file: Callable[[], OpenedT]) -> OpenedT:
    """Open a file as soon as nobody else is just making it: SQLite does not wait where it sets the kind of journal."""
    deadline = time.monotonic() + FILE_WAIT_S
    while True:
        try:
            return open_file()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(OPEN_AGAIN_S)
