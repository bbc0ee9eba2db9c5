"""`doctor` finds what is broken and says how to mend it; `config show` tells what is in effect and why."""

import json
from pathlib import Path

import pytest

from tests.world import variables


@pytest.fixture(autouse=True)
def _no_server(monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)


@pytest.fixture
def site(tiny_world, tmp_path, monkeypatch):
    _, archive = tiny_world
    archive.set_faults()
    for key, value in variables(archive, tmp_path / "home").items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("JWSTPIPE_EXECUTION__PATIENCE_S", "0.5")
    return archive


def findings(out):
    return {found["part"]: found for found in map(json.loads, out.splitlines())}


def test_a_sound_site_is_in_order_and_leaves_no_trace_of_the_examination(command, site, tmp_path):
    code, out, _ = command("doctor", "--json")
    found = findings(out)
    assert code == 0, out
    wanted = {"python", "packages", "disk", "store", "catalogue", "dask", "prefect", "archive", "clock", "telemetry"}
    wanted |= {"words"}
    assert set(found) == wanted
    assert {part for part, finding in found.items() if finding["state"] == "fault"} == set()
    assert "jwstpipe up" in found["prefect"]["mend"]
    assert [path for path in (tmp_path / "home" / "store").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("variable", "value", "part", "says", "mend"),
    [
        ("JWSTPIPE_STORE", "file/store", "store", "a part of this path is a file", "choose another"),
        ("JWSTPIPE_CATALOG", "noise", "catalogue", "is no catalogue", "give another file"),
        (
            "JWSTPIPE_CATALOG",
            "mongodb://127.0.0.1:9/x?serverSelectionTimeoutMS=200",
            "catalogue",
            "no MongoDB",
            "start",
        ),
        ("JWSTPIPE_EXECUTION__CLUSTER", "tcp://127.0.0.1:9", "dask", "no Dask scheduler answers", "start one"),
        ("JWSTPIPE_EXECUTION__CLUSTER", "moon", "dask", "unknown cluster", ""),
        ("JWSTPIPE_PREFECT_API", "http://127.0.0.1:9/api", "prefect", "no Prefect server answers", "jwstpipe up"),
    ],
)
def test_what_is_broken_is_named_with_the_way_to_mend_it(
    command, site, tmp_path, monkeypatch, variable, value, part, says, mend
):
    monkeypatch.setattr("jwstpipe.execution.dask_workers.CONNECT_SECONDS", 1.0)
    (tmp_path / "file").touch()
    (tmp_path / "noise").write_bytes(b"no database " * 500)
    monkeypatch.setenv(variable, value)
    code, out, error = command("doctor", "--json")
    found = findings(out)
    assert code == 5
    assert error == f"jwstpipe: not in order: {part}\n"
    assert found[part]["state"] == "fault"
    assert says in found[part]["says"]
    assert mend in found[part]["mend"]


def test_an_archive_that_is_down_is_a_warning_because_what_is_here_can_be_worked_on(command, site):
    site.go_down("mast")
    try:
        code, out, _ = command("doctor", "--json")
    finally:
        site.come_back()
    assert code == 0
    assert findings(out)["archive"]["state"] in ("warning", "ok")


def test_settings_are_shown_with_their_origin_and_without_passwords(command, tmp_path, monkeypatch):
    monkeypatch.setenv("JWSTPIPE_CATALOG", "mongodb://me:secret@host:27017/jwst")
    (tmp_path / "jwstpipe.toml").write_text('[archive]\nsource = "s3"\n')
    code, out, _ = command("config", "show", "--origin", "--json")
    found = {line["key"]: line for line in map(json.loads, out.splitlines())}
    assert code == 0
    assert found["catalog"] == {
        "key": "catalog",
        "value": "mongodb://me:***@host:27017/jwst",
        "origin": "JWSTPIPE_CATALOG",
    }
    assert found["archive.source"]["origin"] == "jwstpipe.toml"
    assert found["archive.attempts"]["origin"] == "default"
    plain = command("config", "show", "--origin")[1]
    assert "secret" not in plain
    assert len(plain.splitlines()) == len(found) + 1  # the head
    assert command("config", "edit")[0] == 2


def test_the_default_files_are_copied_once_and_what_stands_is_left(command, tmp_path):
    defaults = Path(__file__).parents[2] / "configs"
    assert command("config", "copy")[0] == 0
    copied = {path.relative_to(tmp_path / "configs"): path for path in (tmp_path / "configs").rglob("*")}
    assert {path.relative_to(defaults) for path in defaults.rglob("*")} == set(copied)
    assert all(path.read_bytes() == (defaults / name).read_bytes() for name, path in copied.items() if path.is_file())
    (tmp_path / "configs" / "jwstpipe.toml").write_text("mine")
    code, _, error = command("config", "copy")
    assert (code, (tmp_path / "configs" / "jwstpipe.toml").read_text()) == (7, "mine")
    assert "configs exists; name another folder" in error
