"""From the archive into the store and the catalogue."""

from jwstpipe.ingestion.choose import Choice, answers_of, choose, require_within
from jwstpipe.ingestion.choose_images import ChosenImages, choose_images
from jwstpipe.ingestion.existing import ExistingResult, register_existing
from jwstpipe.ingestion.ingest import (
    Ingested,
    IngestResult,
    already_stored,
    arrivals,
    ingest_products,
    record_of,
    register,
    storage_key,
)
from jwstpipe.ingestion.refresh import RefreshResult, refresh_records, stale_records

__all__ = [
    "Choice",
    "ChosenImages",
    "ExistingResult",
    "IngestResult",
    "Ingested",
    "RefreshResult",
    "already_stored",
    "answers_of",
    "arrivals",
    "choose",
    "choose_images",
    "ingest_products",
    "record_of",
    "refresh_records",
    "register",
    "register_existing",
    "require_within",
    "stale_records",
    "storage_key",
]
