"""Files of the archive, fetched whole or not at all.

Several files, and several byte ranges of each, are in flight at once. A part remembers its finished ranges, so that a
transfer that was killed goes on where it was, as long as the archive still has the same version. A file gets its name
only after size, structure and checksums are verified; what is already here under a recorded digest is not fetched
again, and costs no network.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from jwstpipe.archive.http import Sessions
from jwstpipe.archive.product import Product
from jwstpipe.archive.retry import CancellationToken, Throttle
from jwstpipe.archive.transfer.context import TransferContext
from jwstpipe.archive.transfer.control import sweep
from jwstpipe.archive.transfer.destinations.destination import Destination, LocalFolder
from jwstpipe.archive.transfer.fetch_one import Receipt, fetch_file
from jwstpipe.archive.transfer.freshness import Recheck
from jwstpipe.archive.transfer.progress_meter import ProgressMeter
from jwstpipe.archive.transfer.sources.mirror import Mirror
from jwstpipe.archive.transfer.state import Places
from jwstpipe.errors import DataError, InterruptedRunError, JwstPipeError, PartialError, TransferError
from jwstpipe.progress import Reporter, silent
from jwstpipe.settings import ArchiveSettings

__all__ = ["Failure", "Receipt", "TransferResult", "fetch"]

RANGE_BYTES = 5 << 20
MIRROR_ATTEMPTS = 3
"""Most attempts at the mirror when there is another way."""


@dataclass(frozen=True)
class Failure:
    """A file that could not be fetched."""

    data_uri: str
    file_name: str
    reason: str


@dataclass(frozen=True)
class TransferResult:
    """What came and what did not."""

    receipts: tuple[Receipt, ...]
    """In the order of the products."""

    failures: tuple[Failure, ...]

    def require_all(self) -> tuple[Receipt, ...]:
        """Give the receipts, if nothing failed.

        Raises
        ------
        PartialError
            Some files failed; those that came are kept.
        TransferError
            All failed.
        """
        if not self.failures:
            return self.receipts
        first = self.failures[0]
        message = (
            f"{len(self.failures)} of {len(self.failures) + len(self.receipts)} files failed, first {first.reason}"
        )
        if self.receipts:
            raise PartialError(f"{message}; the others are here, run it again for the rest")
        raise TransferError(message)


def fetch(
    products: Iterable[Product],
    destination: Path | Destination,
    *,
    settings: ArchiveSettings,
    report: Reporter = silent,
    stop: threading.Event | None = None,
    arrived: Callable[[Receipt], None] | None = None,
    range_bytes: int = RANGE_BYTES,
) -> TransferResult:
    """Bring files here.

    Parameters
    ----------
    products
        What to fetch; repeats count once.
    destination
        A local folder, or one in S3 (`RemoteFolder`); a file goes to ``<obs_id>/<file name>`` in it. Parts and records
        of a local one stand in its ``.transfer``. Abandoned parts in it are removed after a time.
    settings
        Which archive, which source, how many files and ranges at once.
    report
        Told of bytes, about ten times a second, from any thread.
    stop
        Set it, from anywhere, to leave early; what came stays, and the next transfer goes on from there.
    arrived
        Called with the receipt of each file as soon as it has its name, from any thread, so that work on it can begin.
    range_bytes
        Size of one byte range.

    Returns
    -------
    TransferResult
        Receipts, and a reason for each file that failed; one bad file does not keep the others from coming.

    Raises
    ------
    StorageError
        The destination cannot be written, or the files do not fit.
    InterruptedRunError
        `stop` was set.
    """
    place = LocalFolder(Path(destination)) if isinstance(destination, str | Path) else destination
    wanted = list({product.data_uri: product for product in products}.values())
    place.prepare(_needed(place, wanted))
    sweep(place, older_than_s=settings.parts_kept_days * 86400.0)
    sign = CancellationToken(stop)
    meter = ProgressMeter(report)
    outcomes: list[Receipt | Failure] = []
    with ExitStack() as stack:
        sessions = stack.enter_context(closing(Sessions(settings)))
        attempts = (
            settings.s3.max_attempts if settings.source == "s3" else min(MIRROR_ATTEMPTS, settings.s3.max_attempts)
        )
        uris = [product.data_uri for product in wanted]
        mirror = Mirror(uris, settings=settings, sessions=sessions, attempts=attempts, stop=sign)
        stack.enter_context(closing(mirror))
        ranges = stack.enter_context(ThreadPoolExecutor(settings.files_at_once * settings.ranges_at_once, "range"))
        files = stack.enter_context(ThreadPoolExecutor(settings.files_at_once, "file"))
        throttle = Throttle(None if settings.mb_per_s is None else settings.mb_per_s * 1e6)
        context = TransferContext(
            place, settings, sessions, mirror, Recheck(settings), ranges, range_bytes, meter, throttle, sign
        )
        outcomes = _all_files(context, wanted, files, arrived)
    meter.report_now()
    return TransferResult(
        tuple(outcome for outcome in outcomes if isinstance(outcome, Receipt)),
        tuple(outcome for outcome in outcomes if isinstance(outcome, Failure)),
    )


def _all_files(
    context: TransferContext,
    wanted: Sequence[Product],
    pool: ThreadPoolExecutor,
    arrived: Callable[[Receipt], None] | None,
) -> list[Receipt | Failure]:
    """Run the files through the pool; whatever ends this early, Ctrl-C too, stops the workers first."""

    def one(product: Product) -> Receipt:
        receipt = fetch_file(context, product)
        if arrived is not None:
            arrived(receipt)
        return receipt

    taken: dict[str, str] = {}
    outcomes: list[Future[Receipt] | Failure] = []
    try:
        for product in wanted:
            context.meter.expect(product.data_uri, product.size)
            key = f"{product.obs_id}/{product.file_name}".lower()
            owner = taken.setdefault(key, product.data_uri)
            if owner != product.data_uri:
                outcomes.append(Failure(product.data_uri, product.file_name, f"{key}: also the name of {owner}"))
            else:
                outcomes.append(pool.submit(one, product))
        wait(outcome for outcome in outcomes if isinstance(outcome, Future))
        return [
            outcome if isinstance(outcome, Failure) else _outcome(outcome, product)
            for outcome, product in zip(outcomes, wanted, strict=True)
        ]
    except BaseException:
        context.stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def _outcome(future: Future[Receipt], product: Product) -> Receipt | Failure:
    try:
        return future.result()
    except InterruptedRunError:
        raise
    except JwstPipeError as error:
        return Failure(product.data_uri, product.file_name, str(error))


def _needed(destination: Destination, wanted: Sequence[Product]) -> int:
    """Add up the bytes that have yet to come, as listed."""
    needed = 0
    for product in wanted:
        try:
            places = Places.of(destination.side, product.obs_id, product.file_name)
            there = destination.holds(product.obs_id, product.file_name)
        except DataError:
            continue  # reported as a failure when its turn comes
        if not there:
            here = places.part.stat().st_blocks * 512 if places.part.exists() else 0
            needed += max(product.size - here, 0)
    return needed
