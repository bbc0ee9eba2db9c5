"""All objects under an ``s3://`` prefix: listed, copied inside the service, deleted."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jwstpipe.settings import S3Settings
from jwstpipe.storage.address import split_s3
from jwstpipe.storage.s3 import s3_client, s3_filesystem

__all__ = ["RemoteTree", "list_prefix"]

AT_ONCE = 16
MOST_DELETED = 1000
"""Keys that S3 deletes in one request."""


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
        bucket, prefix = split_s3(self.address)

        def read_one(key: str) -> bytes:
            return bytes(self._client.get_object(Bucket=bucket, Key=f"{prefix}/{key}")["Body"].read())

        wanted = list(keys)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(wanted, pool.map(read_one, wanted), strict=True))

    def write(self, documents: Mapping[str, bytes]) -> None:
        """Write small objects one after the other, in this order."""
        bucket, prefix = split_s3(self.address)
        for key, content in documents.items():
            self._client.put_object(Bucket=bucket, Key=f"{prefix}/{key}", Body=content)

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
