"""Changes to many records at once: tag, archive, delete; what depends on them is named first."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from jwstpipe.catalog.catalog import Catalog, RecordChange
from jwstpipe.catalog.maintenance.by_target import keep_links
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.components import time_text
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.catalog.visibility import require_name
from jwstpipe.errors import StorageError, UsageError
from jwstpipe.storage import ObjectStore

__all__ = ["Deletion", "archive_records", "delete_records", "dependents", "plan_deletion", "tag_records"]


@dataclass(frozen=True)
class Deletion:
    """What a deletion would take, and whom it would leave without inputs."""

    records: tuple[ProductRecord, ...]
    dependents: tuple[ProductRecord, ...]
    """Products outside the deletion, near or far, that were made of these."""

    @property
    def bytes(self) -> int:
        """Size of the files, as far as it is known."""
        return sum(record.file_size or 0 for record in self.records)


def tag_records(
    catalog: Catalog, query: RecordQuery, *, add: Collection[str] = (), remove: Collection[str] = ()
) -> int:
    """Add tags to all records of a query, and take tags away.

    Returns
    -------
    int
        How many records.

    Raises
    ------
    UsageError
        An empty tag, or a record of somebody else.
    """
    if not all(tag.strip() for tag in (*add, *remove)) or not (add or remove):
        raise UsageError("give tags that are not empty, to add or to remove")
    return _change(catalog, query, RecordChange(add_tags=tuple(add), remove_tags=tuple(remove)))


def archive_records(catalog: Catalog, query: RecordQuery, *, archived: bool = True) -> int:
    """Mark all records of a query as archived, or not; tell how many."""
    date = time_text(datetime.now(UTC)) if archived else None
    return _change(catalog, query, RecordChange({"is_archived": archived, "archived_date": date}))


def plan_deletion(catalog: Catalog, query: RecordQuery) -> Deletion:
    """Name what a deletion would take, and what depends on it."""
    records = tuple(catalog.find(query, sort="file_name"))
    return Deletion(records, dependents(catalog, (record.product_id for record in records)))


def delete_records(catalog: Catalog, plan: Deletion, store: ObjectStore | None = None, *, cascade: bool = False) -> int:
    """Delete records and their files.

    Parameters
    ----------
    catalog
        Open catalogue.
    plan
        Of `plan_deletion`.
    store
        Holds the files; None = forget the records only.
    cascade
        Delete what depends on them too; otherwise it stays, and its lineage says that inputs are missing.

    Returns
    -------
    int
        How many records.

    Raises
    ------
    UsageError
        A record of somebody else.
    """
    doomed = (*plan.records, *(plan.dependents if cascade else ()))
    _require_own(catalog, doomed)
    # records first: files that are left over are found by the next reconciliation, records without files mislead
    count = catalog.delete_many([record.product_id for record in doomed])
    failed: list[str] = []
    for key in _left_behind(catalog, doomed) if store is not None else ():
        assert store is not None
        try:
            store.delete(key)
        except StorageError as error:
            failed.append(str(error))
    if store is not None:
        keep_links(catalog, store, _targets(doomed))
    if failed:
        raise StorageError(f"{len(failed)} files could not be deleted, first {failed[0]}; jwstpipe catalog reconcile")
    return count


def _targets(records: Iterable[ProductRecord]) -> set[str]:
    return {
        str(record.image_info.target_name) for record in records if record.image_info and record.image_info.target_name
    }


def dependents(catalog: Catalog, product_ids: Iterable[str]) -> tuple[ProductRecord, ...]:
    """Find all products, near or far, that were made of some products; those themselves are not among them."""
    given = set(product_ids)
    seen, frontier = set(given), sorted(given)
    found: dict[str, ProductRecord] = {}
    while frontier:
        fresh = [record for record in catalog.children(frontier) if record.product_id not in seen]
        found |= {record.product_id: record for record in fresh}
        seen |= {record.product_id for record in fresh}
        frontier = [record.product_id for record in fresh]
    return tuple(found[key] for key in sorted(found))


def _change(catalog: Catalog, query: RecordQuery, change: RecordChange) -> int:
    records = catalog.find(query)
    _require_own(catalog, records)
    return catalog.change_many([record.product_id for record in records], change)


def _left_behind(catalog: Catalog, gone: Iterable[ProductRecord]) -> list[str]:
    """List the places in the store of records that are gone, but those where another record's product stands."""
    keys = dict.fromkeys(key for record in gone for key in (record.storage_key, record.thumbnail) if key is not None)
    return [key for key in keys if not catalog.database.holders([key])]


def _require_own(catalog: Catalog, records: Iterable[ProductRecord]) -> None:
    require_name(catalog.user)
    others = [record.file_name for record in records if catalog.user not in (None, record.user_id)]
    if others:
        raise UsageError(f"{len(others)} of these records are not yours to change, first {others[0]}; narrow the query")
