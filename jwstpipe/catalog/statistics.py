"""What the catalogue holds, counted: records and bytes by kind, instrument, filter, level, status and size."""

from dataclasses import dataclass
from typing import Any

__all__ = ["SIZE_CLASSES", "CatalogStats", "Share", "statistics_of"]

SIZE_CLASSES: tuple[tuple[str, int, int | None], ...] = (
    ("below 1 MB", 0, 10**6),
    ("1-10 MB", 10**6, 10**7),
    ("10-100 MB", 10**7, 10**8),
    ("100 MB-1 GB", 10**8, 10**9),
    ("1-10 GB", 10**9, 10**10),
    ("10 GB and more", 10**10, None),
)
"""Name, smallest size and first size beyond, bytes."""


@dataclass(frozen=True)
class Share:
    """How much of the catalogue falls to one value."""

    records: int
    bytes: int
    """Size of their files, as far as it is known."""


@dataclass(frozen=True)
class CatalogStats:
    """What the catalogue holds; records without a value stand under the empty text."""

    total: Share
    by_kind: dict[str, Share]
    by_instrument: dict[str, Share]
    by_filter: dict[str, Share]
    by_level: dict[str, Share]
    by_status: dict[str, Share]
    by_size: dict[str, Share]
    """By `SIZE_CLASSES`, those that occur; records of unknown size under the empty text."""


def statistics_of(collection: Any, conditions: dict[str, Any]) -> CatalogStats:
    """Count the records of a collection that meet conditions."""
    return CatalogStats(
        total=_shares(collection, conditions, None).get("", Share(0, 0)),
        by_kind=_shares(collection, conditions, "$kind"),
        by_instrument=_shares(collection, conditions, "$image_info.instrument"),
        by_filter=_shares(collection, conditions, "$image_info.filter"),
        by_level=_shares(collection, conditions, "$processing_level"),
        by_status=_shares(collection, conditions, "$status"),
        by_size=_sizes(collection, conditions),
    )


def _shares(collection: Any, conditions: dict[str, Any], field: str | None) -> dict[str, Share]:
    stages = [
        {"$match": conditions},
        {"$group": {"_id": field, "records": {"$sum": 1}, "bytes": {"$sum": "$file_size"}}},
    ]
    shares = {
        str(row["_id"] or ""): Share(int(row["records"]), int(row["bytes"] or 0))
        for row in collection.aggregate(stages)
        if row["records"]
    }
    return dict(sorted(shares.items()))


def _sizes(collection: Any, conditions: dict[str, Any]) -> dict[str, Share]:
    also = conditions.get("$and", [])
    classes: list[tuple[str, dict[str, Any]]] = [("", {"file_size": {"$eq": None}})]
    for name, least, beyond in SIZE_CLASSES:
        span = {"$gte": least} if beyond is None else {"$gte": least, "$lt": beyond}
        classes.append((name, {"file_size": span}))
    found = {}
    for name, span in classes:
        share = _shares(collection, {**conditions, "$and": [*also, span]}, None).get("")
        if share is not None:
            found[name] = share
    return found
