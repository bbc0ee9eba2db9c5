"""One verb over many products."""

from jwstpipe.requests.base import option
from jwstpipe.requests.fields.shared import CatalogSelection, MaxFiles

__all__ = ["BatchRequest"]


class BatchRequest(CatalogSelection):
    """One verb over many products of the catalogue: a row for each, an error is a row too."""

    verb: str = option("stats", min_length=1, max_length=40, help="what is done with each: detect, filter, stats ...")
    with_: tuple[str, ...] = option(
        (),
        max_length=100,
        help="options of the verb, as threshold=5",
        names=("--with",),
        metavar="NAME=VALUE",
        commas=False,
    )
    max_files: MaxFiles = 10_000
