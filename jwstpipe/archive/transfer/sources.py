"""Where the bytes of one file come from: byte ranges over HTTPS or from the S3 mirror, behind one protocol.

A source promises that what it yields belongs to the version described by `describe`: each answer is checked against
it (status, Content-Range, length, ETag), and a version that changed meanwhile is an error, never a mixture.
"""

import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, Protocol

import requests
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError, NoCredentialsError
from urllib3.exceptions import HTTPError

from jwstpipe.archive.http import ABSENT_STATUS, AbsentError, Sessions, raise_for_answer, web_errors
from jwstpipe.archive.retry import TransientError
from jwstpipe.archive.safe_names import download_address
from jwstpipe.archive.transfer.checksums import CHECKSUM_KINDS
from jwstpipe.archive.transfer.patient_mirror import make_patient
from jwstpipe.errors import TransferError
from jwstpipe.settings import ArchiveSettings
from jwstpipe.storage import s3_client

__all__ = [
    "ByteSource",
    "ChangedError",
    "Chunk",
    "HttpsSource",
    "RangesIgnoredError",
    "S3Source",
    "SourceInfo",
    "SourceName",
    "open_mirror",
]

CHUNK = 256 << 10
"""Bytes read at once: large enough for speed, small enough that a dozen ranges stay small."""

Chunk = bytes | memoryview

SourceName = Literal["s3", "https"]

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_NO_RANGE = re.compile(r"bytes \*/(\d+)")


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
                place = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
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
            _check_total(given, info, self._name)
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


@dataclass(frozen=True)
class S3Source:
    """An object of the S3 mirror."""

    client: Any
    """boto3 client; may be shared by threads."""

    bucket: str
    key: str
    attempts: int
    kind: SourceName = "s3"

    def describe(self) -> SourceInfo:
        """Ask for size and version (see `ByteSource`)."""
        with self._errors():
            head = self.client.head_object(Bucket=self.bucket, Key=self.key, ChecksumMode="ENABLED")
        size = int(head["ContentLength"])
        checksums, remark = _checksums(head)
        return SourceInfo(size, head.get("ETag"), _date(head), size > 0, checksums, remark)

    def read_range(self, start: int, stop: int, info: SourceInfo) -> Generator[Chunk, None, None]:
        """Yield a byte range (see `ByteSource`)."""
        yield from self._read(info, start, stop, {"Range": f"bytes={start}-{stop - 1}"})

    def read_all(self, info: SourceInfo) -> Generator[Chunk, None, None]:
        """Yield the whole object (see `ByteSource`)."""
        yield from self._read(info, 0, info.size or 0, {})

    @property
    def _name(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def _read(
        self, info: SourceInfo, start: int, stop: int, options: Mapping[str, str]
    ) -> Generator[Chunk, None, None]:
        if info.etag is not None:
            options = {**options, "IfMatch": info.etag}
        with self._errors():
            answer = self.client.get_object(Bucket=self.bucket, Key=self.key, **options)
        with closing(answer["Body"]) as body:
            if info.etag is not None and answer.get("ETag") != info.etag:
                raise ChangedError(f"{self._name}: the object changed during the transfer")
            if "Range" in options and answer.get("ContentRange") != f"bytes {start}-{stop - 1}/{info.size}":
                if answer["ResponseMetadata"]["HTTPStatusCode"] == requests.codes.ok:
                    raise RangesIgnoredError(f"{self._name}: the server ignores byte ranges")
                _check_total(answer.get("ContentRange", ""), info, self._name)
                raise TransientError(
                    f"{self._name}: asked for bytes {start}-{stop - 1}: {answer.get('ContentRange')!r}"
                )
            got = 0
            with self._errors():
                for chunk in body.iter_chunks(CHUNK):
                    got += len(chunk)
                    yield chunk
            if got != stop - start:
                raise TransientError(f"{self._name}: the body has {got:,} bytes, not {stop - start:,}")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            self._refused(error)
        except NoCredentialsError:
            raise TransferError(
                f"{self._name}: no credentials; set archive.s3.anonymous, or the usual AWS places"
            ) from None
        except (BotoCoreError, HTTPClientError, IncompleteReadError, HTTPError) as error:
            raise TransientError(f"{self._name}: connection lost ({type(error).__name__})") from None

    def _refused(self, error: ClientError) -> NoReturn:
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        code = error.response.get("Error", {}).get("Code", "")
        said = f"{self._name}: HTTP {status} {code}"
        if status in (requests.codes.precondition_failed, requests.codes.requested_range_not_satisfiable):
            raise ChangedError(f"{said}: the object changed during the transfer") from None
        if status in ABSENT_STATUS:
            raise AbsentError(said) from None
        if status >= 500 or status in (408, 429) or code in ("SlowDown", "RequestTimeout"):
            raise TransientError(said) from None
        raise TransferError(said) from None


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


def open_mirror(settings: ArchiveSettings) -> Any:
    """Make the boto3 client of the S3 mirror.

    It makes each request once: how often, and how long to wait between, is decided in one place for all sources. Its
    answers have a deadline as a whole, as those of all others.
    """
    at_once = max(settings.files_at_once * settings.ranges_at_once, 10)
    client = s3_client(settings.s3, attempts=1, timeout_s=settings.timeout_s, connections=at_once)
    return make_patient(client)


def _check_total(content_range: str, info: SourceInfo, name: str) -> None:
    place = _CONTENT_RANGE.fullmatch(content_range)
    if place is not None and place[3] != str(info.size):
        raise ChangedError(f"{name}: {place[3]} bytes now, {info.size} before")


def _checksums(head: Mapping[str, Any]) -> tuple[tuple[tuple[str, str], ...], str | None]:
    """Read the checksums of a whole object, and say which cannot be compared.

    Those of an upload in parts (``...-3``) are checksums of checksums, and nobody says where the parts end.
    """
    found = {kind: str(head[field]) for kind, field in CHECKSUM_KINDS.items() if head.get(field)}
    of_parts = head.get("ChecksumType", "FULL_OBJECT") != "FULL_OBJECT"
    whole = {kind: value for kind, value in found.items() if not of_parts and "-" not in value}
    left = ", ".join(f"{kind} {value}" for kind, value in found.items() if kind not in whole)
    return tuple(whole.items()), f"not compared: {left}, of an upload in parts" if left else None


def _date(head: Mapping[str, Any]) -> str | None:
    moment = head.get("LastModified")
    return None if moment is None else str(moment.isoformat())
