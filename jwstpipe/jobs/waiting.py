"""Why a job does not begin: the sentence that saves a person from waiting for nobody."""

from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["why_it_waits"]

POLL_SECONDS = 60.0
"""A process that serves flows and has not asked for work for so long is gone."""


def why_it_waits(client: Any, run: Any) -> str:
    """Tell why a flow run has not begun; empty where nothing is wrong.

    Parameters
    ----------
    client
        Prefect's client, open.
    run
        The flow run.
    """
    if run.state is None or run.state.type.value not in ("SCHEDULED", "PENDING") or run.deployment_id is None:
        return ""
    due = run.expected_start_time
    if due is not None and due > datetime.now(UTC) + timedelta(seconds=1):
        return f"it is to begin at {due:%Y-%m-%d %H:%M:%S} UTC"
    deployment = client.read_deployment(run.deployment_id)
    if deployment.work_pool_name is None:
        polled = deployment.last_polled
        if polled is None or polled < datetime.now(UTC) - timedelta(seconds=POLL_SECONDS):
            return "nobody serves its flow at this moment; start it with: jwstpipe up"
        return "the process that serves its flow is busy or about to begin"
    return _pool(client, deployment.work_pool_name)


def _pool(client: Any, name: str) -> str:
    pool = client.read_work_pool(name)
    if pool.is_paused:
        return f"the work pool {name} is paused; go on with: prefect work-pool resume {name}"
    workers = client.read_workers_for_work_pool(name, limit=200)
    if not any(str(worker.status).rpartition(".")[2] == "ONLINE" for worker in workers):
        return f"no worker serves the pool {name}; start one with: prefect worker start --pool {name}"
    return f"the workers of the pool {name} are busy or about to begin"
