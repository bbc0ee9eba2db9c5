"""Changes in MongoDB's operators: each record's is one atomic update, safe to repeat."""

from collections.abc import Iterator, Mapping
from typing import Any

from jwstpipe.catalog.database.changes import USER_FIELDS, RecordChange
from jwstpipe.catalog.statistics import SIZE_CLASSES, Group, Share, Shared

__all__ = ["change_updates", "group_of", "group_stages", "publish_update", "retire_update", "share_of", "share_stages"]

_SUMS = {"records": {"$sum": 1}, "bytes": {"$sum": "$file_size"}}


def publish_update(document: Mapping[str, Any]) -> dict[str, Any]:
    """Write the one update that makes a document visible (see `published_over`); twice it changes nothing."""
    visible = {**document, "status": "published", "superseded_by": None}
    visible.pop("_id")
    tags = visible.pop("tags")
    update: dict[str, Any] = {
        "$set": {name: value for name, value in visible.items() if name not in USER_FIELDS},
        "$setOnInsert": {name: value for name, value in visible.items() if name in USER_FIELDS},
        "$addToSet": {"tags": {"$each": tags}},
    }
    if "owner_path" not in document:
        update["$unset"] = {"owner_path": ""}
    return update


def retire_update(heir: str) -> dict[str, Any]:
    """Write the update that marks a document as superseded, and frees its place in the store."""
    return {"$set": {"status": "superseded", "superseded_by": heir}, "$unset": {"owner_path": ""}}


def change_updates(change: RecordChange) -> Iterator[dict[str, Any]]:
    """Write a change as updates; one update cannot add to a list and take from it."""
    first: dict[str, Any] = {"$set": dict(change.values)} if change.values else {}
    if change.add_tags:
        first["$addToSet"] = {"tags": {"$each": list(change.add_tags)}}
    if first:
        yield first
    if change.remove_tags:
        yield {"$pullAll": {"tags": list(change.remove_tags)}}


def group_stages(conditions: dict[str, Any]) -> list[dict[str, Any]]:
    """Write the stages that count records and bytes by all that is counted by, at once."""
    branches = []
    for name, least, beyond in SIZE_CLASSES:
        ends = [{"$gte": ["$file_size", least]}, *([] if beyond is None else [{"$lt": ["$file_size", beyond]}])]
        branches.append({"case": {"$and": ends}, "then": name})
    known = {"$gte": ["$file_size", 0]}
    key = {
        "kind": "$kind",
        "instrument": "$image_info.instrument",
        "filter": "$image_info.filter",
        "level": "$processing_level",
        "status": "$status",
        "size": {"$cond": [known, {"$switch": {"branches": branches, "default": None}}, None]},
    }
    return [{"$match": conditions}, {"$group": {"_id": key, **_SUMS}}]


def group_of(row: Mapping[str, Any]) -> Group:
    """Read a row of `group_stages`."""
    key = {name: row["_id"].get(name) for name in ("kind", "instrument", "filter", "level", "status", "size")}
    return Group(**key, records=int(row["records"]), bytes=int(row["bytes"] or 0))


def share_stages(by: Shared, conditions: dict[str, Any]) -> list[dict[str, Any]]:
    """Write the stages that count records and bytes by target or user."""
    field = {"target": "$target_key", "user": "$user_id"}[by]
    return [{"$match": conditions}, {"$group": {"_id": field, **_SUMS}}, {"$sort": {"_id": 1}}]


def share_of(row: Mapping[str, Any]) -> tuple[str, Share]:
    """Read a row of `share_stages`."""
    return str(row["_id"] or ""), Share(int(row["records"]), int(row["bytes"] or 0))
