"""From records to documents and back: what stands in the database beside the record's own fields, and what is updated.

Some fields are only there to be searched: they are derived anew at each write and dropped on the way out.
"""

import math
import re
from typing import Any

from jwstpipe.catalog.records.models import ProductRecord, checked_record

__all__ = [
    "document_of",
    "from_document",
    "owner_path",
    "search_fields",
    "sky_vector",
    "target_key",
    "wrapped",
]

_DERIVED = frozenset(
    {"target_key", "name_key", "note_key", "owner_path", "created_ms", "observed_ms", "parent_id", "sky"}
)


def target_key(name: str) -> str:
    """Write a target's name so that NGC 3132, NGC-3132 and ngc3132 are one."""
    return re.sub(r"[^A-Z0-9+]", "", name.upper())


def sky_vector(ra: float, dec: float) -> tuple[float, float, float]:
    """Give the unit vector of a position in degrees: distances and boxes of vectors know neither poles nor RA 0."""
    lon, lat = math.radians(ra), math.radians(dec)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def wrapped(ra: float) -> float:
    """Bring a right ascension to 0 <= ra < 360; the remainder of a tiny negative angle rounds to 360 itself."""
    angle = ra % 360.0
    return 0.0 if angle >= 360.0 else angle


def owner_path(owner: str | None, storage_key: str) -> str:
    """Name an owner's place in the store, as one text: SQL holds that two missing owners differ."""
    return f"{owner or ''}:{storage_key}"


def search_fields(record: ProductRecord) -> dict[str, Any]:
    """Give the fields that are only there to be searched."""
    image = record.image_info
    target = image.target_name if image else None
    observed = image.observation_date if image else None
    fields: dict[str, Any] = {
        "target_key": target_key(target) if target else None,
        "name_key": f"{record.file_name}\n{target or ''}".lower(),
        "note_key": (record.description or "").lower(),
        # Integers, because the embedded store compares texts that look like times to the second only.
        "created_ms": int(record.created.timestamp() * 1000),
        "observed_ms": None if observed is None else round(observed.timestamp() * 1000),
        "parent_id": record.parents[0] if len(record.parents) == 1 else None,
        "sky": None,
    }
    if record.ra is not None and record.dec is not None:
        fields["sky"] = dict(zip("xyz", sky_vector(record.ra, record.dec), strict=True))
    return fields


def document_of(record: ProductRecord) -> dict[str, Any]:
    """Give the document of a record, with what is only there to be searched."""
    document = {**record.model_dump(mode="json", by_alias=True), **search_fields(record)}
    if record.storage_key is not None and record.status != "superseded":  # its place belongs to another then
        document["owner_path"] = owner_path(record.user_id, record.storage_key)
    return document


def from_document(document: dict[str, Any]) -> ProductRecord:
    """Read a record back.

    Raises
    ------
    DataError
        A document that this version does not understand.
    """
    fields = {key: value for key, value in document.items() if key not in _DERIVED}
    return checked_record(fields, what=f"product {document.get('_id')!r} in the catalogue")
