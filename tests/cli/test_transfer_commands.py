"""The commands around files that come and files that are here: order by order, as a user types them."""

import json

import pytest

from jwstpipe.archive.retry import CancellationToken
from jwstpipe.archive.transfer.state import Places, exclusive
from jwstpipe.testing.local_archive.faults import Faults
from tests.world import TARGET, variables

WANTED = ("ingest", TARGET, "--level", "3", "--source", "https", "--json")


@pytest.fixture
def command(command):
    """Give stdout as JSON lines."""

    def call(*words):
        code, out, error = command(*words)
        return code, [json.loads(line) for line in out.splitlines()], error

    return call


@pytest.fixture
def archive(tiny_world, tmp_path, monkeypatch):
    _, archive = tiny_world
    archive.set_faults()
    for key, value in {**variables(archive, tmp_path / "home"), "JWSTPIPE_ARCHIVE__ATTEMPTS": "1"}.items():
        monkeypatch.setenv(key, value)
    yield archive
    archive.set_faults()


@pytest.fixture
def broken_off(archive, command):
    """Leave every file of the target in the middle, and give their names."""
    archive.set_faults(Faults(("download",), status=500))
    code, _, error = command(*WANTED)
    assert (code, "HTTP 500" in error) == (4, True)
    archive.set_faults()
    code, lines, _ = command("transfers", "--json")
    assert code == 0
    assert {line["state"] for line in lines} == {"interrupted"}
    return [line["file_name"] for line in lines]


def test_nothing_in_the_middle(archive, command):
    assert command("transfers", "--json")[:2] == (0, [])
    for order in ("pause", "cancel", "resume"):
        code, lines, error = command("transfers", order, "unknown.fits")
        assert (code, lines, error.count("\n")) == (3, [], 1)
        assert "no transfer of 'unknown.fits'" in error
    assert command("transfers", "resume")[0] == 3
    assert command("transfers", "pause")[0] == 0


def test_a_paused_file_waits_until_it_is_resumed(broken_off, command):
    paused, *_ = broken_off
    code, lines, _ = command("transfers", "pause", paused, "--json")
    assert (code, [line["file_name"] for line in lines]) == (0, [paused])
    code, lines, error = command(*WANTED)
    assert (code, "paused; `jwstpipe transfers resume`" in error) == (4, True)
    assert {line["file_name"] for line in lines} == {*broken_off} - {paused}
    (held,) = command("transfers", "--json")[1]
    assert (held["file_name"], held["state"]) == (paused, "paused")
    code, lines, _ = command("transfers", "resume", paused, "--json")
    assert (code, [line["file_name"] for line in lines]) == (0, [paused])
    assert command("transfers", "--json")[1] == []
    code, lines, error = command(*WANTED)
    assert (code, {line["bytes_moved"] for line in lines}) == (0, {0})
    assert "no bytes moved" in error
    for order in ("pause", "resume", "cancel"):  # it is done: nothing of it stands in the middle
        assert command("transfers", order, paused)[0] == 3


def test_a_cancelled_file_leaves_nothing(broken_off, command, tmp_path):
    code, lines, _ = command("transfers", "cancel", "--json")
    assert (code, [line["file_name"] for line in lines]) == (0, broken_off)
    assert command("transfers", "--json")[1] == []
    side = next((tmp_path / "home").rglob(".transfer"))
    assert [path for path in side.rglob("*") if path.is_file()] == []


def test_a_file_that_another_process_works_on_is_running(broken_off, command, tmp_path):
    held = command("transfers", "--json")[1][0]
    side = next((tmp_path / "home").rglob(".transfer"))
    places = Places.of(side, held["obs_id"], held["file_name"])
    with exclusive(places.lock, CancellationToken()):
        (seen,) = command("transfers", "list", held["file_name"], "--json")[1]
        assert seen["state"] == "running"
        assert command("transfers", "resume", held["file_name"], "--json")[0] == 3  # nobody takes it from the other
        assert command("transfers", "cancel", held["file_name"], "--json")[0] == 0
        assert places.request.exists()  # the other one obeys, and cleans up by itself
        assert places.order.read_text() == "cancel"


def test_files_that_are_here_are_registered_and_read_anew(archive, tiny_world, command, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (path,) = [file.path for file in tiny_world[0].files if file.suffix == "cal"][:1]
    (folder / path.name).write_bytes(path.read_bytes())
    archive.forget()
    code, lines, error = command("ingest", "--from-existing", folder, "--json")
    assert (code, [line["file_name"] for line in lines]) == (0, [path.name])
    assert "no bytes moved" in error
    assert archive.requests == ()
    code, lines, error = command("ingest", "--from-existing", folder, "--json")
    assert (code, lines, "1 were known" in error) == (0, [], True)
    assert command("ingest", "--from-existing", tmp_path / "nowhere")[0] == 3
    (folder / path.name).write_bytes(path.read_bytes()[:-2880])
    code, _, error = command("ingest", "--from-existing", folder)
    assert (code, "truncated" in error or "fetch it again" in error) == (4, True)
    code, lines, _ = command("refresh-metadata", "--all", "--json")
    assert (code, [line["file_name"] for line in lines]) == (0, [path.name])
    assert command("refresh-metadata", "--json")[:2] == (0, [])  # it lacks nothing now
    for unknown in (("jw00001-o999_t999_nircam_clear-f090w",), ("--program", "1"), ("--target", "elsewhere")):
        code, lines, error = command("refresh-metadata", *unknown, "--json")
        assert (code, lines, "ingest it first" in error) == (3, [], True)
