"""Verbs on records: find, lineage, staleness, reproduce. They read the settings of the site unless they are given."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jwstpipe.catalog.catalog import Catalog, open_catalog
from jwstpipe.catalog.lineage.carried import tree_of_file
from jwstpipe.catalog.lineage.embedded_id import find_product
from jwstpipe.catalog.lineage.graph import LineageNode, ancestors
from jwstpipe.catalog.lineage.staleness import Reason
from jwstpipe.catalog.lineage.staleness import why_stale as reasons_why_stale
from jwstpipe.catalog.query import RecordQuery, SortKey, record_query
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.execution.workers import open_workers
from jwstpipe.requests.archive.records import RecordConditions
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import Settings, load_settings
from jwstpipe.storage import is_remote, open_store, product_exists

if TYPE_CHECKING:
    from jwstpipe.operations.products.reproduce import Reproduction

__all__ = ["add_files", "find_records", "lineage", "reproduce", "why_stale"]

log = logging.getLogger(__name__)


@request_keywords(RecordConditions, into="conditions")
def find_records(
    query: RecordQuery | None = None,
    *,
    conditions: RecordConditions,
    sort: SortKey = "newest",
    limit: int = 0,
    skip: int = 0,
    user: str | None = None,
    settings: Settings | None = None,
) -> list[ProductRecord]:
    """Find records of the catalogue.

    Parameters
    ----------
    query
        Conditions as a query, in place of keywords; None = all published products.
    **options
    sort, limit, skip
        Order and page; limit 0 = all.
    user
        Who asks: sees public, own and shared records only. None = the site, which sees all.
    settings
        Which catalogue; default: that of the site.

    Examples
    --------
    >>> jwstpipe.find_records(target="NGC 3132", level="L3")  # doctest: +SKIP
    """
    if query is not None and conditions.model_fields_set:
        raise UsageError("find_records takes a query or conditions as keywords, not both")
    asked = record_query(conditions) if query is None else query
    with _catalog(settings, user) as (catalog, _):
        return catalog.find(asked, sort=sort, limit=limit, skip=skip)


def lineage(product: str, *, user: str | None = None, settings: Settings | None = None) -> LineageNode:
    """Give the tree of all that went into a product.

    Parameters
    ----------
    product
        Id or its beginning, file name, storage key, or the path of any file of it: FITS, image store, picture. Of a
        file that the catalogue does not know the answer is what it says of itself; a warning says so.
    user, settings
        As in `find_records`.

    Raises
    ------
    NotFoundError
        The catalogue has no such product, and there is no such file, or one that says nothing of itself.
    ConflictError
        The word may mean several.

    Examples
    --------
    >>> print(jwstpipe.lineage("f200w.zarr"))
    f200w.zarr [image, convert] ...
    """
    with _catalog(settings, user) as (catalog, site):
        try:
            found = find_product(catalog, product, s3=site.s3)
        except NotFoundError:
            if not (is_remote(product) or Path(product).exists()):
                raise
            tree = tree_of_file(product, catalog, s3=site.s3)
            log.warning("%s: the catalogue does not know it; this is what it says of itself", product)
            return tree
        return ancestors(catalog, found.record.product_id)


def why_stale(product: str, *, user: str | None = None, settings: Settings | None = None) -> tuple[Reason, ...]:
    """Give the reasons why a product is not current; none = it is (parameters as in `lineage`).

    Examples
    --------
    >>> jwstpipe.why_stale("79ab4fd347ec")  # doctest: +SKIP
    ()
    """
    from jwstpipe.operations.registry import algorithms  # noqa: PLC0415 - loads mosaics and rendering

    with _catalog(settings, user) as (catalog, site):
        store = open_store(site.store_root, s3=site.s3)
        key = find_product(catalog, product, s3=site.s3).record.product_id
        present = partial(product_exists, store)
        return reasons_why_stale(catalog, key, algorithms=algorithms(), present=present)


def add_files(
    files: str | Path | Sequence[str | Path], *, user: str | None = None, settings: Settings | None = None
) -> list[ProductRecord]:
    """Enter products into the catalogue by what their files say of themselves; they stay where they are.

    Parameters
    ----------
    files
        Image stores, FITS files and pictures of ours, local or ``s3://``.
    user, settings
        As in `find_records`.

    Returns
    -------
    list of ProductRecord
        One a file, as the catalogue has it; several files of one product have one record.

    Raises
    ------
    NotFoundError, DataError
        A file that does not say what it was made of, or was edited; then none is entered.

    Examples
    --------
    >>> record, = jwstpipe.add_files("mosaic.fits")  # doctest: +SKIP
    >>> record.product_id, record.parents  # doctest: +SKIP
    """
    from jwstpipe.operations.products.enter_files import enter_files  # noqa: PLC0415 - loads the operations

    listed = [files] if isinstance(files, str | Path) else list(files)
    with _catalog(settings, user) as (catalog, site):
        return [one.record for one in enter_files(catalog, listed, store_root=site.store_root, s3=site.s3)]


def reproduce(
    product: str,
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
    inputs: Sequence[str | Path] = (),
    settings: Settings | None = None,
) -> "Reproduction":
    """Make a product again from its record, and tell whether it came out the same.

    Parameters
    ----------
    product
        As in `lineage`.
    out, overwrite, inputs
        Where it goes, instead of where it was; replace what stands there; where inputs are that the catalogue does not
        know and that do not lie beside the product.
    settings
        As in `find_records`.

    Examples
    --------
    >>> jwstpipe.reproduce("79ab4fd347ec", out="again.zarr").same  # doctest: +SKIP
    """
    from jwstpipe.operations.products.reproduce import reproduce as reproduce_product  # noqa: PLC0415 - loads mosaics and rendering

    with _catalog(settings, None) as (catalog, site), open_workers(site.execution) as workers:
        key = find_product(catalog, product, s3=site.s3).record.product_id
        store = open_store(site.store_root, s3=site.s3)
        return reproduce_product(
            key, catalog=catalog, store=store, workers=workers, out=out, overwrite=overwrite, inputs=inputs
        )


@contextmanager
def _catalog(settings: Settings | None, user: str | None) -> Iterator[tuple[Catalog, Settings]]:
    site = settings or load_settings()
    with open_catalog(site.catalog_address) as catalog:
        yield (catalog if user is None else catalog.as_user(user)), site
