"""Leases in an embedded file."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from jwstpipe.catalog.database.backend import LeaseRow

__all__ = ["EmbeddedLeases"]

_CLAIM = """
    INSERT INTO held_leases (key, owner, token, expires_ms) VALUES (?, ?, 1, ?)
    ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, token = token + 1, expires_ms = excluded.expires_ms
    WHERE owner = excluded.owner OR expires_ms < ?
    RETURNING token
"""
_EXTEND = """
    UPDATE held_leases SET expires_ms = ?
    WHERE owner = ? AND token = ? AND key IN (SELECT value FROM json_each(?)) RETURNING key
"""
_DROP = "DELETE FROM held_leases WHERE owner = ? AND token = ? AND key IN (SELECT value FROM json_each(?))"


class _Opened(Protocol):
    connection: sqlite3.Connection

    def reading(self) -> AbstractContextManager[None]: ...

    def writing(self) -> AbstractContextManager[None]: ...


class EmbeddedLeases:
    """The leases of one file (see `jwstpipe.catalog.database.backend.LeaseTable`)."""

    def __init__(self, database: _Opened) -> None:
        self._database = database

    def claim(self, keys: Sequence[str], *, owner: str, now_ms: int, expires_ms: int) -> dict[str, int]:
        """Take the leases that are free, run out or this owner's already; give the new token by key."""
        taken = {}
        with self._database.writing():
            for key in keys:
                found = self._execute(_CLAIM, (key, owner, expires_ms, now_ms)).fetchall()
                if found:
                    taken[key] = int(found[0][0])
        return taken

    def extend(self, keys: Sequence[str], *, owner: str, token: int, expires_ms: int) -> set[str]:
        """Move the end of leases that still are this owner's under this token; give their keys."""
        with self._database.writing():
            found = self._execute(_EXTEND, (expires_ms, owner, token, json.dumps(list(keys)))).fetchall()
        return {key for (key,) in found}

    def drop(self, keys: Sequence[str], *, owner: str, token: int) -> None:
        """Delete leases that still are this owner's under this token."""
        with self._database.writing():
            self._execute(_DROP, (owner, token, json.dumps(list(keys))))

    def running(self, now_ms: int) -> list[LeaseRow]:
        """List the leases that have not run out, by key."""
        with self._database.reading():
            found = self._execute(
                "SELECT key, owner, token, expires_ms FROM held_leases WHERE expires_ms >= ? ORDER BY key", (now_ms,)
            ).fetchall()
        return [LeaseRow(*row) for row in found]

    def drop_expired(self, now_ms: int) -> int:
        """Delete the leases that have run out; tell how many."""
        with self._database.writing():
            return self._execute("DELETE FROM held_leases WHERE expires_ms < ?", (now_ms,)).rowcount

    def _execute(self, statement: str, values: tuple[object, ...]) -> sqlite3.Cursor:
        return self._database.connection.execute(statement, values)
