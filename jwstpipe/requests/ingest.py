"""Files of the archive, into the store and the catalogue."""

from typing import Literal

from pydantic import Field

from jwstpipe.requests.search import SearchRequest

__all__ = ["IngestRequest"]


class IngestRequest(SearchRequest):
    """Which files of the archive to fetch, and within which limits."""

    source: Literal["auto", "s3", "https"] | None = Field(
        None,
        description="where bytes come from: S3, HTTPS, or auto: S3 first, HTTPS file by file; empty = as the site says",
    )
    max_files: int = Field(5_000, ge=1, le=1_000_000, description="refuse a search that chooses more files than this")
    max_gigabytes: float = Field(500.0, gt=0, description="refuse a search that chooses more bytes than this")
