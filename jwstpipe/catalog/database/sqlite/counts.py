"""All statistics of an embedded file in one pass over one index."""

from collections.abc import Iterable, Iterator
from typing import Any

from jwstpipe.catalog.statistics import SIZE_CLASSES, Group

__all__ = ["GROUPS", "SHARES", "groups_of"]


def _sums() -> Iterator[str]:
    for _, least, beyond in SIZE_CLASSES:
        inside = f"file_size >= {least}" if beyond is None else f"file_size >= {least} AND file_size < {beyond}"
        yield f"COUNT(CASE WHEN {inside} THEN 1 END), TOTAL(CASE WHEN {inside} THEN file_size END)"


GROUPS = " ".join(
    (
        "SELECT kind, instrument, filter, processing_level, status, COUNT(*) - COUNT(file_size),",
        ", ".join(_sums()),
        "FROM records WHERE {where} GROUP BY status, kind, processing_level, instrument, filter",
    )
)
"""Statement with a place for conditions."""


SHARES = {
    "target": "SELECT target_key, COUNT(*), TOTAL(file_size) FROM records WHERE",
    "user": "SELECT user_id, COUNT(*), TOTAL(file_size) FROM records WHERE",
}
"""Beginnings of statements that count by one value."""


def groups_of(rows: Iterable[tuple[Any, ...]]) -> Iterator[Group]:
    """Take the rows of `GROUPS` apart by size; what does not occur is left out."""
    for kind, instrument, band, level, status, unknown, *sums in rows:
        shares: list[tuple[str | None, int, int]] = [(None, unknown, 0)]
        shares += [(name, sums[2 * at], int(sums[2 * at + 1])) for at, (name, _, _) in enumerate(SIZE_CLASSES)]
        for size, records, total in shares:
            if records:
                yield Group(kind, instrument, band, level, status, size, records, total)
