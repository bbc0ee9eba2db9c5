"""A query as SQL: fixed pieces of text about declared columns; what the user gave is bound, never written."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from jwstpipe.catalog.query import Conditions, RecordQuery, SortKey, chord_box, conditions_of

__all__ = ["Sql", "page_of", "selection", "viewed", "written"]

COMMON = 2000
"""Records from which on a member of lists counts as common."""

_MOST_BRANCHES = 16
_SHORTEST_PART = 3
"""Letters that the index of texts needs."""

_WEAK = frozenset({"status", "is_archived"})
"""Columns whose values most records share: an index of theirs serves only where no other condition can."""

_ORDERS: dict[SortKey, str] = {
    "newest": "ORDER BY created_ms DESC, product_id",
    "oldest": "ORDER BY created_ms, product_id",
    "observed": "ORDER BY observed_ms, product_id",
    "file_name": "ORDER BY file_name, product_id",
    "target": "ORDER BY target_key, product_id",
    "level": "ORDER BY processing_level, product_id",
    "filter": "ORDER BY filter, product_id",
    "largest": "ORDER BY file_size DESC, product_id",
}
_RARE_MEMBER = {
    "tags": "row IN (SELECT row FROM record_tags WHERE value = ?)",
    "derived_from": "row IN (SELECT row FROM record_parents WHERE value = ?)",
}
_COMMON_MEMBER = {
    "tags": "EXISTS (SELECT 1 FROM record_tags AS held WHERE held.value = ? AND held.row = records.row)",
    "derived_from": "EXISTS (SELECT 1 FROM record_parents AS held WHERE held.value = ? AND held.row = records.row)",
}
_HOW_COMMON = {
    "tags": "SELECT COUNT(*) FROM (SELECT 1 FROM record_tags WHERE value = ? LIMIT ?)",
    "derived_from": "SELECT COUNT(*) FROM (SELECT 1 FROM record_parents WHERE value = ? LIMIT ?)",
}
_CAP = (
    "row IN (SELECT row FROM places WHERE z BETWEEN ? AND ? AND x BETWEEN ? AND ? AND y BETWEEN ? AND ?"
    " AND (x - ?) * (x - ?) + (y - ?) * (y - ?) + (z - ?) * (z - ?) <= ?)"
)
_WORDS = "row IN (SELECT rowid FROM texts WHERE texts MATCH ? AND (instr(name_key, ?) > 0 OR instr(note_key, ?) > 0))"
_SHORT_WORDS = "row IN (SELECT rowid FROM texts WHERE instr(name_key, ?) > 0 OR instr(note_key, ?) > 0)"
_SHARED = "EXISTS (SELECT 1 FROM record_shares AS share WHERE share.value = ? AND share.row = records.row)"


@dataclass(frozen=True)
class Sql:
    """A piece of a statement, and the values of its question marks."""

    text: str
    values: tuple[Any, ...] = ()


def written(*parts: str | Sql) -> Sql:
    """Put pieces together, as they are, with blanks between them."""
    pieces = [Sql(part) if isinstance(part, str) else part for part in parts]
    return Sql(" ".join(piece.text for piece in pieces), tuple(value for piece in pieces for value in piece.values))


def selection(connection: sqlite3.Connection, query: RecordQuery, *, viewer: str | None) -> Sql:
    """Write what stands behind WHERE: the conditions of a query and of who asks, which hold together."""
    return _where(connection, conditions_of(query), viewer)


def page_of(
    connection: sqlite3.Connection, query: RecordQuery, *, viewer: str | None, sort: SortKey, limit: int, skip: int
) -> Sql:
    """Write the statement that gives the rows of a page, in order."""
    wanted, order = conditions_of(query), Sql(_ORDERS[sort])
    branches = list(_branches(wanted)) if limit and skip + limit <= COMMON else []
    if len(branches) < 2:
        where = _where(connection, wanted, viewer)
        return written(Sql("SELECT row FROM records WHERE"), where, order, Sql("LIMIT ? OFFSET ?", (limit or -1, skip)))
    # the first rows of a list of values are among the first of each value, and an index serves each in order
    parts: list[Sql] = []
    for branch in branches:
        parts += [Sql("UNION ALL")] if parts else []
        parts += [Sql("SELECT * FROM (SELECT * FROM records WHERE"), _where(connection, branch, viewer), order]
        parts += [Sql("LIMIT ?)", (skip + limit,))]
    return written(Sql("SELECT row FROM ("), *parts, Sql(")"), order, Sql("LIMIT ? OFFSET ?", (limit, skip)))


def viewed(viewer: str | None) -> Sql:
    """Write the condition under which somebody sees a record; the site sees all."""
    if viewer is None:
        return Sql("1")
    if not viewer:
        return Sql("is_public = 1")
    return written(Sql("(is_public = 1 OR user_id = ? OR", (viewer,)), Sql(_SHARED, (viewer,)), Sql(")"))


def _where(connection: sqlite3.Connection, wanted: Conditions, viewer: str | None) -> Sql:
    strong = [*_of_columns(wanted), *_of_lists(connection, wanted), *_of_texts(wanted), *_of_place(wanted)]
    weak = [Sql(f"{'+' if strong else ''}{name} = ?", (wanted.equal[name],)) for name in _WEAK if name in wanted.equal]
    seen = [viewed(wanted.visible_to), viewed(viewer)]
    parts = [part for part in (*strong, *weak, *seen) if part.text != "1"]
    return Sql(
        " AND ".join(part.text for part in parts) or "1", tuple(value for part in parts for value in part.values)
    )


def _of_columns(wanted: Conditions) -> Iterator[Sql]:
    for name, value in wanted.equal.items():
        if name not in _WEAK:
            yield Sql(f"{name} = ?", (value,))
    for name, values in wanted.among.items():
        mark = "+" if name in _WEAK else ""  # a plus sign keeps the planner from the index of what nearly all meet
        yield written(f"{mark}{name}", Sql("IN (SELECT value FROM json_each(?))", (json.dumps(values),)))
    for span in wanted.spans:
        if span.least is not None:
            yield Sql(f"{span.column} >= ?", (span.least,))
        if span.beyond is not None:
            yield Sql(f"{span.column} < ?", (span.beyond,))


def _of_lists(connection: sqlite3.Connection, wanted: Conditions) -> Iterator[Sql]:
    """Look rare members up, and ask of each record that comes along in order whether it holds a common one."""
    for field, member in wanted.holding:
        (count,) = connection.execute(_HOW_COMMON[field], (member, COMMON)).fetchone()
        yield Sql((_RARE_MEMBER if count < COMMON else _COMMON_MEMBER)[field], (member,))


def _of_texts(wanted: Conditions) -> Iterator[Sql]:
    part = wanted.text
    if part is None:
        return
    if len(part) < _SHORTEST_PART or '"' in part or "\0" in part:
        yield Sql(_SHORT_WORDS, (part, part))
    else:
        yield Sql(_WORDS, (f'"{part}"', part, part))


def _of_place(wanted: Conditions) -> Iterator[Sql]:
    if wanted.cone is None:
        return
    (x, y, z), reach = chord_box(*wanted.cone)
    box = [edge for middle in (z, x, y) for edge in (middle - reach, middle + reach)]
    yield Sql(_CAP, (*box, x, x, y, y, z, z, reach * reach))


def _branches(wanted: Conditions) -> Iterator[Conditions]:
    """Take the first list of values apart; nothing where other conditions already lead to few records."""
    name = next(iter(wanted.among), None)
    if name is None or len(wanted.among[name]) > _MOST_BRANCHES or wanted.text is not None or wanted.cone is not None:
        return
    rest = {other: values for other, values in wanted.among.items() if other != name}
    for value in wanted.among[name]:
        yield replace(wanted, equal={**wanted.equal, name: value}, among=rest)
