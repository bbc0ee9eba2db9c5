"""The seam of the catalogue: what a database of records can be asked, in the catalogue's own words.

Two databases stand behind it, an embedded SQLite file and a MongoDB server. Queries come as `RecordQuery`, changes as
`RecordChange`, records as documents: plain JSON with the fields of `jwstpipe.catalog.records.documents`. Neither
database's language is spoken above this line.

Two policies go through everything. ``viewer`` is who reads: None = the site, which sees all; "" = somebody without a
name, who sees public records; a name = that user's own, the shared and the public ones. ``owner`` is who writes: None =
the site; a name = only records of this user are changed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from jwstpipe.catalog.database.changes import RecordChange
from jwstpipe.catalog.query import RecordQuery, SortKey
from jwstpipe.catalog.statistics import Group, Share, Shared

__all__ = ["CatalogDatabase", "Document", "LeaseRow", "LeaseTable", "RecordSummary"]

Document = dict[str, Any]
"""A record as it stands in a database, ``_id`` among its fields."""


@dataclass(frozen=True)
class RecordSummary:
    """The few fields of a record that work on very many needs."""

    product_id: str
    kind: str
    file_name: str
    status: str
    version: str | None
    digest: str | None
    operation: str | None
    algorithm: str | None
    superseded_by: str | None
    parents: tuple[str, ...]
    storage_key: str | None
    file_format: str | None

    FIELDS = (
        *("_id", "kind", "file_name", "status", "version", "checksum", "operation", "algorithm_version"),
        *("superseded_by", "derived_from", "file_path", "file_format"),
    )
    """Names of the fields in documents, in this order."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "RecordSummary":
        """Take it out of a document."""
        values = [document.get(name) for name in cls.FIELDS]
        values[9] = tuple(values[9] or ())
        return cls(*values)  # type: ignore[arg-type]


@dataclass(frozen=True)
class LeaseRow:
    """A lease as it stands in a database; see `jwstpipe.catalog.leases`."""

    key: str
    owner: str
    token: int
    expires_ms: int


class LeaseTable(Protocol):
    """The leases of a database; each call is atomic for each key."""

    def claim(self, keys: Sequence[str], *, owner: str, now_ms: int, expires_ms: int) -> dict[str, int]:
        """Take the leases that are free, run out or this owner's already; give the new token by key."""
        ...

    def extend(self, keys: Sequence[str], *, owner: str, token: int, expires_ms: int) -> set[str]:
        """Move the end of leases that still are this owner's under this token; give their keys."""
        ...

    def drop(self, keys: Sequence[str], *, owner: str, token: int) -> None:
        """Delete leases that still are this owner's under this token."""
        ...

    def running(self, now_ms: int) -> list[LeaseRow]:
        """List the leases that have not run out, by key."""
        ...

    def drop_expired(self, now_ms: int) -> int:
        """Delete the leases that have run out; tell how many."""
        ...


class CatalogDatabase(Protocol):
    """An open database of records; thread-safe, and bound to the process that opened it."""

    @property
    def address(self) -> str:
        """Where it is, without password."""
        ...

    @property
    def leases(self) -> LeaseTable:
        """The leases beside the records."""
        ...

    def prepare(self) -> None:
        """Make tables and indexes; what is there stays. An embedded file of an older form is carried over."""
        ...

    def version(self) -> int | None:
        """Tell the version of the documents; None = none was written, and there are no documents."""
        ...

    def set_version(self, version: int) -> None:
        """Write down the version of the documents."""
        ...

    def writing(self) -> AbstractContextManager[None]:
        """Hold what a block writes together: seen all at once or, after an error, not at all.

        On a server that holds for each record by itself. A block inside a block is part of the outer one.
        """
        ...

    def find(
        self, query: RecordQuery, *, viewer: str | None, sort: SortKey, limit: int = 0, skip: int = 0
    ) -> Iterator[Document]:
        """Give the documents that a query asks for, in order; equal ones by id; limit 0 = all."""
        ...

    def count(self, query: RecordQuery, *, viewer: str | None) -> int:
        """Count the records that a query asks for."""
        ...

    def groups(self, query: RecordQuery, *, viewer: str | None) -> Iterator[Group]:
        """Count records and bytes by kind, instrument, filter, level, status and size, all at once."""
        ...

    def shares(self, by: Shared, *, viewer: str | None) -> dict[str, Share]:
        """Count records and bytes by target (as it is searched for) or by user; records without stand under ``""``."""
        ...

    def read(self, product_ids: Iterable[str], *, viewer: str | None) -> list[Document]:
        """Give the documents of some ids; those that are not there, or not to be seen, are left out."""
        ...

    def known(self, product_ids: Iterable[str], *, viewer: str | None) -> dict[str, str]:
        """Give the status of products by their id; those that are not there, or not to be seen, are left out."""
        ...

    def owners(self, product_ids: Iterable[str]) -> dict[str, str | None]:
        """Give who owns products, by id; those that are not there are left out."""
        ...

    def holders(self, storage_keys: Iterable[str]) -> dict[str, str]:
        """Find the products that stand under these keys of the store, inside of one, or around it: key by product."""
        ...

    def starting_with(self, beginning: str, *, viewer: str | None, most: int) -> list[Document]:
        """Give the documents whose id starts so, by id."""
        ...

    def children(self, product_ids: Iterable[str], *, viewer: str | None) -> list[Document]:
        """Give the documents that have any of these products as a parent, by id."""
        ...

    def summaries(self, product_ids: Iterable[str] | None, *, viewer: str | None) -> Iterator[RecordSummary]:
        """Give the few fields that work on very many needs; None = of all records."""
        ...

    def documents(self) -> Iterator[Document]:
        """Give all documents as they stand, for migrations."""
        ...

    def replace(self, documents: Iterable[Document]) -> None:
        """Put documents in the place of those of their ids, for migrations."""
        ...

    def publish(self, documents: Sequence[Document], *, owner: str | None) -> None:
        """Make documents visible (see `jwstpipe.catalog.records.documents.published_over`).

        Published products of the same slot and owner are marked as superseded by them first.

        Raises
        ------
        ConflictError
            Another product stands under a storage key, or a record of somebody else under an id.
        """
        ...

    def enter(self, documents: Sequence[Document]) -> None:
        """Enter documents as they are; those whose id is there stay as they are.

        Raises
        ------
        ConflictError
            Another product stands under a storage key.
        """
        ...

    def change(self, changes: Mapping[str, RecordChange], *, owner: str | None) -> int:
        """Change records by id; those that are gone, or another's, stay so. Tell how many were found."""
        ...

    def delete(self, product_ids: Iterable[str], *, owner: str | None) -> int:
        """Forget records; those that are another's stay. Tell how many went."""
        ...

    def collect_statistics(self) -> None:
        """Have the planner of queries look at the data anew, after many changes."""
        ...

    def close(self) -> None:
        """Let go of the connection; once more does no harm."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
