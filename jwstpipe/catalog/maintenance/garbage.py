"""What piles up, and goes after a grace period: superseded products, leases that ran out."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.leases import clear_expired
from jwstpipe.catalog.maintenance.bulk import Deletion, delete_records
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.catalog.visibility import require_site
from jwstpipe.storage import ObjectStore

__all__ = ["Garbage", "collect_garbage", "find_garbage", "reap_leases"]


@dataclass(frozen=True)
class Garbage:
    """Superseded products that nobody needs any more."""

    products: tuple[ProductRecord, ...]

    @property
    def bytes(self) -> int:
        """Size of their files, as far as it is known."""
        return sum(record.file_size or 0 for record in self.products)


def find_garbage(catalog: Catalog, *, grace: timedelta, now: datetime | None = None) -> Garbage:
    """Find products that were superseded longer ago than the grace period, and that no current product was made of.

    Nothing is changed.
    """
    require_site(catalog.user, "collecting garbage")
    limit = (now or datetime.now(UTC)) - grace
    superseded = catalog.find(RecordQuery(status=("superseded",)), sort="oldest")
    heirs = catalog.get_many({record.superseded_by for record in superseded if record.superseded_by is not None})
    needed = _needed(catalog)
    return Garbage(
        tuple(
            record
            for record in superseded
            if record.product_id not in needed
            and (heir := heirs.get(record.superseded_by or "")) is not None
            and heir.created <= limit
        )
    )


def collect_garbage(catalog: Catalog, store: ObjectStore, garbage: Garbage) -> int:
    """Delete garbage: records, and files that no newer version has replaced; tell how many products."""
    keys = {record.storage_key for record in garbage.products}
    kept = {record.storage_key for key in keys if key for record in catalog.find(RecordQuery(storage_key=key))}
    own = [record for record in garbage.products if record.storage_key not in kept]
    replaced = [record for record in garbage.products if record.storage_key in kept]
    count = delete_records(catalog, Deletion(tuple(own), ()), store)
    return count + delete_records(catalog, Deletion(tuple(replaced), ()), None)


def reap_leases(catalog: Catalog, *, now: datetime | None = None) -> int:
    """Clear away the leases of runs that died; tell how many."""
    return clear_expired(catalog, now=now)


def _needed(catalog: Catalog) -> set[str]:
    """Find all that published products were made of, near or far."""
    parents: dict[str, tuple[str, ...]] = {}
    stack: list[str] = []
    for summary in catalog.summaries():
        parents[summary.product_id] = summary.parents
        stack += summary.parents if summary.status == "published" else ()
    needed: set[str] = set()
    while stack:
        key = stack.pop()
        if key not in needed:
            needed.add(key)
            stack += parents.get(key, ())
    return needed
