"""Records to files and back: JSON lines (everything, both ways), CSV and astropy tables (what fits in columns)."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import IO, Any

from astropy.table import MaskedColumn, Table

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.records.models import ProductRecord, checked_record
from jwstpipe.errors import DataError

__all__ = ["COLUMNS", "import_lines", "import_table", "read_lines", "record_line", "records_csv", "records_table"]

COLUMNS: tuple[tuple[str, type, str | None], ...] = (
    ("product_id", str, None), ("kind", str, None), ("status", str, None), ("file_name", str, None),
    ("processing_level", str, None), ("data_type", str, None), ("observation_base_id", str, None),
    ("exposure_id", str, None), ("detector", str, None), ("program", int, None), ("target_name", str, None),
    ("instrument", str, None), ("filter", str, None), ("wavelength", float, "um"), ("exposure_time", float, "s"),
    ("observation_date", str, None), ("ra", float, "deg"), ("dec", float, "deg"), ("width", int, "pix"),
    ("height", int, "pix"), ("file_size", int, "byte"), ("file_format", str, None), ("storage_key", str, None),
    ("uri", str, None), ("digest", str, None), ("version", str, None), ("operation", str, None),
    ("algorithm_version", str, None), ("run_id", str, None), ("created", str, None), ("tags", str, None),
    ("parents", str, None), ("user_id", str, None), ("is_public", bool, None), ("is_archived", bool, None),
    ("description", str, None),
)  # fmt: skip
"""Name, type and unit of each column; tags and parents are joined by semicolons."""

_OF_IMAGE = (
    "target_name",
    "instrument",
    "filter",
    "wavelength",
    "exposure_time",
    "observation_date",
    "width",
    "height",
)
_LISTS = ("tags", "parents")
_AT_ONCE = 1000


def record_line(record: ProductRecord) -> str:
    """Write a whole record as one line of JSON, under the names of the documents."""
    return json.dumps(record.model_dump(mode="json", by_alias=True), ensure_ascii=False, allow_nan=False)


def read_lines(lines: Iterable[str], *, name: str) -> Iterator[ProductRecord]:
    """Read records from lines of JSON; empty lines are passed over.

    Raises
    ------
    DataError
        A line that is no record; the message has its number.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except ValueError as error:
            raise DataError(f"{name}, line {number}: not JSON ({error})") from None
        if not isinstance(values, dict):
            raise DataError(f"{name}, line {number}: a record is a JSON object, not a {type(values).__name__}")
        yield checked_record(values, what=f"{name}, line {number}")


def import_lines(catalog: Catalog, lines: Iterable[str], *, name: str) -> int:
    """Enter records from lines of JSON, with the status that they have there.

    All lines are checked before the first record is entered. Records that are known are renewed: what belongs to users
    stays as the catalogue has it.

    Returns
    -------
    int
        How many.
    """
    return _enter(catalog, list(read_lines(lines, name=name)))


def import_table(catalog: Catalog, text: str, *, name: str) -> int:
    """Enter records from CSV as `records_csv` writes it; columns that are missing stay empty.

    Raises
    ------
    DataError
        A row that is no record; the message has its line.
    """
    records = []
    reader = csv.DictReader(io.StringIO(text))
    for row in reader:
        where = f"{name}, line {reader.line_num}"
        records.append(checked_record(_values(row, where), what=where))
    return _enter(catalog, records)


def records_csv(records: Iterable[ProductRecord], stream: IO[str]) -> int:
    """Write records as CSV with a header line; tell how many."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([name for name, _, _ in COLUMNS])
    count = 0
    for count, record in enumerate(records, 1):  # noqa: B007 - the count is the answer
        row = _row(record)
        writer.writerow(["" if row[name] is None else row[name] for name, _, _ in COLUMNS])
    return count


def records_table(records: Iterable[ProductRecord]) -> Table:
    """Give records as an astropy table, with units; what a record does not have is masked."""
    rows = [_row(record) for record in records]
    table = Table()
    empty = {str: "", int: 0, float: float("nan"), bool: False}
    for name, kind, unit in COLUMNS:
        values = [row[name] for row in rows]
        filled = [empty[kind] if value is None else value for value in values]
        mask = [value is None for value in values]
        table[name] = MaskedColumn(filled, mask=mask, dtype=kind, unit=unit)
    return table


def _enter(catalog: Catalog, records: list[ProductRecord]) -> int:
    catalog.publish_many(record for record in records if record.status == "published")
    for record in records:
        if record.status != "published":
            catalog.restore(record)
    return len(records)


def _row(record: ProductRecord) -> dict[str, Any]:
    values = record.model_dump(mode="json")
    image = values.pop("image_info") or {}
    row = {name: image.get(name) if name in _OF_IMAGE else values.get(name) for name, _, _ in COLUMNS}
    return row | {name: ";".join(values[name]) for name in _LISTS}


def _values(row: dict[str, Any], where: str) -> dict[str, Any]:
    image: dict[str, Any] = {}
    values: dict[str, Any] = {}
    kinds = {name: kind for name, kind, _ in COLUMNS}
    for name, text in row.items():
        if name is None or name not in kinds:
            raise DataError(f"{where}: unknown column {name!r}; the columns are those that catalog export writes")
        if text in (None, ""):
            continue
        if name in _LISTS:
            values[name] = text.split(";")
        elif kinds[name] is bool:
            values[name] = text.strip().lower() in ("true", "1")
        else:
            (image if name in _OF_IMAGE else values)[name] = text
    return {**values, "image_info": image or None}
