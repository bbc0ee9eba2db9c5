"""Embedded files of the older form: read once, and carried over into the tables of today.

Until version 0.9 an embedded catalogue was three collections of the library neosqlite: a table each, with the id and
the document as text (or, with a newer SQLite, as its binary JSON). Whatever is found in such tables is entered, if its
id is not there yet, and the tables go, in the same transaction: a process that dies in between leaves the file as it
was.
"""

import json
import sqlite3
from collections.abc import Iterator

from jwstpipe.catalog.database.changes import in_batches
from jwstpipe.catalog.database.sqlite.records import Document, insert, stored
from jwstpipe.errors import DataError

__all__ = ["carry_over", "is_older"]

_AT_ONCE = 500
_RECORDS = """
    SELECT id, _id, CASE typeof(data) WHEN 'blob' THEN json(data) ELSE data END
    FROM jwst_data WHERE id > ? ORDER BY id LIMIT ?
"""
_LEASES = "SELECT _id, CASE typeof(data) WHEN 'blob' THEN json(data) ELSE data END FROM leases"
_VERSION = "SELECT CASE typeof(data) WHEN 'blob' THEN json(data) ELSE data END FROM catalog_meta WHERE _id = 'schema'"
_DROPPED = (
    *("DROP TABLE IF EXISTS jwst_data_members", "DROP TABLE IF EXISTS jwst_data_texts"),
    *("DROP TABLE IF EXISTS jwst_data_places", "DROP TABLE IF EXISTS catalog_meta"),
    "DROP TABLE IF EXISTS leases",
    "DROP TABLE jwst_data",
)


def is_older(connection: sqlite3.Connection) -> bool:
    """Tell whether a file holds collections of the older form."""
    return bool(_tables(connection, ("jwst_data",)))


def carry_over(connection: sqlite3.Connection, *, name: str) -> None:
    """Enter what stands in the older tables, with its version, and drop them.

    Parameters
    ----------
    connection
        Inside a transaction; the tables of today are there.
    name
        The file, for messages.

    Raises
    ------
    DataError
        A document that cannot be read.
    """
    (newer,) = connection.execute("SELECT COUNT(*) FROM settings WHERE name = 'version'").fetchone()
    for batch in in_batches(_documents(connection, name), _AT_ONCE):
        known = stored(connection, [document["_id"] for document in batch])
        insert(connection, [document for document in batch if document["_id"] not in known])
    if not newer:
        connection.execute("INSERT INTO settings (name, value) VALUES ('version', ?)", (_version(connection),))
    connection.executemany(
        "INSERT OR IGNORE INTO held_leases (key, owner, token, expires_ms) VALUES (?, ?, ?, ?)", _leases(connection)
    )
    for statement in _DROPPED:
        connection.execute(statement)


def _leases(connection: sqlite3.Connection) -> list[tuple[str, str, int, int]]:
    if not _tables(connection, ("leases",)):
        return []
    found = [(key, json.loads(text)) for key, text in connection.execute(_LEASES)]
    return [(key, lease["owner"], int(lease["token"]), int(lease["expires_ms"])) for key, lease in found]


def _documents(connection: sqlite3.Connection, name: str) -> Iterator[Document]:
    last = 0
    while found := connection.execute(_RECORDS, (last, _AT_ONCE)).fetchall():
        last = found[-1][0]
        for _, key, text in found:
            try:
                document = json.loads(text)
            except (ValueError, TypeError, RecursionError):
                document = None
            if not isinstance(document, dict):
                raise DataError(f"{name}: the older record {key!r} cannot be read; give another file")
            yield {**document, "_id": key}


def _version(connection: sqlite3.Connection) -> int:
    if not _tables(connection, ("catalog_meta",)):
        return 1
    for (text,) in connection.execute(_VERSION):
        return int(json.loads(text)["version"])
    return 1


def _tables(connection: sqlite3.Connection, names: tuple[str, ...]) -> list[str]:
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN (SELECT value FROM json_each(?))",
        (json.dumps(names),),
    )
    return [name for (name,) in found]
