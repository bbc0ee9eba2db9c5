"""Signature V4 of requests to S3 that have no query: what botocore does in half a millisecond, in a tenth of it.

Written from the public description of the protocol, and held to botocore's own signer by `tests/storage`.
"""

import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any

__all__ = ["authorization"]


def authorization(method: str, path: str, headers: Mapping[str, str], *, keys: Any, region: str) -> str:
    """Give the header ``Authorization`` of a request.

    Parameters
    ----------
    method
        ``GET`` or ``PUT``.
    path
        Path of its address, quoted as it is sent.
    headers
        All that are signed, by name in small letters, without blanks around values; among them ``host``, ``x-amz-date``
        and ``x-amz-content-sha256``.
    keys
        Frozen credentials of botocore.
    region
        Region of the bucket.
    """
    moment = headers["x-amz-date"]
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    names = sorted(headers)
    signed = ";".join(names)
    lines = "".join(f"{name}:{headers[name]}\n" for name in names)
    request = f"{method}\n{path}\n\n{lines}\n{signed}\n{headers['x-amz-content-sha256']}"
    told = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    signature = hmac.new(_key(keys.secret_key, moment[:8], region), told.encode(), sha256).hexdigest()
    return f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}, SignedHeaders={signed}, Signature={signature}"


@lru_cache(maxsize=8)
def _key(secret: str, day: str, region: str) -> bytes:
    """Derive the key of a day."""
    key = f"AWS4{secret}".encode()
    for word in (day, region, "s3", "aws4_request"):
        key = hmac.new(key, word.encode(), sha256).digest()
    return key
