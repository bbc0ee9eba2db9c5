"""Search, choose and fetch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from prefect import get_run_logger

from jwstpipe.archive.search.products import Product, tally
from jwstpipe.archive.transfer.fetch import Receipt, fetch
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.ingestion import (
    RefreshResult,
    already_stored,
    arrivals,
    choose,
    choose_images,
    refresh_records,
    require_within,
    stale_records,
)
from jwstpipe.requests import IngestRequest, ProcessTargetRequest, RefreshMetadataRequest
from jwstpipe.settings import ArchiveSettings
from jwstpipe.tasks.artifacts import progress_artifacts, table
from jwstpipe.tasks.run_context import Run
from jwstpipe.tasks.steps.step_task import step_task
from jwstpipe.tasks.steps.stream import Stream

__all__ = ["Fetched", "choose_files", "choose_ingest", "fetch_files", "refresh"]


MOST_ROWS = 500
"""Rows of the table of files."""

LARGE_BYTES, LARGE_AT_ONCE = 40 << 20, 2
"""Files of this size in the mean keep all connections busy, however few come at a time: one that ends, and one that
begins."""


@dataclass(frozen=True)
class Fetched:
    """A file that is here."""

    product: Product
    receipt: Receipt | None
    """None for a file that the store and the catalogue have already."""

    record: ProductRecord | None

    @property
    def bytes_moved(self) -> int:
        """Bytes over the network."""
        return 0 if self.receipt is None else self.receipt.bytes_moved


@step_task("search")
def choose_files(run: Run, request: ProcessTargetRequest) -> tuple[Product, ...]:
    """Search the archive and choose the files to work on.

    Retries belong to the archive client, which knows what is worth one.
    """
    logger = get_run_logger()
    with progress_artifacts() as report:
        chosen = choose_images(request, settings=run.settings.archive, report=report)
    for gap in chosen.gaps:
        logger.warning("%s", gap)
    for note in chosen.notes:
        run.note(note)
    for line in tally(chosen.products):
        logger.info("level %d %s: %d files, %.1f MB", line.level, "+".join(line.filters), line.files, line.size / 1e6)
    return chosen.products


@step_task("search")
def choose_ingest(run: Run, request: IngestRequest) -> tuple[Product, ...]:
    """Search the archive and choose the files to ingest; none is an answer, too."""
    logger = get_run_logger()
    with progress_artifacts() as report:
        choice = choose(request, settings=run.settings.archive, report=report)
    for gap in choice.gaps:
        run.note(gap)
    for line in tally(choice.products):
        logger.info("level %d %s: %d files, %.1f MB", line.level, "+".join(line.filters), line.files, line.size / 1e6)
    require_within(choice, request)
    return choice.products


@step_task("transfer")
def fetch_files(
    run: Run, products: Sequence[Product], source: Literal["auto", "s3", "https"] | None, onward: Stream[Fetched]
) -> tuple[Fetched, ...]:
    """Bring the files here, verified, and hand each on as soon as it is.

    Raises
    ------
    PartialError, TransferError
        Some files, or all, did not come; those that came were handed on.
    """
    archive = run.settings.archive
    archive = archive if source is None else archive.model_copy(update={"source": source})
    wanted = {product.data_uri: product for product in products}
    try:
        known = already_stored(products, store=run.store, catalog=run.catalog)
        onward.put(Fetched(wanted[uri], None, record) for uri, record in known.items())
        missing = [product for uri, product in wanted.items() if uri not in known]
        with progress_artifacts() as report:
            result = fetch(
                missing,
                arrivals(run.store, run.settings),
                settings=_whole_sooner(archive, missing),
                report=report,
                stop=run.stop,
                arrived=lambda receipt: onward.put([Fetched(wanted[receipt.data_uri], receipt, None)]),
            )
    finally:
        onward.close()
    receipts = {found.data_uri: found for found in result.require_all()}
    fetched = tuple(
        Fetched(product, receipts.get(product.data_uri), known.get(product.data_uri)) for product in products
    )
    tell_transfer(run, fetched)
    return fetched


@step_task("refresh")
def refresh(run: Run, request: RefreshMetadataRequest) -> RefreshResult:
    """Read records anew from MAST and their headers."""
    records = stale_records(run.catalog, request)
    with progress_artifacts() as report:
        done = refresh_records(
            records, settings=run.settings.archive, store=run.store, catalog=run.catalog, report=report
        )
    for reason, names in (("not listed any more", done.unlisted), ("another version is there", done.newer)):
        for name in names:
            run.note(f"{name}: {reason}")
    for remark in done.remarks:
        run.note(remark)
    run.counts |= {"refreshed": len(done.refreshed), "unlisted": len(done.unlisted), "newer": len(done.newer)}
    get_run_logger().info("%d of %d records read anew", len(done.refreshed), len(records))
    return done


def _whole_sooner(archive: ArchiveSettings, products: Sequence[Product]) -> ArchiveSettings:
    """Let fewer large files come at a time, over as many connections in all.

    Files in transfer share the network: the last one of a filter waits for those of the next that come beside it.
    """
    large = sum(product.size for product in products) >= LARGE_BYTES * len(products)
    if not large or archive.files_at_once <= LARGE_AT_ONCE:
        return archive
    connections = archive.files_at_once * archive.ranges_at_once
    return archive.model_copy(update={"files_at_once": LARGE_AT_ONCE, "ranges_at_once": connections // LARGE_AT_ONCE})


def tell_transfer(run: Run, fetched: Sequence[Fetched]) -> None:
    """Show on the page what came, how fast and from where, and what was replaced."""
    moved = sum(found.bytes_moved for found in fetched)
    if moved:
        get_run_logger().info("%d files here, %.1f MB moved", len(fetched), moved / 1e6)
    else:
        get_run_logger().info("no bytes moved: all %d files were here", len(fetched))
    receipts = [found.receipt for found in fetched if found.receipt is not None]
    for receipt in receipts:
        name = receipt.address.rpartition("/")[2]
        for reason in filter(None, (receipt.replaced and f"replaced, {receipt.replaced}", receipt.remark)):
            run.note(f"{name}: {reason}")
    rows = [
        {
            "file": receipt.address.rpartition("/")[2],
            "MB": round(receipt.size / 1e6, 1),
            "source": receipt.source,
            "state": "was here" if receipt.reused else "fetched",
            "MB/s": round(receipt.bytes_moved / 1e6 / receipt.seconds, 1) if receipt.bytes_moved else 0,
        }
        for receipt in receipts[:MOST_ROWS]
    ]
    if rows:
        table(rows, key="transfer", description=f"{len(receipts)} files of the archive, {moved / 1e6:.1f} MB moved")
