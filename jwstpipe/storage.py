"""Where bytes live: one object store over fsspec, a local folder or an ``s3://`` prefix.

Keys are relative (``mast/<obs_id>/<file>``) and validated by their parts; writes to a local folder go aside, are
flushed to disk and renamed, so that a reader never meets half a file.
"""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

import fsspec
from botocore.exceptions import BotoCoreError, ClientError

from jwstpipe.errors import DataError, JwstPipeError, NotFoundError, StorageError
from jwstpipe.settings import S3Settings

__all__ = [
    "ObjectStore",
    "Range",
    "StoredObject",
    "aside",
    "copy_object",
    "get_bytes",
    "get_range",
    "is_remote",
    "lifecycle_hint",
    "open_store",
    "presigned_url",
    "put_bytes",
    "s3_client",
    "s3_options",
    "shown",
    "storage_errors",
    "writing_errors",
    "zarr_store",
]

_ASIDE = re.compile(r"\.([^/]+)\.[0-9a-f]{12}\.partial")
LINK_SECONDS = 15 * 60
"""How long a link is valid when nobody says otherwise."""

_KEY_PART = re.compile(r"^[A-Za-z0-9_.+=-]{1,200}$")


def is_remote(address: str | Path) -> bool:
    """Tell whether an address is an object-store URL rather than a local path."""
    return str(address).startswith("s3://")


def s3_options(settings: S3Settings) -> dict[str, Any]:
    """Translate S3 settings to the options of s3fs.

    Retries belong to botocore alone; checksums only where the protocol requires them, because some servers store the
    checksum framing of newer clients as data.
    """
    return {
        "anon": settings.anonymous,
        "endpoint_url": settings.endpoint,
        "client_kwargs": {"region_name": settings.region},
        "config_kwargs": {
            "s3": {"addressing_style": "path" if settings.endpoint else "auto"},
            "retries": {"mode": "standard", "max_attempts": settings.max_attempts},
            "connect_timeout": 10,
            "read_timeout": 60,
            "max_pool_connections": 32,
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        },
    }


@contextmanager
def storage_errors(place: str | Path) -> Iterator[None]:
    """Turn what the operating system or S3 says of a place that is read into one sentence with a way out.

    Raises
    ------
    NotFoundError
        Nothing stands there.
    StorageError
        Anything else.
    """
    try:
        yield
    except JwstPipeError:
        raise
    except FileNotFoundError:
        raise NotFoundError(f"{shown(place)}: not found; check the path") from None
    except (OSError, ClientError, BotoCoreError) as error:
        raise StorageError(_sentence(place, error)) from None


@contextmanager
def writing_errors(place: str | Path) -> Iterator[None]:
    """Turn what the operating system or S3 says of a place that is written into one sentence with a way out.

    Raises
    ------
    StorageError
        The place cannot be written.
    """
    try:
        yield
    except JwstPipeError:
        raise
    except (OSError, ClientError, BotoCoreError) as error:
        raise StorageError(_sentence(place, error)) from None


def shown(place: str | Path) -> str:
    """Name a place as the user knows it: without the names that writing aside gives."""
    return _ASIDE.sub(r"\1", str(place))


def _sentence(place: str | Path, error: Exception) -> str:
    name = shown(place)
    if not isinstance(error, OSError):
        return f"{name}: {error}; check endpoint, bucket and credentials"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{name}: no space left; free some or choose another folder"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{name}: not writable ({os.strerror(error.errno)}); choose another folder or change its rights"
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"{name}: a part of this path is a file, not a folder; choose another"
    if error.errno == errno.ENOENT:
        return f"{name}: its folder cannot be made; choose another"
    return f"{name}: {error.strerror or error}"


@contextmanager
def aside(target: Path) -> Iterator[Path]:
    """Give a path beside `target` to write to, and rename it there when the block ends well.

    The block may make a file or a folder. What stood at `target` is replaced; on an error nothing changes and the
    partial work is removed.
    """
    target = Path(target)
    partial = target.with_name(f".{target.name}.{uuid4().hex[:12]}.partial")
    with writing_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            _swap(partial, target)
        finally:
            _remove(partial)


def _swap(partial: Path, target: Path) -> None:
    if not target.is_dir():
        partial.replace(target)
        return
    retired = target.with_name(f".{target.name}.{uuid4().hex[:12]}.retired")
    target.replace(retired)
    partial.replace(target)
    shutil.rmtree(retired)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def zarr_store(address: str | Path, *, s3: S3Settings | None = None, read_only: bool = False) -> Any:
    """Open a Zarr store at a local path or an ``s3://`` URL."""
    import zarr.storage  # noqa: PLC0415 - commands that touch no image start without it

    if is_remote(address):
        options = s3_options(s3 or S3Settings())
        return zarr.storage.FsspecStore.from_url(str(address), storage_options=options, read_only=read_only)
    return zarr.storage.LocalStore(Path(address), read_only=read_only)


