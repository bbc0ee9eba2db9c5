"""`ParquetSource`: a Parquet file by columns and rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyarrow import ArrowException, parquet

from jwstpipe.analysis.tables.source import ColumnFacts, joined
from jwstpipe.errors import DataError, NotFoundError
from jwstpipe.execution.kept import Kept
from jwstpipe.storage.bounded_tables import check_seal

__all__ = ["ParquetSource", "parquet_source"]

KEPT_COLUMNS = 1 << 27
"""Most bytes of columns that are kept of a file: a page of a million rows takes a tenth of a second then."""


@dataclass(frozen=True, eq=False)
class ParquetSource:
    """A Parquet file; a group of rows of a column is read as one, and kept for the next page."""

    file: Any
    address: str
    _kept: Kept[Any] = field(default_factory=lambda: Kept(KEPT_COLUMNS, size=lambda one: one.nbytes), repr=False)

    @cached_property
    def columns(self) -> tuple[ColumnFacts, ...]:
        """All columns."""
        units = _units(self.file)
        return tuple(
            ColumnFacts(
                field.name, units.get(field.name, ("", ""))[0], _arrow_words(field.type),
                "variable" if "list" in str(field.type) else "", units.get(field.name, ("", ""))[1],
            )
            for field in self.file.schema_arrow
        )  # fmt: skip

    def __len__(self) -> int:
        """Rows."""
        return int(self.file.metadata.num_rows)

    def read(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Read rows of a column; see `TableSource`."""
        first, last, _ = slice(start, stop).indices(len(self))
        parts = []
        for group, at, count in self._groups():
            if at < last and at + count > first:
                begin = max(first - at, 0)
                parts.append(_arrow_values(self._column(group, name).slice(begin, min(last - at, count) - begin)))
        return joined(parts) if parts else np.zeros(0)

    def take(self, name: str, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Read single rows of a column, in the order in which they are named."""
        if not len(rows):
            return self.read(name, 0, 0)
        order = np.argsort(rows, kind="stable")
        ordered, parts = rows[order], []
        for group, at, count in self._groups():
            low, high = np.searchsorted(ordered, (at, at + count))
            if high > low:
                parts.append(_arrow_values(self._column(group, name).take(ordered[low:high] - at)))
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        found: NDArray[Any] = joined(parts)[back]
        return found

    def _groups(self) -> Iterator[tuple[int, int, int]]:
        """Give each group of rows: its number, its first row, how many it has."""
        at = 0
        for group in range(self.file.num_row_groups):
            count = self.file.metadata.row_group(group).num_rows
            yield group, at, count
            at += count

    def _column(self, group: int, name: str) -> Any:
        return self._kept.get((group, name), lambda: self._read_column(group, name))

    def _read_column(self, group: int, name: str) -> Any:
        try:
            return self.file.read_row_group(group, [name])[name]
        except (OSError, ValueError) as error:  # those of Arrow are both
            raise DataError(
                f"{self.address}: column {name}: {' '.join(str(error).split())[:120]}; make or fetch it again"
            ) from None


def parquet_source(path: str) -> ParquetSource:
    """Open a Parquet file.

    Raises
    ------
    NotFoundError
        No such file.
    DataError
        It cannot be read as Parquet, or is damaged.
    """
    if not Path(path).is_file():
        raise NotFoundError(f"{path}: no such file; check the path")
    try:
        file = parquet.ParquetFile(path, page_checksum_verification=True)
    except (OSError, ValueError, ArrowException) as error:
        raise DataError(f"{path}: cannot be read as Parquet: {str(error).splitlines()[0][:200]}") from None
    check_seal(path, file.metadata.metadata or {})
    return ParquetSource(file, path)


def _units(file: Any) -> dict[str, tuple[str, str]]:
    """Read units and meanings of the header of ECSV in the metadata of a Parquet file."""
    header = (file.schema_arrow.metadata or {}).get(b"table_meta_yaml")
    if header is None:
        return {}
    from astropy.table.meta import get_header_from_yaml  # noqa: PLC0415 - slow to load

    try:
        told = get_header_from_yaml(header.decode("utf-8", "replace").splitlines())
    except (ValueError, TypeError, KeyError):
        return {}
    return {
        one["name"]: (str(one.get("unit") or ""), str(one.get("description") or ""))
        for one in told.get("datatype", ())
        if isinstance(one, dict) and "name" in one
    }


def _arrow_words(kind: Any) -> str:
    words = str(kind)
    return (
        "text"
        if words in ("string", "large_string", "binary")
        else {"double": "float64", "float": "float32"}.get(words, words)
    )


def _arrow_values(column: Any) -> NDArray[Any]:
    values: NDArray[Any] = column.to_numpy()
    if str(column.type) in ("string", "large_string") and not column.null_count:
        return values.astype(str)
    if values.dtype == object and not any(isinstance(one, list | np.ndarray) for one in values[:10]):
        lacking = np.array([one is None for one in values])
        texts = np.array(["" if one is None else str(one) for one in values])
        return np.ma.MaskedArray(texts, lacking) if lacking.any() else texts
    return values
