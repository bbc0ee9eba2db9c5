"""`jwstpipe up` as a person uses it: in a real browser, on a schedule, by commands, and stopped by one Ctrl-C.

One `up` serves all tests of this file, and the last one stops it. All of it is exhaustive: to start and to stop it
takes longer than anything else that is tested, and each of its parts has quick tests. With
``JWSTPIPE_SCREENSHOTS=FOLDER`` the pictures of docs/operations.md are made anew.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests
from PIL import Image
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

import jwstpipe
from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.cli.main import main
from jwstpipe.errors import ServiceError
from jwstpipe.jobs.kinds import KINDS
from jwstpipe.jobs.report import read_report
from jwstpipe.requests import ProcessTargetRequest
from jwstpipe.settings import Settings
from jwstpipe.storage import open_store
from tests.chromium import NO_GL, STILL, opened_browser
from tests.end_to_end.pages import HEIGHT, WIDTH, choose, colours, field, keep, press, pressed, text, until
from tests.end_to_end.running import JWSTPIPE, Up, up
from tests.waiting import LIMIT_SECONDS, wait_for
from tests.world import FILTERS, TARGET, served

SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIANEVERSHOWN00",
    "AWS_SECRET_ACCESS_KEY": "never-shown-secret-key",
    "AWS_SESSION_TOKEN": "never-shown-session-token",
}
"""What the environment of a site may hold, too."""

EARLY, LATE = (name.lower() for name in FILTERS)
"""Filters; the second is the one whose combined image the archive gets while the schedule runs."""


@pytest.fixture(scope="module")
def browser():
    with opened_browser(WIDTH, HEIGHT, *NO_GL, *STILL) as opened:
        yield opened


@dataclass
class Site:
    """A running `up`, and an archive that lacks some combined images at first."""

    running: Up
    folder: Path
    early: list
    late: list
    release: Callable
    """Let the archive have the late files, too."""

    @property
    def facts(self):
        return self.running.facts

    @property
    def home(self):
        return self.folder / "home"


@pytest.fixture(scope="module")
def site(tiny_world, prefect_server, tmp_path_factory):
    programme, _ = tiny_world
    folder = tmp_path_factory.mktemp("up")
    files = folder / "programme"
    shutil.copytree(programme.files[0].path.parent, files)
    combined = [file for file in programme.files if file.suffix == "i2d"]
    late = [file for file in combined if LATE in file.path.name]
    early = [file for file in combined if file not in late]
    assert early
    assert late
    for file in late:
        (files / file.path.name).unlink()
    prefect_server.give_tables(folder / "home" / "prefect")
    with served(files) as archive, up(folder, archive, **SECRETS) as running:

        def release():
            for file in late:
                shutil.copy(file.path, files / file.path.name)
            archive.rescan()

        yield Site(running, folder, early, late, release)


@pytest.fixture
def command(site, monkeypatch, capsys):
    """Run a command in this process as one of the site's folder; give exit code, stdout and stderr.

    It is not told where the server is: the home knows.
    """
    monkeypatch.chdir(site.folder)
    for name, value in site.running.environment.items():
        if os.environ.get(name) != value:
            monkeypatch.setenv(name, value)

    def call(*words):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return call


def process_of(site, *words):
    """Run a command as a process of its own."""
    return subprocess.run(
        [*JWSTPIPE, *words], cwd=site.folder, env=site.running.environment,
        capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False,
    )  # fmt: skip


TASKS_SHOWN = """
const keys = [];
for (const document of Bokeh.documents)
  for (const model of document._all_models.values())
    if (model.type == 'ColumnDataSource' && model.data && model.data.worker_thread && model.data.key)
      keys.push(...Array.from(model.data.key));
