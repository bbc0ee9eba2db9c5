"""Files straight into an S3 store: each range is a part of an upload, nothing of them touches the local disk.

An upload is put together under a staging key beside the files, read back there and verified, and then copied by the
server to its final key: S3 has no rename, but a copy appears at once or not at all.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError
from isal.isal_zlib import crc32

from jwstpipe.archive.safe_names import checked_file_name, checked_obs_id
from jwstpipe.archive.transfer.sources.source import Chunk
from jwstpipe.archive.transfer.state import FileRecord, PartState, Places, save
from jwstpipe.errors import NotFoundError
from jwstpipe.fits.hdus import ByteReader
from jwstpipe.settings import S3Settings
from jwstpipe.storage import s3_client, storage_errors, writing_errors

__all__ = ["RemoteFolder", "UploadTarget"]

SMALLEST_PART = 5 << 20
"""S3 takes no smaller part but the last."""

MOST_PARTS = 10_000
COPY_PIECE = 1 << 30
LARGEST_COPY = 5 << 30
"""A server copies larger objects in pieces only."""

BLOCK = 8 << 20
"""Bytes read back at once."""

STAGING = ".transfer"


@dataclass(frozen=True)
class RemoteFolder:
    """A prefix of an S3 bucket (see `Destination`); what a transfer has to remember stands on the local disk."""

    root: str
    """As ``s3://bucket/jwst/mast``."""

    s3: S3Settings
    side: Path

    def prepare(self, needed: int) -> None:
        """Make the local folder; a bucket has room."""
        del needed
        with writing_errors(self.side):
            self.side.mkdir(parents=True, exist_ok=True)

    def holds(self, obs_id: str, file_name: str) -> bool:
        """Tell that nothing is known without asking."""
        del obs_id, file_name
        return False

    def target(self, obs_id: str, file_name: str) -> "UploadTarget":
        """Give the place of a file."""
        name = f"{checked_obs_id(obs_id)}/{checked_file_name(file_name)}"
        return UploadTarget(self, name, Places.of(self.side, obs_id, file_name))

    @cached_property
    def client(self) -> Any:
        """Client of the store; may be shared by threads."""
        return s3_client(self.s3)

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        return self.root.removeprefix("s3://").partition("/")[0]

    def key(self, name: str) -> str:
        """Give the key of a file, or of what stands in the staging folder."""
        prefix = self.root.removeprefix("s3://").partition("/")[2].strip("/")
        return f"{prefix}/{name}" if prefix else name


