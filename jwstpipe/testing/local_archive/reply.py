"""Answers of the local archive: whole files, byte ranges of them, and the ways in which they can be wrong.

Conditions and ranges follow RFC 9110 sections 13 and 14 for one range; several at once are answered with the whole
file, which the RFC allows.
"""

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from astropy.io import fits

from jwstpipe.testing.local_archive.faults import Faults

__all__ = [
    "Asked",
    "Reply",
    "chunks",
    "file_reply",
    "json_reply",
    "source_crc32",
    "source_etag",
    "source_size",
    "source_time",
    "spoiled",
]

_CHUNK = 1 << 18
_EXCESS = 1000
_INVERTED = 64
_EPOCH = datetime(2022, 7, 12, tzinfo=UTC)
"""Date of generated files: the day of the first public images."""

_RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")
_ERROR_PAGE = b"<!DOCTYPE html><html><head><title>Error</title></head><body>An error has occurred.</body></html>\n"


@dataclass(frozen=True)
class Asked:
    """One HTTP request."""

    method: str
    path: str
    """Path, percent-decoded, without the query."""

    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    """Names in lower case."""

    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """One HTTP answer: the bytes ``[start, stop)`` of a file or of a value."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    source: Path | bytes = b""
    start: int = 0
    stop: int = 0
    zeroed: bool = False
    """Zeros are sent in place of the bytes."""

    inverted: tuple[int, int] = (0, 0)
    """Bytes of the source that are inverted on their way, ``[first, last)``."""

    withheld: int = 0
    """Bytes promised behind `stop` and never sent."""

    excess: int = 0
    """Bytes promised and sent behind `stop` that belong to nothing."""

    silent: bool = False
    """The connection is broken before any answer."""

    @property
    def altered(self) -> bool:
        """Whether other bytes are sent than those of the source."""
        return self.zeroed or self.inverted[0] < self.inverted[1]

    @property
    def length(self) -> int:
        """Content-Length of the answer."""
        return self.stop - self.start + self.withheld + self.excess


def json_reply(value: Any, *, status: int = 200) -> Reply:
    """Answer with a JSON value."""
    content = json.dumps(value, allow_nan=False).encode()
    return Reply(status, {"Content-Type": "application/json"}, content, 0, len(content))


def source_size(source: Path | bytes) -> int:
    """Give the size of a file or value, bytes."""
    return len(source) if isinstance(source, bytes) else source.stat().st_size


def source_time(source: Path | bytes) -> datetime:
    """Give the time of last modification, whole seconds, UTC."""
    if isinstance(source, bytes):
        return _EPOCH
    return datetime.fromtimestamp(int(source.stat().st_mtime), UTC)


def source_etag(source: Path | bytes) -> str:
    """Give a strong entity tag, which changes when the file is replaced or rewritten; it is not the MD5 of the content.

    Neither is that of the public bucket, whose large objects are uploaded in parts.
    """
    if isinstance(source, bytes):
        return f'"{hashlib.blake2b(source, digest_size=16).hexdigest()}"'
    state = source.stat()
    identity = f"{source.name} {state.st_size} {state.st_mtime_ns} {state.st_ino}"
    return f'"{hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()}"'


def source_crc32(source: Path | bytes) -> str:
    """Give the CRC-32 of a file or value as S3 writes it, base64; that of a file is remembered while it stays."""
    if isinstance(source, bytes):
        return base64.b64encode(zlib.crc32(source).to_bytes(4, "big")).decode()
    state = source.stat()
    return _file_crc32(source, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1024)
def _file_crc32(path: Path, modified_ns: int, size: int) -> str:
    del modified_ns, size  # they make the key: a file that was rewritten is read anew
    crc = 0
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            crc = zlib.crc32(piece, crc)
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


def file_reply(source: Path | bytes, asked: Asked, faults: Faults) -> Reply:
    """Answer a request for a file or a range of it.

    Parameters
    ----------
    source
        The file, or its content.
    asked
        The request; Range, If-Range, If-Match and If-None-Match count.
    faults
        Their `ranges` and `etag` count; see `spoiled` for the rest.
    """
    size = source_size(source)
    etag = f'"{uuid4().hex}"' if faults.etag == "wandering" else source_etag(source)
    modified = format_datetime(source_time(source), usegmt=True)
    headers = {"Last-Modified": modified, "Content-Type": "application/octet-stream"}
    if faults.etag != "absent":
        headers["ETag"] = f"W/{etag}" if faults.etag == "weak" else etag
    if not _matches(asked.headers.get("if-match"), etag, missing=True):
        return Reply(412)
    if _matches(asked.headers.get("if-none-match"), etag, missing=False):
        return Reply(304, headers)
    if faults.ranges == "ignored":
        return Reply(200, headers, source, 0, size)
    headers["Accept-Ranges"] = "bytes"
    wanted = asked.headers.get("range", "")
    condition = asked.headers.get("if-range")
    if condition is not None and faults.ranges != "unconditional":
        weak = faults.etag in ("weak", "absent")
        wanted = wanted if condition == modified or (condition == etag and not weak) else ""
    return _ranged(Reply(200, headers, source, 0, size), wanted, faults)


def _ranged(whole: Reply, wanted: str, faults: Faults) -> Reply:
    span = _RANGE.match(wanted)
    if span is None or span.group(0) == "bytes=-":
        return whole
    size = whole.stop
    first, last = span.groups()
    start = int(first) if first else max(size - int(last), 0)
    stop = min(int(last) + 1, size) if first and last else size
    if first and last and int(last) < start:
        return whole
    if start >= size or faults.ranges == "refused":
        content = b"the range asked for is not satisfiable\n"
        return Reply(416, {**whole.headers, "Content-Range": f"bytes */{size}"}, content, 0, len(content))
    if faults.ranges == "misplaced":
        start, stop = 0, stop - start
    headers = {**whole.headers, "Content-Range": f"bytes {start}-{stop - 1}/{size}"}
    return replace(whole, status=206, headers=headers, start=start, stop=stop)


def _matches(condition: str | None, etag: str, *, missing: bool) -> bool:
    if condition is None:
        return missing
    return condition == "*" or etag in [tag.strip() for tag in condition.split(",")]


def spoiled(reply: Reply, faults: Faults) -> Reply:
    """Do to an answer what the faults say of its body."""
    kept = (reply.stop - reply.start) // 2
    if faults.body == "short":
        return replace(reply, stop=reply.start + kept, withheld=reply.stop - reply.start - kept)
    if faults.body == "corrupt":
        return replace(reply, inverted=_middle_of_data(reply.source))
    if faults.body == "html":
        return Reply(reply.status, {"Content-Type": "text/html"}, _ERROR_PAGE, 0, len(_ERROR_PAGE))
    excess = _EXCESS if faults.body == "long" else 0
    return replace(reply, zeroed=faults.body == "zeros", excess=excess, silent=faults.body == "none")


def _middle_of_data(source: Path | bytes) -> tuple[int, int]:
    """Choose bytes whose damage no header tells of: pixels in the middle of the first image of a FITS file."""
    middle = source_size(source) // 2
    if isinstance(source, Path) and source.suffix == ".fits":
        with fits.open(source) as hdus:
            places = [(info["datLoc"], info["datSpan"]) for info in (hdu.fileinfo() for hdu in hdus)]
        middle = next((start + span // 2 for start, span in places if span), middle)
    return middle, middle + _INVERTED


def chunks(reply: Reply, sent: int = 0) -> Iterator[bytes]:
    """Read the bytes of an answer piece by piece, but for those sent already: what is sent, not what is promised."""
    start = reply.start + sent
    if isinstance(reply.source, bytes):
        yield _altered(reply.source[start : reply.stop], reply, start)
    elif start < reply.stop:
        with reply.source.open("rb") as stream:
            stream.seek(start)
            for position in range(start, reply.stop, _CHUNK):
                yield _altered(stream.read(min(_CHUNK, reply.stop - position)), reply, position)
    yield bytes(reply.excess)


def _altered(piece: bytes, reply: Reply, position: int) -> bytes:
    if reply.zeroed:
        return bytes(len(piece))
    first, last = (min(max(edge - position, 0), len(piece)) for edge in reply.inverted)
    return piece[:first] + bytes(value ^ 0xFF for value in piece[first:last]) + piece[last:]
