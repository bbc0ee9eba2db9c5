"""A list of things to watch in the archive, and one round over it."""

from jwstpipe.requests.archive.ingest import IngestRequest
from jwstpipe.requests.base import Request, option

__all__ = ["WatchEntry", "WatchProgramsRequest"]


class WatchEntry(IngestRequest):
    """One thing to watch: what to ingest, under a name."""

    name: str = option(pattern=r"^[A-Za-z0-9_-]{1,80}$", help="name of the entry; what was seen is kept under it")


class WatchProgramsRequest(Request):
    """One round over a watch list: what was released since the last one is fetched and registered."""

    watchlist: str = option("configs/watchlist.toml", min_length=1, help="file with the list")
    entries: tuple[str, ...] = option((), max_length=1_000, help="only these entries, by name; none = all")
    everything: bool = option(False, help="look at all that was ever released, not only since the last round")
    full_every_days: float = option(
        7.0, gt=0, le=3650, help="days after which a round looks at everything again, for reprocessed files"
    )
