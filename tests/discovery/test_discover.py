"""The whole way from an archive on loopback to recipes; and without any network."""

import gzip
import json
import socket
import time

import numpy as np
import pytest

import jwstpipe
from jwstpipe.archive.search.response_cache import Answers
from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.cli.main import main
from jwstpipe.discovery.looks import last_look, note_look
from jwstpipe.errors import ConflictError, TargetNotFoundError
from jwstpipe.ingestion.watch import add_entry, read_watchlist
from jwstpipe.requests import WatchEntry, WatchProgramsRequest
from jwstpipe.settings import Settings
from jwstpipe.testing.local_archive.archive import serve_archive
from jwstpipe.testing.local_archive.mast import ArchiveRows
from tests.archive.archive_helpers import settings_for
from tests.discovery.sky import row, southern_ring

NOW = time.time() / 86400 + 40587


def rows():
    recent = [row("F1500W", instrument="MIRI", candidate="o003", released=NOW - 3, t_min=NOW - 400)]
    far = [
        row(name, ra=10.0, dec=5.0, program="4321", target="SOMETHING", released=NOW - 1) for name in ("F200W", "F444W")
    ]
    return (*southern_ring(), *recent, *far)


@pytest.fixture(scope="module")
def archive():
    with serve_archive(rows=ArchiveRows(observations=rows(), targets={}), s3=False) as served:
        yield served


@pytest.fixture
def site(archive, tmp_path):
    return Settings(home=tmp_path / "home", archive=settings_for(archive.server))


@pytest.fixture
def command(capsys, tmp_path, monkeypatch, site):
    monkeypatch.chdir(tmp_path)
    for name, value in (("HOME", site.home), ("ARCHIVE__SERVER", site.archive.server), ("ARCHIVE__ATTEMPTS", 1)):
        monkeypatch.setenv(f"JWSTPIPE_{name}", str(value))

    def call(*words):
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return call


@pytest.fixture
def forbid_sockets(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a socket was opened")

    def forbid():
        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket, "create_connection", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)

    return forbid


def test_recipes_of_a_target_and_then_the_same_without_a_network(site, forbid_sockets):
    online = jwstpipe.discover("Southern Ring", settings=site)
    forbid_sockets()
    assert online[0].name == "NGC 3132 Southern Ring, NIRCam"
    offline = jwstpipe.discover("ngc-3132", settings=site, offline=True)
    assert [one.filters for one in offline] == [one.filters for one in online]
    nearby = jwstpipe.discover(ra=151.76, dec=-40.43, radius=0.03, settings=site, offline=True)
    assert nearby[0].filters == online[0].filters
    with pytest.raises(TargetNotFoundError):
        jwstpipe.discover("no such thing", settings=site, offline=True)


def test_the_command_tells_the_first_choice_and_how_to_make_it(command):
    code, out, err = command("discover", "Southern Ring")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("NGC 3132 (Southern Ring)  151.7573 -40.4364 (local)  11 filters in 1 field")
    assert lines[4].split("  ")[0].strip() == "1"
    assert "NGC 3132 Southern Ring, NIRCam" in lines[4]
    assert "make it:   jwstpipe run 'NGC 3132'" in out
    assert "seconds ago" in err or "answered" not in err
    code, out, _ = command("discover", "Southern Ring", "--json")
    first = json.loads(out.splitlines()[0])
    assert first["colours"]["F187N"] == "#00ffff"
    assert first["answer_from"] == "archive"
    code, out, _ = command("discover", "Southern Ring", "--make", "1", "--dry-run")
    assert code == 0
    assert json.loads(out.partition("\n")[2])["filters"] == ["F090W", "F187N", "F212N", "F356W", "F405N", "F470N"]
    assert command("discover", "Southern Ring", "--make", "99")[0] == 2


def test_every_command_answers_without_a_network_and_tells_the_age(command, forbid_sockets, site):
    forbid_sockets()
    code, _, err = command("discover", "NGC 3132", "--offline")
    assert code == 3
    assert "no answer of the archive is kept" in err
    assert command("discover", "--offline")[0] == 0
    assert command("discover", "--recent", "30d", "--offline")[0] == 3
    answers = Answers(site.home / "answers")
    question = {"server": site.archive.server, "service": "Mast.Caom.Filtered.Position",
                "params": {"position": "151.7, -40.4, 0.2"}}  # fmt: skip
    kept = [{**one, "obs_collection": "JWST"} for one in rows()]
    answers.keep(question, {"pages": [{"data": kept, "fields": []}], "reported": len(kept)})
    code, out, err = command("discover", "NGC 3132", "--offline")
    assert code == 0
    assert "NGC 3132 Southern Ring, NIRCam" in out
    assert "kept on disk" in err
    code, out, err = command("discover", "--recent", "30d", "--offline")
    assert code == 0
    assert "2 targets with releases" in out
    assert "kept on disk" in err
    code, out, _ = command("discover", "--offline", "--json")
    ring = next(json.loads(line) for line in out.splitlines() if "NGC 3132" in line)
    assert (ring["observations"], ring["answer_from"]) == (11, "answers on disk")


