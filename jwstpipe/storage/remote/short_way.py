"""Objects put and fetched by the shortest way; whatever is no plain success is asked for again by boto3.

boto3 spends 3 ms of a processor on a request of a few kilobytes: it looks up which of fifty parameters apply, which
address a bucket has, and what an answer may hold. An image store is some fifty small objects, so that this was more
than all packing. Here a request is signed and sent over the connections of the boto3 client, with its credentials,
proxies, certificates and deadlines, and nothing more is done; a body is sent as the pieces that it was packed in. An
answer that says anything but "here it is" or "there is none" (redirections, refusals, faults that pass) is not
understood here: the caller asks boto3, which knows them all, retries what may pass, and whose errors are those that
people see.

botocore has no public way to send what it did not make. So a version of it that keeps credentials or connections
elsewhere than those that are known makes everything go by boto3, with a warning: nothing but speed is lost.
"""

import logging
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit

from jwstpipe.storage.remote.signature import authorization

__all__ = ["Answer", "ask_shortly"]

log = logging.getLogger(__name__)

UNDERSTOOD = {"GET": (200, 206, 404, 412, 416), "PUT": (200, 201, 204)}
"""Here it is, or a part of it; there is none; it is another one by now; it ends before that range."""

NOTHING = sha256().hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: Any
    """By name, in whatever case."""

    content: bytes


@dataclass(frozen=True, eq=False)
class _Means:
    """What a client of boto3 sends with."""

    credentials: Any
    """None for requests that are not signed."""

    session: Any
    """Its connections."""


def ask_shortly(
    client: Any, method: str, bucket: str, key: str, *,
    body: Sequence[bytes] = (),
    headers: Mapping[str, str] | None = None,
) -> Answer | None:  # fmt: skip
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
        What is put, in pieces.
    headers
        What else is asked, by names in small letters, as ``{"range": "bytes=0-9"}``.

    Returns
    -------
    Answer or None
        None where boto3 must ask.
    """
    from botocore.awsrequest import AWSPreparedRequest  # noqa: PLC0415 - what touches no S3 starts without it
    from botocore.exceptions import BotoCoreError, HTTPClientError  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    place, means = _place(client, bucket), _means(client)
    if place is None or means is None:
        return None
    address = place + quote(key, safe="/~")
    parts = urlsplit(address)
    asked = {"host": parts.netloc, **(headers or {})}
    try:
        if means.credentials is not None:
            keys = means.credentials.get_frozen_credentials()
            asked |= _signed_headers(body, private=_private(parts.scheme, parts.hostname or ""))
            if keys.token:
                asked["x-amz-security-token"] = keys.token
            region = client.meta.region_name
            asked["authorization"] = authorization(method, parts.path, asked, keys=keys, region=region)
        if method == "PUT":
            asked["content-length"] = str(sum(map(len, body)))
        answer = means.session.send(AWSPreparedRequest(method, address, asked, list(body) or None, True))
        content = answer.raw.read()
    except (BotoCoreError, HTTPClientError, HTTPError, OSError):
        return None
    length = answer.headers.get("Content-Length")
    if answer.status_code not in UNDERSTOOD[method] or (length is not None and int(length) != len(content)):
        return None
    return Answer(answer.status_code, answer.headers, content)


def _signed_headers(body: Sequence[bytes], *, private: bool) -> dict[str, str]:
    """Give what is signed of every request: when it is made, and the digest of its body.

    On a private way a checksum takes its place, at a tenth of the time: what the server keeps is what was sent, and
    nobody between can change it.
    """
    moment = {"x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())}
    if not body:
        return moment | {"x-amz-content-sha256": NOTHING}
    if private:
        from isal import isal_zlib  # noqa: PLC0415 - who only fetches needs none of it

        check = 0
        for piece in body:
            check = isal_zlib.crc32(piece, check)
        told = b64encode(check.to_bytes(4, "big")).decode()
        return moment | {"x-amz-content-sha256": UNSIGNED, "x-amz-checksum-crc32": told}
    digest = sha256()
    for piece in body:
        digest.update(piece)
    return moment | {"x-amz-content-sha256": digest.hexdigest()}


@lru_cache(maxsize=32)
def _private(scheme: str, host: str) -> bool:
    """Tell whether nobody stands between here and a server: by TLS, or because it is on this machine."""
    try:
        return scheme == "https" or host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=8)
def _means(client: Any) -> _Means | None:
    """Find what a client sends with; None where this version of botocore keeps it elsewhere."""
    import botocore  # noqa: PLC0415 - as above
    from botocore.awsrequest import AWSPreparedRequest  # noqa: PLC0415

    try:
        found = _Means(client._request_signer._credentials, client._endpoint.http_session)  # noqa: SLF001
        AWSPreparedRequest("GET", "https://x", {}, None, True)
        return found if callable(found.session.send) else None
    except (AttributeError, TypeError) as error:
        log.warning(
            "botocore %s is not known (%s): requests to S3 take longer than they need", botocore.__version__, error
        )
        return None


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
