"""`RecordQuery`: what is looked for, as values. This is the seam: each database writes it in its own language."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from jwstpipe.catalog.records.components import LARGEST, UtcTime
from jwstpipe.catalog.records.documents import sky_vector, target_key
from jwstpipe.catalog.records.models import ProductKind, ProductStatus, RecordType
from jwstpipe.names import Level, canonical_instrument
from jwstpipe.requests import validated
from jwstpipe.requests.archive.records import RecordConditions

__all__ = ["Conditions", "RecordQuery", "SortKey", "Span", "chord_box", "conditions_of", "record_query"]

SortKey = Literal["newest", "oldest", "observed", "file_name", "target", "level", "filter", "largest"]


class RecordQuery(BaseModel):
    """Which records are wanted: all conditions hold together, of a list any value will do; empty = no condition."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: tuple[ProductKind, ...] = Field((), description=", ".join(get_args(ProductKind)))
    status: tuple[ProductStatus, ...] = Field(("published",), description="readers see published products; () = all")
    data_type: tuple[RecordType, ...] = Field((), description="image, sensor, spectral, metadata, calibration, raw ...")
    level: tuple[Level, ...] = Field((), description="L1, L2a, L2b, L3, unknown")
    target: str | None = Field(None, description="name of the target; blanks, hyphens and case do not matter")
    instrument: tuple[str, ...] = Field((), description="as NIRCam, in any spelling")
    filter: tuple[str, ...] = Field((), description="effective filters, as F405N")
    program: int | None = Field(None, ge=0, le=LARGEST, description="programme number")
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
    smallest: int | None = Field(None, ge=0, le=LARGEST, description="bytes, at least")
    larger_excluded: int | None = Field(None, ge=0, le=LARGEST, description="bytes, less than")
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


def record_query(conditions: RecordConditions, *, usual: tuple[ProductStatus, ...] = ("published",)) -> RecordQuery:
    """Make a query of conditions.

    Parameters
    ----------
    conditions
        Conditions, in their own words.
    usual
        Statuses where none is asked for; () = all.

    Raises
    ------
    UsageError
        A kind, level or status that there is none of.
    """
    asked = {name: getattr(conditions, name) for name in (
        "kind", "level", "target", "instrument", "program", "obs_id", "detector", "text", "archived",
        "observed_since", "observed_before",
    )}  # fmt: skip
    cone = {name: getattr(conditions, name) for name in ("ra", "dec", "radius")} if conditions.ra is not None else {}
    return validated(
        RecordQuery,
        **asked,
        **cone,
        status=() if "all" in conditions.status else conditions.status or usual,
        filter=conditions.filters,
        observation_base_id=conditions.observation,
        tags=conditions.tag,
        created_since=conditions.since,
        created_before=conditions.before,
    )


@dataclass(frozen=True)
class Span:
    """Values of a column from the least one on, and below the first one beyond."""

    column: str
    least: int | None
    beyond: int | None


@dataclass(frozen=True)
class Conditions:
    """What a query asks, sorted by kind of condition; all hold together. Names are those of the declared columns."""

    equal: dict[str, Any]
    among: dict[str, tuple[Any, ...]]
    """Values any of which will do."""

    spans: tuple[Span, ...]
    holding: tuple[tuple[str, str], ...]
    """Field of a list, and a member that it has to have."""

    text: str | None
    """Part of a name, target or description, in lower case."""

    cone: tuple[float, float, float] | None
    """Right ascension and declination of its middle, and radius, degrees."""

    visible_to: str | None


def conditions_of(query: RecordQuery) -> Conditions:
    """Sort what a query asks by kind of condition."""
    lists: dict[str, tuple[Any, ...]] = {
        "kind": query.kind,
        "status": query.status,
        "data_type": query.data_type,
        "processing_level": query.level,
        "instrument": query.instrument,
        "filter": query.filter,
    }
    single = {name: values[0] for name, values in lists.items() if len(values) == 1}
    scalars: dict[str, Any] = {
        "target_key": None if query.target is None else target_key(query.target),
        "program": query.program,
        "mast_obs_id": query.obs_id,
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
        **single,
    }
    parent = () if query.parent is None else (("derived_from", query.parent),)
    cone = None
    if query.ra is not None and query.dec is not None and query.radius is not None:
        cone = (query.ra, query.dec, query.radius)
    return Conditions(
        equal={name: value for name, value in scalars.items() if value is not None},
        among={name: tuple(dict.fromkeys(values)) for name, values in lists.items() if len(values) > 1},
        spans=tuple(_spans(query)),
        holding=(*parent, *(("tags", tag) for tag in query.tags)),
        text=None if query.text is None else query.text.lower(),
        cone=cone,
        visible_to=query.visible_to,
    )


def chord_box(ra: float, dec: float, radius: float) -> tuple[tuple[float, float, float], float]:
    """Give the unit vector of a cone's middle, and its reach along a chord.

    Positions within the radius are those whose unit vector is no farther away: exact from milliarcseconds to
    180 degrees, and without poles or RA 0.
    """
    chord = 2.0 * math.sin(math.radians(radius) / 2.0)
    return sky_vector(ra, dec), chord * (1.0 + 1e-9) + 1e-14


def _spans(query: RecordQuery) -> Iterator[Span]:
    times = (
        ("created_ms", query.created_since, query.created_before),
        ("observed_ms", query.observed_since, query.observed_before),
    )
    for column, since, before in times:
        if since is not None or before is not None:
            yield Span(column, *(None if when is None else round(when.timestamp() * 1000) for when in (since, before)))
    if query.smallest is not None or query.larger_excluded is not None:
        yield Span("file_size", query.smallest, query.larger_excluded)
