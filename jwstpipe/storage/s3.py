"""S3 itself: one client an endpoint, ranges, links that need no credentials, lifecycle rules."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jwstpipe.errors import DataError, StorageError
from jwstpipe.settings import S3Settings
from jwstpipe.storage.address import is_remote, split_s3
from jwstpipe.storage.faults import storage_errors

if TYPE_CHECKING:
    from jwstpipe.storage.remote.short_way import Answer

__all__ = [
    "LINK_SECONDS",
    "Range",
    "get_object",
    "get_range",
    "lifecycle_hint",
    "presigned_url",
    "put_object",
    "s3_client",
    "s3_filesystem",
    "s3_options",
]

CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 60
CONNECTIONS = 32

MISSING, REPLACED, BEHIND_THE_END = 404, 412, 416
MEANING = {
    "NoSuchKey": MISSING, "NoSuchBucket": MISSING, "404": MISSING,
    "PreconditionFailed": REPLACED, "412": REPLACED, "InvalidRange": BEHIND_THE_END, "416": BEHIND_THE_END,
}  # fmt: skip
"""Status by what S3 calls it."""

HEADERS = {"Range": "range", "IfMatch": "if-match"}
"""Headers by what boto3 calls them."""

LINK_SECONDS = 15 * 60
"""How long a link is valid when nobody says otherwise."""


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
            "connect_timeout": CONNECT_TIMEOUT_S,
            "read_timeout": READ_TIMEOUT_S,
            "max_pool_connections": CONNECTIONS,
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        },
    }


def s3_filesystem(settings: S3Settings) -> Any:
    """Give the file system of an endpoint, as fsspec has it."""
    import fsspec  # noqa: PLC0415 - commands that touch no S3 start without it

    return fsspec.filesystem("s3", **s3_options(settings))


@dataclass(frozen=True)
class Range:
    """A part of an object, and which object it was."""

    content: bytes
    etag: str
    size: int
    """Bytes of the whole object."""


@lru_cache(maxsize=8)
def s3_client(
    settings: S3Settings,
    *,
    attempts: int | None = None,
    timeout_s: float = READ_TIMEOUT_S,
    connections: int = CONNECTIONS,
) -> Any:
    """Give the client of an endpoint; safe to share between threads. Its answers have a deadline (`make_patient`).

    Parameters
    ----------
    settings
        Endpoint, and how it is asked.
    attempts
        Attempts for a request in all; None = as the settings say. Retries belong to botocore alone, or (attempts = 1)
        to the caller.
    timeout_s
        Longest wait for an answer, beyond a kilobyte a second, seconds.
    connections
        Most connections at once.
    """
    from botocore import UNSIGNED  # noqa: PLC0415 - commands that touch no S3 start without it
    from botocore.config import Config  # noqa: PLC0415

    from jwstpipe.storage.remote.patient_reading import make_patient  # noqa: PLC0415 - urllib3 takes a tenth of a second

    options = s3_options(settings)
    config = options["config_kwargs"] | {
        "retries": {"mode": "standard", "total_max_attempts": attempts or settings.max_attempts},
        "connect_timeout": min(CONNECT_TIMEOUT_S, timeout_s),
        "read_timeout": timeout_s,
        "max_pool_connections": connections,
    }
    signature = {"signature_version": UNSIGNED} if settings.anonymous else {}
    client = _session().client(
        "s3",
        endpoint_url=options["endpoint_url"],
        region_name=settings.region,
        config=Config(**config, **signature),
    )
    return make_patient(client)


def _session() -> Any:
    """Make a session of its own, as threads need, that reads no description of S3 anew: 0.15 s and 15 MB a client."""
    import boto3  # noqa: PLC0415 - as in `s3_client`
    import botocore.session  # noqa: PLC0415

    session = botocore.session.get_session()
    session.register_component("data_loader", _descriptions(session.get_config_variable("data_path")))
    return boto3.session.Session(botocore_session=session)


@lru_cache(maxsize=1)
def _descriptions(folders: str | None) -> Any:
    """Give the reader of botocore's descriptions of services, which keeps what it has read."""
    from botocore.loaders import create_loader  # noqa: PLC0415 - as in `s3_client`

    return create_loader(folders)


def get_object(address: str, *, s3: S3Settings | None = None) -> bytes | None:
    """Fetch a whole object in one request; None where there is none."""
    answer = _ask("GET", address, s3 or S3Settings())
    return None if answer.status == MISSING else answer.content


def put_object(address: str, *pieces: bytes, s3: S3Settings | None = None) -> None:
    """Write a whole object in one request; its pieces follow each other."""
    _ask("PUT", address, s3 or S3Settings(), body=pieces)


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
    span = f"bytes={start}" if start < 0 else f"bytes={start}-{'' if length is None else start + length - 1}"
    with storage_errors(address):
        answer = _ask("GET", address, s3 or S3Settings(), span=span, etag=etag)
    if answer.status == MISSING:
        return None
    if answer.status == REPLACED:
        raise StorageError(f"{address}: was replaced while it was read; open it again")
    if answer.status == BEHIND_THE_END:
        return Range(b"", "", 0)
    total = str(answer.headers.get("Content-Range", "")).rpartition("/")[2]
    size = int(total) if total.isdigit() else len(answer.content)
    return Range(answer.content, str(answer.headers.get("ETag", "")), size)


def _ask(
    method: str, address: str, s3: S3Settings, *,
    body: tuple[bytes, ...] = (),
    span: str | None = None,
    etag: str | None = None,
) -> "Answer":  # fmt: skip
    """Put or fetch by the short way, or by boto3 where that does not end well; its attempts are one less then."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as in `s3_client`

    from jwstpipe.storage.remote.short_way import Answer, ask_shortly  # noqa: PLC0415

    bucket, key = split_s3(address)
    more = {"Range": span, "IfMatch": etag}
    given = {name: value for name, value in more.items() if value}
    if s3.max_attempts > 1:
        headers = {HEADERS[name]: value for name, value in given.items()}
        answer = ask_shortly(s3_client(s3), method, bucket, key, body=body, headers=headers)
        if answer is not None:
            return answer
    client = s3_client(s3, attempts=max(s3.max_attempts - 1, 1))
    try:
        if method == "PUT":
            client.put_object(Bucket=bucket, Key=key, Body=b"".join(body))
            return Answer(200, {}, b"")
        found = client.get_object(Bucket=bucket, Key=key, **given)
        told = {"ETag": found.get("ETag", ""), "Content-Range": found.get("ContentRange", "")}
        return Answer(200, told, found["Body"].read())
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if method == "GET" and code in MEANING:
            return Answer(MEANING[code], {}, b"")
        raise


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
