"""One file, from its sources to its name: known again or fetched, resumed, verified, then published.

A part goes on only as bytes of the very version that the source has now. What arrives damaged is dropped and fetched
once more, from the next source if need be; nothing unverified ever gets the final name.
"""

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

from jwstpipe.archive.mirror import Mirror
from jwstpipe.archive.moving import Workplace, move_ranges, move_whole
from jwstpipe.archive.naming import checked_uri
from jwstpipe.archive.products import Product
from jwstpipe.archive.retry import PassingError, patiently
from jwstpipe.archive.sources import ByteSource, ChangedError, HttpsSource, RangesIgnoredError, SourceInfo, SourceName
from jwstpipe.archive.state import FileRecord, PartState, Places, exclusive, load, places_of, save, verified_ranges
from jwstpipe.archive.verify import check_file, sha256_of
from jwstpipe.archive.web import Sessions
from jwstpipe.errors import DataError, InterruptedRunError, JwstPipeError, StorageError, TransferError
from jwstpipe.settings import ArchiveSettings
from jwstpipe.storage import storage_errors

__all__ = ["Receipt", "Work", "bring"]

VERSIONS_TRIED = 3
"""How often a file that changes during the transfer is begun."""

CONTENTS_TRIED = 2
"""How often a file that arrives damaged is fetched from one source."""


@dataclass(frozen=True)
class Receipt:
    """A file that is here, whole and verified."""

    path: Path
    data_uri: str
    size: int
    sha256: str
    """Hexadecimal."""

    source: str
    """s3 or https: where its bytes came from."""

    etag: str | None
    seconds: float
    bytes_moved: int
    """Bytes over the network in this transfer, repeated ones too; 0 for a file that was here."""

    reused: bool
    """Whether it was here already."""

    fell_back: str | None
    """Why it did not come from the first choice of source; None = it did."""

    remark: str | None
    """What else the user should know, as a size that differs from the listing."""


@dataclass(frozen=True)
class Work:
    """What all files of one transfer share."""

    destination: Path
    settings: ArchiveSettings
    sessions: Sessions
    mirror: Mirror
    place: Workplace


def bring(work: Work, product: Product) -> Receipt:
    """Make sure that one file is here: know it again, or fetch it from the first source that gives it whole.

    Raises
    ------
    TransferError
        No source gave it; the message holds each one's reason.
    DataError
        Its names are not safe.
    StorageError
        It cannot be written.
    InterruptedRunError
        The transfer was stopped.
    """
    started = time.monotonic()
    uri = checked_uri(product.data_uri)
    places = places_of(work.destination, product.obs_id, product.file_name)
    gauge = work.place.gauge
    with exclusive(places.lock, work.place.stop):
        fell_back, remark = None, None
        record = _known(places, product)
        reused = record is not None
        if record is None:
            record, fell_back, remark = _from_any_source(work, product, places)
    gauge.expect(uri, record.size)
    gauge.place(uri, record.size)
    return Receipt(
        path=places.final,
        data_uri=uri,
        size=record.size,
        sha256=record.sha256,
        source=record.source,
        etag=record.etag,
        seconds=time.monotonic() - started,
        bytes_moved=gauge.moved(uri),
        reused=reused,
        fell_back=fell_back,
        remark=remark,
    )


def _known(places: Places, product: Product) -> FileRecord | None:
    """Tell whether the file is here: recorded, listed as then, and its bytes unchanged."""
    record = load(FileRecord, places.record)
    if record is None or record.data_uri != product.data_uri or not places.final.is_file():
        return None
    if product.size not in (0, record.listed_size) or product.version not in ("", record.listed_version):
        return None
    with storage_errors(places.final):
        now = places.final.stat()
        if now.st_size != record.size:
            return None
        if now.st_mtime_ns == record.mtime_ns:
            return record
        if sha256_of(places.final) != record.sha256:
            return None
    record = replace(record, mtime_ns=now.st_mtime_ns)
    save(record, places.record)
    return record


def _from_any_source(work: Work, product: Product, places: Places) -> tuple[FileRecord, str | None, str | None]:
    """Try the sources in order; give the record, why not the first source, and what is odd."""
    held = load(PartState, places.state)
    order: tuple[SourceName, ...] = ("s3", "https")
    reasons: list[str] = []
    if work.settings.source != "auto":
        order = (work.settings.source,)
    elif held is not None and held.source == "https":  # its bytes are worth more than the quicker source
        order = ("https", "s3")
        reasons += [held.fell_back] if held.fell_back else []
    for kind in order:
        try:
            source = _open_source(work, product, kind)
            fell_back = "; ".join(reasons) or None
            record, remark = _from_source(work, product, places, source, fell_back)
        except (StorageError, InterruptedRunError):
            raise
        except JwstPipeError as error:
            if kind == "s3" and isinstance(error, PassingError):
                work.mirror.give_up(str(error))
            reasons.append(str(error))
        else:
            return record, fell_back, remark
    raise TransferError(f"{product.file_name}: {'; '.join(reasons)}")


