"""``by-target/TARGET/FILTER``: links that say what products are, as true as the records, and no part of the store."""

from datetime import timedelta
from pathlib import Path

import pytest
from astropy.io import fits

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.maintenance.adopt import adopt_file
from jwstpipe.catalog.maintenance.bulk import delete_records, plan_deletion
from jwstpipe.catalog.maintenance.by_target import keep_links, target_folder
from jwstpipe.catalog.maintenance.reconcile import repair, survey
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.operations.convert import CONVERT, ConvertRecipe
from jwstpipe.operations.make.make_missing import OperationRun
from jwstpipe.operations.make.make_products import Order, make_products
from jwstpipe.storage import ObjectStore, open_store
from tests.catalog.catalog_records import CREATED, make_record
from tests.images.fits_files import write_cal


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "store")


def mosaic(store, number, **changes):
    key = f"mosaics/{number * 8}/x.zarr"
    store.write_bytes(f"{key}/zarr.json", b"{}")
    given = {
        "kind": "mosaic",
        "product_id": number * 8,
        "file_name": "m.zarr",
        "file_format": "zarr",
        "created": CREATED,
    }
    return make_record(number, storage_key=key, **{**given, **changes})


def links(store):
    """Give the links there are, with where they lead."""
    shown, found = folder_of(store), {}
    for place in (place for place in shown.rglob("*") if place.is_symlink()):
        assert not place.readlink().is_absolute()
        found[str(place.relative_to(shown))] = str(place.resolve().relative_to(Path(store.root).resolve()))
    return found


def folder_of(store):
    return Path(store.root, "by-target")


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("NGC 3132", "NGC-3132"), ("NGC-3132", "NGC-3132"), ("../../etc", "etc"), ("a/b\\c", "a-b-c"),
        ("..", "unnamed"), ("", "unnamed"), ("x\0y\u202ez\n", "x-y-z"), ("M" * 500, "M" * 120),
    ],
)  # fmt: skip
def test_any_name_is_one_folder_below(name, folder):
    assert target_folder(name) == folder


def test_links_follow_what_is_published_superseded_and_deleted(embedded, store):
    one = mosaic(store, "a")
    embedded.publish(one)
    picture = mosaic(store, "b", kind="picture", file_name="p.png", filter=None)
    embedded.publish(picture)
    embedded.publish(make_record(7))  # an archive file needs no second name
    keep_links(embedded, store, ["NGC 3132"])
    first = {"NGC-3132/F090W/m.zarr": one.storage_key, "NGC-3132/several/p.png": picture.storage_key}
    assert links(store) == first

    newer = mosaic(store, "c", created=CREATED + timedelta(days=1))
    embedded.publish(newer)
    keep_links(embedded, store, ["NGC 3132"])
    newest = {
        "NGC-3132/F090W/m.zarr": newer.storage_key,
        "NGC-3132/F090W/m-aaaaaaaa.zarr": one.storage_key,
        "NGC-3132/several/p.png": picture.storage_key,
    }
    assert links(store) == newest

    delete_records(embedded, plan_deletion(embedded, RecordQuery(storage_key=newer.storage_key)), store)
    assert links(store) == first
    delete_records(embedded, plan_deletion(embedded, RecordQuery(kind=("mosaic", "picture"))), store)
    assert links(store) == {}
    assert list(folder_of(store).iterdir()) == []


def test_reconcile_counts_no_link_and_mends_them(embedded, store):
    one = mosaic(store, "a")
    embedded.publish(one)
    keep_links(embedded, store)
    assert survey(embedded, store) == ()
    place = folder_of(store) / "NGC-3132" / "F090W"
    (place / "m.zarr").unlink()
    (place / "gone.zarr").symlink_to("../../../mosaics/nothing/x.zarr")
    (place / "of-mine").symlink_to("/nowhere/at/all")
    (place.parent / "note.txt").write_text("mine")
    repair(embedded, store, survey(embedded, store))
    assert (place / "of-mine").is_symlink()
    (place / "of-mine").unlink()
    assert links(store) == {"NGC-3132/F090W/m.zarr": one.storage_key}
    assert (place.parent / "note.txt").exists()
    assert survey(embedded, store) == ()


def test_what_one_user_does_not_see_keeps_its_link(embedded, store):
    hidden = mosaic(store, "a", is_public=False, user_id="ada")
    embedded.publish(hidden)
    keep_links(embedded, store)
    keep_links(embedded.as_user("bob"), store)
    assert links(store) == {"NGC-3132/F090W/m.zarr": hidden.storage_key}


def test_a_folder_that_takes_no_links_is_told_and_fails_nothing(embedded, store, caplog):
    embedded.publish(mosaic(store, "a"))
    store.write_bytes("by-target", b"a file in the way")
    assert keep_links(embedded, store).made == 0
    assert "by-target is not up to date" in caplog.text


def test_a_store_on_s3_gets_none(embedded):
    assert keep_links(embedded, ObjectStore("s3://nowhere/at/all")).made == 0


def test_what_an_operation_makes_has_its_link(tmp_path, store):
    source = write_cal(tmp_path / "jw02733001001_02101_00001_nrcb1_cal.fits")
    fits.setval(source, "TARGNAME", value="NGC 3132")
    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        key = f"mast/jw02733001001/{source.name}"
        store.put_file(source, key)
        file = adopt_file(store, key, now=CREATED)
        catalog.publish(file)
        run = OperationRun(catalog, store, ThreadWorkers(1))
        (made,) = make_products(run, CONVERT, [Order(ConvertRecipe(), (file,), "x.zarr")])
        assert links(store) == {"NGC-3132/F200W/x.zarr": made.record.storage_key}
