"""The Jobs API against a real Prefect server: one request is one job, and every fault is one clear sentence."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

import jwstpipe
from jwstpipe.cli.main import main
from jwstpipe.errors import (
    InterruptedRunError,
    NotFoundError,
    ServiceError,
    TargetNotFoundError,
    TimedOutError,
    UsageError,
)
from jwstpipe.jobs.kinds import KINDS
from jwstpipe.requests import ConvertRequest, ProcessTargetRequest
from tests.prefect_server import nothing_deployed_behind


@pytest.fixture(scope="module")
def deployed(prefect_server):
    """Give the server; it has the deployments that these tests ask for, which nobody serves."""
    from jwstpipe.flows.serve import deployment

    with nothing_deployed_behind():
        for name in ("process_target", "convert", "housekeeping"):
            deployment(KINDS[name]).apply()
        yield prefect_server.api


@pytest.fixture
def site(deployed, tmp_path, monkeypatch):
    monkeypatch.setenv("JWSTPIPE_PREFECT_API", deployed)
    monkeypatch.setenv("JWSTPIPE_HOME", str(tmp_path))


def request(tmp_path, **values):
    return ProcessTargetRequest(target=f"Target {tmp_path.name}", **values)


def end(job, state):
    """Let a run end, as the process that runs it would say."""
    from prefect.client.orchestration import get_client
    from prefect.states import Completed, Failed

    states = {
        "done": Completed(),
        "failed": Failed(
            message="Flow run encountered an exception: TargetNotFoundError: no resolver knows 'X'; give another name"
        ),
    }
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(job.id, states[state], force=True)


def test_what_two_users_ask_for_is_one_job_that_both_see(site, tmp_path):
    from jwstpipe.jobs.listing import listed
    from jwstpipe.jobs.users import user_tag, user_tags

    users = [f"{name}-{tmp_path.name}" for name in ("ada", "bob", "eve")]
    first, second = (jwstpipe.submit("process_target", request(tmp_path), tags=user_tags(one)) for one in users[:2])
    assert first == second
    seen = [[job.id for job, _ in listed(tag=user_tag(one))] for one in users]
    assert seen == [[first.id], [first.id], []]


def test_the_run_of_a_users_job_has_that_users_catalogue(site):
    from prefect import flow, tags

    from jwstpipe.settings import load_settings
    from jwstpipe.tasks.run_context import open_run

    @flow(name="whose")
    def whose():
        with open_run(load_settings()) as run:
            return run.catalog.user, run.catalog.of_site().user

    with tags("nightly", "user:ada"):
        assert whose() == ("ada", None)
    assert whose() == (None, None)


def test_the_same_request_is_the_same_job(site, tmp_path):
    first = jwstpipe.submit("process_target", request(tmp_path))
    assert jwstpipe.submit("process-target", request(tmp_path)) == first
    assert jwstpipe.submit("process_target", {"target": f"Target {tmp_path.name}"}).id == first.id
    assert jwstpipe.submit("process_target", request(tmp_path, stretch="log")).id != first.id
    end(first, "done")
    assert jwstpipe.submit("process_target", request(tmp_path)).id == first.id


def test_force_runs_it_again_and_the_new_run_is_the_job_from_then_on(site, tmp_path):
    first = jwstpipe.submit("process_target", request(tmp_path))
    again = jwstpipe.submit("process_target", request(tmp_path), force=True)
    assert again.id != first.id
    assert jwstpipe.submit("process_target", request(tmp_path)).id == again.id


def test_a_job_that_failed_or_was_cancelled_is_tried_again(site, tmp_path):
    first = jwstpipe.submit("process_target", request(tmp_path))
    end(first, "failed")
    assert first.status().message == "TargetNotFoundError: no resolver knows 'X'; give another name"
    with pytest.raises(TargetNotFoundError, match="no resolver knows 'X'"):
        first.result()
    second = jwstpipe.submit("process_target", request(tmp_path))
    assert second.id != first.id
    assert second.cancel().state == "cancelled"
    with pytest.raises(InterruptedRunError, match="nothing half-done"):
        second.result()
    assert jwstpipe.submit("process_target", request(tmp_path)).id not in (first.id, second.id)


def test_a_job_that_nobody_runs_says_so(site, tmp_path):
    job = jwstpipe.submit("convert", ConvertRequest(target=tmp_path.name))
    status = job.status()
    assert (status.state, status.ended) == ("waiting", False)
    assert "start it with: jwstpipe up" in status.message
    assert job.progress().percent == 0
    with pytest.raises(TimedOutError, match=f"convert {job.id} is still waiting after 0.1 s"):
        job.watch(timeout=0.1)
    with pytest.raises(NotFoundError, match="jwstpipe watch"):
        job.report()


def test_jobs_are_listed_and_found_by_the_beginning_of_their_id(site, tmp_path):
    one = jwstpipe.submit("convert", ConvertRequest(target=tmp_path.name))
    other = jwstpipe.submit("process_target", request(tmp_path))
    assert {job.id for job in jwstpipe.find_jobs(limit=200)} >= {one.id, other.id}
    assert one in jwstpipe.find_jobs("convert", state="waiting")
    assert one not in jwstpipe.find_jobs("convert", state="running")
    assert other not in jwstpipe.find_jobs("convert")
    assert len(jwstpipe.find_jobs(limit=1)) == 1
    assert jwstpipe.find_job(one.id) == one
    assert jwstpipe.find_job(one.id[:13]) == one


def test_the_status_page_has_the_queue_and_how_runs_ended(site, tmp_path):
    from jwstpipe.settings import load_settings
    from jwstpipe.viewer.server.page_jobs import runs_of

    first, second, third = (jwstpipe.submit("convert", {"target": f"{tmp_path.name} {n}"}) for n in range(3))
    end(first, "done")
    end(second, "failed")
    told = runs_of(load_settings(), None)
    ended = {one["id"]: one for one in told["recent"]}
    assert (ended[first.id]["state"], ended[second.id]["state"]) == ("done", "failed")
    assert "no resolver knows 'X'" in ended[second.id]["message"]
    assert third.id in {one["id"] for one in told["now"]}
    assert not {first.id, second.id} & {one["id"] for one in told["now"]}
    (bulk,) = (one for one in told["queues"] if one["name"] == KINDS["convert"].queue)
    assert bulk["waiting"] == sum(
        KINDS[job.kind].queue == "bulk" for job in jwstpipe.find_jobs(state="waiting", limit=200)
    )
    assert runs_of(load_settings(), "nobody")["now"] == []


def test_what_a_schedule_has_planned_for_later_hides_no_job(site, tmp_path):
    from prefect.client.orchestration import get_client
    from prefect.states import Scheduled

    job = jwstpipe.submit("convert", ConvertRequest(target=tmp_path.name))
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("housekeeping/housekeeping")
        later = datetime.now(UTC) + timedelta(hours=5)
        planned = client.create_flow_run_from_deployment(deployment.id, state=Scheduled(scheduled_time=later))
    assert jwstpipe.find_jobs(limit=1) == [job]
    assert jwstpipe.find_jobs(state="waiting", limit=1) == [job]
    assert "it is to begin at" in jwstpipe.find_job(str(planned.id)).status().message


def test_it_works_inside_a_running_event_loop_as_in_a_notebook(site, tmp_path):
    async def cell():
        job = jwstpipe.submit("process_target", request(tmp_path))
        return job, job.status(), job.progress(), jwstpipe.find_jobs(limit=1), job.cancel()

    job, status, progress, listed, cancelled = asyncio.run(cell())
    assert (status.state, progress.percent, cancelled.state) == ("waiting", 0, "cancelled")
    assert listed
    assert job == jwstpipe.find_job(job.id)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: jwstpipe.submit("teleport", {}), UsageError, "no kind of job is called 'teleport'; there are"),
        (lambda: jwstpipe.submit("process_target", {"target": "x", "level": 7}), UsageError, "level: Input should be"),
        (lambda: jwstpipe.submit("process_target", {"colour": 1}), UsageError, "target: Field required"),
        (lambda: jwstpipe.submit("process_target", ConvertRequest()), UsageError, "takes a ProcessTargetRequest"),
        (lambda: jwstpipe.submit("process_target", 3), UsageError, "takes a ProcessTargetRequest, not a int"),
        (lambda: jwstpipe.find_jobs("teleport"), UsageError, "no kind of job"),
        (lambda: jwstpipe.find_jobs(limit=0), UsageError, "limit is 1 to 200"),
        (lambda: jwstpipe.find_job("00000000-0000-0000-0000-000000000000"), NotFoundError, "knows no job"),
        (lambda: jwstpipe.find_job("not an id"), UsageError, "is not the id of a job"),
    ],
)
def test_bad_input_is_one_clear_sentence(site, call, error, says):
    with pytest.raises(error, match=says) as refused:
        call()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("call", [jwstpipe.find_jobs, lambda: jwstpipe.submit("convert", {})])
def test_a_server_that_is_down_is_named_with_the_way_out(site, monkeypatch, call):
    monkeypatch.setenv("JWSTPIPE_PREFECT_API", "http://127.0.0.1:9/api")
    with pytest.raises(ServiceError, match=r"no Prefect server answers at http://127.0.0.1:9/api .*jwstpipe up"):
        call()


def command(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


def test_the_command_mirrors_the_api(site, tmp_path, capsys):
    target = f"target=Target {tmp_path.name}"
    code, out, _ = command(capsys, "submit", "process_target", target, "level=2", "filters=F090W,F200W", "--json")
    asked = json.loads(out)
    assert (code, asked["kind"], asked["state"]) == (0, "process_target", "waiting")
    twin = request(tmp_path, level=2, filters=("F090W", "F200W"))
    assert jwstpipe.submit("process_target", twin).id == asked["job"]
    (tmp_path / "request.json").write_text(twin.model_dump_json())
    from_file = command(capsys, "submit", "process_target", "--request", tmp_path / "request.json", "--json")[1]
    assert json.loads(from_file)["job"] == asked["job"]
    assert "convert " in command(capsys, "submit")[1]
    assert "one of 2, 3" in command(capsys, "submit", "process_target")[1]

    lines = [json.loads(line) for line in command(capsys, "jobs", "--json", "--limit", 200)[1].splitlines()]
    assert asked["job"] in {line["job"] for line in lines}
    found = json.loads(command(capsys, "status", asked["job"], "--json")[1])
    assert (found["state"], found["percent"]) == ("waiting", 0)
    assert "jwstpipe up" in found["message"]
    code, _, error = command(capsys, "result", asked["job"])
    assert (code, error.count("\n")) == (3, 1)
    assert json.loads(command(capsys, "cancel", asked["job"], "--json")[1])["state"] == "cancelled"
    code, out, error = command(capsys, "watch", asked["job"])
    assert code == 130
    assert "was cancelled" in error
    code, _, error = command(capsys, "result", asked["job"])
    assert (code, error.count("\n")) == (130, 1)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["submit", "teleport", "a=1"], 2, "no kind of job"),
        (["submit", "process_target", "target"], 2, "write NAME=VALUE"),
        (["submit", "process_target", "colour=red"], 2, "takes no 'colour'"),
        (["submit", "process_target", "target=x", "radius=far"], 2, "radius: Input should be a valid number"),
        (["submit", "process_target", "--request", "none.json"], 2, "cannot read the request none.json"),
        (["status", "00000000-0000-0000-0000-000000000000"], 3, "knows no job"),
        (["cancel", "no"], 2, "is not the id of a job"),
        (["jobs", "--state", "odd"], 2, "odd"),
    ],
)
def test_bad_words_are_one_line_and_an_exit_code(site, capsys, words, code, says):
    found, out, error = command(capsys, *words)
    assert (found, out) == (code, "")
    assert error.startswith("jwstpipe: ")
    assert error.count("\n") == 1
    assert says in error


def test_a_schedule_that_somebody_switched_on_stays_on_when_the_flows_are_served_anew(deployed):
    from prefect.client.orchestration import get_client

    from jwstpipe.flows.serve import deployment, switched_on

    kind = KINDS["housekeeping"]
    name = f"{kind.flow_name}/{kind.flow_name}"
    with get_client(sync_client=True) as client:
        assert switched_on(list(KINDS.values())) == set()
        (shipped,) = client.read_deployment_by_name(name).schedules
        assert shipped.active is False
        client.request(
            "PATCH",
            "/deployments/{id}/schedules/{schedule_id}",
            path_params={"id": client.read_deployment_by_name(name).id, "schedule_id": shipped.id},
            json={"active": True},
        )
        assert switched_on(list(KINDS.values())) == {"housekeeping"}
        deployment(kind, switched_on=True).apply()
        assert [schedule.active for schedule in client.read_deployment_by_name(name).schedules] == [True]
        deployment(kind).apply()
