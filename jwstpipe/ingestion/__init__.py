"""From the archive into the store and the catalogue."""

from jwstpipe.ingestion.choose import Choice, answers_of, choose, require_within
from jwstpipe.ingestion.ingest import (
    Ingested,
    IngestResult,
    already_stored,
    arrivals,
    ingest_products,
    register,
    storage_key,
)

__all__ = [
    "Choice",
    "IngestResult",
    "Ingested",
    "already_stored",
    "answers_of",
    "arrivals",
    "choose",
    "ingest_products",
    "register",
    "require_within",
    "storage_key",
]
