"""Records as lines of text."""

from typing import TYPE_CHECKING

__all__ = ["record_row", "size_text"]

if TYPE_CHECKING:
    from jwstpipe.catalog.records.models import ProductRecord


def record_row(record: "ProductRecord") -> str:
    """Write the main fields of a record as one line."""
    image = record.image_info
    return (
        f"{record.product_id:32s} {record.kind:9s} {record.processing_level:7s}"
        f" {(image.instrument if image else None) or '-':10s} {(image.filter if image else None) or '-':8s}"
        f" {size_text(record.file_size):>10s} {_one_line(record.file_name)}"
        f"{'' if record.status == 'published' else f' [{record.status}]'}{' (!)' if record.warnings else ''}"
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