return keys;
"""


WIDE = "return arguments[0].complete && arguments[0].naturalWidth"


@pytest.mark.exhaustive("tests/flows/test_process_target.py::test_a_second_run_moves_nothing_and_makes_nothing")
def test_a_run_started_from_the_form_is_seen_from_its_first_tile_to_its_picture(browser, site):
    api, prefect = site.facts["api"], site.facts["prefect"]
    deployment = site.running.http.get(f"{api}/deployments/name/process-target/process-target").json()

    browser.get(site.running.entrance)
    until(browser, lambda: "Runs" in text(browser))
    browser.get(f"{prefect}/deployments/deployment/{deployment['id']}/run")
    _fill_in(browser, deployment)
    form = browser.current_window_handle
    browser.switch_to.new_window("tab")
    browser.get(site.running.dask)
    until(browser, lambda: browser.execute_script("return window.Bokeh !== undefined && Bokeh.documents.length > 0"))
    dask = browser.current_window_handle
    browser.switch_to.window(form)
    newest = {"limit": 1, "sort": "EXPECTED_START_TIME_DESC", "flows": {"name": {"any_": ["process-target"]}}}

    def run():
        found = site.running.http.post(f"{api}/flow_runs/filter", json=newest).json()
        return found[0] if found else None

    started = _submitted(browser, run)
    assert started["parameters"]["request"]["level"] == 2
    assert started["parameters"]["request"]["stretch"] == "asinh"
    assert started["parameters"]["request"]["preset"] == "natural"
    assert started["parameters"]["request"]["more"]["weights"] == "exptime"

    browser.switch_to.window(dask)
    until(browser, lambda: any(key.startswith("tiles-") for key in browser.execute_script(TASKS_SHOWN)))
    assert colours(keep(browser, "dask-status")) > 100
    browser.close()  # it would be drawn anew for every task of the tests that follow
    browser.switch_to.window(form)
    until(browser, lambda: run()["state"]["type"] in ("COMPLETED", "FAILED", "CRASHED"))
    ended = run()
    assert ended["state"]["type"] == "COMPLETED", ended["state"]

    browser.get(f"{prefect}/runs/flow-run/{ended['id']}")
    press(browser, "Artifacts")
    until(browser, lambda: "products" in text(browser).lower() and "lineage" in text(browser).lower())
    page = text(browser)
    assert f"process-target: {TARGET}, level 2" in page
    assert "Completed" in page
    keep(browser, "prefect-run")
    _see_artifacts(browser, site, ended["id"])


def _fill_in(browser, deployment):
    """Fill in the form: what is often needed, then what stands behind the group."""
    field(browser, "Target").find_element(By.TAG_NAME, "textarea").send_keys(TARGET)
    shown = dict(deployment["parameter_openapi_schema"]["definitions"]["ProcessTargetRequest"]["properties"])
    seldom = shown.pop("more")["anyOf"][1]["properties"]
    assert set(shown) | set(seldom) == set(ProcessTargetRequest.model_fields)
    until(browser, lambda: words_on(text(browser), words_of(shown)))
    assert not [field for field in seldom.values() if field["description"] in text(browser)]
    assert choose(browser, "Level", "2") == ["2", "3"]
    assert {"asinh", "log", "linear"} <= set(choose(browser, "Stretch", "asinh"))
    assert {"none", "level"} <= set(choose(browser, "Background", "level"))
    assert {"mean", "clipped"} <= set(choose(browser, "Combine", "clipped"))
    assert {"bilinear", "drizzle"} <= set(choose(browser, "Kernel", "bilinear"))
    assert {"balanced", "nasa-press"} <= set(choose(browser, "Preset", "natural"))
    keep(browser, "prefect-form")
    press(browser, "change them")
    until(browser, lambda: words_on(text(browser), words_of(seldom)))
    assert {"ivm", "exptime"} <= set(choose(browser, "Weights", "exptime"))
    keep(browser, "prefect-form-seldom")


def words_of(fields):
    """Give the words that stand in a form for some fields."""
    return {word for name, of in fields.items() for word in (name.replace("_", " ").title(), of["description"])}


def words_on(page, words):
    return all(word in page for word in words)


def _submitted(browser, run):
    """Press Submit as a person does: again, when the form that was still being built has not heard it."""
    form = browser.current_url
    for _ in range(30):
        if browser.current_url == form and not run():
            with suppress(StaleElementReferenceException):  # drawn anew meanwhile: next time
                _as_wanted(browser)
                pressed(browser, "Submit")
        with suppress(TimeoutException):
            return WebDriverWait(browser, 20, poll_frequency=0.5).until(lambda _: run())
    pytest.fail(f"no run was started; the page says: {text(browser)}")


def _as_wanted(browser):
    """Say again what a form that was drawn anew has forgotten."""
    target = field(browser, "Target").find_element(By.TAG_NAME, "textarea")
    if target.get_attribute("value") != TARGET:
        target.clear()
        target.send_keys(TARGET)
    choose(browser, "Level", "2")
    choose(browser, "Stretch", "asinh")


def _see_artifacts(browser, site, run_id):
    api, prefect = site.facts["api"], site.facts["prefect"]
    wanted = {"artifacts": {"flow_run_id": {"any_": [run_id]}}, "limit": 200}
    by_key = {
        str(found["key"]).removesuffix(f"-{run_id[:8]}"): found
        for found in site.running.http.post(f"{api}/artifacts/filter", json=wanted).json()
    }

    def see(key, *words):
        browser.get(f"{prefect}/artifacts/artifact/{by_key[key]['id']}")
        until(browser, lambda: all(word in text(browser) for word in words))

    see("progress", "100%")
    see("products", f"nircam_{EARLY}_mosaic.zarr", "picture", "made")
    see("lineage", "_cal.fits", "mosaic")
    see("report", f"{TARGET}, level 2, preset natural, stretch asinh", ": done", "transfer", "Parameters in effect")
    for key in ("picture-tiny-nebula", "thumbnails"):
        see(key)
        path = "//img[starts-with(@src, 'data:image/jpeg')]"
        images = until(browser, lambda path=path: browser.find_elements(By.XPATH, path))
        assert until(browser, lambda images=images: browser.execute_script(WIDE, images[0])) > 100
    keep(browser, "prefect-thumbnails")
    browser.get("about:blank")  # a page that stays open asks the server on and on


@pytest.mark.exhaustive("tests/flows/test_feasible.py::test_a_form_is_told_why_nothing_was_begun")
def test_a_request_that_cannot_work_is_refused_before_a_run_begins(site, command):
    for words, says in (
        (("process_target", "target=NGC 9999"), "no resolver knows 'NGC 9999'"),
        (("mosaic", "target=NGC 9999"), "the catalogue has nothing of it"),
        (("mosaic", f"target={TARGET}", "filters=F070W"), "the catalogue has nothing of it"),
    ):
        code, _, error = command("submit", *words)
        assert code == 3
        assert says in error
        assert error.count("\n") == 1
    for name, request, says in (  # as the form does
        ("process-target", {"target": "NGC 9999"}, "nothing was begun: no resolver knows 'NGC 9999'"),
        ("mosaic", {"target": "NGC 9999", "more": None}, "the catalogue has nothing of it"),
    ):
        answer = begun(site, name, request)
        assert answer.status_code == 409
        assert says in answer.json()["detail"]
    stranger = requests.post(
        begin_at(site, "mosaic"), json={"parameters": {"request": {"target": "NGC 9999"}}}, timeout=LIMIT_SECONDS
    )
    assert stranger.status_code == 403  # neither password nor token: told nothing, not even why
    assert "9999" not in stranger.text
    assert not site.running.http.post(f"{site.facts['api']}/flow_runs/filter", json=FAILED).json()


def begin_at(site, name):
    api = site.facts["api"]
    deployment = site.running.http.get(f"{api}/deployments/name/{name}/{name}").json()
    return f"{api}/deployments/{deployment['id']}/create_flow_run"


def begun(site, name, request):
    return site.running.http.post(begin_at(site, name), json={"parameters": {"request": request}})


FAILED = {"flow_runs": {"state": {"type": {"any_": ["FAILED", "CRASHED"]}}}}


@pytest.mark.exhaustive("tests/flows/test_feasible.py::test_a_form_is_told_why_nothing_was_begun")
def test_a_run_that_fails_says_why_in_one_sentence_on_its_page(browser, site):
    api = site.facts["api"]
    deployment = site.running.http.get(f"{api}/deployments/name/process-target/process-target").json()
    browser.get(site.running.entrance)
    until(browser, lambda: "Runs" in text(browser))
    browser.get(f"{site.facts['prefect']}/deployments/deployment/{deployment['id']}/run")

    def refused():
        with suppress(StaleElementReferenceException):  # drawn anew meanwhile: next time
            target = field(browser, "Target").find_element(By.TAG_NAME, "textarea")
            if target.get_attribute("value") != "NGC 9999":
                target.clear()
                target.send_keys("NGC 9999")
            pressed(browser, "Submit")
        return "nothing was begun: no resolver knows 'NGC 9999'" in text(browser)

    until(browser, refused)
    keep(browser, "prefect-refused")
    asked = {  # past the form, as a schedule does
        "flow_id": deployment["flow_id"], "deployment_id": deployment["id"], "state": {"type": "SCHEDULED"},
        "parameters": {"request": {"target": "NGC 9999"}},
    }  # fmt: skip
    started = site.running.http.post(f"{api}/flow_runs/", json=asked)
    of_run = {"flow_runs": {"id": {"any_": [started.json()["id"]]}}}
    wait_for("its end", lambda: site.running.http.post(
        f"{api}/flow_runs/filter", json={"flow_runs": {**of_run["flow_runs"], **FAILED["flow_runs"]}}
    ).json())  # fmt: skip
    (run,) = site.running.http.post(f"{api}/flow_runs/filter", json=of_run).json()
    message = run["state"]["message"]
    assert run["state"]["type"] == "FAILED"
    assert message.startswith("TargetNotFoundError: no resolver knows")
    assert "\n" not in message
    logs = {"logs": {"flow_run_id": {"any_": [run["id"]]}}}

    def said():
        return [one["message"] for one in site.running.http.post(f"{api}/logs/filter", json=logs).json()]

    wait_for("its log", lambda: any("no resolver knows" in line for line in said()))  # it comes a little later
    told = said()
    assert len([line for line in told if "no resolver knows" in line]) == 1, told
    assert not [line for line in told if "Traceback" in line or "\n" in line], told
    browser.get(f"{site.facts['prefect']}/runs/flow-run/{run['id']}")
    until(browser, lambda: "no resolver knows 'NGC 9999'" in text(browser))
    keep(browser, "prefect-failed")
    browser.get("about:blank")


@pytest.mark.exhaustive("tests/flows/test_ingest_flows.py::test_a_watch_list_is_looked_after_round_by_round")
def test_a_scheduled_watch_list_fetches_what_is_new_and_only_that(site, tmp_path):
    """A schedule of seconds: what is new comes, once, and nothing else moves."""
    watchlist = tmp_path / "watchlist.toml"
    watchlist.write_text(f'[[watch]]\nname = "nebula"\ntarget = "{TARGET}"\nlevel = [3]\nradius = 0.1\n')
    api = site.running.facts["api"]
    deployment = site.running.http.get(f"{api}/deployments/name/watch-programs/watch-programs").json()
    assert [schedule["active"] for schedule in deployment["schedules"]] == [False]
    asked = {"request": {"watchlist": str(watchlist), "everything": True}}
    address = f"{api}/deployments/{deployment['id']}"
    assert site.running.http.patch(address, json={"parameters": asked}).ok
    often = [{"schedule": {"interval": 15}, "active": True, "slug": "often"}]
    assert site.running.http.post(f"{address}/schedules", json=often).ok

    # each round is a process of its own: one every few seconds would only keep a slow machine busy
    def runs():
        wanted = {"flows": {"name": {"any_": ["watch-programs"]}}, "sort": "START_TIME_ASC", "limit": 200}
        return site.running.http.post(f"{api}/flow_runs/filter", json=wanted).json()

    def rounds():
        ended = [run for run in runs() if run["state"]["type"] in ("COMPLETED", "FAILED", "CRASHED")]
        assert all(run["state"]["type"] == "COMPLETED" and run["auto_scheduled"] for run in ended), ended
        return ended

    def have(files):
        return combined_images(site.home) == {file.path.name for file in files}

    wait_for("the first round", lambda: rounds() and have(site.early))
    seen = len(rounds())
    site.release()
    everything = [*site.early, *site.late]
    wait_for("a round after the archive grew", lambda: len(rounds()) > seen and have(everything))
    site.running.http.patch(address, json={"paused": True})
    wait_for(
        "the end of what had begun", lambda: not [1 for run in runs() if run["state"]["type"] in ("PENDING", "RUNNING")]
    )
    store = open_store(site.home / "store")
    moved = [read_report(store, run["id"]).bytes_moved for run in rounds()]
    assert sum(moved) == sum(file.path.stat().st_size for file in everything)
    assert sum(amount > 0 for amount in moved) == 2


def combined_images(home):
    with open_catalog(home / "catalog.sqlite") as catalog:
        return {record.file_name for record in catalog.find(RecordQuery(kind=("archive",), level=("L3",)))}


@pytest.mark.exhaustive("tests/viewer/test_guard.py::test_another_host_or_origin_is_refused_everywhere")
def test_another_user_and_a_page_of_another_origin_get_nothing(browser, site, tmp_path):
    """What a local user and a page in the owner's browser would try; the scripts of the issue do the same."""
    facts, home = site.facts, site.home
    browser.get(site.running.entrance)  # the owner is in: what another page asks is asked with all that the browser has
    until(browser, lambda: "Runs" in text(browser))
    browser.get("about:blank")
    _nothing_for_strangers(facts)
    with pytest.raises(ServiceError, match="refuses these credentials"):
        jwstpipe.find_jobs(settings=Settings(home=tmp_path, prefect_api=facts["api"]))
    as_nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else None
    private = home / "prefect"
    assert private.stat().st_mode & 0o777 == 0o700
    for name in ("password", *(f"certificates/{role}.key" for role in ("scheduler", "worker", "client"))):
        assert (private / name).stat().st_mode & 0o077 == 0, name
        if as_nobody:
            read = subprocess.run(["cat", private / name], capture_output=True, check=False, **as_nobody)
            assert read.returncode != 0
            assert read.stdout == b""
    without = {name: value for name, value in os.environ.items() if not name.startswith("DASK_")}
    dask = subprocess.run(
        [sys.executable, "-c", STRANGER, facts["scheduler"]], env=without, capture_output=True, text=True, check=False
    )
    assert dask.returncode != 0
    assert "workers" not in dask.stdout
    with other_origin(PAGE % {"api": facts["api"], "dask": facts["dask"]}) as evil:
        browser.switch_to.new_window("tab")
        browser.get(evil)
        told = json.loads(until(browser, lambda: browser.find_element(By.ID, "told").text))
        browser.close()
        browser.switch_to.window(browser.window_handles[0])
    assert told == {"read": "refused", "write": "refused", "dask": "refused", "frame": "empty"}


