"""What cannot work is refused before a run begins, and nothing that may work is."""

import asyncio
import json

import pytest

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.errors import NotFoundError, TargetNotFoundError
from jwstpipe.jobs.feasible import refuse_impossible
from jwstpipe.jobs.kinds import KINDS
from jwstpipe.jobs.refusing import MOST_BYTES, Refusing
from jwstpipe.jobs.server import api_address
from jwstpipe.requests import MosaicRequest, ProcessTargetRequest
from jwstpipe.settings import load_settings
from tests.catalog.catalog_records import make_record
from tests.world import TARGET


@pytest.fixture
def settings(tiny_world, tmp_path, monkeypatch):
    """A site on the tiny archive, whose own server would carry the runs out."""
    from tests.world import variables

    _, archive = tiny_world
    archive.set_faults()
    for key, value in variables(archive, tmp_path / "home").items():
        monkeypatch.setenv(key, value)
    found = load_settings()
    monkeypatch.setattr("jwstpipe.jobs.feasible.running_server", lambda home: api_address(found))
    return found


def ask(settings, name, request):
    refuse_impossible(KINDS[name], request, settings)


def test_a_target_that_no_resolver_knows_is_refused_and_any_other_is_not(settings):
    with pytest.raises(TargetNotFoundError, match=r"no resolver knows 'NGC 9999' \(tried .*NGC9999"):
        ask(settings, "process_target", ProcessTargetRequest(target="NGC 9999"))
    for target in (TARGET, TARGET.lower().replace(" ", "-"), "83.8 -5.4"):
        ask(settings, "process_target", ProcessTargetRequest(target=target))
    ask(settings, "process_target", ProcessTargetRequest(target="NGC 9999", observations=("jw09999-o001",)))


def test_an_archive_that_does_not_answer_refuses_nothing(settings):
    away = settings.archive.model_copy(update={"server": "http://127.0.0.1:9"})
    gone = settings.model_copy(update={"archive": away})
    ask(gone, "process_target", ProcessTargetRequest(target="NGC 9999"))


def test_a_selection_of_which_the_catalogue_has_nothing_is_refused(settings):
    ask(settings, "mosaic", MosaicRequest(target="M 51"))  # no catalogue is no answer
    settings.home.mkdir(parents=True, exist_ok=True)
    with open_catalog(settings.catalog_address) as catalog:
        record = make_record(1, target="M 51", filter="F200W")
        catalog.publish(record)
    ask(settings, "mosaic", MosaicRequest(target="m51", filters=("f200w",), instrument="nircam"))
    ask(settings, "mosaic", MosaicRequest())
    for chosen in ({"target": "M 52"}, {"target": "M 51", "filters": ("F444W",)}, {"instrument": "MIRI"}):
        with pytest.raises(NotFoundError, match=r"the catalogue has nothing of it; jwstpipe catalog find"):
            ask(settings, "mosaic", MosaicRequest(**chosen))
    ask(settings, "mosaic", MosaicRequest(products=(record.product_id, record.file_name)))
    with pytest.raises(NotFoundError, match=r"nosuchid: no product of the catalogue has this id or file name"):
        ask(settings, "mosaic", MosaicRequest(products=(record.file_name, "nosuchid")))


def test_the_runs_of_another_server_are_its_own_affair(settings, monkeypatch):
    monkeypatch.setattr("jwstpipe.jobs.feasible.running_server", lambda home: None)
    ask(settings, "process_target", ProcessTargetRequest(target="NGC 9999"))


class Prefect:
    """Stands for Prefect's application: knows one deployment, asks for a password, and begins whatever is asked for."""

    def __init__(self, name):
        self.name, self.begun = name, []

    async def __call__(self, scope, receive, send):
        allowed = (b"authorization", b"right") in scope["headers"]
        if scope["method"] == "POST":
            body = b""
            more = True
            while more:
                message = await receive()
                body, more = body + message["body"], message["more_body"]
            self.begun.append(body)
        answer = json.dumps({"name": self.name, "parameters": {"request": {"level": 2}}}).encode()
        await send({"type": "http.response.start", "status": 200 if allowed else 401, "headers": []})
        await send({"type": "http.response.body", "body": answer if allowed else b"{}"})


def begin(settings, name, body, *, password=b"right"):
    """Ask for a run as a form does; gives status, answer, and what came to Prefect."""
    prefect, parts = Prefect(name), [body[:9], body[9:]]
    messages = [{"type": "http.request", "body": one, "more_body": one is not parts[-1]} for one in parts]
    answer = {}

    async def receive():
        return messages.pop(0)

    async def send(message):
        answer.update(message)

    path = "/api/deployments/01234567-89ab-cdef-0123-456789abcdef/create_flow_run"
    scope = {"type": "http", "method": "POST", "path": path, "headers": [(b"authorization", password)]}
    asyncio.run(Refusing(prefect, settings)(scope, receive, send))
    return answer["status"], answer["body"].decode(), prefect.begun


def test_a_form_is_told_why_nothing_was_begun(settings):
    body = json.dumps({"parameters": {"request": {"target": "NGC 9999", "more": {"level": 3}}}}).encode()
    status, told, begun = begin(settings, "process-target", body)
    assert status == 409
    assert json.loads(told)["detail"].startswith("nothing was begun: no resolver knows 'NGC 9999'")
    assert begun == []


def test_what_may_work_or_is_not_understood_or_not_allowed_comes_to_prefect_as_it_was(settings):
    may = json.dumps({"parameters": {"request": {"target": TARGET}}}).encode()
    for name, body in (
        ("process-target", may), ("process-target", b'{"parameters": {"request": {"target": 7}}}'),
        ("process-target", b"no json at all"), ("process-target", b'{"parameters": [1, 2, 3]}'),
        ("of-somebody-else", may.replace(TARGET.encode(), b"NGC 9999")), ("process-target", b"x" * (MOST_BYTES + 1)),
    ):  # fmt: skip
        status, _, begun = begin(settings, name, body)
        assert (status, begun) == (200, [body])
    unknown = may.replace(TARGET.encode(), b"NGC 9999")
    assert begin(settings, "process-target", unknown, password=b"wrong")[::2] == (401, [unknown])
