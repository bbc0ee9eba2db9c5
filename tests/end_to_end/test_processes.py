"""The commands that start servers, as a user starts them: real processes, real ports, one Ctrl-C."""

import json
import re
import subprocess

import numpy as np
import pytest
import requests
from PIL import Image

from jwstpipe import open_image
from jwstpipe.jobs.kinds import KINDS
from tests.end_to_end.running import JWSTPIPE, up
from tests.world import TARGET


def test_the_demo_goes_the_whole_way_and_says_where_everything_is(tmp_path):
    command = [*JWSTPIPE, "demo", "--out", "made", "--size", "tiny", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    report = json.loads(done.stdout)
    assert [product["kind"] for product in report["products"]] == ["mosaic", "mosaic", "picture"]
    assert {"simulate", "search", "transfer", "convert", "composite"} <= set(report["seconds"])
    assert report["dashboard"].startswith("http://127.0.0.1:")
    for product in report["products"][:-1]:
        assert np.isfinite(open_image(product["where"]).read()).any()
    with Image.open(tmp_path / "made" / "composite.png") as opened:
        pixels = np.asarray(opened.convert("RGB")).astype(float)
    assert pixels.std() > 20
    assert list(tmp_path.rglob("*.partial")) == []


@pytest.fixture
def running(tiny_world, tmp_path):
    _, archive = tiny_world
    archive.set_faults()
    with up(tmp_path, archive) as found:
        yield found


def test_up_serves_the_forms_runs_what_is_asked_and_stops_whole(running, tmp_path):
    api = running.facts["api"]
    assert set(running.facts["flows"]) == {kind.flow_name for kind in KINDS.values()}
    deployment = requests.get(f"{api}/deployments/name/process-target/here", timeout=10).json()
    fields = deployment["parameter_openapi_schema"]["definitions"]["ProcessTargetRequest"]["properties"]
    assert fields["target"]["description"] == "object or position: NGC 3132 or 151.757 -40.437"
    assert {"asinh", "log", "linear"} <= set(fields["stretch"]["enum"])
    assert requests.get(running.facts["dask"], timeout=10).ok
    create = f"{api}/deployments/{deployment['id']}/create_flow_run"
    refused = requests.post(create, json={"parameters": {"request": {"target": TARGET, "level": 7}}}, timeout=10)
    assert refused.status_code in (409, 422)

    def command(*words):
        """Without being told where the server is: the home knows."""
        everything = [*JWSTPIPE, *words, "--json"]
        return subprocess.run(
            everything, cwd=tmp_path, env=running.environment, capture_output=True, text=True, timeout=180, check=False
        )

    said = command("submit", "process_target", f"target={TARGET}", "level=2", "--watch")
    assert said.returncode == 0, said.stderr + (tmp_path / "home" / "prefect" / "flows.log").read_text()
    job = json.loads(said.stdout)
    report = json.loads(command("result", job["job"]).stdout)
    assert [product["kind"] for product in report["products"]] == ["mosaic", "mosaic", "picture"]
    again = json.loads(command("submit", "process_target", f"target={TARGET}", "level=2").stdout)
    assert (again["job"], again["state"]) == (job["job"], "done")
    failed = command("submit", "process_target", "target=NGC 9999", "--watch")
    assert failed.returncode == 3
    assert "no resolver knows 'NGC 9999'" in failed.stderr.splitlines()[-1]
    with Image.open(report["products"][-1]["where"]) as picture:
        assert max(picture.size) > 100
    _the_links_open(api, job["job"])
    findings = [json.loads(line) for line in command("doctor").stdout.splitlines()]
    assert {finding["part"]: finding["state"] for finding in findings}["prefect"] == "ok"

    assert running.stop() == 0
    for address in (running.facts["prefect"], running.facts["dask"]):
        with pytest.raises(requests.ConnectionError):
            requests.get(address, timeout=2)
    down = command("jobs")
    assert down.returncode == 5
    assert "jwstpipe up" in down.stderr


def _the_links_open(api, run_id):
    wanted = {"artifacts": {"flow_run_id": {"any_": [run_id]}, "key": {"any_": ["product-links"]}}}
    (links,) = requests.post(f"{api}/artifacts/filter", json=wanted, timeout=10).json()
    addresses = re.findall(r"\]\((http://127\.0\.0\.1:[^)]+)\)", links["data"])
    assert len(addresses) == 3
    answer = requests.get(addresses[-1], timeout=10)
    assert answer.content.startswith(b"\x89PNG")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
