"""`RecordQuery`: what is looked for, as values; the operators of the database are written here and nowhere else."""

import math
import re
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from jwstpipe.catalog.records.components import UtcTime
from jwstpipe.catalog.records.documents import sky_vector, target_key
from jwstpipe.catalog.records.models import ProductKind, ProductStatus, RecordType
from jwstpipe.names import Level, canonical_instrument

__all__ = ["RecordQuery", "SortKey", "sort_fields", "to_filter"]

SortKey = Literal["newest", "oldest", "observed", "file_name", "target", "level", "filter", "largest"]

_SORTS: dict[SortKey, tuple[str, int]] = {
    "newest": ("created_ms", -1),
    "oldest": ("created_ms", 1),
    "observed": ("observed_ms", 1),
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
    data_type: tuple[RecordType, ...] = Field((), description="image, sensor, spectral, metadata, calibration, raw ...")
    level: tuple[Level, ...] = Field((), description="L1, L2a, L2b, L3, unknown")
    target: str | None = Field(None, description="name of the target; blanks, hyphens and case do not matter")
    instrument: tuple[str, ...] = Field((), description="as NIRCam, in any spelling")
    filter: tuple[str, ...] = Field((), description="effective filters, as F405N")
    program: int | None = Field(None, description="programme number")
    obs_id: str | None = Field(None, description="observation id of the archive")
    observation_base_id: str | None = Field(None, description="what all products of one observation share")
    exposure_id: str | None = Field(None, description="what all detectors and dithers of one activity share")
    detector: str | None = Field(None, description="as nrca1, in any case")
    file_name: str | None = None
    storage_key: str | None = None
    uri: str | None = Field(None, description="as mast:JWST/product/...")
    digest: str | None = Field(None, description="SHA-256 of the content")
    slot: str | None = None
    owner: str | None = Field(None, description="records of this user")
    ra: float | None = Field(None, ge=0, lt=360, description="middle of a cone, degrees ICRS")
    dec: float | None = Field(None, ge=-90, le=90, description="middle of a cone, degrees ICRS")
    radius: float | None = Field(None, ge=0, le=180, description="radius of the cone, degrees")
    parent: str | None = Field(None, description="id of a product that went into it")
    operation: str | None = None
    run_id: str | None = None
    tags: tuple[str, ...] = Field((), description="all of them")
    text: str | None = Field(None, min_length=1, description="part of file name, target or description, in any case")
    created_since: UtcTime | None = None
    created_before: UtcTime | None = None
    observed_since: UtcTime | None = None
    observed_before: UtcTime | None = None
    smallest: int | None = Field(None, ge=0, description="bytes, at least")
    larger_excluded: int | None = Field(None, ge=0, description="bytes, less than")
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

    @field_validator("detector")
    @classmethod
    def _lower(cls, value: str | None) -> str | None:
        return None if value is None else value.lower()

    @model_validator(mode="after")
    def _whole_cone(self) -> Self:
        given = [value is not None for value in (self.ra, self.dec, self.radius)]
        if any(given) and not all(given):
            raise ValueError("a cone needs ra, dec and radius")
        return self


def to_filter(query: RecordQuery) -> dict[str, Any]:
    """Write a query in the language of the database; what the user gave stands only where values stand."""
    lists: dict[str, tuple[Any, ...]] = {
        "kind": query.kind,
        "status": query.status,
        "data_type": query.data_type,
        "processing_level": query.level,
        "image_info.instrument": query.instrument,
        "image_info.filter": query.filter,
    }
    scalars: dict[str, Any] = {
        "target_key": None if query.target is None else target_key(query.target),
        "program": query.program,
        "metadata.mast_obs_id": query.obs_id,
        "observation_base_id": query.observation_base_id,
        "exposure_id": query.exposure_id,
        "detector": query.detector,
        "file_name": query.file_name,
        "file_path": query.storage_key,
        "uri": query.uri,
        "checksum": query.digest,
        "slot": query.slot,
        "user_id": query.owner,
        "operation": query.operation,
        "run_id": query.run_id,
        "is_archived": query.archived,
    }
    conditions: dict[str, Any] = {key: {"$in": list(values)} for key, values in lists.items() if values}
    conditions |= {key: {"$eq": value} for key, value in scalars.items() if value is not None}
    if query.parent is not None:
        conditions["derived_from"] = {"$in": [query.parent]}
    if query.tags:
        conditions["tags"] = {"$all": list(query.tags)}
    conditions |= _spans(query)
    if query.ra is not None and query.dec is not None and query.radius is not None:
        conditions |= _cone(query.ra, query.dec, query.radius)
    either = [part for part in (_text(query), visible_to(query.visible_to)) if part]
    return {**conditions, "$and": [{"$or": part} for part in either]} if either else conditions


def sort_fields(key: SortKey) -> list[tuple[str, int]]:
    """Give the sort order, made total by the product id."""
    return [_SORTS[key], ("_id", 1)]


def visible_to(user: str | None) -> list[dict[str, Any]]:
    """Give the alternatives under which a user sees a record; none for the site itself, which sees everything.

    Public records, the user's own, and those shared with the user; of nobody ("") only public ones.
    """
    if user is None:
        return []
    public: list[dict[str, Any]] = [{"is_public": {"$eq": True}}]
    if not user:
        return public
    return [*public, {"user_id": {"$eq": user}}, {"shared_with": {"$in": [user]}}]


def _spans(query: RecordQuery) -> dict[str, dict[str, int]]:
    spans = {
        "created_ms": {"$gte": query.created_since, "$lt": query.created_before},
        "observed_ms": {"$gte": query.observed_since, "$lt": query.observed_before},
    }
    found: dict[str, dict[str, int]] = {
        field: {operator: round(when.timestamp() * 1000) for operator, when in ends.items() if when is not None}
        for field, ends in spans.items()
    }
    sizes = {"$gte": query.smallest, "$lt": query.larger_excluded}
    found["file_size"] = {operator: size for operator, size in sizes.items() if size is not None}
    return {field: ends for field, ends in found.items() if ends}


def _cone(ra: float, dec: float, radius: float) -> dict[str, Any]:
    """Ask for positions within a radius, by the chord between unit vectors: exact from milliarcseconds to 180 degrees.

    The box around the cap is there for the index.
    """
    middle = dict(zip("xyz", sky_vector(ra, dec), strict=True))
    chord = 2.0 * math.sin(math.radians(radius) / 2.0)
    reach = chord * (1.0 + 1e-9) + 1e-14
    squares = [
        {"$multiply": [{"$subtract": [f"$sky.{axis}", value]}, {"$subtract": [f"$sky.{axis}", value]}]}
        for axis, value in middle.items()
    ]
    box: dict[str, Any] = {
        f"sky.{axis}": {"$gte": value - reach, "$lte": value + reach} for axis, value in middle.items()
    }
    return {**box, "$expr": {"$lte": [{"$add": squares}, reach * reach]}}


def _text(query: RecordQuery) -> list[dict[str, Any]]:
    if query.text is None:
        return []
    pattern = {"$regex": re.escape(query.text.lower())}
    return [{field: pattern} for field in ("name_key", "note_key")]
