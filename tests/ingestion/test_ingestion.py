"""Into the store and the catalogue: files that are here, records read anew, and rounds over a watch list."""

import json
from datetime import date

import pytest
from astropy.io import fits

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.ingestion import choose, ingest_products, refresh_records, register_existing, stale_records
from jwstpipe.ingestion.watch import due, read_marks, read_watchlist, write_mark
from jwstpipe.requests import RefreshMetadataRequest, SearchRequest, WatchProgramsRequest
from jwstpipe.settings import load_settings
from jwstpipe.storage import open_store
from tests.world import TARGET, variables


@pytest.fixture
def site(tiny_world, tmp_path):
    _, archive = tiny_world
    archive.set_faults()
    return load_settings(home=tmp_path / "home", archive=archive.settings)


def cal_files(tiny_world):
    return [file.path for file in tiny_world[0].files if file.suffix == "cal"]


def chosen(site):
    return choose(SearchRequest(target=TARGET, level=(2,)), settings=site.archive).products


def records(site):
    with open_catalog(site.catalog_address) as catalog:
        return {record.file_name: record for record in catalog.find()}


def test_files_that_are_here_are_registered_once_and_not_fetched_again(site, tiny_world, tmp_path):
    folder = tmp_path / "mine" / "deep"
    folder.mkdir(parents=True)
    for path in cal_files(tiny_world):
        (folder / path.name).write_bytes(path.read_bytes())
    whole = cal_files(tiny_world)[0]
    (folder / "jw09999001001_02101_00001_nrca1_cal.fits").write_bytes(whole.read_bytes()[:-2880])
    (folder / "holiday.fits").write_bytes(whole.read_bytes())
    done = register_existing(folder.parent, settings=site)
    assert {record.file_name for record in done.registered} == {path.name for path in cal_files(tiny_world)}
    assert {failure.file_name for failure in done.failures} == {
        "jw09999001001_02101_00001_nrca1_cal.fits", "holiday.fits",
    }  # fmt: skip
    assert all(open_store(site.store_root).exists(str(record.storage_key)) for record in done.registered)
    again = register_existing(folder.parent, settings=site)
    assert (again.registered, len(again.known)) == ((), len(done.registered))
    fetched = ingest_products(chosen(site), settings=site).require_all()
    assert [entry.bytes_moved for entry in fetched] == [0] * len(done.registered)
    assert {entry.record.product_id for entry in fetched} == {record.product_id for record in done.registered}


def test_a_folder_without_files(site, tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NotFoundError):
            register_existing(folder, settings=site)


def test_records_are_read_anew_and_what_users_wrote_stays(site, tiny_world):
    done = register_existing(cal_files(tiny_world)[0].parent, settings=site)
    one = next(record for record in done.registered if record.file_name.endswith("_cal.fits"))
    assert "mast_proposal_pi" not in one.metadata
    store = open_store(site.store_root)
    with open_catalog(site.catalog_address) as catalog:
        catalog.amend(one.product_id, add_tags=["mine"], description="the best one")
        only = stale_records(catalog, RefreshMetadataRequest(obs_id=(str(one.metadata["mast_obs_id"]),)))
        assert [record.product_id for record in only] == [one.product_id]
        result = refresh_records(only, settings=site.archive, store=store, catalog=catalog)
        assert (len(result.refreshed), result.unlisted, result.newer, result.remarks) == (1, (), (), ())
        now = catalog.get(one.product_id)
        assert now.metadata["mast_obs_collection"] == "JWST"
        assert "mast_t_obs_release" in now.metadata
        assert ("mine" in now.tags, now.description, now.digest) == (True, "the best one", one.digest)
        bulk = stale_records(catalog, RefreshMetadataRequest(complete=True))
        assert len(refresh_records(bulk, settings=site.archive, store=store, catalog=catalog).refreshed) == len(bulk)
        with pytest.raises(NotFoundError, match="ingest it first"):
            stale_records(catalog, RefreshMetadataRequest(obs_id=("jw00001-o001_t001_miri_f770w",)))