def put_bytes(address: str, *pieces: bytes, s3: S3Settings | None = None) -> None:
    """Write a whole object, piece after piece; a reader sees all of it or nothing, also when this process is killed."""
    if is_remote(address):
        fsspec.filesystem("s3", **s3_options(s3 or S3Settings())).pipe_file(address, b"".join(pieces))
        return
    path = Path(address)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid4().hex[:12]}.partial")
    try:
        with partial.open("wb") as stream:
            stream.writelines(pieces)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def get_bytes(address: str, *, s3: S3Settings | None = None) -> bytes | None:
    """Read a whole object, or None where there is none."""
    try:
        if is_remote(address):
            return bytes(fsspec.filesystem("s3", **s3_options(s3 or S3Settings())).cat_file(address))
        return Path(address).read_bytes()
    except FileNotFoundError:
        return None


def copy_object(source: str, target: str, *, s3: S3Settings | None = None) -> None:
    """Copy an object that never changes; nothing where there is no source. Local files are linked where they can be."""
    with writing_errors(target):
        if not is_remote(source) and not is_remote(target):
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, target)
            except FileNotFoundError:
                return
            except OSError:  # another file system, or one without links
                shutil.copyfile(source, target)
            return
        content = get_bytes(source, s3=s3)
        if content is not None:
            put_bytes(target, content, s3=s3)


@dataclass(frozen=True)
class Range:
    """A part of an object, and which object it was."""

    content: bytes
    etag: str
    size: int
    """Bytes of the whole object."""


@lru_cache(maxsize=8)
def s3_client(settings: S3Settings) -> Any:
    """Give the client of an endpoint; safe to share between threads. Retries belong to botocore alone."""
    import boto3  # noqa: PLC0415 - commands that touch no S3 start without it
    from botocore import UNSIGNED  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    options = s3_options(settings)
    signature = {"signature_version": UNSIGNED} if settings.anonymous else {}
    return boto3.session.Session().client(
        "s3",
        endpoint_url=options["endpoint_url"],
        region_name=settings.region,
        config=Config(**options["config_kwargs"], **signature),
    )


