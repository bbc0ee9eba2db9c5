"""Serve the flows of this project to a Prefect server: its forms start runs in processes of this machine."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from prefect import Flow, serve
from prefect.client.orchestration import get_client
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from jwstpipe import __version__
from jwstpipe.jobs.kinds import KINDS, JobKind
from jwstpipe.jobs.renamed import SERVED, take_over
from jwstpipe.jobs.server import deployments_by_flow

__all__ = ["deployment", "load_flow", "main"]

RUNS_AT_ONCE = 2


def load_flow(kind: JobKind) -> Flow[..., Any]:
    """Import the flow of a kind of job."""
    found = getattr(import_module(kind.module), kind.name)
    assert isinstance(found, Flow)
    return found


def deployment(kind: JobKind, *, switched_on: bool = False) -> RunnerDeployment:
    """Describe the deployment of a kind of job; its schedule stays off until somebody switches it on."""
    when = kind.schedule
    made = load_flow(kind).to_deployment(
        name=kind.flow_name,
        description=kind.summary,
        tags=list(kind.tags),
        version=__version__,
        entrypoint_type=EntrypointType.MODULE_PATH,
        parameters={} if when is None else {"request": {}},
        schedules=[] if when is None else [Cron(when.cron, timezone="UTC", slug=when.slug, active=switched_on)],
    )
    assert isinstance(made, RunnerDeployment)
    return made


def switched_on(kinds: Sequence[JobKind]) -> set[str]:
    """Ask the server for which kinds somebody has switched the schedule on: serving anew must not switch it off."""
    with get_client(sync_client=True) as client:
        found = deployments_by_flow(client)
    return {
        kind.name
        for kind in kinds
        for deployment in found.get(kind.flow_name, [])
        if deployment.name == kind.flow_name and any(schedule.active for schedule in deployment.schedules)
    }


def main(kinds: Sequence[JobKind] = tuple(KINDS.values())) -> None:
    """Serve until a signal ends it."""
    with get_client(sync_client=True) as client:
        take_over(client, SERVED, deploy=lambda kind: deployment(kind).apply(), kinds=kinds)
    on = switched_on(kinds)
    serve(
        *(deployment(kind, switched_on=kind.name in on) for kind in kinds),
        pause_on_shutdown=False,
        print_starting_message=False,
        limit=RUNS_AT_ONCE,
    )


if __name__ == "__main__":
    main()
