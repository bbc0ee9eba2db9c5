"""Checksums of whole objects as S3 gives them: which kinds there are, and what those of a file are."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import google_crc32c
from isal.isal_zlib import crc32

from jwstpipe.fits.hdus import ByteReader

__all__ = ["CHECKSUM_KINDS", "checksum_of", "in_base64"]

PIECE = 256 << 10

CHECKSUM_KINDS: Mapping[str, str] = {
    "sha256": "ChecksumSHA256",
    "sha1": "ChecksumSHA1",
    "crc64nvme": "ChecksumCRC64NVME",
    "crc32c": "ChecksumCRC32C",
    "crc32": "ChecksumCRC32",
}
"""Kinds that can be compared, and the fields of an answer of S3 in which they stand."""


def checksum_of(kind: str, reader: ByteReader) -> str:
    """Give the checksum of a file as S3 writes it, base64.

    Parameters
    ----------
    kind
        One of `CHECKSUM_KINDS`.
    reader
        Bytes of the file.
    """
    if kind in ("sha256", "sha1"):
        digest = hashlib.new(kind, usedforsecurity=False)
        for start in range(0, reader.size, PIECE):
            digest.update(reader.read(start, PIECE))
        return in_base64(digest.digest())
    step, width = _cyclic(kind)
    value = 0
    for start in range(0, reader.size, PIECE):
        value = step(bytes(reader.read(start, PIECE)), value)
    return in_base64(value.to_bytes(width, "big"))


def in_base64(value: bytes) -> str:
    """Write a checksum as S3 does."""
    return base64.b64encode(value).decode()


def _cyclic(kind: str) -> tuple[Callable[[Any, int], int], int]:
    """Give a cyclic redundancy check that carries on from its last value, and its width in bytes."""
    if kind == "crc64nvme":
        import anycrc  # noqa: PLC0415 - few files have such a sum

        return anycrc.Model("CRC64-NVME").calc, 8
    steps: Mapping[str, Callable[[Any, int], int]] = {"crc32": crc32, "crc32c": _castagnoli}
    return steps[kind], 4


def _castagnoli(content: bytes, value: int) -> int:
    return int(google_crc32c.extend(value, content))
