"""One file, from its sources to its name: known again or fetched, resumed, verified, then published.

A part goes on only as bytes of the very version that the source has now. What arrives damaged is dropped and fetched
once more, from the next source if need be; nothing unverified ever gets the final name.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from jwstpipe.archive.http import Sessions
from jwstpipe.archive.product import Product
from jwstpipe.archive.retry import TransientError, retry
from jwstpipe.archive.safe_names import checked_uri
from jwstpipe.archive.transfer.control import CancelledError, ControlledStop, PausedError, save_request
from jwstpipe.archive.transfer.destinations.destination import Destination, FileDestination
from jwstpipe.archive.transfer.freshness import Recheck
from jwstpipe.archive.transfer.ranges import Workplace, move_ranges, move_whole
from jwstpipe.archive.transfer.sources.https import HttpsSource
from jwstpipe.archive.transfer.sources.mirror import Mirror
from jwstpipe.archive.transfer.sources.source import (
    ByteSource,
    ChangedError,
    RangesIgnoredError,
    SourceInfo,
    SourceName,
)
from jwstpipe.archive.transfer.state import FileRecord, PartState, Places, exclusive, load, save
from jwstpipe.archive.transfer.verify import check_digests, check_file
from jwstpipe.errors import DataError, InterruptedRunError, JwstPipeError, StorageError, TransferError
from jwstpipe.settings import ArchiveSettings

__all__ = ["Receipt", "TransferContext", "fetch_file"]

VERSIONS_TRIED = 3
"""How often a file that changes during the transfer is begun."""

CONTENTS_TRIED = 2
"""How often a file that arrives damaged is fetched from one source."""


@dataclass(frozen=True)
class Receipt:
    """A file that is here, whole and verified."""

    address: str
    """Where it is: a local path or an ``s3://`` URL."""

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

    replaced: str | None
    """Why a file that was here gave way, as ``version 1.8.2 -> 1.9.0``; None = none did."""

    remark: str | None
    """What else the user should know, as a size that differs from the listing."""

    @property
    def path(self) -> Path:
        """Local path of a file on disk."""
        return Path(self.address)


@dataclass(frozen=True)
class TransferContext:
    """What all files of one transfer share."""

    destination: Destination
    settings: ArchiveSettings
    sessions: Sessions
    mirror: Mirror
    recheck: Recheck
    place: Workplace


@dataclass(frozen=True)
class _Task:
    """One file that is being brought."""

    work: TransferContext
    product: Product
    places: Places
    target: FileDestination
    place: Workplace
    """That of the transfer, with the stop sign of this file."""


def fetch_file(work: TransferContext, product: Product) -> Receipt:
    """Make sure that one file is here: know it again, or fetch it from the first source that gives it whole.

    Raises
    ------
    TransferError
        No source gave it, the message holds each one's reason; or somebody paused or cancelled it.
    DataError
        Its names are not safe.
    StorageError
        It cannot be written.
    InterruptedRunError
        The transfer was stopped.
    """
    started = time.monotonic()
    uri = checked_uri(product.data_uri)
    target = work.destination.target(product.obs_id, product.file_name)
    places = Places.of(work.destination.side, product.obs_id, product.file_name)
    sign = ControlledStop(work.place.stop, places.order, product.file_name)
    task = _Task(work, product, places, target, replace(work.place, stop=sign))
    meter = work.place.meter
    with exclusive(places.lock, work.place.stop):
        old = load(FileRecord, places.record)
        here = None if old is None else target.known(old)
        reason, remark = (None, None) if here is None else _outdated(work, product, here)
        record, fell_back = here, None
        reused = record is not None and reason is None
        if reused and record != old and record is not None:
            save(record, places.record)
        if not reused or record is None:
            record, fell_back, remark = _fetched(task)
    meter.finish(uri, record.size)
    return Receipt(
        address=target.address,
        data_uri=uri,
        size=record.size,
        sha256=record.sha256,
        source=record.source,
        etag=record.etag,
        seconds=time.monotonic() - started,
        bytes_moved=meter.moved(uri),
        reused=reused,
        fell_back=fell_back,
        replaced=None if reused else reason,
        remark=remark,
    )


def _outdated(work: TransferContext, product: Product, record: FileRecord) -> tuple[str | None, str | None]:
    """Tell why a file that is here is not the archive's any more, and what could not be found out."""
    if record.data_uri != product.data_uri:
        return f"it was {record.data_uri}", None
    if product.version not in ("", record.listed_version):
        return f"version {record.listed_version or 'unknown'} -> {product.version}", None
    if product.size not in (0, record.listed_size):
        return f"listed size {record.listed_size:,} -> {product.size:,} bytes", None
    return work.recheck.verdict(record, lambda kind: _open_source(work, product, kind))


def _fetched(task: _Task) -> tuple[FileRecord, str | None, str | None]:
    """Fetch a file; what is ordered meanwhile is obeyed."""
    save_request(task.product, task.places)
    try:
        task.place.stop.check()
        fetched = _from_any_source(task)
    except CancelledError:
        task.target.forget()
        task.places.clear()
        raise
    task.places.clear()
    return fetched