class UploadTarget:
    """An upload in parts (see `FileDestination`)."""

    def __init__(self, folder: RemoteFolder, name: str, places: Places) -> None:
        self._folder = folder
        self._name = name
        self._places = places
        self._lock = Lock()
        self._upload: str | None = None
        self._staging = folder.key(f"{STAGING}/{name}.{uuid4().hex[:12]}")
        self._part_bytes = SMALLEST_PART
        self._tags: dict[int, str] = {}

    @property
    def address(self) -> str:
        """URL of the object."""
        return f"s3://{self._folder.bucket}/{self._final}"

    @property
    def range_bytes(self) -> int | None:
        """Size of the parts."""
        return self._part_bytes

    @property
    def _final(self) -> str:
        return self._folder.key(self._name)

    @property
    def _where(self) -> Mapping[str, str]:
        return {"Bucket": self._folder.bucket, "Key": self._staging}

    def known(self, record: FileRecord) -> FileRecord | None:
        """Compare size and ETag of the object."""
        try:
            with storage_errors(self.address), _absent(self.address):
                head = self._folder.client.head_object(Bucket=self._folder.bucket, Key=self._final)
        except NotFoundError:
            return None
        same = (int(head["ContentLength"]), head.get("ETag")) == (record.size, record.stored_etag)
        return record if same else None

    def resumed(self, state: PartState) -> PartState:
        """Keep the ranges whose parts the server has; begin an upload where there is none."""
        self._part_bytes = state.range_bytes or max(SMALLEST_PART, -(-state.size // MOST_PARTS))
        if state.upload is not None and state.upload_key is not None:
            self._upload, self._staging = state.upload, state.upload_key
            try:
                with storage_errors(self.address), _absent(self.address):
                    self._tags = self._parts()
            except NotFoundError:
                self._upload, self._tags = None, {}
        kept = tuple(entry for entry in state.done if entry[0] // self._part_bytes + 1 in self._tags)
        if self._upload is None:
            self._begin()
        return replace(state, done=kept, upload=self._upload, upload_key=self._staging, range_bytes=self._part_bytes)

    @contextmanager
    def opened(self, size: int) -> Iterator[None]:
        """Begin anew where the size is not known: such a file comes from its start to its end."""
        if size == 0:
            self.forget()
            self._begin()
        yield

    def writer(self, start: int) -> "_PartUpload":
        """Begin a part."""
        return _PartUpload(self, start)

    def reached(self, stop: int) -> None:
        """Do nothing: a part cannot be read before the upload is put together."""
        del stop

    def digest(self) -> None:
        """Give none: all of it is read back."""

    def put(self, start: int, content: bytearray) -> None:
        """Upload a part; called by several threads."""
        number = start // self._part_bytes + 1
        with writing_errors(self.address):
            answer = self._folder.client.upload_part(
                **self._where, UploadId=self._upload, PartNumber=number, Body=bytes(content)
            )
        with self._lock:
            self._tags[number] = answer["ETag"]

    @contextmanager
    def whole(self) -> Iterator[ByteReader]:
        """Put the parts together under the staging key and read them back."""
        with writing_errors(self.address):
            if self._upload is not None:
                parts = [{"PartNumber": number, "ETag": tag} for number, tag in sorted(self._tags.items())]
                self._folder.client.complete_multipart_upload(
                    **self._where, UploadId=self._upload, MultipartUpload={"Parts": parts}
                )
                self._upload = None
            head = self._folder.client.head_object(**self._where)
        yield _BlockReader(self._folder, self._staging, int(head["ContentLength"]), self.address)

    def publish(self, record: FileRecord) -> FileRecord:
        """Copy the verified object to its final key, and remove the staging one."""
        with writing_errors(self.address):
            stored = self._copy(record.size)
            kept = replace(record, stored_etag=stored)
            save(kept, self._places.record)
            self._folder.client.delete_object(**self._where)
        return kept

    def forget(self) -> None:
        """Give up the upload and what was put together of it."""
        held = self._upload
        self._upload, self._tags = None, {}
        with writing_errors(self.address):
            if held is not None:
                with _gone_is_fine():
                    self._folder.client.abort_multipart_upload(**self._where, UploadId=held)
            self._folder.client.delete_object(**self._where)

    def _begin(self) -> None:
        with writing_errors(self.address):
            self._upload = str(self._folder.client.create_multipart_upload(**self._where)["UploadId"])
        self._tags = {}

    def _parts(self) -> dict[int, str]:
        pages = self._folder.client.get_paginator("list_parts").paginate(**self._where, UploadId=self._upload)
        return {int(part["PartNumber"]): str(part["ETag"]) for page in pages for part in page.get("Parts", ())}

    def _copy(self, size: int) -> str | None:
        client, bucket = self._folder.client, self._folder.bucket
        if size <= LARGEST_COPY:
            answer = client.copy_object(Bucket=bucket, Key=self._final, CopySource=dict(self._where))
            return str(answer["CopyObjectResult"]["ETag"])
        final = {"Bucket": bucket, "Key": self._final}
        upload = client.create_multipart_upload(**final)["UploadId"]
        parts = []
        for number, start in enumerate(range(0, size, COPY_PIECE), start=1):
            piece = client.upload_part_copy(
                **final, UploadId=upload, PartNumber=number, CopySource=dict(self._where),
                CopySourceRange=f"bytes={start}-{min(start + COPY_PIECE, size) - 1}",
            )  # fmt: skip
            parts.append({"PartNumber": number, "ETag": piece["CopyPartResult"]["ETag"]})
        done = client.complete_multipart_upload(**final, UploadId=upload, MultipartUpload={"Parts": parts})
        return str(done["ETag"])


class _PartUpload:
    """Gathers a range in memory, and uploads it when it is whole."""

    def __init__(self, target: UploadTarget, start: int) -> None:
        self._target, self._start = target, start
        self._content = bytearray()

    def write(self, chunk: Chunk) -> None:
        """Take the next bytes."""
        self._content += chunk

    def finish(self) -> int:
        """Upload the part and give its CRC-32; an empty range behind the last part is none."""
        if self._content or self._start == 0:
            self._target.put(self._start, self._content)
        return crc32(self._content)


class _BlockReader:
    """An object read back in large blocks, of which the last is kept: it is read from its start to its end."""

    def __init__(self, folder: RemoteFolder, key: str, size: int, name: str) -> None:
        self._folder, self._key, self._size, self._name = folder, key, size, name
        self._at, self._block = -1, b""

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Give bytes; fewer at the end of the object."""
        end, pieces = min(offset + length, self._size), []
        while offset < end:
            start = offset // BLOCK * BLOCK
            if start != self._at:
                self._at, self._block = start, self._fetch(start, min(start + BLOCK, self._size))
            piece = self._block[offset - start : end - start]
            pieces.append(piece)
            offset += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _fetch(self, start: int, stop: int) -> bytes:
        with storage_errors(self._name):
            answer = self._folder.client.get_object(
                Bucket=self._folder.bucket, Key=self._key, Range=f"bytes={start}-{stop - 1}"
            )
            return bytes(answer["Body"].read())


@contextmanager
def _absent(address: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) == 404:
            raise NotFoundError(f"{address}: not there") from None
        raise


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        with _absent(""):
            yield
    except NotFoundError:
        pass
