"""Records in an embedded file: how documents are read, entered, rewritten and forgotten, with all that hangs on them.

Everything here runs inside a transaction of the caller's, and takes many documents at once.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from jwstpipe.catalog.database.changes import in_batches
from jwstpipe.catalog.database.columns import COLUMNS, TEXTS, row_of

__all__ = ["contents", "forget", "insert", "read_rows", "rewrite", "stored"]

ROWS_AT_ONCE = 500

_NAMES = [column.name for column in COLUMNS]
_MARKS = ", ".join("?" for _ in range(len(COLUMNS) + 1))
_INSERT = " ".join(("INSERT INTO records (row,", ", ".join(_NAMES), ") VALUES (", _MARKS, ")"))
_UPDATE = " ".join(("UPDATE records SET", ", ".join(f"{name} = ?" for name in _NAMES), "WHERE row = ?"))
_ENTER_MEMBER = {
    "tags": "INSERT OR IGNORE INTO record_tags (value, row) VALUES (?, ?)",
    "derived_from": "INSERT OR IGNORE INTO record_parents (value, row) VALUES (?, ?)",
    "shared_with": "INSERT OR IGNORE INTO record_shares (value, row) VALUES (?, ?)",
}
_FORGET_MEMBERS = {
    "tags": "DELETE FROM record_tags WHERE row = ?",
    "derived_from": "DELETE FROM record_parents WHERE row = ?",
    "shared_with": "DELETE FROM record_shares WHERE row = ?",
}
_ENTER_TEXT = "INSERT INTO texts (rowid, name_key, note_key) VALUES (?, ?, ?)"
_FORGET_TEXT = "DELETE FROM texts WHERE rowid = ?"
_ENTER_PLACE = "INSERT INTO places (row, x, y, z) VALUES (?, ?, ?, ?)"
_FORGET_PLACE = "DELETE FROM places WHERE row = ?"

Document = dict[str, Any]


def read_rows(connection: sqlite3.Connection, rows: Sequence[int]) -> list[Document]:
    """Read documents by row, in the order given; rows that are gone are left out."""
    found = connection.execute(
        "SELECT row, content FROM documents WHERE row IN (SELECT value FROM json_each(?))", (json.dumps(rows),)
    )
    by_row = {row: json.loads(content) for row, content in found}
    return [by_row[row] for row in rows if row in by_row]


def stored(connection: sqlite3.Connection, product_ids: Sequence[str]) -> dict[str, tuple[int, Document]]:
    """Read documents with their rows, by product id."""
    found = connection.execute(
        "SELECT product_id, records.row, content FROM records JOIN documents ON documents.row = records.row"
        " WHERE product_id IN (SELECT value FROM json_each(?))",
        (json.dumps(product_ids),),
    )
    return {key: (row, json.loads(content)) for key, row, content in found}


def contents(connection: sqlite3.Connection) -> Iterator[Document]:
    """Read all documents, a few at a time."""
    last = 0
    while True:
        found = connection.execute(
            "SELECT row, content FROM documents WHERE row > ? ORDER BY row LIMIT ?", (last, ROWS_AT_ONCE)
        ).fetchall()
        if not found:
            return
        last = found[-1][0]
        for _, content in found:
            yield json.loads(content)


def insert(connection: sqlite3.Connection, documents: Iterable[Document]) -> None:
    """Enter documents whose ids are not there."""
    (last,) = connection.execute("SELECT COALESCE(MAX(row), 0) FROM records").fetchone()
    for batch in in_batches(documents, ROWS_AT_ONCE):
        numbered = list(enumerate(batch, last + 1))
        last += len(batch)
        connection.executemany(_INSERT, [(row, *row_of(document)) for row, document in numbered])
        connection.executemany(
            "INSERT INTO documents (row, content) VALUES (?, ?)",
            [(row, _text(document)) for row, document in numbered],
        )
        for field in _ENTER_MEMBER:
            _enter_members(connection, field, numbered)
        _enter_texts(connection, numbered)
        _enter_places(connection, numbered)


def rewrite(connection: sqlite3.Connection, changes: Iterable[tuple[int, Document, Document]]) -> None:
    """Write documents anew: row, document before, document after; only what differs is touched."""
    for batch in in_batches(changes, ROWS_AT_ONCE):
        differing = [(row, before, after) for row, before, after in batch if before != after]
        connection.executemany(
            "UPDATE documents SET content = ? WHERE row = ?", [(_text(after), row) for row, _, after in differing]
        )
        connection.executemany(
            _UPDATE, [(*row_of(after), row) for row, before, after in differing if row_of(before) != row_of(after)]
        )
        for field in _ENTER_MEMBER:
            other = [(row, after) for row, before, after in differing if before.get(field) != after.get(field)]
            connection.executemany(_FORGET_MEMBERS[field], [(row,) for row, _ in other])
            _enter_members(connection, field, other)
        other = [(row, after) for row, before, after in differing if _words(before) != _words(after)]
        connection.executemany(_FORGET_TEXT, [(row,) for row, _ in other])
        _enter_texts(connection, other)
        other = [(row, after) for row, before, after in differing if before.get("sky") != after.get("sky")]
        connection.executemany(_FORGET_PLACE, [(row,) for row, _ in other])
        _enter_places(connection, other)


def forget(connection: sqlite3.Connection, rows: Iterable[int]) -> None:
    """Delete records with all that hangs on them."""
    gone = [(row,) for row in rows]
    for statement in (
        *_FORGET_MEMBERS.values(), _FORGET_TEXT, _FORGET_PLACE, "DELETE FROM documents WHERE row = ?",
        "DELETE FROM records WHERE row = ?",
    ):  # fmt: skip
        connection.executemany(statement, gone)


def _text(document: Document) -> str:
    return json.dumps(document, allow_nan=False, separators=(",", ":"))


def _words(document: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(document.get(name) for name in TEXTS)


def _enter_members(connection: sqlite3.Connection, field: str, documents: Iterable[tuple[int, Document]]) -> None:
    members = [(value, row) for row, document in documents for value in document.get(field) or () if value is not None]
    connection.executemany(_ENTER_MEMBER[field], members)


def _enter_texts(connection: sqlite3.Connection, documents: Iterable[tuple[int, Document]]) -> None:
    connection.executemany(_ENTER_TEXT, [(row, *_words(document)) for row, document in documents])


def _enter_places(connection: sqlite3.Connection, documents: Iterable[tuple[int, Document]]) -> None:
    places = [(row, *(sky[axis] for axis in "xyz")) for row, document in documents if (sky := document.get("sky"))]
    connection.executemany(_ENTER_PLACE, places)
