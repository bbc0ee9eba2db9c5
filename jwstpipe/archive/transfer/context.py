"""What the parts of a transfer are given: what all its files share, and what belongs to one file."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from jwstpipe.archive.http import Sessions
from jwstpipe.archive.product import Product
from jwstpipe.archive.retry import CancellationToken, Throttle
from jwstpipe.archive.transfer.control import ControlledStop
from jwstpipe.archive.transfer.destinations.destination import Destination, FileDestination
from jwstpipe.archive.transfer.freshness import Recheck
from jwstpipe.archive.transfer.progress_meter import ProgressMeter
from jwstpipe.archive.transfer.sources.https import HttpsSource
from jwstpipe.archive.transfer.sources.mirror import Mirror
from jwstpipe.archive.transfer.sources.source import ByteSource, SourceName
from jwstpipe.archive.transfer.state import PartState, Places, load
from jwstpipe.settings import ArchiveSettings

__all__ = ["FileTransfer", "TransferContext"]


@dataclass(frozen=True)
class TransferContext:
    """What all files of one transfer share."""

    destination: Destination
    settings: ArchiveSettings
    sessions: Sessions
    mirror: Mirror
    recheck: Recheck
    pool: ThreadPoolExecutor
    """Threads for ranges, of all files."""

    range_bytes: int
    """Size of a range."""

    meter: ProgressMeter
    throttle: Throttle
    stop: CancellationToken


@dataclass(frozen=True)
class FileTransfer:
    """One file on its way."""

    context: TransferContext
    product: Product
    places: Places
    """Where its part, its state and what is asked of it stand."""

    target: FileDestination
    stop: CancellationToken
    """That of the transfer, and what a person asks of this file."""

    @classmethod
    def of(cls, context: TransferContext, product: Product) -> Self:
        """Begin with a file.

        Raises
        ------
        DataError
            Its names are not safe.
        """
        target = context.destination.target(product.obs_id, product.file_name)
        places = Places.of(context.destination.side, product.obs_id, product.file_name)
        return cls(context, product, places, target, ControlledStop(context.stop, places.order, product.file_name))

    @property
    def key(self) -> str:
        """Its name for the meter."""
        return self.product.data_uri

    def open_source(self, kind: SourceName) -> ByteSource:
        """Ask one source for it."""
        if kind == "s3":
            return self.context.mirror.source(self.product.data_uri)
        return HttpsSource(self.product.data_uri, self.context.settings, self.context.sessions)

    def forget_part(self) -> None:
        """Drop a part that belongs to nothing."""
        held = load(PartState, self.places.state)
        if held is not None and held.upload is not None:
            self.target.resumed(held)  # an upload is known by its state
        self.target.forget()
        self.places.state.unlink(missing_ok=True)
