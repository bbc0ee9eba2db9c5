"""Collections and indexes of a MongoDB catalogue."""

from typing import Any

__all__ = ["COLLECTION_NAME", "META_NAME", "make_indexes"]

COLLECTION_NAME = "jwst_data"
META_NAME = "catalog_meta"

_EQUALITY_INDEXES = (
    *("data_type", "processing_status", "processing_level", "kind", "status"),
    *("observation_base_id", "exposure_id", "detector", "target_key", "program", "run_id", "operation", "slot"),
    *("image_info.instrument", "image_info.filter", "metadata.mast_obs_id"),
    *("user_id", "is_public", "is_archived", "file_path", "file_name", "uri", "checksum"),
)
"""Each with the time of entry behind it, the usual order of answers."""

_OTHER_INDEXES: tuple[tuple[tuple[str, int], ...], ...] = (
    (("created_ms", -1),),
    (("image_info.filter", 1), ("processing_level", 1), ("created_ms", -1)),
    (("image_info.instrument", 1), ("image_info.filter", 1), ("created_ms", -1)),
    (("upload_date", -1),),
    (("observed_ms", 1),),
    (("file_size", -1),),
    (("sky.z", 1), ("sky.x", 1), ("sky.y", 1)),
    (("observation_base_id", 1), ("processing_level", 1), ("file_name", 1)),
)
_ARRAY_INDEXES = ("tags", "derived_from", "shared_with")


def make_indexes(collection: Any) -> None:
    """Make the indexes of records in a collection; those that are there stay."""
    for field in _ARRAY_INDEXES:
        collection.create_index([(field, 1)])
    for field in _EQUALITY_INDEXES:
        collection.create_index([(field, 1), ("created_ms", -1)])
    for fields in _OTHER_INDEXES:
        collection.create_index(list(fields))
    collection.create_index("owner_path", unique=True, sparse=True)
