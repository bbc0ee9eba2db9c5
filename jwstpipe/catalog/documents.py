"""From records to documents and back: what stands in the database beside the record's own fields, and what is updated.

Some fields are only there to be searched: they are derived anew at each write and dropped on the way out.
"""

import re
from typing import Any

from jwstpipe.catalog.models import ProductRecord, checked_record

__all__ = ["USER_FIELDS", "from_document", "publish_update", "stage_insert", "target_key"]

USER_FIELDS = frozenset(
    {
        "upload_date",
        "created_ms",
        "last_accessed",
        "description",
        "user_id",
        "is_public",
        "shared_with",
        "is_archived",
        "archived_date",
        "thumbnail",
    }
)
"""Fields of a document that publishing sets once and then leaves to the users; tags are only added to."""

_DERIVED = frozenset({"target_key", "owner_path", "created_ms", "parent_id"})


def target_key(name: str) -> str:
    """Write a target's name so that NGC 3132, NGC-3132 and ngc3132 are one."""
    return re.sub(r"[^A-Z0-9+]", "", name.upper())


def _document(record: ProductRecord) -> dict[str, Any]:
    document = record.model_dump(mode="json", by_alias=True)
    target = record.image_info.target_name if record.image_info else None
    document["target_key"] = target_key(target) if target else None
    # An integer, because the embedded store compares texts that look like times to the second only.
    document["created_ms"] = int(record.created.timestamp() * 1000)
    document["parent_id"] = record.parents[0] if len(record.parents) == 1 else None
    if record.storage_key is not None:
        # One text instead of the pair (user_id, file_path): SQL holds that two missing owners differ.
        document["owner_path"] = f"{record.user_id or ''}:{record.storage_key}"
    return document


def publish_update(record: ProductRecord) -> dict[str, Any]:
    """Give the one update that makes a record visible; applied twice it changes nothing."""
    document = {**_document(record), "status": "published"}
    document.pop("_id")
    tags = document.pop("tags")
    update: dict[str, Any] = {
        "$set": {key: value for key, value in document.items() if key not in USER_FIELDS},
        "$setOnInsert": {key: value for key, value in document.items() if key in USER_FIELDS},
        "$addToSet": {"tags": {"$each": tags}},
    }
    if record.storage_key is None:
        update["$unset"] = {"owner_path": ""}
    return update


def stage_insert(record: ProductRecord) -> dict[str, Any]:
    """Give the update that enters a record as staged where there is none yet."""
    document = {**_document(record), "status": "staged"}
    document.pop("_id")
    return {"$setOnInsert": document}


def from_document(document: dict[str, Any]) -> ProductRecord:
    """Read a record back.

    Raises
    ------
    DataError
        A document that this version does not understand.
    """
    fields = {key: value for key, value in document.items() if key not in _DERIVED}
    return checked_record(fields, what=f"product {document.get('_id')!r} in the catalogue")
