"""What of a document is searched, sorted and counted by: declared once, for both databases."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["COLUMNS", "FIELD_OF", "LISTS", "TEXTS", "Column", "row_of"]


@dataclass(frozen=True)
class Column:
    """One value of a document."""

    name: str
    field: tuple[str, ...]
    """Where it stands in the document."""


def _column(name: str, field: str | None = None) -> Column:
    return Column(name, tuple((field or name).split(".")))


COLUMNS: tuple[Column, ...] = (
    _column("product_id", "_id"),
    *(_column(name) for name in ("kind", "status", "data_type", "processing_level")),
    _column("instrument", "image_info.instrument"),
    _column("filter", "image_info.filter"),
    *(_column(name) for name in ("target_key", "program", "observation_base_id", "exposure_id", "detector")),
    _column("mast_obs_id", "metadata.mast_obs_id"),
    *(_column(name) for name in ("file_name", "file_path", "file_size", "uri", "checksum", "slot")),
    *(_column(name) for name in ("operation", "run_id", "user_id", "is_public", "is_archived")),
    *(_column(name) for name in ("created_ms", "observed_ms", "owner_path")),
)

FIELD_OF: Mapping[str, str] = {column.name: ".".join(column.field) for column in COLUMNS}
"""Path in the document by name of the column."""

_PATHS = tuple(column.field for column in COLUMNS)
_SCALARS = (str, int, float)

LISTS = ("tags", "derived_from", "shared_with")
"""Fields whose members are searched one by one."""

TEXTS = ("name_key", "note_key")
"""Fields that are searched for parts of a text."""


def row_of(document: Mapping[str, Any]) -> tuple[Any, ...]:
    """Take the columns out of a document, in their order; what is no text or number counts as absent."""
    found = [document.get(path[0]) if len(path) == 1 else (document.get(path[0]) or {}).get(path[1]) for path in _PATHS]
    return tuple(value if isinstance(value, _SCALARS) else None for value in found)
