"""The verbs of the Python API that need settings: they read those of the site unless they are given."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from jwstpipe.archive.search.search import SearchResult
from jwstpipe.archive.search.search import search as search_archive
from jwstpipe.catalog.catalog import Catalog, open_catalog
from jwstpipe.catalog.lineage.embedded_id import find_product
from jwstpipe.catalog.lineage.graph import LineageNode, ancestors
from jwstpipe.catalog.lineage.staleness import Reason
from jwstpipe.catalog.lineage.staleness import why_stale as reasons_why_stale
from jwstpipe.catalog.query import RecordQuery, SortKey
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.execution.workers import open_workers
from jwstpipe.ingestion import IngestResult, answers_of, choose, ingest_products, require_within
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import IngestRequest, SearchRequest, validated
from jwstpipe.settings import Settings, load_settings
from jwstpipe.storage import open_store, product_exists

if TYPE_CHECKING:
    from jwstpipe.operations.reproduce import Reproduction

__all__ = ["find_records", "ingest", "lineage", "reproduce", "search", "why_stale"]

RequestT = TypeVar("RequestT", bound=SearchRequest)


def search(
    target: str | None = None,
    *,
    ra: float | str | None = None,
    dec: float | str | None = None,
    radius: float = 0.2,
    obs_id: str | None = None,
    program: int | None = None,
    instrument: str | None = None,
    filters: Sequence[str] = (),
    level: Sequence[int] = (),
    released_since: date | str | None = None,
    released_before: date | str | None = None,
    spectra: bool = False,
    proprietary: bool = False,
    max_age_s: float | None = None,
    settings: Settings | None = None,
    report: Reporter = silent,
) -> SearchResult:
    """Find public JWST images by target, position, observation or programme.

    Parameters
    ----------
    target
        Name of an object, as ``NGC 3132``.
    ra, dec, radius
        Position and radius, degrees ICRS; the position also as ``"10:07:01.8"``, ``"-40:26:11"``.
    obs_id
        Observation id, with ``*`` as wildcard.
    program
        Programme number.
    instrument
        NIRCam, MIRI, NIRISS, NIRSpec or FGS.
    filters
        As ``["F090W"]``; none = all.
    level
        MAST calibration levels; none = exposures (2) and combined images (3).
    released_since, released_before
        Days (UTC), as ``"2024-05-01"``; ``"30d"`` = thirty days ago.
    spectra
        Spectra, cubes and time series too.
    proprietary
        Also what is not public yet.
    max_age_s
        Oldest answer that is taken from disk in place of asking, seconds; default: as the site says, 0 = ask.
    settings
        Which archive; default: those of the site, see `jwstpipe.settings.load_settings`.
    report
        Told of pages.

    Returns
    -------
    SearchResult
        ``observations`` is an astropy Table with every MAST field; ``complete`` says whether all rows came.

    Raises
    ------
    UsageError
        No selector, or a value out of range.
    TargetNotFoundError
        No resolver knows the name.
    ArchiveError
        The archive is down.

    Examples
    --------
    >>> found = jwstpipe.search("NGC 3132", filters=["F090W"])  # doctest: +SKIP
    >>> found.observations["obs_id", "t_exptime"]  # doctest: +SKIP
    """
    request = _request(
        SearchRequest,
        target=target, ra=ra, dec=dec, radius=radius, obs_id=obs_id, program=program, instrument=instrument,
        filters=filters, level=level, released_since=released_since, released_before=released_before, spectra=spectra,
        proprietary=proprietary,
    )  # fmt: skip
    site = settings or load_settings()
    return search_archive(request, settings=site.archive, answers=answers_of(site, max_age_s=max_age_s), report=report)


def ingest(
    target: str | None = None,
    *,
    ra: float | str | None = None,
    dec: float | str | None = None,
    radius: float = 0.2,
    obs_id: str | None = None,
    program: int | None = None,
    instrument: str | None = None,
    filters: Sequence[str] = (),
    level: Sequence[int] = (),
    suffix: Sequence[str] = (),
    released_since: date | str | None = None,
    released_before: date | str | None = None,
    spectra: bool = False,
    max_files: int = 5_000,
    max_gigabytes: float = 500.0,
    settings: Settings | None = None,
    report: Reporter = silent,
) -> IngestResult:
    """Fetch what `search` finds into the store, and register it in the catalogue.

    Parameters are those of `search`, and

    Parameters
    ----------
    suffix
        Kinds of files, as ``["cal"]``; none = ``cal`` of level 2 and ``i2d`` of level 3.
    max_files, max_gigabytes
        Refuse more.

    Returns
    -------
    IngestResult
        A record for each file, and a reason for each that failed. Files that are here move no bytes.
    """
    request = _request(
        IngestRequest,
        target=target, ra=ra, dec=dec, radius=radius, obs_id=obs_id, program=program, instrument=instrument,
        filters=filters, level=level, suffix=suffix, released_since=released_since, released_before=released_before,
        spectra=spectra, max_files=max_files, max_gigabytes=max_gigabytes,
    )  # fmt: skip
    site = settings or load_settings()
    choice = choose(request, settings=site.archive, answers=answers_of(site, max_age_s=0.0), report=report)
    require_within(choice, request)
    return ingest_products(choice.products, settings=site, report=report)


def _request(model: type[RequestT], **wishes: object) -> RequestT:
    given = {key: tuple(value) if isinstance(value, list | tuple) else value for key, value in wishes.items()}
    if not given["level"]:
        del given["level"]
    return validated(model, **given)


def find_records(
    query: RecordQuery | None = None,
    *,
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
        Conditions; None = all published products.
    sort, limit, skip
        Order and page; limit 0 = all.
    user
        Who asks: sees public, own and shared records only. None = the site, which sees all.
    settings
        Which catalogue; default: that of the site.

    Examples
    --------
    >>> jwstpipe.find_records(RecordQuery(target="NGC 3132", level=("L3",)))  # doctest: +SKIP
    """
    with _catalog(settings, user) as (catalog, _):
        return catalog.find(query, sort=sort, limit=limit, skip=skip)


