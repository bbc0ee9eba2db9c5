"""All objects under an ``s3://`` prefix: listed, copied inside the service, deleted, and put while others are made."""

import errno
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jwstpipe.settings import S3Settings
from jwstpipe.storage.address import split_s3
from jwstpipe.storage.s3 import get_object, put_object, s3_client, s3_filesystem

__all__ = ["RemoteTree", "Uploads", "list_prefix"]

AT_ONCE = 16
MOST_DELETED = 1000
"""Keys that S3 deletes in one request."""

SENT_AT_ONCE = 8
MOST_WAITING = 64 << 20
"""Bytes that may wait to be sent; an object beyond that is waited for."""


@dataclass(frozen=True)
class RemoteTree:
    """A prefix of a bucket; what S3 says of it passes through as it is."""

    address: str
    """``s3://bucket/prefix``, without a trailing slash."""

    s3: S3Settings

    def objects(self) -> dict[str, datetime]:
        """List all objects: when each was written, by its key below the prefix."""
        bucket, prefix = split_s3(self.address)
        return list_prefix(self.s3, bucket, f"{prefix}/")

    def list_keys(self) -> list[str]:
        """List the keys of all objects, sorted."""
        return sorted(self.objects())

    def read(self, keys: Iterable[str]) -> dict[str, bytes]:
        """Read some small objects."""

        def read_one(key: str) -> bytes:
            content = get_object(f"{self.address}/{key}", s3=self.s3)
            if content is None:
                raise FileNotFoundError(errno.ENOENT, "gone meanwhile", f"{self.address}/{key}")
            return content

        wanted = list(keys)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(wanted, pool.map(read_one, wanted), strict=True))

    def write(self, documents: Mapping[str, bytes]) -> None:
        """Write small objects, several at once, in no order; all are there when this comes back."""
        uploads = Uploads(self.s3)
        for key, content in documents.items():
            uploads.put(f"{self.address}/{key}", content)
        uploads.wait()

    def copy_from(self, source: "RemoteTree", keys: Mapping[str, str]) -> None:
        """Copy objects of a tree at the same endpoint into this one, without moving them through here.

        Parameters
        ----------
        source
            Where they stand.
        keys
            Key here by key there.
        """
        origin, lead = split_s3(source.address)
        bucket, prefix = split_s3(self.address)

        def copy_one(pair: tuple[str, str]) -> None:
            place = {"Bucket": origin, "Key": f"{lead}/{pair[0]}"}
            self._client.copy_object(Bucket=bucket, Key=f"{prefix}/{pair[1]}", CopySource=place)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(copy_one, keys.items()):
                pass

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; those that are not there are no error."""
        bucket, prefix = split_s3(self.address)
        names = [{"Key": f"{prefix}/{key}"} for key in keys]
        for start in range(0, len(names), MOST_DELETED):
            part = {"Objects": names[start : start + MOST_DELETED], "Quiet": True}
            self._client.delete_objects(Bucket=bucket, Delete=part)
        if names:  # fsspec remembers listings
            s3_filesystem(self.s3).invalidate_cache()

    @property
    def _client(self) -> Any:
        return s3_client(self.s3)


def list_prefix(s3: S3Settings, bucket: str, prefix: str) -> dict[str, datetime]:
    """List the objects whose key starts so: when each was written, by the rest of its key."""
    pages = s3_client(s3).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found: dict[str, datetime] = {}
    for page in pages:
        for entry in page.get("Contents", ()):
            found[str(entry["Key"]).removeprefix(prefix)] = entry["LastModified"]
    return found


class Uploads:
    """Puts objects in threads of its own, several at once; none is there for sure before `wait` has come back.

    Each object is one request, and a large one is made while those before it are sent. The order in which they arrive
    is nobody's: what must come last is put after `wait`.
    """

    def __init__(self, s3: S3Settings) -> None:
        self._s3 = s3
        self._threads = ThreadPoolExecutor(SENT_AT_ONCE, thread_name_prefix="upload")
        self._sent: deque[tuple[int, Future[None]]] = deque()
        self._waiting = 0
        self._one = threading.Lock()

    def put(self, address: str, *pieces: bytes) -> None:
        """Begin to write an object; raises what went wrong with an earlier one."""
        size = sum(map(len, pieces))
        with self._one:
            while self._sent and (self._waiting + size > MOST_WAITING or self._sent[0][1].done()):
                self._take_first()
            self._sent.append((size, self._threads.submit(self._put, address, *pieces)))
            self._waiting += size

    def wait(self) -> None:
        """Wait until all objects are there.

        Raises
        ------
        BotoCoreError, ClientError
            What went wrong with the first one that is not; the others have come to their end, too.
        """
        fault: BaseException | None = None
        with self._one:
            while self._sent:
                try:
                    self._take_first()
                except BaseException as error:  # noqa: BLE001 - raised below, when nothing is on its way any more
                    fault = fault or error
        if fault is not None:
            raise fault

    def _take_first(self) -> None:
        size, sent = self._sent.popleft()
        self._waiting -= size
        sent.result()

    def _put(self, address: str, *pieces: bytes) -> None:
        put_object(address, *pieces, s3=self._s3)
