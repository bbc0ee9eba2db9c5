"""The records of the catalogue that a request means, and names for what is made of them."""

import re
from collections.abc import Sequence

from jwstpipe.catalog.records.models import ProductKind, ProductRecord
from jwstpipe.operations.make.chosen import selected_records
from jwstpipe.requests import CatalogSelection
from jwstpipe.tasks.run_context import Run

__all__ = ["asked_records", "slug"]


def asked_records(
    run: Run, request: CatalogSelection, *, kinds: Sequence[ProductKind], called: str
) -> list[ProductRecord]:
    """Find the records of some kinds that a request selects (see `jwstpipe.operations.make.chosen`)."""
    return selected_records(run.catalog, request, kinds=kinds, called=called)


def slug(text: str) -> str:
    """Write a target, or another name, as a part of a file name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "target"