def _nothing_for_strangers(facts):
    for method, path in (("POST", "/deployments/filter"), ("GET", "/flows/filter"), ("GET", "/openapi.json")):
        assert requests.request(method, facts["api"] + path, json={}, timeout=LIMIT_SECONDS).status_code in (
            401,
            403,
        ), path
    assert requests.get(facts["dask"], timeout=LIMIT_SECONDS).status_code == 401
    for address in (f"{facts['api']}/health", facts["dask"]):
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
            answer = requests.get(address, headers=headers, timeout=LIMIT_SECONDS)
            assert answer.status_code == 403, headers
            assert "access-control-allow-origin" not in answer.headers


STRANGER = """
import sys
from distributed import Client
client = Client(sys.argv[1], timeout="5s")
print("workers", client.run(lambda: 1))
"""

PAGE = """<!doctype html><p id="told"></p><iframe id="frame" src="%(api)s/../enter"></iframe><script>
const attempt = (address, options) => fetch(address, options).then(() => "answered", () => "refused");
const json = {method: "POST", body: "{}", headers: {"content-type": "application/json"}};
Promise.all([
  attempt("%(api)s/flow_runs/filter", json), attempt("%(api)s/health"), attempt("%(dask)s"),
  new Promise((done) => setTimeout(done, 500)),
]).then(([write, read, dask]) => {
  let frame = "empty";
  try { if (document.getElementById("frame").contentDocument) frame = "own" } catch (error) { frame = "empty" }
  document.getElementById("told").textContent = JSON.stringify({read, write, dask, frame});
});
</script>"""