def test_an_archive_that_is_down_is_said_and_what_was_answered_is_taken(site, command, monkeypatch):
    assert command("discover", "NGC 3132")[0] == 0
    kept = next(
        path for path in site.home.glob("answers/*.json.gz") if b"Filtered" in gzip.decompress(path.read_bytes())
    )
    entry = json.loads(gzip.decompress(kept.read_bytes()))
    entry["question"]["server"] = "http://127.0.0.1:9"
    kept.write_bytes(gzip.compress(json.dumps(entry).encode()))
    monkeypatch.setenv("JWSTPIPE_ARCHIVE__SERVER", "http://127.0.0.1:9")
    code, out, err = command("discover", "151.76 -40.44", "--radius", "0.03")
    assert code == 0
    assert "what was answered before is taken" in err
    assert "NGC 3132 Southern Ring, NIRCam" in out


def test_what_is_new_and_what_it_makes_possible(command, site):
    code, out, _ = command("discover", "--recent", "30d")
    assert code == 0
    assert out.startswith("2 targets with releases since")
    assert "never looked before" in out
    first, second = out.splitlines()[3:5]
    assert "SOMETHING" in first
    assert "4321" in first
    assert "NGC-3132 = NGC 3132" in second
    assert "now possible: SOMETHING: NIRCam, all filters" in out
    code, out, _ = command("discover", "--recent", "30d")
    assert "0 since your last look" in out
    assert last_look(site.home) is not None
    code, out, _ = command("discover", "--recent", "30d", "--instrument", "MIRI", "--json")
    assert [json.loads(line)["filters"] for line in out.splitlines()] == [["MIRI F1500W"]]


def test_releases_of_a_place_whose_other_rows_are_known_tell_the_pictures_with_both(site):
    jwstpipe.discover("NGC 3132", settings=site)
    found = jwstpipe.discover(recent="30d", settings=site)
    mine = [one for one in found if "F1500W" in one.filters]
    assert any(len(one.filters) > 3 for one in mine)
    assert all("F1500W" in one.filters or one.programs == (4321,) for one in found)


def test_looks_are_kept_by_user(tmp_path):
    assert last_look(tmp_path) is None
    note_look(tmp_path, 5.0)
    note_look(tmp_path, 7.0, "ann")
    assert (last_look(tmp_path), last_look(tmp_path, "ann"), last_look(tmp_path, "bob")) == (5.0, 7.0, None)


def test_a_target_is_put_on_the_watch_list_once(command, tmp_path):
    assert command("discover", "NGC 3132", "--watch", "ring", "--watchlist", "list.toml")[0] == 0
    (entry,) = read_watchlist(WatchProgramsRequest(watchlist=str(tmp_path / "list.toml")))
    assert (entry.name, entry.target, entry.level) == ("ring", "NGC 3132", (3,))
    assert command("discover", "NGC 3132", "--watch", "ring", "--watchlist", "list.toml")[0] == 7
    add_entry(tmp_path / "list.toml", WatchEntry(name="two", program=2731))
    assert len(read_watchlist(WatchProgramsRequest(watchlist=str(tmp_path / "list.toml")))) == 2
    with pytest.raises(ConflictError):
        add_entry(tmp_path / "list.toml", WatchEntry(name="two", program=2731))


def test_the_library_counts_as_here_and_answers_when_nothing_else_does(site, archive):
    from datetime import UTC, datetime

    from jwstpipe.catalog.records.archive_record import record_from_archive

    with open_catalog(site.catalog_address) as catalog:
        for one in southern_ring()[:3]:
            name = f"{one['obs_id']}_i2d.fits"
            fields = {**one, "dataURI": f"mast:JWST/product/{name}", "productFilename": name}
            catalog.publish(record_from_archive(fields, storage_key=f"mast/{name}", digest="0" * 64, file_size=1000,
                                                imported=datetime.now(UTC)))  # fmt: skip
    alone = jwstpipe.discover("NGC 3132", settings=site, offline=True)
    assert alone[0].filters == ("F090W", "F187N", "F212N")
    assert (alone[0].here, alone[0].bytes_to_fetch) == (3, 0)
    whole = jwstpipe.discover("NGC 3132", settings=site)
    assert (whole[0].inputs, whole[0].here) == (6, 3)
    unseen = jwstpipe.discover("NGC 3132", settings=site, user="")
    assert np.isclose(unseen[0].common_area_arcmin2, whole[0].common_area_arcmin2)
