"""One file, from its sources to its name: known again, or fetched from the first source that gives it whole."""

import time
from dataclasses import dataclass
from pathlib import Path

from jwstpipe.archive.product import Product
from jwstpipe.archive.retry import TransientError
from jwstpipe.archive.safe_names import checked_uri
from jwstpipe.archive.transfer.context import FileTransfer, TransferContext
from jwstpipe.archive.transfer.control import CancelledError, PausedError, save_request
from jwstpipe.archive.transfer.freshness import Verdict
from jwstpipe.archive.transfer.from_source import Arrival, fetch_from
from jwstpipe.archive.transfer.sources.source import SourceName
from jwstpipe.archive.transfer.state import FileRecord, PartState, exclusive, load, save
from jwstpipe.errors import InterruptedRunError, JwstPipeError, StorageError, TransferError

__all__ = ["Receipt", "fetch_file"]


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


def fetch_file(context: TransferContext, product: Product) -> Receipt:
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
    file = FileTransfer.of(context, product)
    with exclusive(file.places.lock, context.stop):
        noted = load(FileRecord, file.places.record)
        here = None if noted is None else file.target.known(noted)
        verdict = Verdict() if here is None else _verdict(file, here)
        reused = here is not None and verdict.outdated is None
        if here is not None and reused:
            if here != noted:
                save(here, file.places.record)
            arrival = Arrival(here, remark=verdict.remark)
        else:
            arrival = _fetched(file)
    record = arrival.record
    context.meter.finish(uri, record.size)
    return Receipt(
        address=file.target.address,
        data_uri=uri,
        size=record.size,
        sha256=record.sha256,
        source=record.source,
        etag=record.etag,
        seconds=time.monotonic() - started,
        bytes_moved=context.meter.moved(uri),
        reused=reused,
        fell_back=arrival.fell_back,
        replaced=verdict.outdated,
        remark=arrival.remark,
    )


def _verdict(file: FileTransfer, record: FileRecord) -> Verdict:
    """Compare a file that is here with the listing, then with the archive itself."""
    product = file.product
    if record.data_uri != product.data_uri:
        return Verdict(f"it was {record.data_uri}")
    if product.version not in ("", record.listed_version):
        return Verdict(f"version {record.listed_version or 'unknown'} -> {product.version}")
    if product.size not in (0, record.listed_size):
        return Verdict(f"listed size {record.listed_size:,} -> {product.size:,} bytes")
    return file.context.recheck.verdict(record, file.open_source)


def _fetched(file: FileTransfer) -> Arrival:
    """Fetch a file; what is ordered meanwhile is obeyed."""
    save_request(file.product, file.places)
    try:
        file.stop.check()
        arrival = _from_any_source(file)
    except CancelledError:
        file.target.forget()
        file.places.clear()
        raise
    file.places.clear()
    return arrival


def _from_any_source(file: FileTransfer) -> Arrival:
    """Try the sources in order."""
    settings = file.context.settings
    held = load(PartState, file.places.state)
    order: tuple[SourceName, ...] = ("s3", "https")
    reasons: list[str] = []
    if settings.source != "auto":
        order = (settings.source,)
    elif held is not None and held.source == "https":  # its bytes are worth more than the quicker source
        order = ("https", "s3")
        reasons += [held.fell_back] if held.fell_back else []
    for kind in order:
        try:
            return fetch_from(file.open_source(kind), file, fell_back="; ".join(reasons) or None)
        except (StorageError, InterruptedRunError, PausedError, CancelledError):
            raise
        except JwstPipeError as error:
            if kind == "s3" and isinstance(error, TransientError):
                file.context.mirror.give_up(str(error))
            reasons.append(str(error))
    raise TransferError(f"{file.product.file_name}: {'; '.join(reasons)}")