@contextmanager
def other_origin(page):
    """Serve a page on another port of this machine, which is another origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.exhaustive("tests/flows/test_jobs.py::test_the_command_mirrors_the_api")
def test_commands_find_the_server_and_run_what_is_asked(site, command):
    running, api = site.running, site.facts["api"]
    assert set(running.facts["flows"]) == {kind.flow_name for kind in KINDS.values()}
    deployment = site.running.http.get(f"{api}/deployments/name/process-target/process-target").json()
    fields = deployment["parameter_openapi_schema"]["definitions"]["ProcessTargetRequest"]["properties"]
    assert fields["target"]["description"] == ProcessTargetRequest.model_fields["target"].description
    assert {"bilinear", "drizzle"} <= set(fields["kernel"]["enum"])
    assert {"asinh", "log", "linear"} <= set(fields["stretch"]["enum"])
    assert running.http.get(running.facts["dask"]).ok
    create = f"{api}/deployments/{deployment['id']}/create_flow_run"
    refused = running.http.post(create, json={"parameters": {"request": {"target": TARGET, "level": 7}}})
    assert refused.status_code in (409, 422)

    said = process_of(site, "submit", "process_target", f"target={TARGET}", "level=2", "--watch", "--json")
    assert said.returncode == 0, said.stderr + (site.home / "prefect" / "flows.log").read_text()
    job = json.loads(said.stdout)
    report = json.loads(command("result", job["job"], "--json")[1])
    assert [product["kind"] for product in report["products"]] == ["mosaic", "mosaic", "picture"]
    again = json.loads(command("submit", "process_target", f"target={TARGET}", "level=2", "--json")[1])
    assert (again["job"], again["state"]) == (job["job"], "done")
    with Image.open(report["products"][-1]["where"]) as picture:
        assert max(picture.size) > 100
    _the_links_open(site, job["job"])
    findings = [json.loads(line) for line in command("doctor", "--json")[1].splitlines()]
    assert {finding["part"]: finding["state"] for finding in findings}["prefect"] == "ok"


def _the_links_open(site, run_id):
    api = site.facts["api"]
    wanted = {"artifacts": {"flow_run_id": {"any_": [run_id]}, "key": {"any_": [f"product-links-{run_id[:8]}"]}}}
    (links,) = site.running.http.post(f"{api}/artifacts/filter", json=wanted).json()
    addresses = re.findall(r"\]\((http://127\.0\.0\.1:[^)]+)\)", links["data"])
    assert len(addresses) == 3
    answer = requests.get(addresses[-1], timeout=LIMIT_SECONDS)
    assert answer.content.startswith(b"\x89PNG")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.exhaustive("tests/flows/test_secrets.py::test_jobs_of_such_runs_tell_no_secret")
def test_no_secret_is_shown_or_kept_where_others_look(site, command):
    """Prefect's database and logs, run pages, all files of the home, what commands print, and lists of processes."""
    private = {"password", *(f"{role}.key" for role in ("scheduler", "worker", "client"))}
    keys = [path for path in (site.home / "prefect").rglob("*") if path.name in private]
    assert {path.name for path in keys} == private
    password = (site.home / "prefect" / "password").read_text().strip().partition(":")[2]
    lines = [path.read_text().splitlines()[1] for path in keys if path.suffix == ".key"]
    secrets = [word.encode() for word in (*SECRETS.values(), password, *lines)]
    assert min(map(len, secrets)) > 12
    running = site.running
    if not running.http.post(f"{site.facts['api']}/flow_runs/filter", json={"limit": 1}).json():
        # the runs of other tests are not there to be looked at
        watched = ("submit", "process_target", f"target={TARGET}", "level=2", "--watch")
        assert process_of(site, *watched).returncode == 0
    kept = [path for path in site.home.rglob("*") if path.is_file() and path not in keys]
    assert any(path.name.startswith("prefect.db") for path in kept)
    seen = {str(path): path.read_bytes() for path in [*kept, site.folder / "up.err"]}
    seen["what up printed"] = json.dumps(running.facts).encode()

    def page_of(what):
        answer = running.http.post(f"{site.facts['api']}/{what}/filter", json={"limit": 200})
        assert answer.ok, answer.text
        return answer.content

    wait_for("logs of the run", lambda: len(page_of("logs")) > 1000)  # they come a little later
    for what in ("flow_runs", "task_runs", "logs", "artifacts", "deployments"):
        seen[f"page {what}"] = page_of(what)
    assert len(seen["page flow_runs"]) > 1000
    assert len(seen["page logs"]) > 1000
    for words in (("config", "show"), ("jobs",), ("jobs", "--json"), ("doctor",), ("search", TARGET)):
        _, out, err = command(*words)
        assert out or err
        seen[" ".join(words)] = (out + err).encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            seen[f"{process}/cmdline"] = (process / "cmdline").read_bytes()
    for where, content in seen.items():
        assert not [word for word in secrets if word in content], where


@pytest.mark.exhaustive(
    "tests/cli/test_up_twice.py::test_a_home_whose_server_runs_gets_no_second_one_and_its_address_is_told"
)
def test_a_second_server_of_one_home_is_refused_with_the_address_of_the_first(site):
    second = process_of(site, "up", "--port", "0", "--dask-port", "0")
    assert second.returncode == 7
    assert site.facts["prefect"] in second.stderr
    assert site.running.http.get(f"{site.facts['api']}/health").ok


@pytest.mark.exhaustive(
    "tests/cli/test_parent_death.py::test_a_process_ends_with_the_one_that_started_it_even_when_that_is_killed_hard"
)
def test_one_signal_stops_all(site, command):
    running = site.running
    assert running.stop() == 0
    for address in (running.facts["prefect"], running.facts["dask"]):
        with pytest.raises(requests.ConnectionError):
            requests.get(address, timeout=LIMIT_SECONDS)
    code, _, err = command("jobs")
    assert code == 5
    assert "jwstpipe up" in err