def test_a_reprocessed_file_replaces_its_record(site, tiny_world):
    _, archive = tiny_world
    first = ingest_products(chosen(site), settings=site).require_all()
    path = cal_files(tiny_world)[0]
    content = path.read_bytes()
    try:
        with fits.open(path, mode="update") as opened:
            opened["SCI"].data[60, 60] += 1
            for hdu in opened:
                hdu.add_checksum()
        again = ingest_products(chosen(site), settings=site).require_all()  # listed as before: only the ETag tells
    finally:
        path.write_bytes(content)
        archive.rescan()
    changed = [entry for entry in again if entry.bytes_moved]
    assert [entry.record.file_name for entry in changed] == [path.name]
    assert changed[0].replaced.startswith("ETag")
    assert len(records(site)) == len(first)
    assert records(site)[path.name].digest != {e.record.file_name: e.record.digest for e in first}[path.name]


WATCHLIST = """
[[watch]]
name = "nebula"
target = "Tiny Nebula"
level = [2]
released_since = 2023-01-01

[[watch]]
name = "programme"
program = 2733
filters = ["F090W"]
"""


@pytest.fixture
def watchlist(tmp_path):
    path = tmp_path / "watch.toml"
    path.write_text(WATCHLIST)
    return WatchProgramsRequest(watchlist=str(path))


def test_the_watch_list_that_is_shipped_is_valid():
    assert {entry.name for entry in read_watchlist(WatchProgramsRequest())} == {"southern-ring", "carina-nircam"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1", "not .*watch"),
        ("[[watch]\n", "not TOML"),
        ('[[watch]]\nname = "a"\n', "entry a: give a target"),
        ('[[watch]]\nname = "a"\nprogram = 1\nfilter = "F090W"\n', "entry a: filter"),
        ('[[watch]]\nname = "a"\nprogram = 1\n[[watch]]\nname = "a"\nprogram = 2\n', "two entries"),
    ],
)
def test_a_watch_list_that_is_wrong_is_named(tmp_path, text, says):
    path = tmp_path / "watch.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=says) as caught:
        read_watchlist(WatchProgramsRequest(watchlist=str(path)))
    assert "watch.toml" in str(caught.value)


def test_rounds_ask_for_what_was_released_since_the_last_one(watchlist, tmp_path):
    store = open_store(tmp_path / "store")
    nebula, _ = read_watchlist(watchlist)
    first = date(2026, 3, 1)
    assert due(nebula, read_marks(store).get("nebula"), today=first, request=watchlist) is None
    write_mark(store, nebula, today=first, full=True)
    mark = read_marks(store)["nebula"]
    assert due(nebula, mark, today=date(2026, 3, 2), request=watchlist).released_since == date(2026, 2, 22)
    write_mark(store, nebula, today=date(2026, 3, 6), full=False)
    mark = read_marks(store)["nebula"]
    assert due(nebula, mark, today=date(2026, 3, 7), request=watchlist).released_since == date(2026, 2, 27)
    assert due(nebula, mark, today=date(2026, 3, 8), request=watchlist) is None  # a week after the last full one
    everything = watchlist.model_copy(update={"everything": True})
    assert due(nebula, mark, today=date(2026, 3, 7), request=everything) is None
    changed = nebula.model_copy(update={"level": (3,)})
    assert due(changed, mark, today=date(2026, 3, 7), request=watchlist) is None
    older = json.loads(store.read_bytes("watch/marks.json"))
    older["nebula"]["wishes"] = older["nebula"].pop("options")  # as they were written at first
    store.write_bytes("watch/marks.json", json.dumps(older).encode())
    assert read_marks(store)["nebula"] == mark


def test_the_mirror_is_read_without_credentials_however_it_is_set(tiny_world, tmp_path, monkeypatch):
    _, archive = tiny_world
    archive.set_faults()
    for key, value in variables(archive, tmp_path / "home").items():
        monkeypatch.setenv(key, value)
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(key, raising=False)
    own = load_settings()
    assert own.archive.s3.anonymous
    assert {(entry.source, entry.fell_back) for entry in ingest_products(chosen(own), settings=own).entries} == {
        ("s3", None)
    }
