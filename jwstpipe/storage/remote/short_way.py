"""Objects put and fetched by the shortest way; whatever is no plain success is asked for again by boto3.

boto3 spends 3 ms of a processor on a request of a few kilobytes: it looks up which of fifty parameters apply, which
address a bucket has, and what an answer may hold. An image store is some fifty small objects, so that this was more
than all packing. Here a request is signed by botocore's signer and sent over the connections of the boto3 client, with
its credentials, proxies, certificates and deadlines, and nothing more is done. An answer that says anything but "here
it is" or "there is none" (redirections, refusals, faults that pass) is not understood here: the caller asks boto3,
which knows them all, retries what may pass, and whose errors are those that people see.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

__all__ = ["Answer", "ask_shortly"]

UNDERSTOOD = {"GET": (200, 206, 404, 412, 416), "PUT": (200, 201, 204)}
"""Here it is, or a part of it; there is none; it is another one by now; it ends before that range."""


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: Any
    """By name, in whatever case."""

    content: bytes


def ask_shortly(
    client: Any, method: str, bucket: str, key: str, *, body: bytes = b"", headers: dict[str, str] | None = None
) -> Answer | None:
    """Send a request once.

    Parameters
    ----------
    client
        Client of boto3 whose connections and credentials are used.
    method
        ``GET`` or ``PUT``.
    bucket, key
        The object.
    body
        What is put.
    headers
        What else is asked, as ``{"Range": "bytes=0-9"}``.

    Returns
    -------
    Answer or None
        None where boto3 must ask.
    """
    from botocore.auth import S3SigV4Auth  # noqa: PLC0415 - what touches no S3 starts without it
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, HTTPClientError  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    place = _place(client, bucket)
    if place is None:
        return None
    request = AWSRequest(method, place + quote(key, safe="/~"), headers=headers, data=body, stream_output=True)
    # botocore has no public way to send what it did not make
    keys, connections = client._request_signer._credentials, client._endpoint.http_session  # noqa: SLF001
    try:
        if keys is not None:
            S3SigV4Auth(keys.get_frozen_credentials(), "s3", client.meta.region_name).add_auth(request)
        answer = connections.send(request.prepare())
        content = answer.raw.read()
    except (BotoCoreError, HTTPClientError, HTTPError, OSError):
        return None
    length = answer.headers.get("Content-Length")
    if answer.status_code not in UNDERSTOOD[method] or (length is not None and int(length) != len(content)):
        return None
    return Answer(answer.status_code, answer.headers, content)


@lru_cache(maxsize=256)
def _place(client: Any, bucket: str) -> str | None:
    """Give the address of a bucket as boto3 finds it, with a slash at its end; None where only boto3 can ask there."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    try:
        link = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "x"})
    except BotoCoreError:
        return None
    address = link.partition("?")[0]
    return str(address[:-1]) if address.endswith("/x") else None
