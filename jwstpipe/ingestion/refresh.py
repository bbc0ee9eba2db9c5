"""Records of archive files read anew: what MAST and the headers say now, without touching what belongs to users."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from jwstpipe.archive.search.products import Product, list_products
from jwstpipe.archive.search.search import search
from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.archive_record import needs_refresh, refreshed
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import JwstPipeError, NotFoundError
from jwstpipe.ingestion.ingest import header_cards
from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.requests import RefreshMetadataRequest, SearchRequest
from jwstpipe.settings import ArchiveSettings
from jwstpipe.storage import ObjectStore

__all__ = ["RefreshResult", "refresh_records", "stale_records"]


@dataclass(frozen=True)
class RefreshResult:
    """What became of records that were read anew."""

    refreshed: tuple[ProductRecord, ...]
    unlisted: tuple[str, ...]
    """Files that the archive does not list any more; their records stay as they are."""

    newer: tuple[str, ...]
    """Files of which the archive has another version now; ingesting them again fetches it."""

    remarks: tuple[str, ...]
    """What else went wrong, as a header that cannot be read."""


def stale_records(catalog: Catalog, request: RefreshMetadataRequest) -> tuple[ProductRecord, ...]:
    """Find the records that a request means: those that are named, or those that lack something.

    Raises
    ------
    NotFoundError
        No record of what was named.
    """
    if request.obs_id:
        found = []
        for obs_id in request.obs_id:
            held = catalog.find(RecordQuery(kind=("archive",), obs_id=obs_id))
            if not held:
                raise NotFoundError(f"no archive file of {obs_id!r} is in the catalogue; ingest it first")
            found += held
        return tuple(found)
    held = catalog.find(RecordQuery(kind=("archive",), program=request.program, target=request.target))
    if not held and (request.program or request.target):
        named = request.target or f"programme {request.program}"
        raise NotFoundError(f"no archive file of {named} is in the catalogue; ingest it first")
    return tuple(record for record in held if request.complete or needs_refresh(record))


def refresh_records(
    records: Sequence[ProductRecord],
    *,
    settings: ArchiveSettings,
    store: ObjectStore,
    catalog: Catalog,
    report: Reporter = silent,
) -> RefreshResult:
    """Read records anew from MAST, a programme at a time, and publish them.

    Tags, descriptions, sharing and everything else that belongs to users stay.

    Raises
    ------
    ArchiveError
        The archive does not answer.
    """
    listed: dict[str, Product] = {}
    for program in sorted({record.program for record in records if record.program is not None}):
        own = {_obs_id(record) for record in records if record.program == program}
        listed |= _listed(program, own, settings)
    done, unlisted, newer, remarks = [], [], [], []
    for number, record in enumerate(records, start=1):
        product = listed.get(str(record.uri))
        if product is None:
            unlisted.append(record.file_name)
        else:
            cards, remark = _cards(record, store)
            remarks += [] if remark is None else [remark]
            fresh = refreshed(record, {**product.mast, "obs_id": product.obs_id}, cards, imported=datetime.now(UTC))
            catalog.publish(fresh)
            done.append(fresh)
            if product.version not in ("", record.version):
                newer.append(record.file_name)
        report(Progress("refresh", number, len(records), "records"))
    return RefreshResult(tuple(done), tuple(unlisted), tuple(newer), tuple(remarks))


def _listed(program: int, obs_ids: set[str], settings: ArchiveSettings) -> dict[str, Product]:
    """List the files of some observations of a programme, by URI."""
    everything = SearchRequest(program=program, level=(), spectra=True, proprietary=True)
    found = search(everything, settings=settings)
    own = [str(name) in obs_ids for name in found.observations["obs_id"]] if len(found.observations) else []
    chosen = replace(found, observations=found.observations[np.array(own, dtype=bool)])
    return {product.data_uri: product for product in list_products(chosen, settings=settings)}


def _obs_id(record: ProductRecord) -> str:
    return str(record.metadata.get("mast_obs_id", ""))


def _cards(record: ProductRecord, store: ObjectStore) -> tuple[dict[str, object], str | None]:
    """Read the header of a file again; one that is gone or damaged is said, MAST's fields are used without it."""
    try:
        return header_cards(store.url(str(record.storage_key)), store), None
    except JwstPipeError as error:
        return {}, f"{record.file_name}: header not read: {error}"