def lineage(product: str, *, user: str | None = None, settings: Settings | None = None) -> LineageNode:
    """Give the tree of all that went into a product.

    Parameters
    ----------
    product
        Id or its beginning, file name, storage key, or the path of any file of it: FITS, image store, picture.
    user, settings
        As in `find_records`.

    Raises
    ------
    NotFoundError
        The catalogue has no such product.
    ConflictError
        The word may mean several.
    """
    with _catalog(settings, user) as (catalog, site):
        return ancestors(catalog, find_product(catalog, product, s3=site.s3).record.product_id)


def why_stale(product: str, *, user: str | None = None, settings: Settings | None = None) -> tuple[Reason, ...]:
    """Give the reasons why a product is not current; none = it is (parameters as in `lineage`)."""
    from jwstpipe.operations.registry import algorithms  # noqa: PLC0415 - loads mosaics and rendering

    with _catalog(settings, user) as (catalog, site):
        store = open_store(site.store_root, s3=site.s3)
        key = find_product(catalog, product, s3=site.s3).record.product_id
        present = partial(product_exists, store)
        return reasons_why_stale(catalog, key, algorithms=algorithms(), present=present)


def reproduce(product: str, *, settings: Settings | None = None) -> "Reproduction":
    """Make a product again from its record, and tell whether it came out the same."""
    from jwstpipe.operations.reproduce import reproduce as reproduce_product  # noqa: PLC0415 - loads mosaics and rendering

    with _catalog(settings, None) as (catalog, site), open_workers(site.execution) as workers:
        key = find_product(catalog, product, s3=site.s3).record.product_id
        return reproduce_product(key, catalog=catalog, store=open_store(site.store_root, s3=site.s3), workers=workers)


@contextmanager
def _catalog(settings: Settings | None, user: str | None) -> Iterator[tuple[Catalog, Settings]]:
    site = settings or load_settings()
    with open_catalog(site.catalog_address) as catalog:
        yield (catalog if user is None else catalog.as_user(user)), site
