"""Which jobs there are."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jwstpipe.errors import NotFoundError, UsageError, require_extra
from jwstpipe.jobs.job import Job
from jwstpipe.jobs.kinds import KINDS, job_kind
from jwstpipe.jobs.server import api_address, asking
from jwstpipe.jobs.states import JobState, JobStatus, state_of, types_of
from jwstpipe.settings import Settings, load_settings

if TYPE_CHECKING:
    from prefect.client.schemas.filters import FlowRunFilter

__all__ = ["find_job", "find_jobs", "listed"]

_PART = re.compile(r"^[0-9a-f-]{4,36}$")
_RECENT = 200
SOON = timedelta(minutes=1)
"""Clocks of server and client may differ by so much."""
_NAMES = {kind.flow_name: kind.name for kind in KINDS.values()}


def find_jobs(
    kind: str | None = None,
    *,
    state: JobState | None = None,
    limit: int = 20,
    settings: Settings | None = None,
) -> list[Job]:
    """List jobs, the newest first; what schedules have planned for later is left out.

    Parameters
    ----------
    kind
        Only of this kind, as ``mosaic``.
    state
        Only in this state: waiting, running, cancelling, done, failed, crashed or cancelled.
    limit
        Most that are wanted, 1 to 200.
    settings
        Which server; default: that of the site.

    Raises
    ------
    UsageError
        An unknown kind.
    ServiceError
        No Prefect server answers.
    """
    require_extra("prefect")
    return [job for job, _ in listed(kind, state=state, limit=limit, settings=settings)]


def listed(
    kind: str | None = None,
    *,
    state: JobState | None = None,
    tag: str | None = None,
    limit: int = 20,
    settings: Settings | None = None,
) -> list[tuple[Job, JobStatus]]:
    """List jobs with their states (see `find_jobs`); only those with a tag, if one is named."""
    if not 1 <= limit <= _RECENT:
        raise UsageError(f"limit is 1 to {_RECENT}, not {limit}")
    site = settings or load_settings()
    names = [job_kind(kind).flow_name] if kind else list(_NAMES)
    return [(_job(run, flows, site), state_of(run)) for run, flows in _runs(site, names, _begun(state, tag), limit)]


def find_job(job_id: str, *, settings: Settings | None = None) -> Job:
    """Find a job by its id, or by the beginning of the id of a recent one.

    Raises
    ------
    NotFoundError
        The server knows no such job.
    UsageError
        It is no id, or several recent jobs begin like this.
    ServiceError
        No Prefect server answers.
    """
    require_extra("prefect")
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId  # noqa: PLC0415 - as in `asking`

    site = settings or load_settings()
    text = job_id.strip().lower()
    if not _PART.match(text):
        raise UsageError(f"{job_id!r} is not the id of a job; jwstpipe jobs lists them")
    whole = _exactly(text)
    only = _begun() if whole is None else FlowRunFilter(id=FlowRunFilterId(any_=[whole]))
    recent = [_job(run, flows, site) for run, flows in _runs(site, list(_NAMES), only, _RECENT)]
    found = [job for job in recent if job.id.startswith(text)]
    if not found:
        raise NotFoundError(f"{api_address(site)} knows no job {job_id}; jwstpipe jobs lists them")
    if len(found) > 1:
        raise UsageError(f"{len(found)} recent jobs begin with {job_id}; give more of the id")
    return found[0]


def _exactly(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _begun(state: JobState | None = None, tag: str | None = None) -> "FlowRunFilter":
    """Ask for runs that have begun or are due, in one state or in any."""
    from prefect.client.schemas.filters import (  # noqa: PLC0415 - as in `asking`
        FlowRunFilter,
        FlowRunFilterExpectedStartTime,
        FlowRunFilterState,
        FlowRunFilterStateType,
        FlowRunFilterTags,
    )

    return FlowRunFilter(
        expected_start_time=FlowRunFilterExpectedStartTime(before_=datetime.now(UTC) + SOON),
        state=None if state is None else FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types_of(state)))),
        tags=None if tag is None else FlowRunFilterTags(all_=[tag]),
    )


def _runs(
    settings: Settings, flow_names: list[str], which: "FlowRunFilter", limit: int
) -> list[tuple[Any, dict[UUID, str]]]:
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName  # noqa: PLC0415 - as in `asking`
    from prefect.client.schemas.sorting import FlowRunSort  # noqa: PLC0415

    of_ours = FlowFilter(name=FlowFilterName(any_=flow_names))
    with asking(settings) as client:
        flows = {flow.id: flow.name for flow in client.read_flows(flow_filter=of_ours)}
        runs = client.read_flow_runs(
            flow_filter=of_ours, flow_run_filter=which, sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=limit
        )
    return [(run, flows) for run in runs]


def _job(run: Any, flows: dict[UUID, str], settings: Settings) -> Job:
    flow_name = flows[run.flow_id]
    title = str(run.name).removeprefix(f"{flow_name}: ")
    return Job(str(run.id), _NAMES[flow_name], title, settings)
