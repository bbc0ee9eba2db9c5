"""Records from files: JSON lines and CSV, checked line by line at the door, entered when all have passed.

What was checked waits in a temporary file, so that an import of any length needs little memory and holds other writers
up for the entering alone.
"""

import csv
import json
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

import bson

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.maintenance.export import COLUMNS, LISTS, OF_IMAGE, list_members, plain_cell
from jwstpipe.catalog.records.documents import document_of
from jwstpipe.catalog.records.models import ProductRecord, checked_record
from jwstpipe.errors import DataError

__all__ = ["LONGEST_LINE", "import_lines", "import_table", "read_lines", "text_lines"]

LONGEST_LINE = 16 * 2**20
"""Most bytes of one record, as of a document of MongoDB."""


def text_lines(stream: IO[bytes], *, name: str) -> Iterator[str]:
    """Read lines of UTF-8; only a line feed ends one, whatever else Unicode takes for an end.

    Raises
    ------
    DataError
        A line that is longer than a record may be, or not UTF-8; the message has its number.
    """
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            size = f"longer than {LONGEST_LINE >> 20} MB"
            raise DataError(f"{name}, line {number}: {size}; give a file that export wrote")
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            place = f"{name}, line {number}: not text in UTF-8 (byte {error.start} of the line)"
            raise DataError(f"{place}; give a file that export wrote") from None


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
        except RecursionError:
            raise DataError(f"{name}, line {number}: nested too deeply; a record holds flatter values") from None
        if not isinstance(values, dict):
            raise DataError(f"{name}, line {number}: a record is a JSON object, not a {type(values).__name__}")
        yield checked_record(values, what=f"{name}, line {number}")


def import_lines(catalog: Catalog, lines: Iterable[str], *, name: str) -> int:
    """Enter records from lines of JSON, with the status that they have there.

    All lines are checked before the first record is entered. Records that are known are renewed: what belongs to users
    stays as the catalogue has it.

    Parameters
    ----------
    catalog
        Open catalogue; a user enters own records only.
    lines
        One record each; of a file, see `text_lines`.
    name
        The file, for messages.

    Returns
    -------
    int
        How many.

    Raises
    ------
    DataError
        A line that is no record; the message has its number.
    UsageError
        A record that is not this user's to enter.
    """
    return _enter(catalog, read_lines(lines, name=name))


def import_table(catalog: Catalog, lines: Iterable[str], *, name: str) -> int:
    """Enter records from CSV as `records_csv` writes it; columns that are missing stay empty.

    Raises
    ------
    DataError
        A row that is no record; the message has its line.
    UsageError
        A record that is not this user's to enter.
    """
    return _enter(catalog, _read_table(lines, name=name))


def _read_table(lines: Iterable[str], *, name: str) -> Iterator[ProductRecord]:
    reader = csv.DictReader(iter(lines))
    rows = iter(reader)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            place = f"{name}, line {reader.line_num}"
            raise DataError(f"{place}: not CSV ({error}); give a file that export wrote") from None
        where = f"{name}, line {reader.line_num}"
        yield checked_record(_values(row, where), what=where)


def _enter(catalog: Catalog, records: Iterable[ProductRecord]) -> int:
    with tempfile.TemporaryFile() as checked:
        for record in records:
            checked.write(bson.encode(document_of(record)))
        checked.seek(0)
        return catalog.enter_documents(bson.decode_file_iter(checked))


def _values(row: dict[str, Any], where: str) -> dict[str, Any]:
    image: dict[str, Any] = {}
    values: dict[str, Any] = {}
    kinds = {name: kind for name, kind, _ in COLUMNS}
    for name, cell in row.items():
        if name is None or name not in kinds:
            raise DataError(f"{where}: unknown column {name!r}; the columns are those that catalog export writes")
        if cell in (None, ""):
            continue
        text = plain_cell(cell)
        if name in LISTS:
            values[name] = list_members(text)
        elif kinds[name] is bool:
            values[name] = text.strip().lower() in ("true", "1")
        else:
            (image if name in OF_IMAGE else values)[name] = text
    return {**values, "image_info": image or None}
