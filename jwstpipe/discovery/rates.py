"""How fast this site is, by the reports that its runs leave in the store."""

import json

from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.reader import CatalogReader
from jwstpipe.discovery.recipes.rates import LAST_RUNS, Measured, Rates, measured_rates
from jwstpipe.errors import JwstPipeError
from jwstpipe.storage import ObjectStore

__all__ = ["rates_here"]


def rates_here(store: ObjectStore, catalog: CatalogReader, *, threads: int) -> Rates:
    """Measure the rates of this site by the reports of its last runs; where there are none, those of benchmarks."""
    try:
        kept = [one for one in store.objects("runs") if one.key.endswith("/report.json")]
    except (JwstPipeError, FileNotFoundError):
        return Rates()
    kept.sort(key=lambda one: (one.modified, one.key), reverse=True)
    reports = []
    for one in kept[: 3 * LAST_RUNS]:
        try:
            read = json.loads(store.read_bytes(one.key))
        except (JwstPipeError, ValueError):
            continue  # gone meanwhile, or of another version: it tells nothing
        if isinstance(read, dict):
            reports.append(read)
    if not reports:
        return Rates()
    query = RecordQuery(kind=("image", "mosaic", "picture"), status=())
    pixels, parents = {}, {}
    for record in catalog.each(query, limit=5_000):
        if (info := record.image_info) is not None and info.width and info.height:
            pixels[record.product_id] = info.width * info.height
        if record.kind == "mosaic":
            parents[record.product_id] = record.parents
    return measured_rates(reports, Measured(pixels, parents, threads))
