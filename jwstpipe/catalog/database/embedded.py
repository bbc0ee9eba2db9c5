"""The embedded store's collection, with its conditions written as SQL that uses indexes.

neosqlite reads the whole table for a list of values, a value in an array, an alternative or a part of a text. This
collection translates the few operators that `jwstpipe.catalog.query` writes by itself, keeps arrays and texts in side
tables by triggers, and writes many documents at once. All else is neosqlite's. What it answers is what MongoDB answers.
"""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from jwstpipe.catalog.database.updates import Updates, applied, in_batches

__all__ = ["IndexedCollection"]

ARRAYS = ("tags", "derived_from", "shared_with")
"""Fields whose members are indexed one by one."""

TEXTS = ("name_key", "note_key")
"""Fields that are searched for parts of a text."""

PLACE = "sky"
"""Unit vector of a position: its coordinates stand in a table of numbers, where a box is read without documents."""

_WEAK = frozenset({"status", "is_public", "is_archived"})
"""Fields that most records share: their indexes serve only where no other condition can."""

_FIELD = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*")
_COMPARISONS = {"$gte": ">=", "$gt": ">", "$lte": "<=", "$lt": "<"}
_ARITHMETIC = {"$add": "+", "$subtract": "-", "$multiply": "*"}
_COMMON = 2000
"""Records from which on a value of an array counts as common."""

_COORDINATES = {f"{PLACE}.{axis}": axis for axis in "xyz"}
_MOST_BRANCHES = 16
_ROWS_AT_ONCE = 400
"""Documents in one statement: two values each, and older SQLite takes 999."""

_SHORTEST_WORD = 3
"""Letters that the index of texts needs."""


@dataclass(frozen=True)
class _Sql:
    text: str
    values: tuple[Any, ...] = ()