def split_s3(address: str) -> tuple[str, str]:
    """Take an ``s3://bucket/key`` address apart."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key


def get_range(
    address: str, start: int, length: int | None = None, *, etag: str | None = None, s3: S3Settings | None = None
) -> Range | None:
    """Fetch a part of an object in one request.

    Parameters
    ----------
    address
        ``s3://`` URL.
    start
        First byte; negative counts from the end.
    length
        Bytes; None = up to the end. Fewer come where the object ends.
    etag
        Only of the object with this tag.
    s3
        Endpoint.

    Returns
    -------
    Range or None
        None where there is no such object.

    Raises
    ------
    StorageError
        The object is another one by now, or the service fails.
    """
    bucket, key = split_s3(address)
    span = f"bytes={start}" if start < 0 else f"bytes={start}-{'' if length is None else start + length - 1}"
    condition = {"IfMatch": etag} if etag else {}
    with storage_errors(address):
        try:
            answer = s3_client(s3 or S3Settings()).get_object(Bucket=bucket, Key=key, Range=span, **condition)
            content = answer["Body"].read()
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in ("NoSuchKey", "404", "NoSuchBucket"):
                return None
            if code in ("PreconditionFailed", "412"):
                raise StorageError(f"{address}: was replaced while it was read; open it again") from None
            if code in ("InvalidRange", "416"):
                return Range(b"", "", 0)
            raise
    total = str(answer.get("ContentRange", "")).rpartition("/")[2]
    return Range(content, str(answer.get("ETag", "")), int(total) if total.isdigit() else len(content))


def presigned_url(address: str, *, seconds: int = LINK_SECONDS, s3: S3Settings | None = None) -> str:
    """Make a link that reads one object without credentials for a while; it is a secret as long as it is valid.

    Parameters
    ----------
    address
        ``s3://`` URL.
    seconds
        How long the link is valid, at most seven days.
    s3
        Endpoint, as the reader of the link reaches it.

    Raises
    ------
    DataError
        A local path, which needs no link.
    """
    if not is_remote(address):
        raise DataError(f"{address}: a local path has no link; give an s3:// address")
    bucket, key = split_s3(address)
    client = s3_client((s3 or S3Settings()).model_copy(update={"anonymous": False}))
    with storage_errors(address):
        return str(client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key}, ExpiresIn=seconds))


def lifecycle_hint(prefix: str, *, days: int = 30) -> dict[str, Any]:
    """Suggest lifecycle rules for the archive's files under a prefix, as S3 takes them.

    What came from the archive is read when it is converted and then hardly ever again: after some days it may lie where
    storage is cheap. Uploads that died are swept up everywhere. Nothing applies the rules by itself::

        s3_client(settings).put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=hint)
    """
    return {
        "Rules": [
            {
                "ID": "archive-files-to-infrequent-access",
                "Status": "Enabled",
                "Filter": {"Prefix": f"{prefix.strip('/')}/"},
                "Transitions": [{"Days": days, "StorageClass": "STANDARD_IA"}],
            },
            {
                "ID": "sweep-up-uploads-that-died",
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
            },
        ]
    }


@dataclass(frozen=True)
class StoredObject:
    """One object of a store."""

    key: str
    size: int
    """Bytes."""

    modified: datetime


@dataclass(frozen=True)
class ObjectStore:
    """A root under which objects are named by relative keys."""

    root: str
    """Local folder or ``s3://bucket/prefix``, without a trailing slash."""

    s3: S3Settings = field(default_factory=S3Settings)
    """Endpoint of an ``s3://`` root."""

    def url(self, key: str) -> str:
        """Give the address of a key: a local path or an ``s3://`` URL."""
        return f"{self.root}/{checked_key(key)}"

    def link(self, key: str, *, seconds: int = LINK_SECONDS) -> str:
        """Make a link to an object that needs no credentials for a while (see `presigned_url`)."""
        return presigned_url(self.url(key), seconds=seconds, s3=self.s3)

    def exists(self, key: str) -> bool:
        """Tell whether an object or a prefix of this name is there."""
        with storage_errors(self.url(key)):
            return bool(self._filesystem().exists(self.url(key)))

    def size(self, key: str) -> int:
        """Give the size of an object, bytes."""
        with storage_errors(self.url(key)):
            return int(self._filesystem().size(self.url(key)))

    def read_bytes(self, key: str) -> bytes:
        """Read a whole object."""
        with storage_errors(self.url(key)):
            return bytes(self._filesystem().cat_file(self.url(key)))

    def write_bytes(self, key: str, content: bytes) -> None:
        """Write a whole object at once; a reader sees the old content or the new, never a part."""
        url = self.url(key)
        if is_remote(url):
            with writing_errors(url):
                self._filesystem().pipe_file(url, content)
            return
        with aside(Path(url)) as partial, partial.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())

    def put_file(self, source: Path, key: str) -> None:
        """Move a local file into the store."""
        url = self.url(key)
        with writing_errors(url):
            if is_remote(url):
                self._filesystem().put_file(str(source), url)
                source.unlink()
                return
            Path(url).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(source, url)

    def delete(self, key: str) -> None:
        """Delete an object, or everything under a prefix; nothing there is no error."""
        url = self.url(key)
        filesystem = self._filesystem()
        with storage_errors(url):
            if filesystem.exists(url):
                filesystem.rm(url, recursive=True)

    def list(self, prefix: str) -> list[str]:
        """List the keys of all objects under a prefix, sorted."""
        url = self.url(prefix)
        with storage_errors(url):
            found = self._filesystem().find(url)
        base = self.root.removeprefix("s3://") if is_remote(self.root) else str(Path(self.root).resolve())
        return sorted(str(PurePosixPath(path).relative_to(base)) for path in found)

    def objects(self, prefix: str) -> tuple[StoredObject, ...]:
        """List all objects under a prefix with size and age, sorted by key; nothing there is no error."""
        url = self.url(prefix)
        filesystem = self._filesystem()
        with storage_errors(url):
            filesystem.invalidate_cache()
            found = filesystem.find(url, detail=True)
        base = self.root.removeprefix("s3://") if is_remote(self.root) else str(Path(self.root).resolve())
        objects = []
        for path, facts in found.items():
            when = facts.get("LastModified") or datetime.fromtimestamp(facts["mtime"], UTC)
            objects.append(StoredObject(str(PurePosixPath(path).relative_to(base)), int(facts["size"]), when))
        return tuple(sorted(objects, key=lambda item: item.key))

    def _filesystem(self) -> Any:
        if is_remote(self.root):
            return fsspec.filesystem("s3", **s3_options(self.s3))
        return fsspec.filesystem("file", auto_mkdir=True)


def open_store(root: str | Path, *, s3: S3Settings | None = None) -> ObjectStore:
    """Open the object store at `root`; a local folder is made if it is not there.

    Raises
    ------
    StorageError
        The folder cannot be made or written.
    """
    if is_remote(root):
        return ObjectStore(str(root).rstrip("/"), s3 or S3Settings())
    folder = Path(root).expanduser().resolve()
    with writing_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{uuid4().hex[:12]}"
        probe.touch()
        probe.unlink()
    return ObjectStore(str(folder))


def checked_key(key: str) -> str:
    """Refuse a key that could leave its root: absolute, empty, or with ``..`` or strange characters in a part."""
    parts = key.split("/")
    if not all(_KEY_PART.match(part) and part not in (".", "..") for part in parts):
        raise DataError(f"not a storage key: {key!r} (relative, parts of letters, digits and _.+=- only)")
    return key
