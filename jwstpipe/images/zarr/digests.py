"""What an image store knows of each of its objects: size and digest.

Each chunk is followed by its CRC32C, which finds any single wrong bit and all but one in four thousand million of other
damage, at a fiftieth of the cost of unpacking. The digest of an object is that of its checksums: whoever has checked
the chunks has checked the object, and no byte is hashed twice.
"""

import hashlib
from typing import NamedTuple

import google_crc32c

__all__ = ["CHECKSUM_BYTES", "Stored", "checksum", "digest_of"]

CHECKSUM_BYTES = 4
_DIGEST_BYTES = 16


class Stored(NamedTuple):
    """An object of a store as it was written."""

    size: int
    """Bytes."""

    digest: str
    """For a document, of its bytes; for a shard, of its index and the checksums of its chunks; else of its checksum."""


def checksum(content: bytes) -> bytes:
    """Give the CRC32C of some bytes, little-endian, as the Zarr codec ``crc32c`` appends it."""
    return int(google_crc32c.value(content)).to_bytes(CHECKSUM_BYTES, "little")


def digest_of(*pieces: bytes) -> str:
    """Give the BLAKE2 digest of some bytes, hexadecimal."""
    state = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for piece in pieces:
        state.update(piece)
    return state.hexdigest()
