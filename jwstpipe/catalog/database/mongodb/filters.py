"""A query in MongoDB's language; what the user gave stands only where values stand."""

import re
from collections.abc import Iterator
from typing import Any

from jwstpipe.catalog.database.columns import FIELD_OF, TEXTS
from jwstpipe.catalog.query import RecordQuery, SortKey, chord_box, conditions_of

__all__ = ["ids_among", "one", "selection", "sort_fields", "viewed"]

_SORTS: dict[SortKey, tuple[str, int]] = {
    "newest": ("created_ms", -1),
    "oldest": ("created_ms", 1),
    "observed": ("observed_ms", 1),
    "file_name": ("file_name", 1),
    "target": ("target_key", 1),
    "level": ("processing_level", 1),
    "filter": ("filter", 1),
    "largest": ("file_size", -1),
}


def one(product_id: str) -> dict[str, Any]:
    """Ask for one document."""
    return {"_id": {"$eq": product_id}}


def ids_among(product_ids: list[str], viewer: str | None = None) -> dict[str, Any]:
    """Ask for documents by id, as somebody sees them."""
    return viewed({"_id": {"$in": product_ids}}, viewer)


def sort_fields(key: SortKey) -> list[tuple[str, int]]:
    """Give the sort order, made total by the product id."""
    column, way = _SORTS[key]
    return [(FIELD_OF[column], way), ("_id", 1)]


def selection(query: RecordQuery, *, viewer: str | None) -> dict[str, Any]:
    """Write the conditions of a query and of who asks."""
    wanted = conditions_of(query)
    found: dict[str, Any] = {FIELD_OF[name]: {"$eq": value} for name, value in wanted.equal.items()}
    found |= {FIELD_OF[name]: {"$in": list(values)} for name, values in wanted.among.items()}
    for span in wanted.spans:
        ends = {"$gte": span.least, "$lt": span.beyond}
        found[span.column] = {operator: value for operator, value in ends.items() if value is not None}
    for field in dict.fromkeys(field for field, _ in wanted.holding):
        found[field] = {"$all": [member for name, member in wanted.holding if name == field]}
    if wanted.cone is not None:
        found |= _cone(*wanted.cone)
    either = [[{field: {"$regex": re.escape(wanted.text)}} for field in TEXTS]] if wanted.text is not None else []
    if either:
        found["$and"] = [{"$or": part} for part in either]
    return viewed(viewed(found, wanted.visible_to), viewer)


def viewed(conditions: dict[str, Any], viewer: str | None) -> dict[str, Any]:
    """Add to conditions that somebody may see a record; the site sees all."""
    if viewer is None:
        return conditions
    return {**conditions, "$and": [*conditions.get("$and", []), {"$or": list(_seen(viewer))}]}


def _seen(viewer: str) -> Iterator[dict[str, Any]]:
    yield {"is_public": {"$eq": True}}
    if viewer:
        yield {"user_id": {"$eq": viewer}}
        yield {"shared_with": {"$in": [viewer]}}


def _cone(ra: float, dec: float, radius: float) -> dict[str, Any]:
    """Ask for positions within a radius by the chord; the box around the cap is there for the index."""
    middle, reach = chord_box(ra, dec, radius)
    named = dict(zip("xyz", middle, strict=True))
    squares = [
        {"$multiply": [{"$subtract": [f"$sky.{axis}", value]}, {"$subtract": [f"$sky.{axis}", value]}]}
        for axis, value in named.items()
    ]
    box: dict[str, Any] = {
        f"sky.{axis}": {"$gte": value - reach, "$lte": value + reach} for axis, value in named.items()
    }
    return {**box, "$expr": {"$lte": [{"$add": squares}, reach * reach]}}