class IndexedCollection:
    """A collection of an embedded file; reads and writes of many are translated here, all else goes to neosqlite."""

    def __init__(self, collection: Any, connection: sqlite3.Connection) -> None:
        self._collection = collection
        self._connection = connection
        self._table = str(collection.name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._collection, name)

    def create_index(self, keys: str | Sequence[tuple[str, int]], *, unique: bool = False, sparse: bool = False) -> str:
        """Make an index, if it is not there; those of arrays and of places are side tables."""
        fields = [(keys, 1)] if isinstance(keys, str) else list(keys)
        if fields[0][0] in ARRAYS:
            self._create_side_tables("members", _side_tables(self._table))
            return f"{self._table}_members"
        if fields[0][0].startswith(f"{PLACE}."):
            self._create_side_tables("places", _table_of_places(self._table))
            return f"{self._table}_places"
        name = f"{self._table}_by_" + "_".join(field.replace(".", "_") for field, _ in fields)
        columns = ", ".join(f"{_expression(field)} {'DESC' if way < 0 else 'ASC'}" for field, way in fields)
        there = f" WHERE {_expression(fields[0][0])} IS NOT NULL" if sparse else ""
        self._connection.execute(
            f"CREATE {'UNIQUE ' if unique else ''}INDEX IF NOT EXISTS {name} ON {self._table} ({columns}){there}"
        )
        return name

    def _create_side_tables(self, name: str, statements: Iterable[str]) -> None:
        """Make side tables and what keeps them in step, and fill them once."""
        trigger = f"{self._table}_{name}_insert"
        if self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (trigger,)).fetchone():
            return
        for statement in statements:
            self._connection.execute(statement)

    def update_by_id(self, updates: Updates, *, upsert: bool) -> None:
        """Apply updates to the documents of their ids; with `upsert` those that are not there are made.

        Many rows go into one statement: SQLite keeps a copy of every page that a statement with triggers touches until
        it ends, and one record touches forty.
        """
        for batch in in_batches(updates, _ROWS_AT_ONCE):
            known = {document["_id"]: document for document in self.find({"_id": {"$in": list(batch)}})}
            rows: list[str] = []
            for key, update in batch.items():
                before = known.get(key)
                if before is None and not upsert:
                    continue
                after = {**applied(update, before), "_id": key}
                if after != before:
                    rows += [key, json.dumps(after, allow_nan=False, separators=(",", ":"))]
            if rows:
                marks = ", ".join(["(?, ?)"] * (len(rows) // 2))
                self._connection.execute(
                    f"INSERT INTO {self._table} (_id, data) VALUES {marks}"  # noqa: S608 - a constant name, values bound
                    " ON CONFLICT (_id) DO UPDATE SET data = excluded.data",
                    rows,
                )

    def find(self, conditions: Mapping[str, Any] | None = None, projection: Any = None) -> "_Cursor":
        """Find documents; `projection` is taken as a hint and not needed."""
        del projection
        return _Cursor(self._connection, self._table, conditions or {})

    def find_one(self, conditions: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """Find one document."""
        return next(iter(self.find(conditions).limit(1)), None)

    def count_documents(self, conditions: Mapping[str, Any]) -> int:
        """Count documents."""
        where = _Translation(self._connection, self._table).where(conditions)
        row = self._connection.execute(f"SELECT COUNT(*) FROM {self._table} WHERE {where.text}", where.values)  # noqa: S608 - fields are checked, values bound
        return int(row.fetchone()[0])

    def aggregate(self, stages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Sum up over groups: one ``$match`` and one ``$group`` with ``$sum``."""
        match, group = dict(stages[0])["$match"], dict(dict(stages[1])["$group"])
        key = group.pop("_id")
        where = _Translation(self._connection, self._table).where(match)
        by = "NULL" if key is None else _expression(key.removeprefix("$"))
        sums = ", ".join(f"SUM({_number(total['$sum'])})" for total in group.values())
        rows = self._connection.execute(
            f"SELECT {by}, {sums} FROM {self._table} WHERE {where.text} GROUP BY 1",  # noqa: S608 - as above
            where.values,
        )
        return [dict(zip(("_id", *group), row, strict=True)) for row in rows]


@dataclass(frozen=True)
class _Cursor:
    """Documents to come, as pymongo's cursor gives them."""

    connection: sqlite3.Connection
    table: str
    conditions: Mapping[str, Any]
    order: tuple[str, ...] = ()
    first: int = 0
    most: int = -1

    def sort(self, keys: Sequence[tuple[str, int]]) -> Self:
        return replace(self, order=tuple(f"{_expression(key)} {'DESC' if way < 0 else 'ASC'}" for key, way in keys))

    def skip(self, count: int) -> Self:
        return replace(self, first=count)

    def limit(self, count: int) -> Self:
        return replace(self, most=count or -1)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        source, values = self._source()
        order = f"ORDER BY {', '.join(self.order)}" if self.order else ""
        text = "CASE typeof(data) WHEN 'blob' THEN json(data) ELSE data END"
        rows = self.connection.execute(
            f"SELECT _id, {text} FROM {source} {order} LIMIT ? OFFSET ?",  # noqa: S608 - fields are checked, values bound
            (*values, self.most, self.first),
        )
        for key, document in rows:
            yield {**json.loads(document), "_id": key}

    def _source(self) -> tuple[str, tuple[Any, ...]]:
        """Name the rows to choose from; the first rows of a list of values are the first of each value's."""
        translation = _Translation(self.connection, self.table)
        branches = self._branches() if self.order and self.most > 0 else []
        if len(branches) < 2:
            where = translation.where(self.conditions)
            return f"{self.table} WHERE {where.text}", where.values
        parts, values = [], []
        for branch in branches:
            where = translation.where(branch)
            ordered = f"WHERE {where.text} ORDER BY {', '.join(self.order)} LIMIT ?"
            parts.append(f"SELECT * FROM (SELECT _id, data FROM {self.table} {ordered})")  # noqa: S608 - as above
            values += [*where.values, self.first + self.most]
        return f"({' UNION ALL '.join(parts)})", tuple(values)

    def _branches(self) -> list[dict[str, Any]]:
        """Take the first list of values apart, so that an index serves condition and order of each part."""
        for key, test in self.conditions.items():
            wanted = test.get("$in") if isinstance(test, Mapping) and key != "_id" and key not in ARRAYS else None
            if wanted is not None and 1 < len(wanted) <= _MOST_BRANCHES:
                return [{**self.conditions, key: {"$eq": value}} for value in dict.fromkeys(wanted)]
        return []


def _expression(field: str) -> str:
    if field == "_id":
        return "_id"
    if not _FIELD.fullmatch(field):
        raise ValueError(f"no field of a record: {field!r}")
    return f"json_extract(data, '$.{field}')"


def _number(term: str | int) -> str:
    return str(int(term)) if isinstance(term, int) else _expression(term.removeprefix("$"))


@dataclass(frozen=True)
class _Translation:
    """Conditions to SQL, with a look at how common the values of arrays are."""

    connection: sqlite3.Connection
    table: str

    def where(self, conditions: Mapping[str, Any]) -> _Sql:
        """Translate conditions that hold together."""
        strong = any(self._leads(key, test) for key, test in conditions.items())
        box = {key: test for key, test in conditions.items() if key.startswith(f"{PLACE}.")}
        parts = [self._inside(box)] if box else []
        for key, test in conditions.items():
            if key in box:
                continue
            if key in ("$and", "$or"):
                inner = [self.where(part) for part in test]
                parts.append(_joined(inner, " AND " if key == "$and" else " OR "))
            elif key == "$expr":
                parts.append(_computed(test))
            else:
                weak = strong and key in _WEAK
                parts += [self._test(key, operator, operand, weak=weak) for operator, operand in test.items()]
        return _joined(parts, " AND ")

    def _leads(self, key: str, test: Any) -> bool:
        """Tell whether a condition leads to few records by an index."""
        if key == "$and":
            return any("$regex" in inner for part in test for one in part.get("$or", ()) for inner in one.values())
        if key in ARRAYS:
            return any(self._rare(key, (value,)) for operand in test.values() for value in operand)
        return key not in (*_WEAK, "$or", "$expr")

    def _rare(self, key: str, values: tuple[Any, ...]) -> bool:
        few = f"SELECT COUNT(*) FROM ({self._held(key, values)} LIMIT {_COMMON})"  # noqa: S608 - key is one of ARRAYS
        return bool(self.connection.execute(few, values).fetchone()[0] < _COMMON)

    def _held(self, key: str, values: tuple[Any, ...]) -> str:
        marks = ", ".join("?" * len(values))
        return f"SELECT row FROM {self.table}_members WHERE field = '{key}' AND value IN ({marks})"  # noqa: S608 - as above

    def _test(self, key: str, operator: str, operand: Any, *, weak: bool) -> _Sql:
        if key in ARRAYS:
            sets = [(value,) for value in operand] if operator == "$all" else [tuple(operand)]
            return _joined([self._member(key, values) for values in sets], " AND ")
        if operator == "$regex":
            return _contains(key, re.sub(r"\\(.)", r"\1", operand, flags=re.DOTALL), self.table)
        # a plus sign keeps the planner from the index of a condition that nearly every record meets
        field = ("+" if weak else "") + _expression(key)
        if operator == "$in" and len(operand) != 1:
            return _Sql(f"{field} IN ({', '.join('?' * len(operand))})", tuple(operand))
        if operator in ("$eq", "$in"):
            value = operand if operator == "$eq" else operand[0]
            return _Sql(f"{field} IS NULL") if value is None else _Sql(f"{field} = ?", (value,))
        return _Sql(f"{field} {_COMPARISONS[operator]} ?", (operand,))

    def _inside(self, box: Mapping[str, Mapping[str, float]]) -> _Sql:
        """Ask for records whose place lies in a box."""
        sides = [
            _Sql(f"{_COORDINATES[key]} {_COMPARISONS[operator]} ?", (value,))
            for key, test in box.items()
            for operator, value in test.items()
        ]
        within = _joined(sides, " AND ")
        return _Sql(f"id IN (SELECT row FROM {self.table}_places WHERE {within.text})", within.values)  # noqa: S608 - constants

    def _member(self, key: str, values: tuple[Any, ...]) -> _Sql:
        """Ask for records whose array holds one of some values.

        Rare ones are looked up, common ones are asked of each record that comes along in order.
        """
        held = self._held(key, values)
        if self._rare(key, values):
            return _Sql(f"id IN ({held})", values)
        return _Sql(f"EXISTS ({held} AND row = {self.table}.id)", values)


def _joined(parts: Sequence[_Sql], word: str) -> _Sql:
    if not parts:
        return _Sql("1")
    return _Sql(f"({word.join(part.text for part in parts)})", tuple(value for part in parts for value in part.values))


def _contains(key: str, part: str, table: str) -> _Sql:
    exact = f"instr({_expression(key)}, ?) > 0"
    if key not in TEXTS or len(part) < _SHORTEST_WORD or '"' in part or "\0" in part:
        return _Sql(exact, (part,))
    near = f"id IN (SELECT rowid FROM {table}_texts WHERE {table}_texts MATCH ?)"  # noqa: S608 - as above
    return _Sql(f"({near} AND {exact})", (f'{key} : "{part}"', part))


def _computed(test: Mapping[str, Any]) -> _Sql:
    ((operator, (left, right)),) = test.items()
    first, second = _term(left), _term(right)
    return _Sql(f"{first.text} {_COMPARISONS[operator]} {second.text}", (*first.values, *second.values))


def _term(term: Any) -> _Sql:
    if isinstance(term, str):
        return _Sql(_expression(term.removeprefix("$")))
    if isinstance(term, Mapping):
        ((operator, operands),) = term.items()
        return _joined([_term(operand) for operand in operands], f" {_ARITHMETIC[operator]} ")
    return _Sql("?", (term,))


def _side_tables(table: str) -> Iterator[str]:
    """Make the tables, fill them from what is there, and have triggers follow every later change."""
    members, texts = f"{table}_members", f"{table}_texts"
    key = "PRIMARY KEY (field, value, row)"
    yield f"CREATE TABLE IF NOT EXISTS {members} (field TEXT, value, row INTEGER, {key}) WITHOUT ROWID"
    yield f"CREATE INDEX IF NOT EXISTS {members}_row ON {members} (row)"
    yield f"CREATE VIRTUAL TABLE IF NOT EXISTS {texts} USING fts5({', '.join(TEXTS)}, tokenize = 'trigram')"
    yield from _entries(table, among=f"{table} AS new")
    enter = "".join(f"{statement}; " for statement in _entries(table, among=None))
    forget = f"DELETE FROM {members} WHERE row = old.id; DELETE FROM {texts} WHERE rowid = old.id; "  # noqa: S608 - constants
    fields = [f"json_extract({{0}}.data, '$.{name}')" for name in (*ARRAYS, *TEXTS)]
    changed = " OR ".join(f"{field.format('old')} IS NOT {field.format('new')}" for field in fields)
    yield f"CREATE TRIGGER {members}_delete AFTER DELETE ON {table} BEGIN {forget}END"
    yield f"CREATE TRIGGER {members}_update AFTER UPDATE ON {table} WHEN {changed} BEGIN {forget}{enter}END"
    yield f"CREATE TRIGGER {members}_insert AFTER INSERT ON {table} BEGIN {enter}END"


def _table_of_places(table: str) -> Iterator[str]:
    """Make and fill the table of places, and have triggers follow every later change."""
    places = f"{table}_places"
    yield f"CREATE TABLE IF NOT EXISTS {places} (row INTEGER PRIMARY KEY, x REAL, y REAL, z REAL)"
    yield f"CREATE INDEX IF NOT EXISTS {places}_by_z ON {places} (z, x, y)"
    columns = ", ".join(f"json_extract(new.data, '$.{PLACE}.{axis}')" for axis in "xyz")
    there = f"json_extract(new.data, '$.{PLACE}') IS NOT NULL"
    enter = f"INSERT INTO {places} SELECT new.id, {columns}"
    forget = f"DELETE FROM {places} WHERE row = old.id"  # noqa: S608 - as above
    yield f"{enter} FROM {table} AS new WHERE {there}"
    changed = f"json_extract(old.data, '$.{PLACE}') IS NOT json_extract(new.data, '$.{PLACE}')"
    yield f"CREATE TRIGGER {places}_delete AFTER DELETE ON {table} BEGIN {forget}; END"
    yield (
        f"CREATE TRIGGER {places}_update AFTER UPDATE ON {table} WHEN {changed}"
        f" BEGIN {forget}; {enter} WHERE {there}; END"
    )
    yield f"CREATE TRIGGER {places}_insert AFTER INSERT ON {table} WHEN {there} BEGIN {enter}; END"


def _entries(table: str, *, among: str | None) -> Iterator[str]:
    """Write what enters records in the side tables: those of a table named ``new``, or the one of a trigger."""
    source = f"{among}, " if among else ""
    for name in ARRAYS:
        member = f"json_each(new.data, '$.{name}') AS member"
        yield (
            f"INSERT OR IGNORE INTO {table}_members SELECT '{name}', member.value, new.id"  # noqa: S608 - constants
            f" FROM {source}{member} WHERE member.value IS NOT NULL"
        )
    columns = ", ".join(f"json_extract(new.data, '$.{name}')" for name in TEXTS)
    source = f" FROM {among}" if among else ""
    yield f"INSERT INTO {table}_texts (rowid, {', '.join(TEXTS)}) SELECT new.id, {columns}{source}"
