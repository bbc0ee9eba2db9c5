"""Which jobs there are."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.jobs.client import asking
from jwstpipe.jobs.job import Job
from jwstpipe.jobs.kinds import KINDS, job_kind
from jwstpipe.jobs.server import api_address
from jwstpipe.jobs.states import FlowRun, JobState, JobStatus, state_of, types_of
from jwstpipe.settings import Settings, load_settings

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

    Examples
    --------
    >>> [job.name for job in jwstpipe.find_jobs("mosaic", state="failed")]  # doctest: +SKIP
    """
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

    Examples
    --------
    >>> jwstpipe.find_job("3f2a").state  # doctest: +SKIP
    'done'
    """
    site = settings or load_settings()
    text = job_id.strip().lower()
    if not _PART.match(text):
        raise UsageError(f"{job_id!r} is not the id of a job; jwstpipe jobs lists them")
    whole = _exactly(text)
    only = _begun() if whole is None else {"id": {"any_": [whole]}}
    recent = [_job(run, flows, site) for run, flows in _runs(site, list(_NAMES), only, _RECENT)]
    found = [job for job in recent if job.id.startswith(text)]
    if not found:
        raise NotFoundError(f"{api_address(site)} knows no job {job_id}; jwstpipe jobs lists them")
    if len(found) > 1:
        raise UsageError(f"{len(found)} recent jobs begin with {job_id}; give more of the id")
    return found[0]


def _exactly(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


def _begun(state: JobState | None = None, tag: str | None = None) -> dict[str, Any]:
    """Ask for runs that have begun or are due, in one state or in any."""
    asked: dict[str, Any] = {"expected_start_time": {"before_": (datetime.now(UTC) + SOON).isoformat()}}
    if state is not None:
        asked["state"] = {"type": {"any_": types_of(state)}}
    if tag is not None:
        asked["tags"] = {"all_": [tag]}
    return asked


def _runs(
    settings: Settings, flow_names: list[str], which: dict[str, Any], limit: int
) -> list[tuple[FlowRun, dict[str, str]]]:
    of_ours = {"name": {"any_": flow_names}}
    with asking(settings) as server:
        flows = {flow["id"]: flow["name"] for flow in server.post("/flows/filter", {"flows": of_ours})}
        runs = server.post(
            "/flow_runs/filter",
            {"flows": of_ours, "flow_runs": which, "sort": "EXPECTED_START_TIME_DESC", "limit": limit},
        )
    return [(FlowRun.of(run), flows) for run in runs]


def _job(run: FlowRun, flows: dict[str, str], settings: Settings) -> Job:
    flow_name = flows[run.flow_id]
    return Job(run.id, _NAMES[flow_name], run.name.removeprefix(f"{flow_name}: "), settings)
