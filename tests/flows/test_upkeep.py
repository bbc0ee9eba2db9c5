"""Upkeep as Prefect runs it: told first, then done; what lives is left alone."""

from datetime import UTC, datetime, timedelta

import pytest

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.leases import holders, reserve
from jwstpipe.catalog.maintenance.adopt import adopt_file
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.identity import archive_product_id
from jwstpipe.images.convert import convert
from jwstpipe.requests.archive.upkeep import HousekeepingRequest, ReconcileRequest
from jwstpipe.settings import load_settings
from jwstpipe.storage import open_store
from tests.images.fits_files import write_cal

NOW = datetime.now(UTC)
LIVING, DEAD, STAGED = "a" * 32, "b" * 32, "c" * 32


def key_of(number):
    exposure = f"jw02733001001_02101_{number:05d}_nrca1"
    return f"mast/{exposure}/{exposure}_cal.fits"


KNOWN, ORPHAN, LOST, CHANGED = map(key_of, range(1, 5))


@pytest.fixture
def ground(site, tmp_path):
    """A store and a catalogue that came apart in every way."""
    settings = load_settings()
    store = open_store(settings.store_root)
    content = write_cal(tmp_path / "cal.fits").read_bytes()
    for key in (KNOWN, ORPHAN, LOST, CHANGED):
        store.write_bytes(key, content)
    with open_catalog(settings.catalog_address) as catalog:
        for key in (KNOWN, LOST, CHANGED):
            catalog.publish(adopt_file(store, key, now=NOW))
        known = catalog.find(RecordQuery(storage_key=KNOWN))[0]
        image = convert(store.url(KNOWN), store.url("images/made/cal.zarr"), parent=known.product_id)
        staged = known.model_copy(
            update={"product_id": STAGED, "storage_key": "images/never.zarr", "created": NOW - timedelta(days=2)}
        )
        catalog.stage(staged)
        reserve(catalog, [DEAD], owner="dead run", seconds=-60)
        reserve(catalog, [LIVING], owner="living run", seconds=600)
    store.delete(LOST)
    store.write_bytes(CHANGED, content[:-1] + b"x")
    store.write_bytes(f"images/{DEAD}/x.zarr/0/sci/c/0/0", b"half of an image")
    store.write_bytes(f"images/{LIVING}/x.zarr/0/sci/c/0/0", b"half of an image")
    return settings, store, image.product_id


def everything(settings, store):
    with open_catalog(settings.catalog_address) as catalog:
        records = {record.product_id: record for record in catalog.find(RecordQuery(status=()))}
    return records, {item.key: item.size for item in store.objects("mast") + store.objects("images")}


def test_reconciling_tells_first_and_then_puts_right(ground):
    from jwstpipe.flows.upkeep import reconcile

    settings, store, image_id = ground
    before = everything(settings, store)
    told = reconcile(ReconcileRequest(verify=True, grace_hours=0))
    assert told.counts == {
        "abandoned, to forget": 1, "altered, to mark": 1, "missing, to mark": 1, "unfinished, to delete": 1,
        "unfinished, to wait": 1, "unregistered, to register": 2,
    }  # fmt: skip
    assert everything(settings, store) == before
    done = reconcile(ReconcileRequest(verify=True, grace_hours=0, dry_run=False))
    assert (done.counts["registered"], done.counts["deleted"], done.counts["marked"]) == (2, 2, 2)
    records, objects = everything(settings, store)
    by_key = {record.storage_key: record for record in records.values()}
    assert set(by_key) == {KNOWN, ORPHAN, LOST, CHANGED, "images/made/cal.zarr"}
    assert "is not in the store" in by_key[LOST].validation_error
    assert "sha256" in by_key[CHANGED].validation_error
    assert records[image_id].parents == (by_key[KNOWN].product_id,)
    assert {key for key in objects if DEAD in key} == set()
    assert {key for key in objects if LIVING in key} != set()
    again = reconcile(ReconcileRequest(grace_hours=0))
    assert again.counts == {"missing, to wait": 1, "unfinished, to wait": 1}


def test_what_is_young_is_left_alone(ground):
    from jwstpipe.flows.upkeep import reconcile

    settings, store, _ = ground
    before = everything(settings, store)[1]
    done = reconcile(ReconcileRequest(dry_run=False))
    assert done.counts["unfinished, to wait"] == 2
    assert done.counts["deleted"] == 1  # the record that was staged two days ago
    assert everything(settings, store)[1] == before


def test_housekeeping_scans_reaps_and_collects_what_is_superseded(ground):
    from jwstpipe.flows.upkeep import housekeeping

    settings, store, image_id = ground
    with open_catalog(settings.catalog_address) as catalog:
        (old,) = catalog.find(RecordQuery(storage_key=KNOWN))
        other = archive_product_id(str(old.uri), "9.9.9", "d" * 64)
        newer = {"product_id": other, "digest": "d" * 64, "version": "9.9.9", "created": NOW - timedelta(days=40)}
        catalog.publish(old.model_copy(update=newer))
    before = everything(settings, store)
    told = housekeeping(HousekeepingRequest(grace_hours=0))
    assert told.counts["superseded, not needed"] == 1
    assert everything(settings, store) == before
    kept = housekeeping(HousekeepingRequest(grace_hours=0, reap=False, scan=False, dry_run=False, garbage_days=41))
    assert kept.counts["superseded, not needed"] == 0
    assert everything(settings, store) == before
    done = housekeeping(HousekeepingRequest(grace_hours=0, dry_run=False))
    assert (done.counts["registered"], done.counts["leases of dead runs"]) == (2, 1)
    records, objects = everything(settings, store)
    assert image_id in records  # registered from its own provenance, so that its input is needed and stays
    assert records[image_id].parents == (old.product_id,)
    assert records[old.product_id].status == "superseded"
    assert {KNOWN, ORPHAN} <= set(objects)
    with open_catalog(settings.catalog_address) as catalog:
        assert [lease.key for lease in holders(catalog)] == [LIVING]
        assert {record.storage_key for record in catalog.find()} >= {KNOWN, ORPHAN, "images/made/cal.zarr"}


def test_a_superseded_file_that_nothing_needs_goes_after_the_grace_period(site, tmp_path):
    from jwstpipe.flows.upkeep import housekeeping

    settings = load_settings()
    store = open_store(settings.store_root)
    content = write_cal(tmp_path / "cal.fits").read_bytes()
    store.write_bytes(KNOWN, content)
    with open_catalog(settings.catalog_address) as catalog:
        old = adopt_file(store, KNOWN, now=NOW)
        catalog.publish(old)
        place = key_of(9)
        store.write_bytes(place, content)
        newer = {"product_id": "e" * 32, "storage_key": place, "created": NOW - timedelta(days=40)}
        catalog.publish(old.model_copy(update=newer))
    done = housekeeping(HousekeepingRequest(scan=False, reap=False, dry_run=False))
    assert done.counts == {"superseded, not needed": 1}
    records, objects = everything(settings, store)
    assert (set(records), set(objects)) == ({"e" * 32}, {place})
