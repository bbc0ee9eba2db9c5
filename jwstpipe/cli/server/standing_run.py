"""Whether a run would have anything to do, asked before a server is started for it."""

import time
from collections.abc import Iterator, Sequence
from functools import partial
from os.path import isfile
from typing import TYPE_CHECKING

from jwstpipe.requests import ProcessTargetRequest
from jwstpipe.settings import Settings
from jwstpipe.storage import is_remote, open_store, product_exists

if TYPE_CHECKING:
    from jwstpipe.archive.search.products import Product
    from jwstpipe.catalog.catalog import Catalog
    from jwstpipe.jobs.report import RunReport

__all__ = ["standing_run"]


def standing_run(settings: Settings, request: ProcessTargetRequest) -> "RunReport | None":
    """Give the report of the last run of a request, where another one would find everything made.

    That is so where the archive lists the files that it was made of and no others, all of them are here in the version
    that it has, and each product stands and is not stale: nothing that it came from was replaced or is lost, and no
    algorithm has changed. In doubt (a store on S3, options that name files) the run itself finds out.

    Raises
    ------
    JwstPipeError
        As the search of the run would.
    """
    from jwstpipe.jobs.report import last_report

    started = time.perf_counter()
    store = open_store(settings.store_root, s3=settings.s3)
    if is_remote(store.root) or request.suggestion is not None or _names_files(request):
        return None
    last = last_report(store, "process_target", request)
    if last is None or not last.products:
        return None
    from jwstpipe.catalog.catalog import open_catalog
    from jwstpipe.catalog.lineage.staleness import why_stale
    from jwstpipe.ingestion import choose_images
    from jwstpipe.operations.registry import algorithms

    chosen = choose_images(request, settings=settings.archive)
    searched = time.perf_counter() - started
    present = partial(product_exists, store)
    with open_catalog(settings.catalog_address) as catalog:
        made = [product.product_id for product in last.products]
        records = catalog.get_many(made)
        if records.keys() != set(made) or any(
            why_stale(catalog, one, algorithms=algorithms(), present=present) for one in made
        ):
            return None
        if _digests_here(chosen.products, settings) != _digests_used(catalog, made):
            return None
    where = {key: store.url(str(record.storage_key)) for key, record in records.items()}
    seconds = time.perf_counter() - started
    return last.model_copy(
        update={
            "products": tuple(
                product.model_copy(update={"reused": True, "where": where[product.product_id]})
                for product in last.products
            ),
            "files": len(chosen.products),
            "bytes_moved": 0,
            "counts": {},
            "notes": (*chosen.gaps, *chosen.notes),
            "seconds": {"search": round(searched, 2), "compare": round(seconds - searched, 2)},
            "total_seconds": round(seconds, 2),
            "dashboard": None,
        }
    )


def _names_files(request: ProcessTargetRequest) -> bool:
    """Tell whether an option names a file: what stands in it may be something else today."""
    words = _words(request.model_dump(mode="json"))
    return any(is_remote(word) or isfile(word) for word in words)  # noqa: PTH113 - a Path raises for words too long


def _words(value: object) -> Iterator[str]:
    """Give all texts of a request, wherever they stand in it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _words(one)
    elif isinstance(value, list):
        for one in value:
            yield from _words(one)


def _digests_here(products: "Sequence[Product]", settings: Settings) -> set[str] | None:
    """Give the digests of files of the archive that are here, as the archive has them; None where one is not."""
    from jwstpipe.archive.transfer.fetch import fetch
    from jwstpipe.ingestion import arrivals

    place = arrivals(open_store(settings.store_root, s3=settings.s3), settings)
    if not all(place.holds(product.obs_id, product.file_name) for product in products):
        return None
    found = fetch(products, place, settings=settings.archive)  # asks the archive for what has changed only
    if found.failures or not all(receipt.reused for receipt in found.receipts):
        return None
    return {receipt.sha256 for receipt in found.receipts}


def _digests_used(catalog: "Catalog", products: Sequence[str]) -> set[str]:
    """Give the digests of the files of the archive that products were made of."""
    seen: set[str] = set()
    digests: set[str] = set()
    near = set(products)
    while near:
        seen |= near
        records = catalog.get_many(near).values()
        digests |= {str(record.digest) for record in records if record.kind == "archive"}
        near = {parent for record in records for parent in record.parents} - seen
    return digests
