"""`RecordQuery`: what is looked for, as values; the operators of the database are written here and nowhere else."""

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from jwstpipe.catalog.documents import target_key
from jwstpipe.catalog.models import ProductKind, ProductStatus
from jwstpipe.catalog.parts import UtcTime
from jwstpipe.names import Level, canonical_instrument

__all__ = ["RecordQuery", "SortKey", "sort_fields", "to_filter"]

SortKey = Literal["newest", "oldest", "file_name", "target", "level", "filter", "largest"]

_SORTS: dict[SortKey, tuple[str, int]] = {
    "newest": ("created_ms", -1),
    "oldest": ("created_ms", 1),
    "file_name": ("file_name", 1),
    "target": ("target_key", 1),
    "level": ("processing_level", 1),
    "filter": ("image_info.filter", 1),
    "largest": ("file_size", -1),
}


class RecordQuery(BaseModel):
    """Which records are wanted: all conditions hold together, of a list any value will do; empty = no condition."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: tuple[ProductKind, ...] = Field((), description="archive, image, mosaic, picture, thumbnail")
    status: tuple[ProductStatus, ...] = Field(("published",), description="readers see published products; () = all")
    level: tuple[Level, ...] = Field((), description="L1, L2a, L2b, L3, unknown")
    target: str | None = Field(None, description="name of the target; blanks, hyphens and case do not matter")
    instrument: tuple[str, ...] = Field((), description="as NIRCam, in any spelling")
    filter: tuple[str, ...] = Field((), description="effective filters, as F405N")
    program: int | None = Field(None, description="programme number")
    obs_id: str | None = Field(None, description="observation id of the archive")
    observation_base_id: str | None = Field(None, description="what all products of one observation share")
    file_name: str | None = None
    storage_key: str | None = None
    parent: str | None = Field(None, description="id of a product that went into it")
    operation: str | None = None
    run_id: str | None = None
    tags: tuple[str, ...] = Field((), description="all of them")
    text: str | None = Field(None, min_length=1, description="part of file name, target or description, in any case")
    created_since: UtcTime | None = None
    created_before: UtcTime | None = None
    archived: bool | None = Field(None, description="True: only archived ones, False: only others")
    visible_to: str | None = Field(
        None, description="what this user may see: own, shared and public; '' = public only; none = everything"
    )

    @field_validator("instrument")
    @classmethod
    def _canonical(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(canonical_instrument(name) or name for name in value)

    @field_validator("filter")
    @classmethod
    def _upper(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name.upper() for name in value)


def to_filter(query: RecordQuery) -> dict[str, Any]:
    """Write a query in the language of the database; what the user gave stands only where values stand."""
    lists: dict[str, tuple[Any, ...]] = {
        "kind": query.kind,
        "status": query.status,
        "processing_level": query.level,
        "image_info.instrument": query.instrument,
        "image_info.filter": query.filter,
        # The embedded store finds a value in a list by $in only, not by $eq.
        "derived_from": () if query.parent is None else (query.parent,),
    }
    scalars: dict[str, Any] = {
        "target_key": None if query.target is None else target_key(query.target),
        "program": query.program,
        "metadata.mast_obs_id": query.obs_id,
        "observation_base_id": query.observation_base_id,
        "file_name": query.file_name,
        "file_path": query.storage_key,
        "operation": query.operation,
        "run_id": query.run_id,
        "is_archived": query.archived,
    }
    conditions: dict[str, Any] = {key: {"$in": list(values)} for key, values in lists.items() if values}
    conditions |= {key: {"$eq": value} for key, value in scalars.items() if value is not None}
    if query.tags:
        conditions["tags"] = {"$all": list(query.tags)}
    created = _span(query)
    if created:
        conditions["created_ms"] = created
    either = [part for part in (_text(query), _visible(query)) if part]
    return {**conditions, "$and": [{"$or": part} for part in either]} if either else conditions


def sort_fields(key: SortKey) -> list[tuple[str, int]]:
    """Give the sort order, made total by the product id."""
    return [_SORTS[key], ("_id", 1)]


def _span(query: RecordQuery) -> dict[str, int]:
    ends = {"$gte": query.created_since, "$lt": query.created_before}
    return {operator: int(when.timestamp() * 1000) for operator, when in ends.items() if when is not None}


def _text(query: RecordQuery) -> list[dict[str, Any]]:
    if query.text is None:
        return []
    pattern = {"$regex": re.escape(query.text), "$options": "i"}
    return [{field: pattern} for field in ("file_name", "image_info.target_name", "description")]


def _visible(query: RecordQuery) -> list[dict[str, Any]]:
    if query.visible_to is None:
        return []
    public: list[dict[str, Any]] = [{"is_public": {"$eq": True}}]
    if not query.visible_to:
        return public
    return [*public, {"user_id": {"$eq": query.visible_to}}, {"shared_with": {"$in": [query.visible_to]}}]
