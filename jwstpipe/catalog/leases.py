"""Leases: who is making a product right now, so that two runs never make the same one at the same time.

A lease names its owner and its end. Whoever dies leaves it to run out; whoever takes over a lease that ran out gets a
higher token, so that the slow former owner finds that it has lost it. Products have content-derived ids and unique
attempt folders, so a lease saves work; correctness does not hang on it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.database.changes import in_batches
from jwstpipe.catalog.visibility import require_name

__all__ = ["Lease", "clear_expired", "holders", "release", "renew", "reserve"]

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
    require_name(catalog.user)
    moment = datetime.now(UTC)
    ends = _milliseconds(moment + timedelta(seconds=seconds))
    taken: dict[str, Lease] = {}
    for batch in in_batches(dict.fromkeys(keys), _KEYS_AT_ONCE):
        tokens = catalog.database.leases.claim(batch, owner=owner, now_ms=_milliseconds(moment), expires_ms=ends)
        taken |= {key: Lease(key, owner, token, _moment(ends)) for key, token in tokens.items()}
    return taken


def renew(catalog: Catalog, leases: Iterable[Lease], *, seconds: float) -> dict[str, Lease]:
    """Hold leases for longer.

    Returns
    -------
    dict
        The leases that are still held, with their new end; one that is missing was lost to another owner.
    """
    ends = _milliseconds(datetime.now(UTC) + timedelta(seconds=seconds))
    held: dict[str, Lease] = {}
    for batch in _together(leases):
        keys = [lease.key for lease in batch]
        ours = catalog.database.leases.extend(keys, owner=batch[0].owner, token=batch[0].token, expires_ms=ends)
        held |= {lease.key: replace(lease, expires=_moment(ends)) for lease in batch if lease.key in ours}
    return held


def release(catalog: Catalog, leases: Iterable[Lease]) -> None:
    """Give leases back; those that were lost meanwhile are left to their new owner."""
    for batch in _together(leases):
        catalog.database.leases.drop([lease.key for lease in batch], owner=batch[0].owner, token=batch[0].token)


def holders(catalog: Catalog, *, now: datetime | None = None) -> list[Lease]:
    """List the leases that have not run out, by key."""
    running = catalog.database.leases.running(_milliseconds(now or datetime.now(UTC)))
    return [Lease(row.key, row.owner, row.token, _moment(row.expires_ms)) for row in running]


def clear_expired(catalog: Catalog, *, now: datetime | None = None) -> int:
    """Delete the leases that have run out: their owners died or gave up; tell how many."""
    require_name(catalog.user)
    return catalog.database.leases.drop_expired(_milliseconds(now or datetime.now(UTC)))


def _together(leases: Iterable[Lease]) -> Iterator[list[Lease]]:
    """Put leases of one owner and token together."""
    groups: dict[tuple[str, int], dict[str, Lease]] = defaultdict(dict)
    for lease in leases:
        groups[lease.owner, lease.token][lease.key] = lease
    for group in groups.values():
        yield from in_batches(group.values(), _KEYS_AT_ONCE)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
