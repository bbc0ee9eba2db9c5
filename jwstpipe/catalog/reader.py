"""`CatalogReader`: products found and counted, as whoever asks may see them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self

from jwstpipe.catalog.database.backend import CatalogDatabase, Document, RecordSummary
from jwstpipe.catalog.database.changes import in_batches
from jwstpipe.catalog.query import RecordQuery, SortKey
from jwstpipe.catalog.records.documents import from_document
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.catalog.statistics import CatalogStats, Share, Shared, statistics_of
from jwstpipe.catalog.visibility import inputs_of, shown
from jwstpipe.errors import NotFoundError

__all__ = ["AT_ONCE", "CatalogReader"]

AT_ONCE = 500
"""Documents that are looked at together."""

_MOST = 2**31 - 1


@dataclass(frozen=True)
class CatalogReader:
    """The records of one database, to be looked at."""

    database: CatalogDatabase
    user: str | None = None
    """Who asks (see `jwstpipe.catalog.visibility`). None = the site."""

    def as_user(self, user: str) -> Self:
        """Give the catalogue as a user sees it; "" is somebody without a name."""
        return replace(self, user=user)

    def of_site(self) -> Self:
        """Give the catalogue as the site sees it: for work on all records that a user's request brings with it."""
        return replace(self, user=None)

    def get(self, product_id: str) -> ProductRecord:
        """Read one record, staged, published or superseded.

        Raises
        ------
        NotFoundError
            No product of this id, or none that this user may see.
        """
        found = self.get_many([product_id])
        if product_id not in found:
            raise NotFoundError(f"no product {product_id!r} in the catalogue {self.database.address}")
        return found[product_id]

    def get_many(self, product_ids: Iterable[str]) -> dict[str, ProductRecord]:
        """Read records by id; ids that are not there, or not to be seen by this user, are left out."""
        return {record.product_id: record for record in self._shown(self.database.read(product_ids, viewer=self.user))}

    def published(self, product_ids: Iterable[str]) -> set[str]:
        """Tell which of these products are finished, so that they need not be made again."""
        known = self.database.known(product_ids, viewer=self.user)
        return {key for key, status in known.items() if status == "published"}

    def starting_with(self, beginning: str, *, most: int = 10) -> list[ProductRecord]:
        """Find records whose id starts so, as people shorten them."""
        return list(self._shown(self.database.starting_with(beginning, viewer=self.user, most=most)))

    def find(
        self, query: RecordQuery | None = None, *, sort: SortKey = "newest", limit: int = 0, skip: int = 0
    ) -> list[ProductRecord]:
        """Find records.

        Parameters
        ----------
        query
            Conditions; None = all published ones.
        sort
            Order; equal ones stand by id.
        limit
            Most records wanted; 0 = all.
        skip
            Records to pass over first.
        """
        return list(self.each(query, sort=sort, limit=limit, skip=skip))

    def each(
        self, query: RecordQuery | None = None, *, sort: SortKey = "newest", limit: int = 0, skip: int = 0
    ) -> Iterator[ProductRecord]:
        """Find records as by `find`, and give them one after the other: very many need little memory."""
        first, most = min(max(skip, 0), _MOST), min(max(limit, 0), _MOST)
        wanted = query or RecordQuery()
        yield from self._shown(self.database.find(wanted, viewer=self.user, sort=sort, limit=most, skip=first))

    def children(self, product_ids: Iterable[str]) -> list[ProductRecord]:
        """Find the records that have any of these products as a parent."""
        return list(self._shown(self.database.children(product_ids, viewer=self.user)))

    def summaries(self, product_ids: Iterable[str] | None = None) -> Iterator[RecordSummary]:
        """Read the few fields that work on very many records needs, unchecked and quickly; None = of all."""
        return self.database.summaries(product_ids, viewer=self.user)

    def count(self, query: RecordQuery | None = None) -> int:
        """Count records; None = all published ones."""
        return self.database.count(query or RecordQuery(), viewer=self.user)

    def stats(self, query: RecordQuery | None = None) -> CatalogStats:
        """Count records and bytes by kind, instrument, filter, level, status and size; None = all records."""
        return statistics_of(self.database.groups(query or RecordQuery(status=()), viewer=self.user))

    def shares(self, by: Shared) -> dict[str, Share]:
        """Count all records and their bytes by target, as it is searched for (``NGC3132``), or by user."""
        return self.database.shares(by, viewer=self.user)

    def _shown(self, documents: Iterable[Document]) -> Iterator[ProductRecord]:
        """Check documents, and take out what this user may not see of their inputs."""
        if self.user is None:
            yield from map(from_document, documents)
            return
        for batch in in_batches(documents, AT_ONCE):
            seen = self.database.known(inputs_of(batch), viewer=self.user)
            yield from (from_document(shown(document, seen)) for document in batch)
