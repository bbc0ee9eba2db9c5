"""The records of the catalogue that a selection and a condition on their columns choose."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jwstpipe.analysis.tables.conditions import parse_condition
from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.maintenance.export import COLUMNS, records_table
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.requests import CatalogSelection

__all__ = ["chosen_records", "selected_records"]


def selected_records(
    catalog: Catalog, request: CatalogSelection, *, kinds: Sequence[Any], called: str
) -> list[ProductRecord]:
    """Find the records of some kinds that a request selects, by file name.

    Raises
    ------
    NotFoundError
        A product that the request names is not among them; the message says what it is `called`.
    """
    query = RecordQuery(
        kind=tuple(kinds), level=request.record_level, target=request.target, program=request.program,
        instrument=(request.instrument,) if request.instrument else (), filter=request.filters,
    )  # fmt: skip
    found = list(catalog.find(query, sort="file_name"))
    if not request.products:
        return found
    asked = set(request.products)
    found = [record for record in found if {record.product_id, record.file_name} & asked]
    missing = asked - {name for record in found for name in (record.product_id, record.file_name)}
    if missing:
        raise NotFoundError(f"{min(missing)}: no such {called} in the catalogue; jwstpipe catalog find lists them")
    return found


def chosen_records(
    catalog: Catalog,
    request: CatalogSelection,
    *,
    kinds: Sequence[Any],
    condition: str | None = None,
    most: int | None = None,
    fitting: Callable[[Sequence[ProductRecord]], list[ProductRecord]] | None = None,
) -> list[ProductRecord]:
    """Find the records that a request selects and a condition on their columns keeps, by file name.

    Parameters
    ----------
    catalog
        Where they are.
    request
        Selection: target, programme, filters, products by id or file name ...
    kinds
        Of products.
    condition
        On the columns that ``jwstpipe catalog export`` writes, as `jwstpipe.analysis.tables.conditions` has it.
    most
        Refuse more.
    fitting
        Which of them are left where the request names none (`jwstpipe.operations.make.fitting_inputs`).

    Raises
    ------
    NotFoundError
        A product that the request names is not among them, or nothing is chosen.
    UsageError
        A condition that cannot be understood, or too many records.
    """
    called = " or ".join(kinds)
    test = None if condition is None else parse_condition(condition, [name for name, _, _ in COLUMNS])
    found = selected_records(catalog, request, kinds=kinds, called=called)
    if fitting is not None and not request.products:
        found = fitting(found)
    if test is not None and found:
        table = records_table(found)
        kept = test({name: np.ma.asarray(table[name]) for name in test.columns})
        found = [record for record, keep in zip(found, kept, strict=True) if keep]
    if not found:
        raise NotFoundError(f"{request.summary()}: the catalogue has no such {called}")
    if most is not None and len(found) > most:
        raise UsageError(f"{len(found):,} products are more than the limit of {most:,}; narrow it or raise --max-files")
    return found
