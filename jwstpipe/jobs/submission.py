"""`submit`: ask for a job, once."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from jwstpipe import __version__
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.identity import content_id
from jwstpipe.jobs.client import PrefectApi, asking
from jwstpipe.jobs.feasible import refuse_impossible
from jwstpipe.jobs.job import Job
from jwstpipe.jobs.kinds import JobKind, job_kind
from jwstpipe.jobs.states import FlowRun, state_of
from jwstpipe.requests import Request, validated
from jwstpipe.settings import Settings, load_settings

__all__ = ["submit"]

MOST_ATTEMPTS = 100
"""Attempts at one request that are looked at; one hundred times forced, and it is time for another request."""


def submit(
    kind: str,
    request: Request | Mapping[str, Any],
    *,
    force: bool = False,
    tags: Iterable[str] = (),
    settings: Settings | None = None,
) -> Job:
    """Ask for a job.

    The same request is the same job: one that waits, runs or is done is given back as it is, however often and from
    however many places it is asked for. One that failed, crashed or was cancelled is followed by a new attempt.

    Parameters
    ----------
    kind
        As ``mosaic``; see `jwstpipe.jobs.kinds.KINDS`.
    request
        What is wanted: the model of the kind, or its values.
    force
        Run it again although it is done.
    tags
        Further tags of the run; one that was asked for before gets them, too, so that both who asked find it.
    settings
        Which server and which store; default: those of the site.

    Returns
    -------
    Job
        A handle on it. ``job.watch()`` waits for it, ``job.result()`` opens what it made.

    Raises
    ------
    UsageError
        An unknown kind, or values that the request does not take.
    ServiceError
        No Prefect server answers.
    NotFoundError
        The server has no deployment of this kind; or, where it is that of this home, the catalogue has nothing of what
        the request chooses.
    TargetNotFoundError
        No resolver knows the target; no run is begun for it.

    Examples
    --------
    >>> from jwstpipe.requests import ProcessTargetRequest  # doctest: +SKIP
    >>> job = jwstpipe.submit("process_target", ProcessTargetRequest(target="NGC 3132"))  # doctest: +SKIP
    >>> job.watch()  # doctest: +SKIP
    """
    what = job_kind(kind)
    wanted, tags = _request(what, request), tuple(tags)
    site = settings or load_settings()
    parameters = {"request": wanted.model_dump(mode="json")}
    identity = content_id({"kind": what.name, "request": parameters["request"], "version": __version__})
    with asking(site) as server:
        deployment = _deployment(server, what)
        attempt, standing = _latest(server, identity)
        if standing is None or force or state_of(standing).bad:
            refuse_impossible(what, wanted, site)
            key = _key(identity, attempt + 1) if attempt + 1 < MOST_ATTEMPTS else uuid4().hex
            asked = {
                "parameters": parameters, "name": f"{what.flow_name}: {wanted.summary()}",
                "tags": sorted({*what.tags, *tags}), "idempotency_key": key,
            }  # fmt: skip
            standing = FlowRun.of(server.post(f"/deployments/{deployment['id']}/create_flow_run", asked))
        elif not set(tags) <= set(standing.tags):
            server.ask("PATCH", f"/flow_runs/{standing.id}", {"tags": sorted({*standing.tags, *tags})})
    return Job(standing.id, what.name, wanted.summary(), site)


def _request(kind: JobKind, request: Request | Mapping[str, Any]) -> Request:
    if isinstance(request, kind.request):
        return request
    if isinstance(request, Mapping):
        return validated(kind.request, **request)
    raise UsageError(f"a job {kind.name!r} takes a {kind.request.__name__}, not a {type(request).__name__}")


def _deployment(server: PrefectApi, kind: JobKind) -> Mapping[str, Any]:
    """Find the deployment that runs this kind of job: one that somebody serves, if there is a choice."""
    found = server.post("/deployments/filter", {"flows": {"name": {"any_": [kind.flow_name]}}, "limit": 50})
    if not found:
        raise NotFoundError(
            f"{server.api} has no deployment of {kind.flow_name}; start: jwstpipe up, or deploy them with:"
            " python -m jwstpipe.deployments.setup"
        )
    chosen: Mapping[str, Any] = min(found, key=lambda one: (one.get("status") != "READY", one["name"]))
    return chosen


def _key(identity: str, attempt: int) -> str:
    return f"jwstpipe-{identity}-{attempt}"


def _latest(server: PrefectApi, identity: str) -> tuple[int, FlowRun | None]:
    """Find the latest attempt at a request: its number and its run, or -1 and nothing."""
    keys = {_key(identity, attempt): attempt for attempt in range(MOST_ATTEMPTS)}
    which = {"idempotency_key": {"any_": list(keys)}}
    runs = map(FlowRun.of, server.post("/flow_runs/filter", {"flow_runs": which, "limit": MOST_ATTEMPTS}))
    by_attempt = {keys[str(run.idempotency_key)]: run for run in runs}
    latest = max(by_attempt, default=-1)
    return latest, by_attempt.get(latest)
