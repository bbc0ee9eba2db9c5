"""Leases: who is making a product right now, so that two runs never make the same one at the same time.

A lease names its owner and its end. Whoever dies leaves it to run out; whoever takes over a lease that ran out gets a
higher token, so that the slow former owner finds that it has lost it. Products have content-derived ids and unique
attempt folders, so a lease saves work; correctness does not hang on it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from jwstpipe.catalog.catalog import Catalog

__all__ = ["LEASES_NAME", "Lease", "clear_expired", "holders", "release", "renew", "reserve"]

LEASES_NAME = "leases"

_KEYS_AT_ONCE = 500


@dataclass(frozen=True)
class Lease:
    """The right to make one product."""

    key: str
    """Id of the product."""

    owner: str
    """Who holds it: the id of a run."""

    token: int
    """Rises with each change of hands."""

    expires: datetime
    """When it ends unless it is renewed."""


def reserve(catalog: Catalog, keys: Iterable[str], *, owner: str, seconds: float) -> dict[str, Lease]:
    """Take the leases that nobody else holds.

    Parameters
    ----------
    catalog
        Open catalogue; its database keeps the leases.
    keys
        Ids of the products that are wanted.
    owner
        Who asks.
    seconds
        Length of the lease.

    Returns
    -------
    dict
        Lease by key; a key that is missing is held by another owner.
    """
    moment = datetime.now(UTC)
    own = {"owner": owner, "expires_ms": _milliseconds(moment + timedelta(seconds=seconds)), "stamp": uuid4().hex}
    taken: dict[str, Lease] = {}
    with _leases(catalog) as collection:
        for batch in _batches(keys):
            known = {document["_id"]: document for document in collection.find({"_id": {"$in": batch}})}
            claim = {"$setOnInsert": {**own, "token": 1}}
            fresh = {key: claim for key in batch if key not in known}
            catalog.database.update_by_id(LEASES_NAME, fresh, upsert=True)
            for key, document in known.items():
                _take_over(collection, key, document, own, _milliseconds(moment))
            # who has got it stands in the database: not every server tells what an upsert did
            for document in collection.find({"_id": {"$in": batch}, "stamp": {"$eq": own["stamp"]}}):
                taken[document["_id"]] = _lease(document)
    return taken


def renew(catalog: Catalog, leases: Iterable[Lease], *, seconds: float) -> dict[str, Lease]:
    """Hold leases for longer.

    Returns
    -------
    dict
        The leases that are still held, with their new end; one that is missing was lost to another owner.
    """
    expires = datetime.now(UTC) + timedelta(seconds=seconds)
    change = {"$set": {"expires_ms": _milliseconds(expires)}}
    held: dict[str, Lease] = {}
    with _leases(catalog) as collection:
        for mine, batch in _together(leases):
            collection.update_many(mine, change)
            ours = {document["_id"] for document in collection.find(mine)}
            held |= {lease.key: replace(lease, expires=expires) for lease in batch if lease.key in ours}
    return held


def release(catalog: Catalog, leases: Iterable[Lease]) -> None:
    """Give leases back; those that were lost meanwhile are left to their new owner."""
    with _leases(catalog) as collection:
        for mine, _ in _together(leases):
            collection.delete_many(mine)


def holders(catalog: Catalog, *, now: datetime | None = None) -> list[Lease]:
    """List the leases that have not run out, by key."""
    moment = _milliseconds(now or datetime.now(UTC))
    with catalog.database.reading() as collections:
        found = list(collections[LEASES_NAME].find({"expires_ms": {"$gte": moment}}))
    return sorted((_lease(document) for document in found), key=lambda lease: lease.key)


def clear_expired(catalog: Catalog, *, now: datetime | None = None) -> int:
    """Delete the leases that have run out: their owners died or gave up; tell how many."""
    moment = _milliseconds(now or datetime.now(UTC))
    with _leases(catalog) as collection:
        return int(collection.delete_many({"expires_ms": {"$lt": moment}}).deleted_count)


def _take_over(collection: Any, key: str, known: dict[str, Any], own: dict[str, Any], now_ms: int) -> None:
    """Enter a claim in the place of one that ran out, or that is ours: one atomic update."""
    if known["owner"] == own["owner"] or known["expires_ms"] < now_ms:
        same = {"_id": {"$eq": key}, "token": {"$eq": known["token"]}}
        collection.update_one(same, {"$set": {**own, "token": int(known["token"]) + 1}})


def _lease(document: dict[str, Any]) -> Lease:
    expires = datetime.fromtimestamp(document["expires_ms"] / 1000, UTC)
    return Lease(document["_id"], document["owner"], int(document["token"]), expires)


def _together(leases: Iterable[Lease]) -> Iterator[tuple[dict[str, Any], list[Lease]]]:
    """Put leases of one owner and token together, with the condition that finds those of them that still stand."""
    groups: dict[tuple[str, int], dict[str, Lease]] = defaultdict(dict)
    for lease in leases:
        groups[lease.owner, lease.token][lease.key] = lease
    for (owner, token), group in groups.items():
        for keys in _batches(group):
            mine = {"_id": {"$in": keys}, "owner": {"$eq": owner}, "token": {"$eq": token}}
            yield mine, [group[key] for key in keys]


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    once = list(dict.fromkeys(keys))
    for start in range(0, len(once), _KEYS_AT_ONCE):
        yield once[start : start + _KEYS_AT_ONCE]


@contextmanager
def _leases(catalog: Catalog) -> Iterator[Any]:
    with catalog.database.writing() as collections:
        yield collections[LEASES_NAME]
