"""A watch list on a schedule of seconds: what is new comes, once, and nothing else moves."""

import shutil

import pytest
import requests

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.jobs.report import read_report
from jwstpipe.storage import open_store
from tests.end_to_end.running import up
from tests.end_to_end.stack import wait_for
from tests.world import TARGET, served

SECONDS = 150
LATE = "f444w"
"""Filter whose combined image the archive gets while the schedule runs."""


@pytest.fixture
def growing(tiny_world, tmp_path):
    """An archive that lacks some combined images, those that it lacks, and those that it has."""
    programme, _ = tiny_world
    folder = tmp_path / "programme"
    shutil.copytree(programme.files[0].path.parent, folder)
    combined = [file for file in programme.files if file.suffix == "i2d"]
    late = [file for file in combined if LATE in file.path.name]
    assert 0 < len(late) < len(combined)
    for file in late:
        (folder / file.path.name).unlink()
    with served(folder) as archive:
        yield archive, folder, late, [file for file in combined if file not in late]


def test_a_scheduled_watch_list_fetches_what_is_new_and_only_that(growing, tmp_path):
    archive, folder, late, early = growing
    watchlist = tmp_path / "watchlist.toml"
    watchlist.write_text(f'[[watch]]\nname = "nebula"\ntarget = "{TARGET}"\nlevel = [3]\nradius = 0.1\n')
    with up(tmp_path, archive) as running:
        api = running.facts["api"]
        deployment = requests.get(f"{api}/deployments/name/watch-programs/here", timeout=10).json()
        assert [schedule["active"] for schedule in deployment["schedules"]] == [False]
        asked = {"request": {"watchlist": str(watchlist), "everything": True}}
        address = f"{api}/deployments/{deployment['id']}"
        assert requests.patch(address, json={"parameters": asked}, timeout=10).ok
        often = [{"schedule": {"interval": 6}, "active": True, "slug": "often"}]
        assert requests.post(f"{address}/schedules", json=often, timeout=10).ok

        def rounds():
            wanted = {"flows": {"name": {"any_": ["watch-programs"]}}, "sort": "START_TIME_ASC", "limit": 200}
            found = requests.post(f"{api}/flow_runs/filter", json=wanted, timeout=10).json()
            ended = [run for run in found if run["state"]["type"] in ("COMPLETED", "FAILED", "CRASHED")]
            assert all(run["state"]["type"] == "COMPLETED" and run["auto_scheduled"] for run in ended), ended
            return ended

        def have(files):
            return records(tmp_path) == {file.path.name for file in files}

        wait_for("the first round", lambda: rounds() and have(early), SECONDS)
        seen = len(rounds())
        for file in late:
            shutil.copy(file.path, folder / file.path.name)
        archive.rescan()
        wait_for("a round after the archive grew", lambda: len(rounds()) > seen + 1 and have([*early, *late]), SECONDS)
        requests.patch(f"{api}/deployments/{deployment['id']}", json={"paused": True}, timeout=10)
        store = open_store(tmp_path / "home" / "store")
        reports = [read_report(store, run["id"]) for run in rounds()]
    moved = [report.bytes_moved for report in reports]
    assert sum(moved) == sum(file.path.stat().st_size for file in [*early, *late])
    assert sum(amount > 0 for amount in moved) == 2


def records(home):
    with open_catalog(home / "home" / "catalog.sqlite") as catalog:
        return {record.file_name for record in catalog.find(RecordQuery(kind=("archive",)))}
