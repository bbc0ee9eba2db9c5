"""Leases on a MongoDB server."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

from pymongo import UpdateOne
from pymongo import errors as mongo

from jwstpipe.catalog.database.backend import LeaseRow

__all__ = ["LEASES_NAME", "ServerLeases"]

LEASES_NAME = "leases"
_DUPLICATE = 11000


class ServerLeases:
    """The leases of one database (see `jwstpipe.catalog.database.backend.LeaseTable`)."""

    def __init__(self, collection: Any, errors: Callable[[], AbstractContextManager[None]]) -> None:
        self._collection = collection
        self._errors = errors

    def claim(self, keys: Sequence[str], *, owner: str, now_ms: int, expires_ms: int) -> dict[str, int]:
        """Take the leases that are free, run out or this owner's already; give the new token by key."""
        claim = {"owner": owner, "expires_ms": expires_ms, "stamp": uuid4().hex}
        free = [{"owner": {"$eq": owner}}, {"expires_ms": {"$lt": now_ms}}]
        wanted = [
            # one that is held does not match, is inserted and collides: it stays as it is
            UpdateOne({"_id": {"$eq": key}, "$or": free}, {"$set": claim, "$inc": {"token": 1}}, upsert=True)
            for key in keys
        ]
        with self._errors():
            try:
                if wanted:
                    self._collection.bulk_write(wanted, ordered=False)
            except mongo.BulkWriteError as error:
                faults = (error.details or {}).get("writeErrors") or [{}]
                if any(fault.get("code") != _DUPLICATE for fault in faults):
                    raise
            # who has got it stands in the database: a write that was retried does not tell
            mine = {"_id": {"$in": list(keys)}, "stamp": {"$eq": claim["stamp"]}}
            return {found["_id"]: int(found["token"]) for found in self._collection.find(mine)}

    def extend(self, keys: Sequence[str], *, owner: str, token: int, expires_ms: int) -> set[str]:
        """Move the end of leases that still are this owner's under this token; give their keys."""
        mine = _held(keys, owner, token)
        with self._errors():
            self._collection.update_many(mine, {"$set": {"expires_ms": expires_ms}})
            return {found["_id"] for found in self._collection.find(mine)}

    def drop(self, keys: Sequence[str], *, owner: str, token: int) -> None:
        """Delete leases that still are this owner's under this token."""
        with self._errors():
            self._collection.delete_many(_held(keys, owner, token))

    def running(self, now_ms: int) -> list[LeaseRow]:
        """List the leases that have not run out, by key."""
        with self._errors():
            found = list(self._collection.find({"expires_ms": {"$gte": now_ms}}).sort([("_id", 1)]))
        return [LeaseRow(one["_id"], one["owner"], int(one["token"]), int(one["expires_ms"])) for one in found]

    def drop_expired(self, now_ms: int) -> int:
        """Delete the leases that have run out; tell how many."""
        with self._errors():
            return int(self._collection.delete_many({"expires_ms": {"$lt": now_ms}}).deleted_count)


def _held(keys: Sequence[str], owner: str, token: int) -> dict[str, Any]:
    return {"_id": {"$in": list(keys)}, "owner": {"$eq": owner}, "token": {"$eq": token}}
