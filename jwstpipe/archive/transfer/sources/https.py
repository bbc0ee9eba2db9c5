"""A file behind MAST's download address, by byte ranges."""

import re
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import requests

from jwstpipe.archive.http import Sessions, raise_for_answer, web_errors
from jwstpipe.archive.retry import TransientError
from jwstpipe.archive.safe_names import download_address
from jwstpipe.archive.transfer.sources.source import (
    CHUNK,
    CONTENT_RANGE,
    ChangedError,
    Chunk,
    RangesIgnoredError,
    SourceInfo,
    SourceName,
    check_total,
)
from jwstpipe.errors import TransferError
from jwstpipe.settings import ArchiveSettings

__all__ = ["HttpsSource"]

_NO_RANGE = re.compile(r"bytes \*/(\d+)")


@dataclass(frozen=True)
class HttpsSource:
    """A file behind MAST's download address."""

    uri: str
    settings: ArchiveSettings
    sessions: Sessions
    kind: SourceName = "https"

    @property
    def attempts(self) -> int:
        """How often a request that fails in passing is made."""
        return self.settings.attempts

    def describe(self) -> SourceInfo:
        """Ask for the first byte: one answer tells size, version and whether ranges work (see `ByteSource`)."""
        with closing(self._get({"Range": "bytes=0-0"})) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                empty = _NO_RANGE.fullmatch(response.headers.get("Content-Range", ""))
                if empty is None or int(empty[1]) > 0:
                    raise TransferError(f"{self._name}: HTTP 416 for its first byte")
                return self._info(response, 0, ranges=False)
            raise_for_answer(response, self._name)
            if response.status_code == requests.codes.partial_content:
                place = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
                if place is not None and place[3] != "*":
                    return self._info(response, int(place[3]), ranges=True)
                return self._info(response, None, ranges=False)
            length = response.headers.get("Content-Length", "")
            return self._info(response, int(length) if length.isdecimal() else None, ranges=False)

    def read_range(self, start: int, stop: int, info: SourceInfo) -> Generator[Chunk, None, None]:
        """Yield a byte range (see `ByteSource`)."""
        headers = {"Range": f"bytes={start}-{stop - 1}"}
        validator = info.strong_etag or info.last_modified
        if validator is not None:
            headers["If-Range"] = validator
        with closing(self._get(headers)) as response:
            self._check_range(response, start, stop, info)
            yield from self._body(response, stop - start)

    def read_all(self, info: SourceInfo) -> Generator[Chunk, None, None]:
        """Yield the whole file (see `ByteSource`)."""
        with closing(self._get({})) as response:
            raise_for_answer(response, self._name)
            self._check_version(response, info)
            length = response.headers.get("Content-Length", "")
            if info.size is not None and length.isdecimal() and int(length) != info.size:
                raise TransientError(f"{self._name}: a body of {int(length):,} bytes for a file of {info.size:,}")
            promised = int(length) if info.size is None and length.isdecimal() else info.size
            yield from self._body(response, promised)

    @property
    def _name(self) -> str:
        return f"{self.settings.server}: {self.uri}"

    def _get(self, headers: Mapping[str, str]) -> requests.Response:
        with web_errors(self._name):
            return self.sessions.ask(download_address(self.settings.server, self.uri), headers)

    def _info(self, response: requests.Response, size: int | None, *, ranges: bool) -> SourceInfo:
        self._check_encoding(response)
        return SourceInfo(size, response.headers.get("ETag"), response.headers.get("Last-Modified"), ranges)

    def _check_encoding(self, response: requests.Response) -> None:
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding != "identity" and not self.uri.endswith(".gz"):
            raise TransferError(f"{self._name}: sent with Content-Encoding {encoding!r}, though identity was asked for")

    def _check_range(self, response: requests.Response, start: int, stop: int, info: SourceInfo) -> None:
        status = response.status_code
        if status == requests.codes.precondition_failed:
            raise ChangedError(f"{self._name}: the file changed during the transfer")
        if status == requests.codes.requested_range_not_satisfiable:
            whole = _NO_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if whole is not None and int(whole[1]) == info.size:
                raise RangesIgnoredError(f"{self._name}: HTTP 416 for bytes {start}-{stop - 1} of {info.size}")
            raise ChangedError(f"{self._name}: HTTP 416: the file is shorter than before")
        raise_for_answer(response, self._name)
        self._check_version(response, info)
        if status == requests.codes.ok:
            raise RangesIgnoredError(f"{self._name}: the server ignores byte ranges")
        given = response.headers.get("Content-Range", "")
        if status != requests.codes.partial_content or given != f"bytes {start}-{stop - 1}/{info.size}":
            check_total(given, info, self._name)
            raise TransientError(f"{self._name}: asked for bytes {start}-{stop - 1}, got HTTP {status} {given!r}")
        length = response.headers.get("Content-Length")
        if length is not None and length != str(stop - start):
            raise TransientError(f"{self._name}: a body of {length} bytes for a range of {stop - start}")

    def _check_version(self, response: requests.Response, info: SourceInfo) -> None:
        self._check_encoding(response)
        now = SourceInfo(info.size, response.headers.get("ETag"), response.headers.get("Last-Modified"), info.ranges)
        tags = (now.etag, info.etag)
        dates = (now.last_modified, info.last_modified)
        if (None not in tags and tags[0] != tags[1]) or (None in tags and None not in dates and dates[0] != dates[1]):
            raise ChangedError(f"{self._name}: the file changed during the transfer")

    def _body(self, response: requests.Response, expected: int | None) -> Generator[Chunk, None, None]:
        got = 0
        with web_errors(self._name):
            for chunk in _chunks(response.raw):
                got += len(chunk)
                if expected is not None and got > expected:
                    raise TransientError(f"{self._name}: more than the {expected:,} bytes that were promised")
                yield chunk
        if expected is not None and got < expected:
            raise TransientError(f"{self._name}: the body ended after {got:,} of {expected:,} bytes")


def _socket_response(body: Any) -> Any:
    """Give the response of the standard library below one of urllib3; None where a version keeps it elsewhere.

    urllib3 has no public way to it; without it a body is read by its own, slower, methods.
    """
    below = getattr(body, "_fp", None)
    usable = all(callable(getattr(below, name, None)) for name in ("readinto", "isclosed"))
    return below if usable and callable(getattr(body, "release_conn", None)) else None


def _chunks(body: Any) -> Generator[Chunk, None, None]:
    """Read a body into one buffer, from the socket, and give its connection back at the end.

    The reading methods of urllib3 make new bytes of every piece and copy them once or twice. The response of the
    standard library below it fills a buffer without a copy. It says nothing about a body that ends too early, which is
    for the caller to see; and a body without a length is left to urllib3, which checks how it is put together.
    """
    if body.chunked:
        yield from body.stream(CHUNK, decode_content=False)
        return
    below = _socket_response(body)
    if below is None:
        yield from body.stream(CHUNK, decode_content=False)
        return
    buffer = memoryview(bytearray(CHUNK))
    while count := below.readinto(buffer):
        yield buffer[:count]
    if below.isclosed():
        body.release_conn()
