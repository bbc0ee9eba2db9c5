"""Files of the archive, into the store and the catalogue."""

from typing import Literal

from jwstpipe.requests.archive.search import SearchRequest
from jwstpipe.requests.base import option
from jwstpipe.requests.fields.shared import LIMITS, MaxFiles, MaxGigabytes

__all__ = ["IngestRequest"]


class IngestRequest(SearchRequest):
    """Which files of the archive to fetch, and within which limits."""

    source: Literal["auto", "s3", "https"] | None = option(
        None,
        help="where bytes come from: S3, HTTPS, or auto: S3 first, HTTPS file by file; empty = as the site says",
        group=LIMITS,
    )
    max_files: MaxFiles = 5_000
    max_gigabytes: MaxGigabytes = 500.0
