"""The manifest of an image store: each object that must be there, with its size and digest.

It stands in the store as the array ``manifest``, the bytes of a JSON object ``{key: [size, digest]}``, and its own
digest stands in the root attributes. Shards without a sample are not stored, so only the manifest can tell a shard
that never was from one that was lost.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from jwstpipe.errors import StoreError
from jwstpipe.images.zarr.digests import CHECKSUM_BYTES, Stored, checksum, digest_of
from jwstpipe.images.zarr.shards import CHUNKS, MISSING, decode_chunk, index_bytes, read_index

__all__ = ["MANIFEST", "MANIFEST_CHUNK", "check_object", "digest_of_shard", "encode_manifest", "read_manifest"]

MANIFEST = "manifest"
"""Array that holds it."""

MANIFEST_CHUNK = f"{MANIFEST}/c/0"


def encode_manifest(objects: Mapping[str, Stored]) -> bytes:
    """Write a manifest; the same objects give the same bytes."""
    return json.dumps({key: list(objects[key]) for key in sorted(objects)}, separators=(",", ":")).encode()


def read_manifest(chunk: bytes | None, facts: dict[str, Any], *, name: str) -> dict[str, Stored]:
    """Read a manifest.

    Parameters
    ----------
    chunk
        The object `MANIFEST_CHUNK`; None where it is lost.
    facts
        What the root attributes say of it: its ``digest``.
    name
        The store, for errors.

    Raises
    ------
    StoreError
        Lost or damaged.
    """
    label = f"{name}: {MANIFEST_CHUNK}"
    if chunk is None:
        raise StoreError(f"{label}: lost")
    content = decode_chunk(chunk, np.dtype("u1"), name=label).tobytes()
    if digest_of(content) != facts.get("digest"):
        raise StoreError(f"{label}: damaged (it is not the one that the root names)")
    return {key: Stored(int(size), str(digest)) for key, (size, digest) in json.loads(content).items()}


def check_object(
    key: str, content: bytes | None, written: Stored, *, sharded: bool, name: str, chunks: int = CHUNKS
) -> None:
    """Compare an object with what the manifest says of it.

    Parameters
    ----------
    key
        Its key in the store.
    content
        Its bytes; None where it is lost.
    written
        What was written.
    sharded
        It is a shard of a plane, not a single chunk or a document.
    name
        The store, for errors.
    chunks
        How many a shard of that plane has.

    Raises
    ------
    StoreError
        Lost or damaged.
    """
    label = f"{name}: {key}"
    if content is None:
        raise StoreError(f"{label}: lost")
    if len(content) != written.size:
        raise StoreError(f"{label}: damaged (it has {len(content):,} bytes, {written.size:,} were written)")
    if key.endswith("zarr.json"):
        found = digest_of(content)
    elif sharded:
        found = digest_of_shard(content, name=label, chunks=chunks)
    else:
        found = digest_of(content[-CHECKSUM_BYTES:])
        if checksum(content[:-CHECKSUM_BYTES]) != content[-CHECKSUM_BYTES:]:
            raise StoreError(f"{label}: damaged (the checksum of its bytes is wrong)")
    if found != written.digest:
        raise StoreError(f"{label}: damaged (its digest is {found}, {written.digest} was written)")


def digest_of_shard(content: bytes, *, name: str, chunks: int = CHUNKS) -> str:
    """Check a whole shard of layout 2 or newer, byte by byte, and give its digest (see `Stored`).

    Raises
    ------
    StoreError
        A damaged shard.
    """
    size = index_bytes(chunks)
    table = read_index(content[-size:], name=name, chunks=chunks)
    checks, seen = [], size
    for start, length in ((int(row[0]), int(row[1])) for row in table if row[0] != MISSING):
        packed, check = content[start : start + length - CHECKSUM_BYTES], content[start + length - CHECKSUM_BYTES :]
        if checksum(packed) != check[:CHECKSUM_BYTES]:
            raise StoreError(f"{name}: damaged (the checksum of its samples is wrong)")
        checks.append(check[:CHECKSUM_BYTES])
        seen += length
    if seen != len(content):
        raise StoreError(f"{name}: damaged ({len(content) - seen:,} bytes too many)")
    return digest_of(table.tobytes(), *checks)
