"""Why a job does not begin: the sentence that saves a person from waiting for nobody."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from jwstpipe.jobs.client import PrefectApi
from jwstpipe.jobs.states import FlowRun, moment

__all__ = ["why_it_waits"]

POLL_SECONDS = 60.0
"""A process that serves flows and has not asked for work for so long is gone."""


def why_it_waits(server: PrefectApi, run: FlowRun) -> str:
    """Tell why a flow run has not begun; empty where nothing is wrong.

    Parameters
    ----------
    server
        Knows its deployment.
    run
        The flow run.
    """
    if run.state_type not in ("SCHEDULED", "PENDING") or run.deployment_id is None:
        return ""
    due = run.due
    if due is not None and due > datetime.now(UTC) + timedelta(seconds=1):
        return f"it is to begin at {due:%Y-%m-%d %H:%M:%S} UTC"
    deployment = server.get(f"/deployments/{run.deployment_id}")
    if deployment.get("work_pool_name") is None:
        polled = moment(deployment.get("last_polled"))
        if polled is None or polled < datetime.now(UTC) - timedelta(seconds=POLL_SECONDS):
            return "nobody serves its flow at this moment; start it with: jwstpipe up"
        return "the process that serves its flow is busy or about to begin"
    return _pool(server, deployment["work_pool_name"])


def _pool(server: PrefectApi, name: str) -> str:
    place = f"/work_pools/{quote(name, safe='')}"
    if server.get(place)["is_paused"]:
        return f"the work pool {name} is paused; go on with: prefect work-pool resume {name}"
    workers = server.post(f"{place}/workers/filter", {"limit": 200})
    if not any(worker["status"] == "ONLINE" for worker in workers):
        return f"no worker serves the pool {name}; start one with: prefect worker start --pool {name}"
    return f"the workers of the pool {name} are busy or about to begin"
