"""Deployments of older versions, which were all called alike: what somebody set on them goes to those of today."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from jwstpipe.jobs.kinds import KINDS, JobKind
from jwstpipe.jobs.server import deployments_by_flow

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

__all__ = ["POOLED", "SERVED", "take_over"]

SERVED = "here"
"""What `jwstpipe up` called every deployment until version 0.1."""

POOLED = "pool"
"""What prefect.yaml called every deployment until version 0.1."""


def take_over(
    client: "SyncPrefectClient",
    name: str,
    *,
    deploy: Callable[[JobKind], Any] | None = None,
    kinds: Iterable[JobKind] = tuple(KINDS.values()),
) -> list[str]:
    """Hand over what deployments of an older name were set to, and delete them; the second time nothing is left to do.

    Parameters
    ----------
    client
        Of the server.
    name
        The older name.
    deploy
        Makes the deployment of today, where it is not there yet; without it, such a kind is left as it is.
    kinds
        Which kinds of jobs are looked at.

    Returns
    -------
    list of str
        Flows whose deployment was replaced.
    """
    found = deployments_by_flow(client)
    replaced = []
    for kind in kinds:
        standing = {deployment.name: deployment for deployment in found.get(kind.flow_name, [])}
        old, new = standing.get(name), standing.get(kind.flow_name)
        if old is None:
            continue
        if new is None:
            if deploy is None:
                continue
            new = client.read_deployment(deploy(kind))
        _hand_over(client, old, new)
        waiting = _waiting(client, old)
        client.delete_deployment(old.id)  # and the runs that wait for it
        for run in waiting:
            _ask_again(client, new, run)
        replaced.append(kind.flow_name)
    return replaced


def _hand_over(client: "SyncPrefectClient", old: Any, new: Any) -> None:
    """Give a deployment the parameters of another one, its pause, and its schedules with their states."""
    which = {"id": new.id}
    client.request(
        "PATCH", "/deployments/{id}", path_params=which, json={"parameters": old.parameters, "paused": old.paused}
    )
    of_today = {schedule.slug: schedule.id for schedule in new.schedules if schedule.slug}
    for schedule in old.schedules:
        shown = schedule.model_dump(mode="json", include={"schedule", "active", "parameters", "slug"})
        if schedule.slug in of_today:
            where = {**which, "schedule_id": of_today[schedule.slug]}
            client.request("PATCH", "/deployments/{id}/schedules/{schedule_id}", path_params=where, json=shown)
        else:
            client.request("POST", "/deployments/{id}/schedules", path_params=which, json=[shown])


def _waiting(client: "SyncPrefectClient", old: Any) -> list[Any]:
    """List the runs that somebody asked for and nobody has begun; what a schedule planned, a schedule plans again."""
    from prefect.client.schemas.filters import (  # noqa: PLC0415 - as in `asking`
        DeploymentFilter,
        DeploymentFilterId,
        FlowRunFilter,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType  # noqa: PLC0415

    runs = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[old.id])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED]))
        ),
    )
    return [run for run in runs if not run.auto_scheduled]


def _ask_again(client: "SyncPrefectClient", new: Any, run: Any) -> None:
    from prefect.states import Scheduled  # noqa: PLC0415 - as in `asking`

    client.create_flow_run_from_deployment(
        new.id, parameters=run.parameters, name=run.name, tags=run.tags, idempotency_key=run.idempotency_key,
        state=Scheduled(scheduled_time=run.expected_start_time),
    )  # fmt: skip
