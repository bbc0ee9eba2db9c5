"""`EmbeddedDatabase`: the catalogue in one SQLite file, for one machine; many processes read, and write in turn.

The file is kept in write-ahead mode: a reader never waits for a writer, a process that is killed leaves the last whole
transaction. Each method of the seam is one statement or one transaction.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from jwstpipe.catalog.database.backend import Document, RecordSummary
from jwstpipe.catalog.database.changes import RecordChange, changed, in_batches, published_over
from jwstpipe.catalog.database.sqlite.counts import GROUPS, SHARES, groups_of
from jwstpipe.catalog.database.sqlite.file import EmbeddedFile
from jwstpipe.catalog.database.sqlite.filters import Sql, page_of, selection, viewed, written
from jwstpipe.catalog.database.sqlite.leases import EmbeddedLeases
from jwstpipe.catalog.database.sqlite.records import ROWS_AT_ONCE, contents, forget, insert, read_rows, rewrite, stored
from jwstpipe.catalog.query import RecordQuery, SortKey
from jwstpipe.catalog.statistics import Group, Share, Shared
from jwstpipe.errors import ConflictError

__all__ = ["EmbeddedDatabase"]

_OLDER_OF_SLOT = """
    SELECT product_id, slot, user_id FROM records
    WHERE slot IN (SELECT value FROM json_each(?)) AND +status = 'published'
