"""The records of the catalogue that a request means."""

from typing import Literal

from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import NotFoundError
from jwstpipe.requests import ConvertRequest, MosaicRequest
from jwstpipe.tasks.run_context import Run

__all__ = ["asked_records"]


def asked_records(
    run: Run, request: ConvertRequest | MosaicRequest, *, kind: Literal["archive", "image"], called: str
) -> list[ProductRecord]:
    """Find the records of a kind that a request selects, by file name.

    Raises
    ------
    NotFoundError
        A product that the request names is not among them; the message says what it is `called`.
    """
    query = RecordQuery(
        kind=(kind,),
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
