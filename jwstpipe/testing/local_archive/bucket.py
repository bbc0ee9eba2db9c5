"""The public JWST bucket of a local archive: the part of the S3 protocol that reading without credentials needs.

Objects are served from where the files lie: nothing is copied, and a range costs what its bytes cost. Whatever would
write is refused, as in the public bucket.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from urllib.parse import quote
from xml.sax.saxutils import escape

from jwstpipe.testing.local_archive.faults import Faults
from jwstpipe.testing.local_archive.mast import ArchiveRows
from jwstpipe.testing.local_archive.reply import (
    Asked,
    Reply,
    file_reply,
    source_crc32,
    source_etag,
    source_size,
    source_time,
)

__all__ = ["BUCKET", "bucket_reply", "s3_error"]

BUCKET = "stpubdata"
"""Name of the bucket, that of the public one."""

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_CODES = {
    403: "AccessDenied", 404: "NoSuchKey", 405: "MethodNotAllowed", 412: "PreconditionFailed", 416: "InvalidRange",
    429: "SlowDown", 500: "InternalError", 501: "NotImplemented", 503: "SlowDown",
}  # fmt: skip


def s3_error(status: int, *, code: str = "") -> Reply:
    """Answer with an error, as S3 writes it."""
    name = code or _CODES.get(status, "InternalError")
    content = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{name}</Code><Message>{name}</Message></Error>"
    return _xml(content, status=status)


def bucket_reply(rows: ArchiveRows, asked: Asked, faults: Faults) -> Reply:
    """Answer one request to the S3 endpoint, addressed by path (``/bucket/key``).

    Parameters
    ----------
    rows
        Files and their keys.
    asked
        GET and HEAD of objects (with ranges and conditions), HEAD of the bucket, its location, and ListObjectsV2.
    faults
        What goes wrong with ranges and entity tags.
    """
    bucket, _, key = asked.path.lstrip("/").partition("/")
    if asked.method not in ("GET", "HEAD") or not bucket:
        return s3_error(403)
    if bucket != BUCKET:
        return s3_error(404, code="NoSuchBucket")
    return _object(rows, key, asked, faults) if key else _about_bucket(rows, asked)


def _about_bucket(rows: ArchiveRows, asked: Asked) -> Reply:
    if asked.method == "HEAD":
        return _xml("")
    if "location" in asked.query:
        return _xml(f'<LocationConstraint xmlns="{_NAMESPACE}"/>')
    if asked.query.get("list-type") == ["2"]:
        return _xml(_listing(rows, _Listing.asked(asked)))
    return s3_error(501)


def _xml(content: str, *, status: int = 200) -> Reply:
    encoded = content.encode()
    return Reply(status, {"Content-Type": "application/xml"}, encoded, 0, len(encoded))


def _object(rows: ArchiveRows, key: str, asked: Asked, faults: Faults) -> Reply:
    name = rows.names_by_key.get(key, "")
    source = rows.source(name)
    if source is None:
        return s3_error(404)
    if not rows.public(name):
        return s3_error(403)
    reply = file_reply(source, asked, faults)
    if reply.status in (412, 416):
        refusal = s3_error(reply.status)
        return replace(refusal, headers={**reply.headers, **refusal.headers})
    headers = {**reply.headers, "Content-Type": "binary/octet-stream"}
    if asked.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED" and reply.status == 200:
        headers |= {"x-amz-checksum-crc32": source_crc32(source), "x-amz-checksum-type": "FULL_OBJECT"}
    return replace(reply, headers=headers)


@dataclass(frozen=True)
class _Listing:
    """What a listing is asked for."""

    prefix: str
    delimiter: str
    after: str
    limit: int
    encoded: bool

    @classmethod
    def asked(cls, asked: Asked) -> "_Listing":
        def value(name: str) -> str:
            return asked.query.get(name, [""])[0]

        return cls(
            prefix=value("prefix"),
            delimiter=value("delimiter"),
            after=max(value("start-after"), value("continuation-token")),
            limit=min(int(value("max-keys") or 1000), 1000),
            encoded=value("encoding-type") == "url",
        )

    def text(self, value: str) -> str:
        return quote(value, safe="/") if self.encoded else escape(value)


def _listing(rows: ArchiveRows, wanted: _Listing) -> str:
    """Write the answer of ListObjectsV2; its continuation token is the last key or common prefix listed."""
    held = {key: rows.source(name) for key, name in rows.names_by_key.items() if key.startswith(wanted.prefix)}
    keys = [key for key, source in held.items() if source is not None]
    entries = [entry for entry in _entries(keys, wanted) if entry > wanted.after]
    chosen, rest = entries[: wanted.limit], entries[wanted.limit :]
    parts = [
        f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="{_NAMESPACE}"><Name>{BUCKET}</Name>',
        f"<Prefix>{wanted.text(wanted.prefix)}</Prefix><KeyCount>{len(chosen)}</KeyCount>",
        f"<MaxKeys>{wanted.limit}</MaxKeys><IsTruncated>{str(bool(rest)).lower()}</IsTruncated>",
    ]
    if wanted.delimiter:
        parts.append(f"<Delimiter>{wanted.text(wanted.delimiter)}</Delimiter>")
    if wanted.encoded:
        parts.append("<EncodingType>url</EncodingType>")
    if rest and chosen:
        parts.append(f"<NextContinuationToken>{escape(chosen[-1])}</NextContinuationToken>")
    for entry in chosen:
        source = held.get(entry)
        if source is None:
            parts.append(f"<CommonPrefixes><Prefix>{wanted.text(entry)}</Prefix></CommonPrefixes>")
        else:
            parts.append(
                f"<Contents><Key>{wanted.text(entry)}</Key><Size>{source_size(source)}</Size>"
                f"<LastModified>{source_time(source):%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
                f"<ETag>{escape(source_etag(source))}</ETag><StorageClass>STANDARD</StorageClass></Contents>"
            )
    parts.append("</ListBucketResult>")
    return "".join(parts)


def _entries(keys: Sequence[str], wanted: _Listing) -> Iterable[str]:
    """Keys in order, those that share a prefix up to the delimiter replaced by it."""

    def entry(key: str) -> str:
        head, found, _ = key[len(wanted.prefix) :].partition(wanted.delimiter) if wanted.delimiter else (key, "", "")
        return f"{wanted.prefix}{head}{found}" if found else key

    return (name for name, _ in groupby(keys, key=entry))
