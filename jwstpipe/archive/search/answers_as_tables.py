"""What MAST's services take and give, in the terms of its column descriptions: criteria to filters, answers to tables.

A column description says what kind of values a column has (which decides between a list and a range) and which value
stands for none. Both rules are MAST's, as astroquery has them; here they work on the descriptions that one connection
holds, where astroquery keeps one set for all servers of a process.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from astropy.table import MaskedColumn, Table, vstack

from jwstpipe.errors import ArchiveError, UsageError

__all__ = ["filters_of", "stacked", "table_of"]

CONTINUOUS = frozenset({"double", "float", "numeric"})
"""Types of columns that are filtered by a range."""

_TEXT, _REAL, _WHOLE, _TRUTH = (str, ""), (np.float64, np.nan), (np.int64, -999), (bool, None)

TYPES: Mapping[str, tuple[type, Any]] = {
    **dict.fromkeys(("char", "string", "datetime", "date"), _TEXT),
    **dict.fromkeys(("double", "float", "decimal"), _REAL),
    **dict.fromkeys(("int", "short", "long", "number"), _WHOLE),
    **dict.fromkeys(("boolean", "binary"), _TRUTH),
    "unsignedbyte": (np.int64, -999),
}
"""Types of MAST's fields: the type here, and the value that stands for none unless the description names another."""


def filters_of(columns: Mapping[str, Any], criteria: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Translate criteria to filters; ``*`` or ``%`` in a value is a wildcard.

    Parameters
    ----------
    columns
        Column descriptions of the service, by name.
    criteria
        By column: values of which one must hold; of a column of numbers their range.

    Raises
    ------
    ArchiveError
        A column that is not described, or is one of numbers though its values are none.
    UsageError
        More than one pattern for a column; the service takes one.
    """
    described = {name.lower(): column for name, column in columns.items() if isinstance(column, Mapping)}
    return [_filter(name, described.get(name.lower()), values) for name, values in criteria.items()]


def _filter(name: str, column: Mapping[str, Any] | None, values: Sequence[Any]) -> dict[str, Any]:
    if not column:
        raise ArchiveError(f"no column {name} is described")
    entry: dict[str, Any] = {"paramName": name}
    if column.get("separator"):
        entry["separator"] = column["separator"]
    if column.get("vot.datatype", column.get("type")) in CONTINUOUS or column.get("treatNumeric"):
        try:
            numbers = [float(value) for value in values]
        except ValueError:
            raise ArchiveError(f"column {name} is described as one of numbers") from None
        return {**entry, "values": [{"min": min(numbers), "max": max(numbers)}]}
    texts = [str(value) for value in values]
    patterns = [text for text in texts if "*" in text or "%" in text]
    if len(patterns) > 1:
        raise UsageError(f"{name}: one pattern at a time, not {', '.join(patterns)}")
    entry["values"] = [text for text in texts if text not in patterns]
    if patterns:
        entry["freeText"] = patterns[0].replace("*", "%")
    return entry


def table_of(answer: Mapping[str, Any], columns: Mapping[str, Any]) -> Table:
    """Make a typed table of an answer, with the fields masked that hold the value for none.

    Parameters
    ----------
    answer
        With ``fields`` and ``data``, as a service gives them.
    columns
        Column descriptions, by name; they may be fewer than the fields, or none.

    Raises
    ------
    ArchiveError
        Fields of unknown types, or values that are not of the type of their field.
    """
    table = Table(masked=True)
    rows = answer.get("data") or []
    for field in answer.get("fields") or ():
        try:
            name, kind = str(field["name"]), str(field["type"]).lower()
            if name == "_selected_" or name in table.colnames:
                continue
            held = columns.get(name)
            none = held.get("ignoreValue") if isinstance(held, Mapping) else None
            table.add_column(_column(name, kind, [row.get(name) for row in rows], none))
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise ArchiveError(
                f"an answer that is not MAST's ({type(error).__name__}: {str(error)[:200]}, field {str(field)[:100]})"
            ) from None
    return table


def _column(name: str, kind: str, values: Sequence[Any], none: Any) -> MaskedColumn:
    as_type, usual = TYPES[kind]
    none = usual if none is None else none
    filled = np.empty(len(values), dtype=object)
    filled[:] = [none if value is None else value for value in values]
    mask = np.fromiter((value is none or value == none for value in filled), dtype=bool, count=len(filled))
    if as_type is np.float64:
        mask &= filled.astype(np.float64) == np.float64(none)  # a NaN stands for itself, unmasked
    return MaskedColumn(filled.astype(as_type), name=name, mask=mask)


def stacked(tables: list[Table]) -> Table:
    """Join pages; empty ones carry no types worth keeping beside full ones."""
    full = [table for table in tables if len(table)] or tables[:1]
    return full[0] if len(full) == 1 else vstack(full, metadata_conflicts="silent")