"""


class EmbeddedDatabase(EmbeddedFile):
    """A database in one file (see `jwstpipe.catalog.database.backend.CatalogDatabase`)."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.leases = EmbeddedLeases(self)

    def find(
        self, query: RecordQuery, *, viewer: str | None, sort: SortKey, limit: int = 0, skip: int = 0
    ) -> Iterator[Document]:
        """Give the documents that a query asks for, in order; they are read a few at a time."""
        with self.reading():
            rows = self._selected(page_of(self.connection, query, viewer=viewer, sort=sort, limit=limit, skip=skip))
        return self._by_row(rows)

    def count(self, query: RecordQuery, *, viewer: str | None) -> int:
        """Count the records that a query asks for."""
        with self.reading():
            where = selection(self.connection, query, viewer=viewer)
            counted = written("SELECT COUNT(*) FROM records WHERE", where)
            return int(self.first_value(counted.text, counted.values))

    def groups(self, query: RecordQuery, *, viewer: str | None) -> Iterator[Group]:
        """Count records and bytes by kind, instrument, filter, level, status and size, in one pass."""
        with self.reading():
            where = selection(self.connection, query, viewer=viewer)
            statement = GROUPS.replace("{where}", where.text)
            rows = self.connection.execute(statement, where.values).fetchall()
        return groups_of(rows)

    def shares(self, by: Shared, *, viewer: str | None) -> dict[str, Share]:
        """Count records and bytes by target or user."""
        with self.reading():
            counted = written(SHARES[by], viewed(viewer), "GROUP BY 1 ORDER BY 1")
            rows = self.connection.execute(counted.text, counted.values).fetchall()
        return {str(name or ""): Share(records, int(total)) for name, records, total in rows}

    def read(self, product_ids: Iterable[str], *, viewer: str | None) -> list[Document]:
        """Give the documents of some ids."""
        rows = [row for row, _, _ in self._rows(product_ids, viewer)]
        return list(self._by_row(rows))

    def known(self, product_ids: Iterable[str], *, viewer: str | None) -> dict[str, str]:
        """Give the status of products by their id."""
        return {key: status for _, key, status in self._rows(product_ids, viewer)}

    def owners(self, product_ids: Iterable[str]) -> dict[str, str | None]:
        """Give who owns products, by id."""
        with self.reading():
            return dict(
                self.connection.execute(
                    "SELECT product_id, user_id FROM records WHERE product_id IN (SELECT value FROM json_each(?))",
                    (json.dumps(list(product_ids)),),
                )
            )

    def holders(self, storage_keys: Iterable[str]) -> dict[str, str]:
        """Find the products that stand under these keys of the store, inside of one, or around it."""
        found: dict[str, str] = {}
        with self.reading():
            for key in storage_keys:
                parts = key.split("/")
                around = json.dumps(["/".join(parts[:end]) for end in range(1, len(parts) + 1)])
                rows = self.connection.execute(
                    "SELECT product_id, file_path FROM records WHERE file_path IN (SELECT value FROM json_each(?))"
                    " UNION SELECT product_id, file_path FROM records WHERE file_path > ? AND file_path < ?",
                    (around, f"{key}/", f"{key}0"),
                )
                found |= dict(rows.fetchall())
        return found

    def starting_with(self, beginning: str, *, viewer: str | None, most: int) -> list[Document]:
        """Give the documents whose id starts so, by id."""
        span = Sql("product_id >= ? AND product_id < ? AND", (beginning, beginning + "\x7f"))
        order = Sql("ORDER BY product_id LIMIT ?", (most,))
        return list(self._by_row(self._selected("SELECT row FROM records WHERE", span, viewed(viewer), order)))

    def children(self, product_ids: Iterable[str], *, viewer: str | None) -> list[Document]:
        """Give the documents that have any of these products as a parent, by id."""
        of_parents = "row IN (SELECT row FROM record_parents WHERE value IN (SELECT value FROM json_each(?)))"
        parents = Sql(of_parents, (json.dumps(list(product_ids)),))
        found = self._selected("SELECT row FROM records WHERE", parents, "AND", viewed(viewer), "ORDER BY product_id")
        return list(self._by_row(found))

    def summaries(self, product_ids: Iterable[str] | None, *, viewer: str | None) -> Iterator[RecordSummary]:
        """Give the few fields that work on very many needs; None = of all records."""
        if product_ids is not None:
            rows = [row for row, _, _ in self._rows(product_ids, viewer)]
        else:
            rows = self._selected("SELECT row FROM records WHERE", viewed(viewer), "ORDER BY row")
        return map(RecordSummary.of, self._by_row(rows))

    def documents(self) -> Iterator[Document]:
        """Give all documents as they stand."""
        with self.reading():
            yield from contents(self.connection)

    def replace(self, documents: Iterable[Document]) -> None:
        """Put documents in the place of those of their ids."""
        with self.writing():
            for batch in in_batches(documents, ROWS_AT_ONCE):
                known = stored(self.connection, [document["_id"] for document in batch])
                rewrite(
                    self.connection,
                    [(*known[document["_id"]], document) for document in batch if document["_id"] in known],
                )

    def publish(self, documents: Sequence[Document], *, owner: str | None) -> None:
        """Make documents visible, all of them or none."""
        with self.writing():
            for batch in in_batches(documents, ROWS_AT_ONCE):
                self._retire_older(batch)
                known = stored(self.connection, [document["_id"] for document in batch])
                taken = [
                    key for key, (_, before) in known.items() if owner is not None and before.get("user_id") != owner
                ]
                if taken:
                    raise ConflictError(f"{self.address}: product {taken[0]} belongs to somebody else")
                new = [document for document in batch if document["_id"] not in known]
                insert(self.connection, (published_over(document, None) for document in new))
                again = [(*known[document["_id"]], document) for document in batch if document["_id"] in known]
                rewrite(self.connection, ((row, before, published_over(now, before)) for row, before, now in again))

    def enter(self, documents: Sequence[Document]) -> None:
        """Enter documents as they are; those whose id is there stay as they are."""
        with self.writing():
            for batch in in_batches(documents, ROWS_AT_ONCE):
                known = self.owners(document["_id"] for document in batch)
                insert(self.connection, [document for document in batch if document["_id"] not in known])

    def change(self, changes: Mapping[str, RecordChange], *, owner: str | None) -> int:
        """Change records by id, in one transaction; tell how many were found."""
        count = 0
        with self.writing():
            for batch in in_batches(changes, ROWS_AT_ONCE):
                known = stored(self.connection, batch)
                own = {key: one for key, one in known.items() if owner is None or one[1].get("user_id") == owner}
                rewrite(self.connection, [(row, old, changed(old, changes[key])) for key, (row, old) in own.items()])
                count += len(own)
        return count

    def delete(self, product_ids: Iterable[str], *, owner: str | None) -> int:
        """Forget records; those that are another's stay. Tell how many went."""
        with self.writing():
            statement = "SELECT row FROM records WHERE product_id IN (SELECT value FROM json_each(?))"
            mine = " AND user_id = ?" if owner is not None else ""
            values = (json.dumps(list(product_ids)), *(() if owner is None else (owner,)))
            rows = [row for (row,) in self.connection.execute(statement + mine, values)]
            forget(self.connection, rows)
        return len(rows)

    def collect_statistics(self) -> None:
        """Have SQLite count what its indexes hold."""
        with self.reading():
            self.connection.execute("PRAGMA analysis_limit = 1000")
            self.connection.execute("ANALYZE")

    def _rows(self, product_ids: Iterable[str], viewer: str | None) -> list[tuple[int, str, str]]:
        """Give row, id and status of products, in the order asked for."""
        ids = list(dict.fromkeys(product_ids))
        among = Sql("product_id IN (SELECT value FROM json_each(?)) AND", (json.dumps(ids),))
        asked = written("SELECT row, product_id, status FROM records WHERE", among, viewed(viewer))
        with self.reading():
            found = self.connection.execute(asked.text, asked.values)
            by_id = {row[1]: row for row in found}
        return [by_id[key] for key in ids if key in by_id]

    def _selected(self, *parts: str | Sql) -> list[int]:
        statement = written(*parts)
        with self.reading():
            return [row for (row,) in self.connection.execute(statement.text, statement.values)]

    def _by_row(self, rows: Sequence[int]) -> Iterator[Document]:
        for batch in in_batches(rows, ROWS_AT_ONCE):
            with self.reading():
                found = read_rows(self.connection, batch)
            yield from found

    def _retire_older(self, documents: Sequence[Document]) -> None:
        """Mark published products whose slot (and owner) one of these takes as superseded by it.

        Their place in the store is free for the newer one; what they were stays known, for the lineage of what they
        went into.
        """
        heirs = {(one["slot"], one["user_id"]): one["_id"] for one in documents if one["slot"] is not None}
        slots = json.dumps(sorted({slot for slot, _ in heirs}))
        found = self.connection.execute(_OLDER_OF_SLOT, (slots,)).fetchall() if heirs else []
        retired = {key: heir for key, slot, user in found if (heir := heirs.get((slot, user), key)) != key}
        known = stored(self.connection, list(retired))
        rewrite(
            self.connection,
            [
                (row, old, {**old, "status": "superseded", "superseded_by": retired[key], "owner_path": None})
                for key, (row, old) in known.items()
            ],
        )
