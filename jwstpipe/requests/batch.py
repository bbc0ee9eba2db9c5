"""One verb over many products."""

from jwstpipe.requests.base import option
from jwstpipe.requests.fields.shared import SELECTION, CatalogSelection, MaxFiles

__all__ = ["BatchRequest"]


class BatchRequest(CatalogSelection):
    """One verb over many products of the catalogue: a row for each, an error is a row too."""

    verb: str = option(
        "stats", min_length=1, max_length=40, help="what is done with each: detect, filter, stats, spectrum ..."
    )
    query: str | None = option(
        None,
        min_length=1,
        max_length=2_000,
        help="condition on the columns of records, as exposure_time > 100 and filter in (F090W, F200W)",
        metavar="CONDITION",
        group=SELECTION,
    )
    with_: tuple[str, ...] = option(
        (),
        max_length=100,
        help="options of the verb, as threshold=5",
        names=("--with",),
        metavar="NAME=VALUE",
        commas=False,
    )
    as_: str = option(
        "", max_length=10, help="files that are made, as png; empty = the usual ones of the verb", names=("--as",)
    )
    max_files: MaxFiles = 10_000
