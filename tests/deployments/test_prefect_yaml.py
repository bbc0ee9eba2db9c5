"""prefect.yaml, the served deployments and the list of kinds say the same; nothing retries twice or runs unasked."""

from importlib import import_module
from pathlib import Path

import pytest
import yaml

from jwstpipe import __version__
from jwstpipe.flows.form import LISTS
from jwstpipe.jobs.kinds import KINDS, job_kind
from jwstpipe.requests import Request
from jwstpipe.requests.fields.grouped import request_values

FILE = Path(__file__).parents[2] / "deployments" / "prefect.yaml"
EXAMPLES = {"target": "M 51", "lines": ["[Fe II] 1.644"]}
"""Values of the fields that a form cannot do without."""

TASKS = [path.stem for path in (Path(__file__).parents[2] / "tasks").glob("*.py") if path.stem != "__init__"]


# Prefect is loaded where it is used: every process that runs tests reads this file.


def load_flow(kind):
    from jwstpipe.flows.serve import load_flow

    return load_flow(kind)


def deployment(kind):
    from jwstpipe.flows.serve import deployment

    return deployment(kind)


@pytest.fixture(scope="module")
def described():
    content = yaml.safe_load(FILE.read_text())
    return content, {entry["entrypoint"]: entry for entry in content["deployments"]}


def test_every_kind_of_job_has_its_deployment_and_no_other_is_there(described):
    from jwstpipe.deployments.setup import POOL, QUEUES

    content, by_entrypoint = described
    assert set(by_entrypoint) == {kind.entrypoint for kind in KINDS.values()}
    assert content["pull"] == []
    for kind in KINDS.values():
        entry = by_entrypoint[kind.entrypoint]
        assert entry["name"] == kind.flow_name == deployment(kind).name
        assert entry["description"] == kind.summary
        assert entry["tags"] == list(kind.tags)
        assert entry["version"] == __version__
        assert entry["work_pool"] == {"name": POOL, "work_queue_name": kind.queue}
        assert kind.queue in QUEUES


def test_schedules_are_shipped_switched_off(described):
    _, by_entrypoint = described
    for kind in KINDS.values():
        schedules = by_entrypoint[kind.entrypoint].get("schedules", [])
        if kind.schedule is None:
            assert schedules == []
            continue
        (only,) = schedules
        assert (only["cron"], only["slug"]) == (kind.schedule.cron, kind.schedule.slug)
        assert (only["timezone"], only["active"]) == ("UTC", False)
        (served,) = deployment(kind).schedules
        assert (served.schedule.cron, served.active) == (kind.schedule.cron, False)


def test_no_limit_of_a_deployment_can_end_a_run_in_the_middle(described):
    assert all("concurrency_limit" not in entry for entry in described[1].values())
    assert all(deployment(kind).concurrency_limit is None for kind in KINDS.values())


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_flow_takes_one_request_and_is_named_after_its_job(kind):
    flow = load_flow(kind)
    assert flow.name == kind.flow_name
    assert flow.version == __version__
    assert not flow.retries
    assert list(flow.parameters.properties) == ["request"]
    assert issubclass(kind.request, Request)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_form_is_flat_described_and_shows_its_defaults(kind):
    schema = load_flow(kind).parameters.model_dump()["definitions"][kind.request.__name__]
    shown = dict(schema["properties"])
    group = shown.pop("more", {"anyOf": [None, {"properties": {}}]})
    seldom = group["anyOf"][1]["properties"]
    assert set(kind.request.model_fields) == set(shown) | set(seldom)
    assert not set(shown) & set(seldom)
    assert len(seldom) != 1
    assert "target" not in shown or next(iter(shown)) == "target"
    for name, field in {**shown, **seldom}.items():
        assert field.get("description"), f"{kind.name}.{name} has no description"
        assert "$ref" not in field, f"{kind.name}.{name} is not flat"
        needed = name in schema.get("required", [])
        empty = None in field.get("enum", ())  # to say nothing is one of the choices
        assert needed != ("default" in field or empty), f"{kind.name}.{name} hides its default"
        lists = [part for part in field.get("anyOf", ()) if "enum" in part]
        assert not lists or name in LISTS, f"{kind.name}.{name} is no plain list"
        tabs = [part["title"] for part in field["anyOf"]] if lists else []
        assert tabs in ([], ["of the list", "other"], ["empty", "of the list", "other"])
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_server_takes_what_is_submitted_also_where_a_choice_is_empty(kind):
    from prefect.utilities.schema_tools.validation import validate

    fields = kind.request.model_fields
    needed = {name: EXAMPLES[name] for name in fields if name == "target" or fields[name].is_required()}
    schema = load_flow(kind).parameters.model_dump()
    given = kind.request(**needed).model_dump(mode="json")
    assert validate({"request": given}, schema, raise_on_error=True, ignore_required=False) == []
    assert validate({"request": needed}, schema, raise_on_error=True, ignore_required=False) == []
    shown = schema["definitions"][kind.request.__name__]
    beside = {name.strip("^$"): field for name, field in shown.get("patternProperties", {}).items()}
    assert validate({"request": given | {"colour_of_the_sky": 1}}, schema)
    for name, field in {**shown["properties"], **beside}.items():
        if isinstance(given.get(name), str | None) and "enum" in field:
            assert validate({"request": given | {name: "no such choice"}}, schema), field
    # a form leaves out what is empty
    opened = {name: value for name, value in given.items() if name in beside and value is not None}
    if opened:
        often = {name: value for name, value in given.items() if name not in beside}
        assert validate({"request": {**often, "more": opened}}, schema, raise_on_error=True) == []
        assert validate({"request": {**often, "more": {"colour_of_the_sky": 1}}}, schema)
        assert kind.request(**request_values({**often, "more": opened})) == kind.request(**needed)


def test_no_task_retries_because_every_layer_below_does_so_itself():
    from prefect import Task

    functions = [value for module in TASKS for value in vars(import_module(f"jwstpipe.tasks.{module}")).values()]
    found = [function.task for function in functions if isinstance(getattr(function, "task", None), Task)]
    assert len(found) >= 15
    assert all(not task.retries and task.timeout_seconds is None for task in found)


def test_a_kind_is_found_with_hyphens_too():
    assert job_kind("process-target") is job_kind("process_target")
