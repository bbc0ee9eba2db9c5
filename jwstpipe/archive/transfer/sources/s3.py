"""A file in the S3 mirror of the archive, by byte ranges."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import requests
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError, NoCredentialsError
from urllib3.exceptions import HTTPError

from jwstpipe.archive.http import ABSENT_STATUS, AbsentError
from jwstpipe.archive.retry import TransientError
from jwstpipe.archive.transfer.checksums import CHECKSUM_KINDS
from jwstpipe.archive.transfer.sources.source import (
    CHUNK,
    ChangedError,
    Chunk,
    RangesIgnoredError,
    SourceInfo,
    SourceName,
    check_total,
)
from jwstpipe.errors import TransferError
from jwstpipe.settings import ArchiveSettings
from jwstpipe.storage import s3_client

__all__ = ["S3Source", "open_mirror"]


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
                check_total(answer.get("ContentRange", ""), info, self._name)
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


def open_mirror(settings: ArchiveSettings) -> Any:
    """Make the boto3 client of the S3 mirror.

    It makes each request once: how often, and how long to wait between, is decided in one place for all sources. Its
    answers have a deadline as a whole, as those of all others.
    """
    at_once = max(settings.files_at_once * settings.ranges_at_once, 10)
    return s3_client(settings.s3, attempts=1, timeout_s=settings.timeout_s, connections=at_once)


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
