"""What the server watches by itself: a run that fell silent is marked as crashed, and somebody is told of it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.waiting import wait_for

SILENT_SECONDS = 10
"""The shortest that the server takes."""


@pytest.fixture
def listener():
    """A service on loopback that keeps what it is told."""
    told = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *words):
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", told
        server.shutdown()
        thread.join()


@pytest.fixture
def automations(prefect_server):
    """A client of the server; what it watches is taken away again."""
    from prefect.client.orchestration import get_client

    from jwstpipe.deployments.automations import FAILED, SILENT

    with get_client(sync_client=True) as client:
        yield client
        for name in (SILENT, FAILED):
            for found in client.read_automations_by_name(name):
                client.delete_automation(found.id)


@pytest.mark.exhaustive("test_setting_up_again_changes_what_is_there_and_makes_nothing_twice")
def test_a_run_whose_process_died_is_marked_as_crashed_and_told_of(automations, listener):
    from prefect.blocks.notifications import CustomWebhookNotificationBlock
    from prefect.events import emit_event
    from prefect.states import Running

    from jwstpipe.deployments.automations import set_up
    from jwstpipe.flows.upkeep import housekeeping

    address, told = listener
    block = CustomWebhookNotificationBlock(
        name="listener", url=address, json_data={"subject": "{{subject}}", "body": "{{body}}"}
    )
    notify = block.save("listener", overwrite=True)
    set_up(automations, silent_seconds=SILENT_SECONDS, notify=notify)
    run = automations.create_flow_run(housekeeping, name="a run that dies", state=Running(), tags=["mission:jwst"])
    emit_event("prefect.flow-run.heartbeat", {"prefect.resource.id": f"prefect.flow-run.{run.id}"})
    wait_for("the silent run is crashed", lambda: state_of(automations, run).is_crashed())
    assert "fell silent for 10 s" in state_of(automations, run).message
    wait_for("somebody is told", lambda: told)
    assert told[0]["subject"] == "jwstpipe: a run failed"
    assert "a run that dies" in told[0]["body"]
    assert "Crashed: its process fell silent" in told[0]["body"]


def state_of(client, run):
    return client.read_flow_run(run.id).state


def test_setting_up_again_changes_what_is_there_and_makes_nothing_twice(automations, capsys):
    from jwstpipe.deployments.automations import FAILED, SILENT, main

    assert main(["--silent-seconds", "60"]) == 0
    assert main(["--silent-seconds", "90"]) == 0
    (silent,) = automations.read_automations_by_name(SILENT)
    assert silent.trigger.within.total_seconds() == 90
    assert len(automations.read_automations_by_name(FAILED)) == 1
    capsys.readouterr()
    assert main(["--notify", "slack-webhook/nobody"]) == 2
    assert capsys.readouterr().err == "the server has no block slack-webhook/nobody; make it on its Blocks page\n"
