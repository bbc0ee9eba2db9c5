"""From archive products to files in the store and records in the catalogue: fetch, verify, register."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from astropy.io.fits import Header

from jwstpipe.archive.search.products import FITS_ENDINGS, Product
from jwstpipe.archive.transfer.destinations.destination import LocalFolder
from jwstpipe.archive.transfer.destinations.s3 import RemoteFolder
from jwstpipe.archive.transfer.fetch import Failure, Receipt, fetch
from jwstpipe.catalog.catalog import Catalog, open_catalog
from jwstpipe.catalog.lineage.archive_links import link_archive
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.archive_record import record_from_archive
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import FitsError, PartialError
from jwstpipe.fits.fits_file import open_fits_file
from jwstpipe.images.fits_image import open_fits
from jwstpipe.notebook import Shown, facts_html, rows_html
from jwstpipe.progress import Reporter, silent
from jwstpipe.settings import Settings
from jwstpipe.storage import ObjectStore, is_remote, open_store

__all__ = [
    "IngestResult",
    "Ingested",
    "already_stored",
    "arrivals",
    "header_cards",
    "ingest_products",
    "record_of",
    "register",
    "storage_key",
]


@dataclass(frozen=True)
class Ingested:
    """A file that is in the store and in the catalogue."""

    record: ProductRecord
    bytes_moved: int
    """Bytes over the network; 0 for a file that was here."""

    source: str | None = None
    """s3 or https; None for a file that the catalogue knew."""

    replaced: str | None = None
    """Why an earlier file of this name gave way."""

    remark: str | None = None
    """What else the user should know."""

    fell_back: str | None = None
    """Why it did not come from the first choice of source."""


@dataclass(frozen=True, repr=False)
class IngestResult(Shown):
    """What came and what did not."""

    entries: tuple[Ingested, ...]
    failures: tuple[Failure, ...]

    def require_all(self) -> tuple[Ingested, ...]:
        """Give the entries, if nothing failed.

        Raises
        ------
        PartialError
            Some files failed; the message names the first.
        """
        if self.failures:
            bad, total = len(self.failures), len(self.failures) + len(self.entries)
            raise PartialError(f"{bad} of {total} files failed, first {self.failures[0].reason}; run it again for them")
        return self.entries

    def facts(self) -> dict[str, object]:
        """Give what a person wants to know first."""
        return {
            "files": len(self.entries),
            "bytes": sum(entry.record.file_size or 0 for entry in self.entries),
            "moved": sum(entry.bytes_moved for entry in self.entries),
            "failed": len(self.failures) or None,
        }

    def _repr_html_(self) -> str:
        """Show the facts, and each file with what became of it."""
        rows: list[tuple[str, int | None, str]] = [(one.file_name, None, one.reason) for one in self.failures]
        rows += [(one.record.file_name, one.record.file_size, one.source or "was here") for one in self.entries]
        return facts_html("Ingested", self.facts()) + rows_html("Files", ("file", "bytes", "from"), rows)


def ingest_products(products: Iterable[Product], *, settings: Settings, report: Reporter = silent) -> IngestResult:
    """Fetch products of the archive into the store and publish a record of each.

    Files that are here already are not fetched again; a second call moves no bytes.

    Parameters
    ----------
    products
        What to fetch, see `jwstpipe.archive.search.products.choose_products`.
    settings
        Archive, store and catalogue.
    report
        Told of bytes.

    Raises
    ------
    StorageError, ServiceError
        Store or catalogue cannot be written.
    """
    store = open_store(settings.store_root, s3=settings.s3)
    wanted = {product.data_uri: product for product in products}
    with open_catalog(settings.catalog_address) as catalog:
        known = already_stored(wanted.values(), store=store, catalog=catalog)
        missing = [product for uri, product in wanted.items() if uri not in known]
        moved = fetch(missing, arrivals(store, settings), settings=settings.archive, report=report)
        entries = {uri: Ingested(record, 0) for uri, record in known.items()}
        for found in moved.receipts:
            record = register(wanted[found.data_uri], found, store=store, catalog=catalog)
            entries[found.data_uri] = Ingested(
                record, found.bytes_moved, found.source, found.replaced, found.remark, found.fell_back
            )
        programs = {entry.record.program for entry in entries.values() if entry.record.program}
        link_archive(catalog.of_site(), store, programs=programs)
    return IngestResult(tuple(entries[uri] for uri in wanted if uri in entries), moved.failures)


def already_stored(products: Iterable[Product], *, store: ObjectStore, catalog: Catalog) -> dict[str, ProductRecord]:
    """Find the products that a remote store holds in the version and size that the archive lists.

    A local store needs no such question: there the transfer itself knows its files, by digest.

    Returns
    -------
    dict
        Record by data URI.
    """
    found: dict[str, ProductRecord] = {}
    if not is_remote(store.root):
        return found
    for product in products:
        key = storage_key(product)
        for record in catalog.find(RecordQuery(storage_key=key, kind=("archive",))):
            same = (record.uri, record.version or "", record.file_size) == (
                product.data_uri,
                product.version,
                product.size,
            )
            if same and store.exists(key):
                found[product.data_uri] = record
    return found


def storage_key(product: Product) -> str:
    """Name the place of an archive file in the store."""
    return f"mast/{product.obs_id}/{product.file_name}"


def arrivals(store: ObjectStore, settings: Settings) -> LocalFolder | RemoteFolder:
    """Name the folder that files arrive in, which is the store itself; beside it what a transfer has to remember."""
    if is_remote(store.root):
        return RemoteFolder(f"{store.root}/mast", settings.s3, settings.home / "transfers")
    return LocalFolder(Path(store.root) / "mast")


def register(
    product: Product,
    receipt: Receipt,
    *,
    store: ObjectStore,
    catalog: Catalog,
    run_id: str | None = None,
    now: datetime | None = None,
) -> ProductRecord:
    """Publish the record of a fetched file (see `record_of`).

    The record of an earlier version of the same file is marked as superseded: its bytes are replaced.
    """
    record = record_of(product, receipt, store=store, run_id=run_id, now=now)
    catalog.publish(record)
    return record


def record_of(
    product: Product, receipt: Receipt, *, store: ObjectStore, run_id: str | None = None, now: datetime | None = None
) -> ProductRecord:
    """Make the record of a fetched file, with MAST's fields, its header and its digest."""
    return record_from_archive(
        {**product.mast, "obs_id": product.obs_id},
        header_cards(receipt.address, store),
        storage_key=storage_key(product),
        digest=receipt.sha256,
        file_size=receipt.size,
        imported=now or datetime.now(UTC),
        run_id=run_id,
    )


def header_cards(address: str, store: ObjectStore) -> dict[str, Any]:
    """Join the cards of the primary and the science header; those of a file without image, of the first two HDUs.

    Files that are not FITS have none.
    """
    if not address.lower().endswith(FITS_ENDINGS):
        return {}
    try:
        image = open_fits(address, s3=store.s3)
        headers: Sequence[Header] = (image.primary, image.header)
    except FitsError:
        headers = [hdu.header for hdu in open_fits_file(address, s3=store.s3).hdus[:2]]
    return {key: value for header in headers for key, value in header.items() if key and value is not None}
