"""Addresses of bytes: local paths, ``s3://`` URLs, and the keys of a store."""

import re
from pathlib import Path

from jwstpipe.errors import DataError

__all__ = ["checked_key", "is_remote", "shown", "split_s3"]

_ASIDE = re.compile(r"\.([^/]+)\.[0-9a-f]{12}\.partial(?:/\1(?=/|$))?")
_KEY_PART = re.compile(r"[A-Za-z0-9_.+=-]{1,200}")


def is_remote(address: str | Path) -> bool:
    """Tell whether an address is an object-store URL rather than a local path."""
    return str(address).startswith("s3://")


def split_s3(address: str) -> tuple[str, str]:
    """Take an ``s3://bucket/key`` address apart."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key


def shown(place: str | Path) -> str:
    """Name a place as the user knows it: without the names that writing aside gives."""
    return _ASIDE.sub(r"\1", str(place))


def checked_key(key: str) -> str:
    """Refuse a key that could leave its root: absolute, empty, or with ``..`` or strange characters in a part."""
    parts = key.split("/")
    if not all(_KEY_PART.fullmatch(part) and part not in (".", "..") for part in parts):
        raise DataError(f"not a storage key: {key!r} (relative, parts of letters, digits and _.+=- only)")
    return key
