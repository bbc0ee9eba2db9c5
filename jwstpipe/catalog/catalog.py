"""`Catalog`: products entered, published, found and changed."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from jwstpipe.catalog.database.backend import Document
from jwstpipe.catalog.database.changes import RecordChange, in_batches
from jwstpipe.catalog.database.connect import connect
from jwstpipe.catalog.database.schema import ensure_schema
from jwstpipe.catalog.reader import AT_ONCE, CatalogReader
from jwstpipe.catalog.records.components import InputLink, time_text
from jwstpipe.catalog.records.documents import document_of, from_document
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.catalog.statistics import CatalogStats, Share
from jwstpipe.catalog.visibility import admitted, require_name, require_site, with_hidden_links
from jwstpipe.errors import UsageError

__all__ = ["Catalog", "CatalogStats", "RecordChange", "Share", "open_catalog"]

_TOGETHER = 50_000
"""Most documents of one transaction of an import: other writers of an embedded file wait no longer than for these."""

_MANY = 1000
"""Changes after which the planner of queries looks at the data anew."""


@dataclass(frozen=True)
class Catalog(CatalogReader):
    """The records of one database; every change is one atomic update, safe to repeat."""

    def ensure_indexes(self) -> None:
        """Make the indexes and bring older documents up to this version; what is there stays."""
        ensure_schema(self.database)

    def stage(self, record: ProductRecord) -> None:
        """Enter a record that readers do not see yet; one that is there, staged or published, stays as it is.

        Raises
        ------
        ConflictError
            Another product stands under its storage key.
        UsageError
            A record of somebody else.
        """
        self.restore(record.model_copy(update={"status": "staged"}))

    def publish(self, record: ProductRecord) -> None:
        """Make a product visible, with everything that is known of it, in one update.

        Whether it was staged, published before or unknown: the result is the same. What belongs to users (see
        `ProductRecord`) is kept from the first time on; tags are added. An older product of the same slot is marked as
        superseded.

        Raises
        ------
        ConflictError
            Another product stands under its storage key.
        UsageError
            A record of somebody else.
        """
        self.publish_many((record,))

    def publish_many(self, records: Iterable[ProductRecord]) -> int:
        """Publish many products in few round trips; each as by `publish`.

        Returns
        -------
        int
            How many.

        Raises
        ------
        ConflictError
            Another product stands under one of their storage keys. In an embedded file none is then published, on a
            server all others are.
        UsageError
            A record of somebody else.
        """
        once = list({record.product_id: record for record in records}.values())
        with self.database.writing():
            for batch in in_batches(once, AT_ONCE):
                documents = self._admitted([document_of(record) for record in batch])
                self.database.publish(documents, owner=self.user)
        if len(once) >= _MANY:
            self.database.collect_statistics()
        return len(once)

    def restore(self, record: ProductRecord) -> None:
        """Enter a record with the status that it has; one that is there stays as it is."""
        with self.database.writing():
            self.database.enter(self._admitted([document_of(record)]))

    def enter_documents(self, documents: Iterable[Document]) -> int:
        """Enter the documents of checked records as an import brings them: published ones as by `publish`.

        In an embedded file 50,000 at a time are entered all or not at all.

        Returns
        -------
        int
            How many.

        Raises
        ------
        ConflictError, UsageError
            See `publish_many`.
        """
        count = 0
        for together in _portions(documents, _TOGETHER):
            with self.database.writing():
                for batch in in_batches(together, AT_ONCE):
                    own = self._admitted(list({document["_id"]: document for document in batch}.values()))
                    self.database.publish([one for one in own if one["status"] == "published"], owner=self.user)
                    self.database.enter([one for one in own if one["status"] != "published"])
                    count += len(batch)
        if count >= _MANY:
            self.database.collect_statistics()
        return count

    def amend(
        self,
        product_id: str,
        *,
        add_tags: Collection[str] = (),
        remove_tags: Collection[str] = (),
        description: str | None = None,
        thumbnail: str | None = None,
        is_public: bool | None = None,
        is_archived: bool | None = None,
        shared_with: Collection[str] | None = None,
    ) -> ProductRecord:
        """Change what belongs to users; None = leave as it is.

        Returns
        -------
        ProductRecord
            The record after the change.

        Raises
        ------
        NotFoundError
            No product of this id.
        DataError
            A value that no record may have.
        UsageError
            A record of somebody else.
        """
        given = {"description": description, "thumbnail": thumbnail, "is_public": is_public, "is_archived": is_archived}
        changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if is_archived is not None:
            changes["archived_date"] = time_text(datetime.now(UTC)) if is_archived else None
        if shared_with is not None:
            changes["shared_with"] = sorted(set(shared_with))
        record = self._own(self.get(product_id))
        from_document({**record.model_dump(mode="json", by_alias=True), **changes, "tags": list(add_tags)})
        if thumbnail is not None:
            self._require_free({thumbnail})
        if description is not None:
            changes["note_key"] = description.lower()
        self._change([product_id], RecordChange(changes, tuple(add_tags), tuple(remove_tags)))
        return self.get(product_id)

    def change_many(self, product_ids: Iterable[str], change: RecordChange) -> int:
        """Change many records alike; see `jwstpipe.catalog.maintenance.bulk`, which is what callers want.

        Raises
        ------
        UsageError
            A record of somebody else; nothing is changed then.
        """
        ids = list(dict.fromkeys(product_ids))
        self._require_own(ids)
        return self._change(ids, change)

    def delete(self, product_id: str) -> bool:
        """Forget a product; tell whether it was there.

        Raises
        ------
        UsageError
            A record of somebody else.
        """
        return self.delete_many([product_id]) > 0

    def delete_many(self, product_ids: Sequence[str]) -> int:
        """Forget many products; see `jwstpipe.catalog.maintenance.bulk`, which is what callers want.

        Raises
        ------
        UsageError
            A record of somebody else; nothing is deleted then.
        """
        self._require_own(product_ids)
        return self.database.delete(product_ids, owner=self.user)

    def mark_invalid(self, product_id: str, fault: str) -> None:
        """Write down what is wrong with the bytes of a product; publishing it again takes that back."""
        self.change_many([product_id], RecordChange({"is_validated": False, "validation_error": fault}))

    def set_inputs(self, links: Iterable[tuple[str, Sequence[InputLink]]]) -> int:
        """Write down what archive products were made from; tell how many records were told.

        Raises
        ------
        UsageError
            A user asks: what others' products were made from is told by the site.
        """
        require_site(self.user, "telling what products were made from")
        changes = {}
        for product_id, inputs in links:
            parents = list(dict.fromkeys(link.product_id for link in inputs if link.product_id is not None))
            written = {
                "inputs": [link.model_dump(mode="json") for link in inputs],
                "derived_from": parents,
                "parent_id": parents[0] if len(parents) == 1 else None,
            }
            changes[product_id] = RecordChange(written)
        self.database.change(changes, owner=None)
        return len(changes)

    def set_thumbnails(self, keys: Mapping[str, str]) -> None:
        """Write down where small pictures stand: key of the store by id of the product that they show.

        For the work of the site on many products; one that is gone gets none.
        """
        require_site(self.user, "showing small pictures of many products")
        changes = {product_id: RecordChange({"thumbnail": key}) for product_id, key in keys.items()}
        self.database.change(changes, owner=None)

    def _change(self, product_ids: Iterable[str], change: RecordChange) -> int:
        require_name(self.user)
        for tag in (*change.add_tags, *change.remove_tags):
            if not tag.isprintable() or not tag.strip():
                raise UsageError(f"{tag!r} is no tag; give a word of letters that can be printed")
        return self.database.change(dict.fromkeys(product_ids, change), owner=self.user)

    def _admitted(self, documents: list[Document]) -> list[Document]:
        """Give documents as this user may enter them (see `jwstpipe.catalog.visibility.admitted`)."""
        owners = self.database.owners(document["_id"] for document in documents)
        own = [admitted(document, user=self.user, owners=owners) for document in documents]
        if self.user is None:
            return own
        self._require_free({key for one in own for key in (one["file_path"], one["thumbnail"]) if key is not None})
        before = {one["_id"]: one for one in self.database.read(owners, viewer=None)}
        return [with_hidden_links(one, before.get(one["_id"], {})) for one in own]

    def _require_free(self, storage_keys: set[str]) -> None:
        """Refuse places of the store where others' products stand: a record is also the right to delete its file."""
        if self.user is None:
            return
        held = self.database.holders(storage_keys)
        owners = self.database.owners(held)
        taken = sorted(held[key] for key, owner in owners.items() if owner != self.user)
        if taken:
            raise UsageError(f"{taken[0]} in the store is the place of a product that is not yours; choose another key")

    def _require_own(self, product_ids: Iterable[str]) -> None:
        """Refuse changes of records that are another's; ids that this user does not see count as not there."""
        require_name(self.user)
        if self.user is not None:
            owners = self.database.owners(self.database.known(product_ids, viewer=self.user))
            others = [key for key, owner in owners.items() if owner != self.user]
            if others:
                self._own(self.get(others[0]))

    def _own(self, record: ProductRecord) -> ProductRecord:
        require_name(self.user)
        if self.user is not None and record.user_id != self.user:
            raise UsageError(f"{record.file_name} is not yours to change; ask its owner or the site")
        return record


@contextmanager
def open_catalog(address: str | Path) -> Iterator[Catalog]:
    """Open the catalogue at an address, indexes made and documents brought up to date, and close it behind the block.

    Raises
    ------
    UsageError, ServiceError, StorageError, DataError
        See `connect`.
    """
    with connect(address) as database:
        catalog = Catalog(database)
        catalog.ensure_indexes()
        yield catalog


def _portions(documents: Iterable[Document], size: int) -> Iterator[Iterator[Document]]:
    """Give documents in portions of a size, each read as it is used; a portion has to be used up before the next."""
    rest = iter(documents)
    for first in rest:
        yield chain((first,), islice(rest, size - 1))
