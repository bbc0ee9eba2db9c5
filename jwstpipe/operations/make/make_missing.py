"""Reserve, compute, verify, publish: how what is missing is made, and only that.

Library code: it knows a catalogue, a store and the id of a run. Products are named by their ids before they are made,
so that two runs never make the same one, and a rerun of what was finished costs nothing.
"""

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.leases import Lease, release, renew, reserve
from jwstpipe.catalog.maintenance.by_target import add_links
from jwstpipe.catalog.records.components import Execution
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import ConflictError, StoreError
from jwstpipe.execution.workers import Workers
from jwstpipe.progress import Reporter, silent
from jwstpipe.storage import ObjectStore, product_exists

__all__ = ["OperationRun", "existing_products", "make_missing"]

WantT = TypeVar("WantT")

LEASE_SECONDS = 60.0
"""A run that dies keeps others waiting no longer than this."""

GROUP_SECONDS = 0.5
"""Products that are made within this time are published together; one that took longer is published at once."""

GROUP_RECORDS = 500
"""Most records of one publication: other writers of an embedded catalogue wait no longer than for these."""

LOOK_SECONDS = 0.5
"""Pause between looks at what another run is making."""

_log = logging.getLogger(__name__)


def _new_attempt() -> str:
    return uuid4().hex[:12]


@dataclass(frozen=True, eq=False)
class OperationRun:
    """One run that makes products: where they go, who computes them, and under which id."""

    catalog: Catalog
    store: ObjectStore
    workers: Workers
    run_id: str = field(default_factory=lambda: str(uuid4()))
    attempt: str = field(default_factory=_new_attempt)
    """Unique part of the keys that this run writes: no two attempts ever write to one place."""

    report: Reporter = silent
    execution: Callable[[], Execution | None] = lambda: None
    """Asked, for each publication, where and by what the products were computed."""

    @property
    def owner(self) -> str:
        """Who holds the leases of what this run makes."""
        return f"{self.run_id}/{self.attempt}"

    @staticmethod
    def now() -> datetime:
        """Tell the time, with its zone."""
        return datetime.now(UTC)


def make_missing(
    run: OperationRun,
    wanted: Mapping[str, WantT],
    make: Callable[[Mapping[str, WantT]], Iterable[ProductRecord]],
) -> dict[str, ProductRecord]:
    """Make the products that are not there, each by one run at a time, and publish them.

    What another run is making at this moment is waited for and then taken over. A run that dies lets go after
    `LEASE_SECONDS`.

    Parameters
    ----------
    run
        The run that wants them.
    wanted
        What is needed to make a product, by its id.
    make
        Computes the products of a part of `wanted` and gives their records, each as soon as it is whole; they are
        published as they come, quick ones in groups. What it gave before it failed is published, too.

    Returns
    -------
    dict
        Published record by id, in the order of `wanted`.

    Raises
    ------
    StoreError
        A product that was made does not stand in the store.
    ConflictError
        The lease was lost to another run, because this one stood still for too long.
    """
    done = existing_products(run, wanted)
    there = set(done)
    try:
        _until_all_stand(run, wanted, make, done)
    finally:
        add_links(run.catalog, run.store, [record for key, record in done.items() if key not in there])
    return {identity: done[identity] for identity in wanted}


def _until_all_stand(
    run: OperationRun,
    wanted: Mapping[str, WantT],
    make: Callable[[Mapping[str, WantT]], Iterable[ProductRecord]],
    done: dict[str, ProductRecord],
) -> None:
    waited = False
    while missing := [identity for identity in wanted if identity not in done]:
        with _reserved(run.catalog, missing, owner=run.owner) as held:
            fresh = existing_products(run, held.keys)  # another run may have finished between the look and the lease
            done |= fresh
            part = {identity: wanted[identity] for identity in held.keys if identity not in fresh}
            with closing(_groups(make(part) if part else ())) as groups:
                for group in groups:
                    done |= _publish(run, group, held)
            left = [identity for identity in part if identity not in done]
            if left:
                raise StoreError(f"{left[0]}: was to be made and was not; run it again")
        if not held.keys:
            if not waited:
                _log.info("another run is making %d of these products; waiting for it", len(missing))
            waited = True
            threading.Event().wait(LOOK_SECONDS)
            done |= existing_products(run, missing)


def existing_products(run: OperationRun, identities: Iterable[str]) -> dict[str, ProductRecord]:
    """Find the products that are published and stand in the store."""
    known = run.catalog.get_many(identities)
    return {key: record for key, record in known.items() if record.status == "published" and _exists(run, record)}


def _exists(run: OperationRun, record: ProductRecord) -> bool:
    return record.storage_key is not None and product_exists(run.store, record.storage_key, record.file_format)


def _groups(records: Iterable[ProductRecord]) -> Generator[list[ProductRecord]]:
    """Put records that come quickly into groups; when no more come because of an error, give what is there first."""
    group: list[ProductRecord] = []
    last = time.monotonic()
    try:
        for record in records:
            group.append(record)
            if time.monotonic() - last >= GROUP_SECONDS or len(group) == GROUP_RECORDS:
                yield group
                group, last = [], time.monotonic()
    except Exception:
        if group:
            yield group
        raise
    if group:
        yield group


def _publish(run: OperationRun, made: Iterable[ProductRecord], held: "_Held") -> dict[str, ProductRecord]:
    """Publish products, with where they were computed, up to the first that may not be: that one is an error."""
    execution = run.execution()
    whole: dict[str, ProductRecord] = {}
    try:
        for record in made:
            if not _exists(run, record):
                raise StoreError(
                    f"{record.storage_key}: not whole in the store {run.store.root}; nothing was published of it"
                )
            held.require(record.product_id)
            update: dict[str, Any] = {"execution": execution, "file_size": _bytes(run, record)}
            whole[record.product_id] = record.model_copy(update=update)
    finally:
        run.catalog.publish_many(whole.values())
    return whole


def _bytes(run: OperationRun, record: ProductRecord) -> int | None:
    """Tell how large a product is; an image store is as large as its objects together."""
    if record.file_size is None and record.file_format == "zarr" and record.storage_key is not None:
        return run.store.total_bytes(record.storage_key)
    return record.file_size


class _Held:
    """The leases of one round, and those of them that were lost."""

    def __init__(self, leases: dict[str, Lease]) -> None:
        self.leases = leases
        self.keys = tuple(leases)
        self.lost: set[str] = set()

    def require(self, key: str) -> None:
        """Make sure that a lease is still ours before something is published."""
        if key in self.lost:
            raise ConflictError(f"{key}: this run stood still for so long that another one makes it now; run it again")


@contextmanager
def _reserved(catalog: Catalog, keys: Iterable[str], *, owner: str) -> Iterator[_Held]:
    """Take what leases there are, renew them from a thread, and give them back behind the block."""
    held, done = _Held(reserve(catalog, keys, owner=owner, seconds=LEASE_SECONDS)), threading.Event()

    def keep() -> None:
        while not done.wait(LEASE_SECONDS / 3):
            held.lost = set(held.keys) - set(renew(catalog, held.leases.values(), seconds=LEASE_SECONDS))

    keeper = threading.Thread(target=keep, name="leases", daemon=True)
    if held.keys:
        keeper.start()
    try:
        yield held
    finally:
        done.set()
        if held.keys:
            keeper.join()
            release(catalog, held.leases.values())
