"""The kinds of jobs: the one list from which deployments, forms, the Python API and the command line are made."""

from dataclasses import dataclass

from jwstpipe.errors import UsageError
from jwstpipe.requests import (
    ConvertRequest,
    IngestRequest,
    MosaicRequest,
    PictureRequest,
    ProcessTargetRequest,
    RefreshMetadataRequest,
    Request,
    ThumbnailsRequest,
    WatchProgramsRequest,
)
from jwstpipe.requests.upkeep import HousekeepingRequest, ReconcileRequest

__all__ = ["KINDS", "JobKind", "Schedule", "job_kind"]


@dataclass(frozen=True)
class Schedule:
    """When a kind of job runs by itself, once somebody switches it on."""

    slug: str
    """Name, as ``nightly``; deploying again finds it by this."""

    cron: str
    """Minute, hour, day, month, day of the week; in UTC."""


@dataclass(frozen=True)
class JobKind:
    """One kind of job."""

    name: str
    """As it is asked for, ``process_target``."""

    request: type[Request]
    """What it takes."""

    summary: str
    """One sentence for people."""

    queue: str = "interactive"
    """``interactive`` for what a person waits for, ``bulk`` for the rest."""

    schedule: Schedule | None = None

    @property
    def flow_name(self) -> str:
        """Name of its flow on the server."""
        return self.name.replace("_", "-")

    @property
    def entrypoint(self) -> str:
        """Where its flow is: module and function."""
        return f"{self.module}.{self.name}"

    @property
    def module(self) -> str:
        """Module of its flow."""
        return f"jwstpipe.flows.{_SHARED_MODULES.get(self.name, self.name)}"

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags of its runs."""
        return ("mission:jwst", f"kind:{self.flow_name}")


_SHARED_MODULES = {"reconcile": "upkeep", "housekeeping": "upkeep"}

_ALL = (
    JobKind("process_target", ProcessTargetRequest, "From a sky target to a colour mosaic."),
    JobKind("ingest", IngestRequest, "Files of the archive into the store and the catalogue."),
    JobKind("convert", ConvertRequest, "Archive files of the catalogue into image stores.", queue="bulk"),
    JobKind("mosaic", MosaicRequest, "Images of the catalogue into mosaics, one for each filter."),
    JobKind("composite", PictureRequest, "Mosaics of the catalogue into a colour picture."),
    JobKind(
        "thumbnails", ThumbnailsRequest, "Thumbnails and contact sheets of what the catalogue holds.", queue="bulk"
    ),
    JobKind(
        "watch_programs",
        WatchProgramsRequest,
        "What the archive released since last time, of everything on the watch list.",
        queue="bulk",
        schedule=Schedule("nightly", "43 1 * * *"),
    ),
    JobKind(
        "refresh_metadata",
        RefreshMetadataRequest,
        "What the archive says of the files that are here, asked anew.",
        queue="bulk",
        schedule=Schedule("weekly", "11 4 * * 0"),
    ),
    JobKind(
        "reconcile",
        ReconcileRequest,
        "Compare store and catalogue, and put right what differs.",
        queue="bulk",
        schedule=Schedule("hourly", "7 * * * *"),
    ),
    JobKind(
        "housekeeping",
        HousekeepingRequest,
        "Register files without records, clear away what died, collect what is superseded.",
        queue="bulk",
        schedule=Schedule("nightly", "17 3 * * *"),
    ),
)

KINDS = {kind.name: kind for kind in _ALL}
"""Every kind of job by its name."""


def job_kind(name: str) -> JobKind:
    """Find a kind of job; hyphens do as well as underscores.

    Raises
    ------
    UsageError
        There is none of this name; the message lists those there are.
    """
    kind = KINDS.get(name.replace("-", "_"))
    if kind is None:
        raise UsageError(f"no kind of job is called {name!r}; there are {', '.join(sorted(KINDS))}")
    return kind
