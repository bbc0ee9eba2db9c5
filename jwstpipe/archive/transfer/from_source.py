"""One file from one source: resumed, verified, then published.

A part goes on only as bytes of the very version that the source has now. What arrives damaged is dropped and fetched
once more; nothing unverified ever gets the final name.
"""

from dataclasses import dataclass, replace

from jwstpipe.archive.product import Product
from jwstpipe.archive.retry import retry
from jwstpipe.archive.transfer.context import FileTransfer
from jwstpipe.archive.transfer.ranges import move_ranges, move_whole
from jwstpipe.archive.transfer.sources.source import ByteSource, ChangedError, RangesIgnoredError, SourceInfo
from jwstpipe.archive.transfer.state import FileRecord, PartState, load, save
from jwstpipe.archive.transfer.verify import check_digests, check_file
from jwstpipe.errors import DataError, TransferError

__all__ = ["Arrival", "fetch_from"]

VERSIONS_TRIED = 3
"""How often a file that changes during the transfer is begun."""

CONTENTS_TRIED = 2
"""How often a file that arrives damaged is fetched from one source."""


@dataclass(frozen=True)
class Arrival:
    """A file that is here, whole."""

    record: FileRecord
    fell_back: str | None = None
    """Why it did not come from the first choice of source; None = it did."""

    remark: str | None = None
    """What else the user should know, as a size that differs from the listing."""


def fetch_from(source: ByteSource, file: FileTransfer, *, fell_back: str | None) -> Arrival:
    """Fetch a file from one source, from the start again where it changed or came damaged.

    Servers behind one address may not agree on ETags and dates. So the last time the file is taken as one body, which
    is of one version whatever it is called.

    Parameters
    ----------
    source
        The file at this source.
    file
        Where it goes.
    fell_back
        Why it does not come from the first choice of source.

    Raises
    ------
    TransientError, AbsentError, ChangedError, TransferError, DataError
        The source does not give it whole.
    StorageError
        It cannot be written.
    """
    damaged = 0
    for tried in range(1, VERSIONS_TRIED + 1):
        info = retry(source.describe, attempts=source.attempts, stop=file.stop)
        remark = _remark(info, file.product, source)
        if tried == VERSIONS_TRIED:
            info = replace(info, etag=None, last_modified=None, ranges=False)
        try:
            size = _move(source, info, file, fell_back)
            return Arrival(_published(source, info, file, size), fell_back, remark)
        except ChangedError:
            file.forget_part()
            if tried == VERSIONS_TRIED:
                raise
        except DataError:
            file.forget_part()
            damaged += 1
            if damaged == CONTENTS_TRIED:
                raise
    raise TransferError(f"{file.product.file_name}: changed or damaged {VERSIONS_TRIED} times; try later")


def _remark(info: SourceInfo, product: Product, source: ByteSource) -> str | None:
    """Compare with the listing: a mirror that differs is behind, the archive itself is believed."""
    if not product.size or info.size in (None, product.size):
        return info.remark
    if source.kind == "s3":
        raise TransferError(
            f"{product.file_name}: {info.size:,} bytes in the S3 mirror, {product.size:,} in the archive's listing"
        )
    return f"the archive lists {product.size:,} bytes and sends {info.size:,}"


def _move(source: ByteSource, info: SourceInfo, file: FileTransfer, fell_back: str | None) -> int:
    """Fill the part; gives its size."""
    key, meter = file.key, file.context.meter
    meter.expect(key, info.size or file.product.size)
    if info.ranges and info.size:
        state = PartState(key, source.kind, info.size, info.etag, info.last_modified, fell_back)
        held = load(PartState, file.places.state)
        if held is not None and held.data_uri == key and held.info.is_version_of(info):
            state = replace(held, source=source.kind, fell_back=fell_back)
        elif held is not None:
            file.forget_part()
        state = file.target.resumed(state)
        save(state, file.places.state)
        meter.place(key, sum(stop - start for start, stop, _ in state.done))
        try:
            return move_ranges(source, state, file)
        except RangesIgnoredError:
            info = replace(info, ranges=False)
    file.forget_part()
    return move_whole(source, info, file)


def _published(source: ByteSource, info: SourceInfo, file: FileTransfer, size: int) -> FileRecord:
    """Verify a finished part and give it its name."""
    product = file.product
    if info.size is None and product.size not in (0, size):
        raise DataError(
            f"{product.file_name}: {size:,} bytes came without a length, the archive lists {product.size:,}"
        )
    with file.target.whole() as reader:
        if reader.size != size:
            raise DataError(
                f"{product.file_name}: {reader.size:,} bytes are there, {size:,} came; does something else write?"
            )
        check_file(reader, name=product.file_name)
        sha256 = check_digests(reader, dict(info.checksums), name=product.file_name, begun=file.target.digest())
    old = load(FileRecord, file.places.record)
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
    return file.target.publish(record)
