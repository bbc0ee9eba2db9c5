"""Records to files: JSON lines (everything), CSV and astropy tables (what fits in columns)."""

import csv
import json
import re
from collections.abc import Iterable
from typing import IO, Any

from astropy.table import MaskedColumn, Table

from jwstpipe.catalog.records.models import ProductRecord

__all__ = ["COLUMNS", "list_members", "plain_cell", "record_line", "records_csv", "records_table", "safe_cell"]

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

OF_IMAGE = (
    "target_name",
    "instrument",
    "filter",
    "wavelength",
    "exposure_time",
    "observation_date",
    "width",
    "height",
)
LISTS = ("tags", "parents")
_FORMULA = re.compile(r"[=+\-@\t\r'\uff1d\uff0b\uff0d\uff20]")
"""What a spreadsheet takes for the beginning of a formula, and the mark that we put before it."""

_MEMBER = re.compile(r"(?:[^;\\]|\\.)*", re.DOTALL)


def record_line(record: ProductRecord) -> str:
    """Write a whole record as one line of JSON, under the names of the documents."""
    return json.dumps(record.model_dump(mode="json", by_alias=True), ensure_ascii=False, allow_nan=False)


def records_csv(records: Iterable[ProductRecord], stream: IO[str]) -> int:
    """Write records as CSV with a header line; tell how many."""
    writer = csv.writer(stream, lineterminator="\r\n")  # cells with either are quoted
    writer.writerow([name for name, _, _ in COLUMNS])
    count = 0
    for count, record in enumerate(records, 1):  # noqa: B007 - the count is the answer
        row = _row(record)
        writer.writerow([_cell(row[name], kind) for name, kind, _ in COLUMNS])
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


def safe_cell(text: str) -> str:
    """Give a text that no spreadsheet takes for a formula: with an apostrophe before what looks like one."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain_cell(cell: str) -> str:
    """Give back what `safe_cell` was given."""
    return cell.removeprefix("'")


def list_members(text: str) -> list[str]:
    """Take a list that stands in one cell apart: members by semicolons, those inside a member with a backslash."""
    found, at = [], 0
    while True:
        member = _MEMBER.match(text, at)
        end = member.end() if member is not None else at
        found.append(re.sub(r"\\(.)", r"\1", text[at:end], flags=re.DOTALL))
        if end >= len(text):
            return found
        at = end + 1


def _cell(value: Any, kind: type) -> Any:
    if value is None:
        return ""
    return safe_cell(value) if kind is str else value


def _row(record: ProductRecord) -> dict[str, Any]:
    values = record.model_dump(mode="json")
    image = values.pop("image_info") or {}
    row = {name: image.get(name) if name in OF_IMAGE else values.get(name) for name, _, _ in COLUMNS}
    return row | {name: ";".join(re.sub(r"([;\\])", r"\\\1", one) for one in values[name]) for name in LISTS}
