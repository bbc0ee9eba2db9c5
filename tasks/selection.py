"""The records of the catalogue that a request means, and names for what is made of them."""

import re
from collections.abc import Sequence

from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.models import ProductKind, ProductRecord
from jwstpipe.errors import NotFoundError
from jwstpipe.requests import CatalogSelection
from jwstpipe.tasks.run_context import Run

__all__ = ["asked_records", "slug"]


def asked_records(
    run: Run, request: CatalogSelection, *, kinds: Sequence[ProductKind], called: str
) -> list[ProductRecord]:
    """Find the records of some kinds that a request selects, by file name.

    Raises
    ------
    NotFoundError
        A product that the request names is not among them; the message says what it is `called`.
    """
    query = RecordQuery(
        kind=tuple(kinds),
        level=request.record_level,
        target=request.target,
        program=request.program,
        instrument=(request.instrument,) if request.instrument else (),
        filter=request.filters,
    )
    found = run.catalog.find(query, sort="file_name")
    if not request.products:
        return list(found)
    asked = set(request.products)
    found = [record for record in found if {record.product_id, record.file_name} & asked]
    missing = asked - {name for record in found for name in (record.product_id, record.file_name)}
    if missing:
        raise NotFoundError(f"{min(missing)}: no such {called} in the catalogue; jwstpipe catalog find lists them")
    return found


def slug(text: str) -> str:
    """Write a target, or another name, as a part of a file name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "target"
