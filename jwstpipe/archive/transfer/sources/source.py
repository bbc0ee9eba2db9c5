"""Where the bytes of one file come from: the protocol that MAST over HTTPS and its S3 mirror have in common.

A source promises that what it yields belongs to the version described by `describe`: each answer is checked against
it (status, Content-Range, length, ETag), and a version that changed meanwhile is an error, never a mixture.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal, Protocol

from jwstpipe.errors import TransferError

__all__ = [
    "CHUNK",
    "CONTENT_RANGE",
    "ByteSource",
    "ChangedError",
    "Chunk",
    "RangesIgnoredError",
    "SourceInfo",
    "SourceName",
    "check_total",
]

CHUNK = 256 << 10
"""Bytes read at once: large enough for speed, small enough that a dozen ranges stay small."""

Chunk = bytes | memoryview

SourceName = Literal["s3", "https"]

CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class ChangedError(TransferError):
    """The file is not the version that was described any more."""


class RangesIgnoredError(TransferError):
    """The server sends the whole file whatever range is asked for."""


@dataclass(frozen=True)
class SourceInfo:
    """One version of a file, as its source describes it."""

    size: int | None
    """Bytes; None = the server does not say."""

    etag: str | None
    """ETag as sent, quotes and all."""

    last_modified: str | None
    """Date as sent."""

    ranges: bool
    """Whether byte ranges can be asked for."""

    checksums: tuple[tuple[str, str], ...] = ()
    """Checksums of the whole file that its source gives: kind (see `CHECKSUM_KINDS`) and base64."""

    remark: str | None = None
    """What of its answer cannot be used, as a checksum of another kind."""

    @property
    def strong_etag(self) -> str | None:
        """The ETag, if it stands for the very bytes (RFC 9110, 8.8.1)."""
        return None if self.etag is None or self.etag.startswith("W/") else self.etag

    def is_version_of(self, other: "SourceInfo") -> bool:
        """Tell whether both describe the same bytes: size and strong ETag, or date where there is no such ETag."""
        if self.size is None or self.size != other.size:
            return False
        if self.strong_etag or other.strong_etag:
            return self.strong_etag == other.strong_etag
        return self.last_modified is not None and self.last_modified == other.last_modified


class ByteSource(Protocol):
    """One file at one place."""

    @property
    def kind(self) -> SourceName:
        """Which way the bytes come."""
        ...

    @property
    def attempts(self) -> int:
        """How often a request that fails in passing is made."""
        ...

    def describe(self) -> SourceInfo:
        """Ask for size and version.

        Raises
        ------
        TransientError, AbsentError, TransferError
            No answer, no such file, or another refusal.
        """
        ...

    def read_range(self, start: int, stop: int, info: SourceInfo) -> Generator[Chunk, None, None]:
        """Yield the bytes ``[start, stop)`` of a version in small chunks; close the iterator when done.

        A chunk may be a view of a buffer that is filled again: it is good until the next one is asked for.

        Raises
        ------
        TransientError
            The connection broke, or the body is short or long; chunks yielded before are good.
        ChangedError
            The file is another version now.
        RangesIgnoredError
            The server sends the whole file instead.
        """
        ...

    def read_all(self, info: SourceInfo) -> Generator[Chunk, None, None]:
        """Yield the whole file of a version, for a source without ranges; otherwise as `read_range`."""
        ...


def check_total(content_range: str, info: SourceInfo, name: str) -> None:
    """Refuse a range of a file that has another size by now.

    Raises
    ------
    ChangedError
        With both sizes.
    """
    place = CONTENT_RANGE.fullmatch(content_range)
    if place is not None and place[3] != str(info.size):
        raise ChangedError(f"{name}: {place[3]} bytes now, {info.size} before")
