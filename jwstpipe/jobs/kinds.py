"""The kinds of jobs, from which deployments, forms, the Python API and the command line are made.

Every operation of the registry is one; those that are none of its operations (the way to a target, the archive, upkeep)
stand here.
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from jwstpipe.errors import UsageError
from jwstpipe.operations.registry import LISTED

if TYPE_CHECKING:
    from jwstpipe.requests import Request

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

    asked: str
    """What it takes, by its name below `jwstpipe.requests`: a job that is listed or stopped loads no requests. Empty
    where only its operation knows."""

    summary: str
    """One sentence for people."""

    queue: str = "interactive"
    """``interactive`` for what a person waits for, ``bulk`` for the rest."""

    schedule: Schedule | None = None
    operation: str | None = None
    """The operation that it carries out, where it is one."""

    @property
    def request(self) -> "type[Request]":
        """What it takes."""
        if self.asked:
            room, _, name = f"jwstpipe.requests.{self.asked}".rpartition(".")
            found: type[Request] = getattr(import_module(room), name)
            return found
        from jwstpipe.operations.make.asked import job_request  # noqa: PLC0415 - loads the operation

        return job_request(str(self.operation))

    @property
    def flow_name(self) -> str:
        """Name of its flow on the server, and of the deployment that runs it."""
        return self.name.replace("_", "-")

    @property
    def entrypoint(self) -> str:
        """Where its flow is: module and function."""
        return f"{self.module}.{self.name}"

    @property
    def module(self) -> str:
        """Module of its flow: its own, or the one that operations without a flow of their own share."""
        own = f"jwstpipe.flows.{_SHARED_MODULES.get(self.name, self.name)}"
        return own if self.operation is None or find_spec(own) is not None else "jwstpipe.flows.operation"

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags of its runs."""
        return ("mission:jwst", f"kind:{self.flow_name}")


_SHARED_MODULES = {"reconcile": "upkeep", "housekeeping": "upkeep"}

_ALL = (
    JobKind("process_target", "ProcessTargetRequest", "From a sky target to a colour mosaic."),
    JobKind("ingest", "IngestRequest", "Files of the archive into the store and the catalogue."),
    *(JobKind(line.job_name, line.job, line.summary, line.queue, operation=line.name) for line in LISTED.values()),
    JobKind(
        "measure", "analysis.measure.MeasureRequest", "Sources of a target, their fluxes on all filters, and diagrams."
    ),
    JobKind("batch", "batch.BatchRequest", "One verb over many products, errors as rows.", queue="bulk"),
    JobKind(
        "watch_programs",
        "WatchProgramsRequest",
        "What the archive released since last time, of everything on the watch list.",
        queue="bulk",
        schedule=Schedule("nightly", "43 1 * * *"),
    ),
    JobKind(
        "discover",
        "discovery.DiscoverRequest",
        "What was released and what it makes possible; of a target, the pictures that can be made.",
        queue="bulk",
        schedule=Schedule("daily", "29 5 * * *"),
    ),
    JobKind(
        "refresh_metadata",
        "RefreshMetadataRequest",
        "What the archive says of the files that are here, asked anew.",
        queue="bulk",
        schedule=Schedule("weekly", "11 4 * * 0"),
    ),
    JobKind(
        "reconcile",
        "archive.upkeep.ReconcileRequest",
        "Compare store and catalogue, and put right what differs.",
        queue="bulk",
        schedule=Schedule("hourly", "7 * * * *"),
    ),
    JobKind(
        "housekeeping",
        "archive.upkeep.HousekeepingRequest",
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
