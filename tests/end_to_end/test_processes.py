"""The commands that start servers, as a user starts them: real processes, real ports, one Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import requests
from PIL import Image

from jwstpipe import open_image
from tests.world import TARGET, variables

JWSTPIPE = [sys.executable, "-m", "jwstpipe"]
UP_SECONDS = 120


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
    """Start `jwstpipe up`, give the lines that it printed, and stop it as Ctrl-C would."""
    _, archive = tiny_world
    archive.set_faults()
    environment = {**os.environ, **variables(archive, tmp_path / "home"), "PYTHONUNBUFFERED": "1"}
    command = [*JWSTPIPE, "up", "--port", "0", "--dask-port", "0"]
    with (tmp_path / "up.err").open("wb") as errors:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=errors)
    try:
        lines = [process.stdout.readline().decode().split() for _ in range(3)]
        assert process.poll() is None, (tmp_path / "up.err").read_text()
        yield {"prefect": lines[0][2], "dask": lines[1][2], "process": process}
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def test_up_serves_the_form_runs_what_is_asked_and_stops_whole(running):
    api = f"{running['prefect']}/api"
    deployment = requests.get(f"{api}/deployments/name/process-target/here", timeout=10).json()
    fields = deployment["parameter_openapi_schema"]["definitions"]["ProcessTargetRequest"]["properties"]
    assert fields["target"]["description"] == "name of the object, as NGC 3132"
    assert {"asinh", "log", "linear"} <= set(fields["stretch"]["enum"])
    assert requests.get(running["dask"], timeout=10).ok

    create = f"{api}/deployments/{deployment['id']}/create_flow_run"
    refused = requests.post(create, json={"parameters": {"request": {"target": TARGET, "level": 7}}}, timeout=10)
    assert refused.status_code in (409, 422)
    asked = requests.post(create, json={"parameters": {"request": {"target": TARGET, "level": 2}}}, timeout=10).json()
    deadline = time.monotonic() + UP_SECONDS
    state = ""
    while state not in ("COMPLETED", "FAILED", "CRASHED") and time.monotonic() < deadline:
        state = requests.get(f"{api}/flow_runs/{asked['id']}", timeout=10).json()["state"]["type"]
        time.sleep(0.2)
    logs = requests.post(f"{api}/logs/filter", json={"limit": 200}, timeout=10).json()
    assert state == "COMPLETED", "\n".join(log["message"] for log in logs)

    running["process"].send_signal(signal.SIGINT)
    running["process"].communicate(timeout=60)
    assert running["process"].returncode == 0
    for address in (running["prefect"], running["dask"]):
        with pytest.raises(requests.ConnectionError):
            requests.get(address, timeout=2)
