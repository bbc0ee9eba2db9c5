"""Set up what the Prefect server watches by itself: runs that fell silent, and runs that failed.

    python -m jwstpipe.deployments.automations [--notify BLOCK_TYPE/NAME]

with PREFECT_API_URL set. Running it again brings the automations up to date.

* A process that is killed, or a machine that goes down, cannot report anything: its run would stand as running for
  ever. Every run sends a heartbeat (PREFECT_FLOWS_HEARTBEAT_FREQUENCY); one that misses three of them is marked as
  crashed. What it had published stays, its leases run out, and asking for the same job again makes the rest.
* Runs that failed or crashed are told of: to a notification block of the server (as slack-webhook/jwstpipe), where
  one is named. Without one, the server keeps the list: `jwstpipe jobs --state failed`, or its Runs page.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, DoNothing, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

__all__ = ["FAILED", "SILENT", "main", "set_up"]

SILENT = "jwstpipe: silent runs"
FAILED = "jwstpipe: failed runs"

SILENT_SECONDS = 270
"""Three heartbeats of 90 s; see the variable in docker-compose.yml."""

BODY = """{{ flow.name }}: {{ flow_run.name }}
{{ flow_run.state.name }}: {{ flow_run.state.message }}
{{ flow_run | ui_url }}"""


def set_up(client: SyncPrefectClient, *, silent_seconds: int = SILENT_SECONDS, notify: UUID | None = None) -> list[str]:
    """Create or update the automations.

    Parameters
    ----------
    client
        Of the server.
    silent_seconds
        Silence after which a run is taken for dead; at least the server's smallest, 10 s.
    notify
        Notification block to tell of failed runs.

    Returns
    -------
    list of str
        Their names.
    """
    for automation in (_silent(silent_seconds), _failed(notify)):
        standing = client.read_automations_by_name(automation.name)
        if standing:
            client.update_automation(standing[0].id, automation)
        else:
            client.create_automation(automation)
    return [SILENT, FAILED]


def _silent(seconds: int) -> AutomationCore:
    return AutomationCore(
        name=SILENT,
        description="Marks a run as crashed when its process has sent no heartbeat for some minutes.",
        trigger=EventTrigger(
            match={"prefect.resource.id": "prefect.flow-run.*"},
            after={"prefect.flow-run.heartbeat"},
            # any sign of life, and any end, stops the waiting
            expect={"prefect.flow-run.*"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=seconds),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message=f"its process fell silent for {seconds} s: killed, or its machine is down; ask for it again",
            )
        ],
    )


def _failed(notify: UUID | None) -> AutomationCore:
    told = SendNotification(block_document_id=notify, subject="jwstpipe: a run failed", body=BODY) if notify else None
    return AutomationCore(
        name=FAILED,
        description="Tells of runs that failed or crashed.",
        trigger=EventTrigger(
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={"prefect.resource.id": "prefect.tag.mission:jwst", "prefect.resource.role": "tag"},
            expect={"prefect.flow-run.Failed", "prefect.flow-run.Crashed"},
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[told or DoNothing()],
    )


def _block(client: SyncPrefectClient, name: str) -> UUID:
    kind, separator, block = name.partition("/")
    if not separator:
        raise ValueError(f"--notify {name}: write BLOCK_TYPE/NAME, as slack-webhook/jwstpipe")
    try:
        return client.read_block_document_by_name(block, kind).id
    except ObjectNotFound:
        raise ValueError(f"the server has no block {name}; make it on its Blocks page") from None


def main(words: Sequence[str] | None = None) -> int:
    """Run as a command."""
    parser = argparse.ArgumentParser(description="Set up the automations of jwstpipe on a Prefect server.")
    parser.add_argument("--notify", metavar="BLOCK_TYPE/NAME", help="notification block to tell of failed runs")
    parser.add_argument("--silent-seconds", type=int, default=SILENT_SECONDS, help="silence that means a dead process")
    given = parser.parse_args(words)
    with get_client(sync_client=True) as client:
        try:
            notify = _block(client, given.notify) if given.notify else None
        except ValueError as error:
            sys.stderr.write(f"{error}\n")
            return 2
        for name in set_up(client, silent_seconds=given.silent_seconds, notify=notify):
            sys.stdout.write(f"{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
