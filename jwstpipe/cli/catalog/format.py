"""Records as lines of text."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

__all__ = ["record_lines", "record_row", "size_text"]

if TYPE_CHECKING:
    from jwstpipe.catalog.records.models import ProductRecord

ID_LETTERS = 12
"""Letters of an id that are shown: every command takes the beginning of an id."""

HEAD = ("id", "kind", "level", "instrument", "filter", "size", "file name")


def record_lines(records: Sequence["ProductRecord"], *, whole_ids: bool = False) -> list[str]:
    """Write the main fields of records as an aligned table with a head.

    Parameters
    ----------
    records
        Records.
    whole_ids
        Write all letters of the ids; else the beginnings, where those tell the records apart.
    """
    from jwstpipe.cli.tables import aligned

    short = {record.product_id: record.product_id[:ID_LETTERS] for record in records}
    whole = whole_ids or len(set(short.values())) < len(short)
    cells = [_cells(record, record.product_id if whole else short[record.product_id]) for record in records]
    return aligned([HEAD, *cells], right=(HEAD.index("size"),))


def record_row(record: "ProductRecord") -> str:
    """Write the main fields of a record as one line by itself."""
    return "  ".join(_cells(record, record.product_id))


def _cells(record: "ProductRecord", shown_id: str) -> tuple[str, ...]:
    image = record.image_info
    state = "" if record.status == "published" else f" [{record.status}]"
    return (
        shown_id,
        record.kind,
        "-" if record.processing_level == "unknown" else record.processing_level,
        (image.instrument if image else None) or "-",
        (image.filter if image else None) or "-",
        size_text(record.file_size),
        f"{_one_line(record.file_name)}{state}{' (!)' if record.warnings else ''}",
    )


def _one_line(text: str) -> str:
    return text.replace("\n", "\\n").replace("\t", "\\t")


def size_text(size: int | None) -> str:
    """Write a number of bytes in the unit that suits it."""
    if size is None:
        return "-"
    return (
        f"{size / 1e9:.2f} GB" if size >= 10**9 else f"{size / 1e6:.2f} MB" if size >= 10**6 else f"{size / 1e3:.1f} kB"
    )