def _open_source(work: Work, product: Product, kind: SourceName) -> ByteSource:
    if kind == "s3":
        return work.mirror.source(product.data_uri)
    return HttpsSource(product.data_uri, work.settings, work.sessions)


def _from_source(
    work: Work, product: Product, places: Places, source: ByteSource, fell_back: str | None
) -> tuple[FileRecord, str | None]:
    """Fetch from one source, from the start again where the file changed or came damaged.

    Servers behind one address may not agree on ETags and dates. So the last time the file is taken as one body, which
    is of one version whatever it is called.
    """
    damaged = 0
    for tried in range(1, VERSIONS_TRIED + 1):
        info = patiently(source.describe, attempts=source.attempts, stop=work.place.stop)
        remark = _size_remark(info, product, source)
        if tried == VERSIONS_TRIED:
            info = replace(info, etag=None, last_modified=None, ranges=False)
        try:
            size = _move(work, product, places, source, info, fell_back)
            return _publish(product, places, source, info, size), remark
        except ChangedError:
            _forget(places)
            if tried == VERSIONS_TRIED:
                raise
        except DataError:
            _forget(places)
            damaged += 1
            if damaged == CONTENTS_TRIED:
                raise
    raise TransferError(f"{product.file_name}: changed or damaged {VERSIONS_TRIED} times; try later")


def _size_remark(info: SourceInfo, product: Product, source: ByteSource) -> str | None:
    """Compare with the listing: a mirror that differs is behind, the archive itself is believed."""
    if not product.size or info.size in (None, product.size):
        return None
    if source.kind == "s3":
        raise TransferError(
            f"{product.file_name}: {info.size:,} bytes in the S3 mirror, {product.size:,} in the archive's listing"
        )
    return f"the archive lists {product.size:,} bytes and sends {info.size:,}"


def _move(
    work: Work, product: Product, places: Places, source: ByteSource, info: SourceInfo, fell_back: str | None
) -> int:
    """Fill the part; gives its size."""
    work.place.gauge.expect(product.data_uri, info.size or product.size)
    if info.ranges and info.size:
        state = PartState(product.data_uri, source.kind, info.size, info.etag, info.last_modified, fell_back)
        held = load(PartState, places.state)
        if held is not None and held.data_uri == product.data_uri and held.info.is_version_of(info):
            state = replace(state, done=verified_ranges(held, places.part).done)
        save(state, places.state)
        work.place.gauge.place(product.data_uri, sum(stop - start for start, stop, _ in state.done))
        try:
            return move_ranges(source, state, places.part, places.state, work.place)
        except RangesIgnoredError:
            info = replace(info, ranges=False)
    places.state.unlink(missing_ok=True)
    return move_whole(source, info, product.data_uri, places.part, work.place)


def _publish(product: Product, places: Places, source: ByteSource, info: SourceInfo, size: int) -> FileRecord:
    """Verify a finished part and give it its name.

    The record is written first: a crash before the rename leaves a record without its file, which is fetched again.
    """
    if info.size is None and product.size not in (0, size):
        raise DataError(
            f"{product.file_name}: {size:,} bytes came without a length, the archive lists {product.size:,}"
        )
    here = places.part.stat()
    if here.st_size != size:
        raise DataError(
            f"{product.file_name}: {here.st_size:,} bytes on disk, {size:,} came; does something else write?"
        )
    check_file(places.part, name=product.file_name)
    record = FileRecord(
        data_uri=product.data_uri,
        listed_size=product.size,
        listed_version=product.version,
        size=size,
        sha256=sha256_of(places.part),
        source=source.kind,
        etag=info.etag,
        last_modified=info.last_modified,
        mtime_ns=here.st_mtime_ns,
    )
    with storage_errors(places.final):
        places.final.parent.mkdir(parents=True, exist_ok=True)
        save(record, places.record)
        places.part.replace(places.final)
        folder = os.open(places.final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        places.state.unlink(missing_ok=True)
    return record


def _forget(places: Places) -> None:
    """Drop a part that belongs to nothing."""
    places.state.unlink(missing_ok=True)
    places.part.unlink(missing_ok=True)
