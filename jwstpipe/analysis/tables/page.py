"""A page of a table: the rows that fulfil conditions, in the order of a column; only what is needed is read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.tables.conditions import Condition, parse_condition
from jwstpipe.analysis.tables.source import CHUNK, TableSource, names_of
from jwstpipe.errors import DataError, UsageError

__all__ = ["TablePage", "chosen_rows", "page_of", "read_rows", "varying_names"]

if TYPE_CHECKING:
    from astropy.table import Table

Rows = NDArray[np.int64]

BETWEEN = "\0"
"""Stands between texts that are searched together."""

MOST_COMPARED = 5_000_000
"""Rows whose values are compared with each other."""

MOST_SORTED = 200_000_000
"""Rows that are put in order at once."""


@dataclass(frozen=True, eq=False)
class TablePage:
    """Some rows of a table."""

    source: TableSource
    values: Mapping[str, NDArray[Any]]
    """By column, in order."""

    rows: Rows
    """Their numbers in the whole table, from 0."""

    total: int
    """Rows that fulfil the conditions."""

    first: int
    """Of them, which is the first here, from 0."""

    def table(self) -> "Table":
        """Give the page as an astropy table, with units and meanings."""
        from astropy import units  # noqa: PLC0415 - slow to load
        from astropy.table import Column, MaskedColumn, Table  # noqa: PLC0415

        facts = {one.name: one for one in self.source.columns}
        made = Table()
        for name, values in self.values.items():
            known = facts[name]
            kind = MaskedColumn if np.ma.isMaskedArray(values) else Column
            unit = units.Unit(known.unit, parse_strict="silent") if known.unit else None
            made.add_column(kind(values, name=name, unit=unit, description=known.description or None))
        return made


def page_of(
    source: TableSource,
    *,
    columns: Sequence[str] = (),
    varying: bool = False,
    where: str | None = None,
    search: str | None = None,
    sort: str | None = None,
    first: int = 0,
    count: int = 20,
) -> TablePage:
    """Read a page.

    Parameters
    ----------
    source
        Table.
    columns
        Names, with ``*`` for any letters; none = all.
    varying
        Of them, those whose values are not the same in all rows of the table.
    where
        Condition, see `jwstpipe.analysis.tables.conditions`.
    search
        Rows with this text in any column of texts, whatever its case.
    sort
        Column to sort by, ``-NAME`` downwards; rows without a value come last.
    first, count
        Which of the rows that are left.

    Raises
    ------
    UsageError
        No such column, or a condition that cannot be understood.
    """
    names = names_of(source, columns)
    names = varying_names(source, names) if varying else names
    rows = chosen_rows(source, where=where, search=search, sort=sort)
    total = len(source) if rows is None else len(rows)
    if rows is None:
        chosen: Rows = np.arange(min(first, total), min(first + count, total), dtype=np.int64)
    else:
        chosen = rows[first : first + count]
    return TablePage(source, read_rows(source, names, chosen), chosen, total, first)


def read_rows(source: TableSource, names: Sequence[str], rows: Rows) -> dict[str, NDArray[Any]]:
    """Read some rows of some columns, in the order in which they are named."""
    return {name: source.take(name, rows) for name in names}


def varying_names(source: TableSource, names: Sequence[str]) -> list[str]:
    """Find the columns whose values are not the same in all rows: of a table of headers, hundreds are.

    Raises
    ------
    DataError
        More rows than are compared.
    """
    if len(source) > MOST_COMPARED:
        raise DataError(f"{source.address}: {len(source):,} rows are more than are compared; choose with --columns")
    return [name for name in names if _varies(source, name)]


def _varies(source: TableSource, name: str) -> bool:
    first: Any = None
    for start in range(0, len(source), CHUNK):
        values = source.read(name, start, start + CHUNK)
        if values.dtype == object:
            words = {repr(np.asarray(one).tolist()) for one in values}
            first = first or next(iter(words))
            if len(words) > 1 or first not in words:
                return True
            continue
        plain, lacking = np.ma.getdata(values), np.ma.getmaskarray(values)
        if plain.dtype.kind in "fc":
            lacking = lacking | np.isnan(plain)
        known = np.where(lacking, np.zeros((), plain.dtype), plain)
        first = (known[0], lacking[0]) if first is None else first
        if (known != first[0]).any() or (lacking != first[1]).any():
            return True
    return False


def chosen_rows(
    source: TableSource,
    *,
    where: str | None = None,
    search: str | None = None,
    sort: str | None = None,
) -> Rows | None:
    """Find rows that fulfil conditions, in order; None = all, as they stand."""
    rows: Rows | None = None
    if where or search:
        rows = np.concatenate([np.zeros(0, np.int64), *_fulfilling(source, where, search)])
    if sort is None:
        return rows
    downwards = sort.startswith("-")
    (name,) = names_of(source, [sort.removeprefix("-")])[:1]
    count = len(source) if rows is None else len(rows)
    if count > MOST_SORTED:
        raise DataError(f"{source.address}: {count:,} rows are more than are put in order; choose some with --where")
    values = source.read(name) if rows is None else source.take(name, rows)
    if values.ndim > 1 or values.dtype == object:
        raise UsageError(f"{source.address}: {name} holds an array in each row; sort by a column of single values")
    order = _order(values, downwards=downwards)
    return order if rows is None else rows[order]


def _order(values: NDArray[np.generic], *, downwards: bool) -> Rows:
    plain = np.ma.getdata(values)
    missing = np.ma.getmaskarray(values) | (np.isnan(plain) if plain.dtype.kind in "fc" else False)
    known = np.flatnonzero(~missing)
    order = known[np.argsort(plain[known], kind="stable")]
    if downwards:
        order = known[::-1][np.argsort(plain[known][::-1], kind="stable")][::-1]
    return np.concatenate([order, np.flatnonzero(missing)]).astype(np.int64)


def _fulfilling(source: TableSource, where: str | None, search: str | None) -> Iterator[Rows]:
    facts = source.columns
    condition: Condition | None = parse_condition(where, [one.name for one in facts]) if where else None
    words = [one.name for one in facts if one.dtype == "text" and not one.shape] if search else []
    if search and not words:
        raise UsageError(f"{source.address}: has no column of texts to search; use --where")
    for start in range(0, len(source), CHUNK):
        stop = min(start + CHUNK, len(source))
        kept = np.ones(stop - start, bool)
        if condition is not None:
            kept &= condition({name: source.read(name, start, stop) for name in condition.columns})
        if search:
            found = np.zeros(stop - start, bool)
            for name in words:
                found |= _holding(np.ma.getdata(source.read(name, start, stop)), search.lower())
            kept &= found
        yield np.flatnonzero(kept).astype(np.int64) + start


def _holding(texts: NDArray[Any], word: str) -> NDArray[np.bool_]:
    """Say of each text whether it holds a word, both in small letters; all are searched at once, as one long text."""
    words = (texts if texts.dtype.kind == "U" else texts.astype(str)).tolist()
    together = BETWEEN.join(words).lower()
    found = np.zeros(len(words), bool)
    at = together.find(word)
    if at < 0:
        return found
    ends = np.flatnonzero(np.frombuffer(together.encode("utf-32-le", "surrogatepass"), np.uint32) == ord(BETWEEN))
    if len(ends) != len(words) - 1 or BETWEEN in word:  # it stands in a text itself
        return np.array([word in one.lower() for one in words])
    while at >= 0:
        row = int(np.searchsorted(ends, at))
        found[row] = True
        at = together.find(word, int(ends[row])) if row < len(ends) else -1
    return found