def _from_any_source(task: _Task) -> tuple[FileRecord, str | None, str | None]:
    """Try the sources in order; give the record, why not the first source, and what is odd."""
    work = task.work
    held = load(PartState, task.places.state)
    order: tuple[SourceName, ...] = ("s3", "https")
    reasons: list[str] = []
    if work.settings.source != "auto":
        order = (work.settings.source,)
    elif held is not None and held.source == "https":  # its bytes are worth more than the quicker source
        order = ("https", "s3")
        reasons += [held.fell_back] if held.fell_back else []
    for kind in order:
        try:
            source = _open_source(work, task.product, kind)
            fell_back = "; ".join(reasons) or None
            record, remark = _from_source(task, source, fell_back)
        except (StorageError, InterruptedRunError, PausedError, CancelledError):
            raise
        except JwstPipeError as error:
            if kind == "s3" and isinstance(error, TransientError):
                work.mirror.give_up(str(error))
            reasons.append(str(error))
        else:
            return record, fell_back, remark
    raise TransferError(f"{task.product.file_name}: {'; '.join(reasons)}")


def _open_source(work: TransferContext, product: Product, kind: SourceName) -> ByteSource:
    if kind == "s3":
        return work.mirror.source(product.data_uri)
    return HttpsSource(product.data_uri, work.settings, work.sessions)


def _from_source(task: _Task, source: ByteSource, fell_back: str | None) -> tuple[FileRecord, str | None]:
    """Fetch from one source, from the start again where the file changed or came damaged.

    Servers behind one address may not agree on ETags and dates. So the last time the file is taken as one body, which
    is of one version whatever it is called.
    """
    damaged = 0
    for tried in range(1, VERSIONS_TRIED + 1):
        info = retry(source.describe, attempts=source.attempts, stop=task.place.stop)
        remark = _remark(info, task.product, source)
        if tried == VERSIONS_TRIED:
            info = replace(info, etag=None, last_modified=None, ranges=False)
        try:
            size = _move(task, source, info, fell_back)
            return _published(task, source, info, size), remark
        except ChangedError:
            _forget(task)
            if tried == VERSIONS_TRIED:
                raise
        except DataError:
            _forget(task)
            damaged += 1
            if damaged == CONTENTS_TRIED:
                raise
    raise TransferError(f"{task.product.file_name}: changed or damaged {VERSIONS_TRIED} times; try later")


def _remark(info: SourceInfo, product: Product, source: ByteSource) -> str | None:
    """Compare with the listing: a mirror that differs is behind, the archive itself is believed."""
    if not product.size or info.size in (None, product.size):
        return info.remark
    if source.kind == "s3":
        raise TransferError(
            f"{product.file_name}: {info.size:,} bytes in the S3 mirror, {product.size:,} in the archive's listing"
        )
    return f"the archive lists {product.size:,} bytes and sends {info.size:,}"


def _move(task: _Task, source: ByteSource, info: SourceInfo, fell_back: str | None) -> int:
    """Fill the part; gives its size."""
    key, meter = task.product.data_uri, task.place.meter
    meter.expect(key, info.size or task.product.size)
    if info.ranges and info.size:
        state = PartState(key, source.kind, info.size, info.etag, info.last_modified, fell_back)
        held = load(PartState, task.places.state)
        if held is not None and held.data_uri == key and held.info.is_version_of(info):
            state = replace(held, source=source.kind, fell_back=fell_back)
        elif held is not None:
            _forget(task)
        state = task.target.resumed(state)
        save(state, task.places.state)
        meter.place(key, sum(stop - start for start, stop, _ in state.done))
        try:
            return move_ranges(source, state, task.target, task.places.state, task.place)
        except RangesIgnoredError:
            info = replace(info, ranges=False)
    _forget(task)
    return move_whole(source, info, key, task.target, task.place)


def _published(task: _Task, source: ByteSource, info: SourceInfo, size: int) -> FileRecord:
    """Verify a finished part and give it its name."""
    product = task.product
    if info.size is None and product.size not in (0, size):
        raise DataError(
            f"{product.file_name}: {size:,} bytes came without a length, the archive lists {product.size:,}"
        )
    with task.target.whole() as reader:
        if reader.size != size:
            raise DataError(
                f"{product.file_name}: {reader.size:,} bytes are there, {size:,} came; does something else write?"
            )
        check_file(reader, name=product.file_name)
        sha256 = check_digests(reader, dict(info.checksums), name=product.file_name, begun=task.target.digest())
    old = load(FileRecord, task.places.record)
    etags = () if old is None or old.sha256 != sha256 else (*old.other_etags, *filter(None, [old.etag]))
    record = FileRecord(
        data_uri=product.data_uri,
        listed_size=product.size,
        listed_version=product.version,
        size=size,
        sha256=sha256,
        source=source.kind,
        etag=info.etag,
        last_modified=info.last_modified,
        mtime_ns=0,
        other_etags=tuple(dict.fromkeys(etags)),
    )
    return task.target.publish(record)


def _forget(task: _Task) -> None:
    """Drop a part that belongs to nothing."""
    held = load(PartState, task.places.state)
    if held is not None and held.upload is not None:
        task.target.resumed(held)  # an upload is known by its state
    task.target.forget()
    task.places.state.unlink(missing_ok=True)
