"""Reserve, compute, verify, publish: one run at a time makes a product, and nothing is published that is not whole."""

import threading
from datetime import UTC, datetime

import pytest

from jwstpipe.catalog.catalog import Catalog, open_catalog
from jwstpipe.catalog.leases import holders, reserve
from jwstpipe.catalog.records.components import ImageInfo
from jwstpipe.catalog.records.derived_record import derived_record
from jwstpipe.errors import ConflictError, StoreError
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.operations.make import make_missing as making
from jwstpipe.settings import Settings
from jwstpipe.storage import open_store


@pytest.fixture
def two_runs(tmp_path):
    settings = Settings(home=tmp_path)
    store = open_store(settings.store_root)
    with open_catalog(settings.catalog_address) as one, open_catalog(settings.catalog_address) as other:
        yield (
            making.OperationRun(one, store, ThreadWorkers(1), "run-one"),
            making.OperationRun(other, store, ThreadWorkers(1), "run-two"),
        )


def record(run, identity):
    return derived_record(
        identity,
        kind="thumbnail",
        storage_key=f"made/{identity}/{run.attempt}.png",
        parents=[],
        operation="test",
        algorithm_version="1",
        parameters={"of": identity},  # products of one slot would take each other's place
        image=ImageInfo(),
        created=datetime.now(UTC),
        run_id=run.run_id,
    )


def maker(run, calls, before=lambda: None):
    def make(wanted):
        for identity in wanted:
            before()
            calls.append((run.run_id, identity))
            made = record(run, identity)
            run.store.write_bytes(made.storage_key, b"x")
            yield made

    return make


def test_what_is_missing_is_made_once_and_the_leases_are_given_back(two_runs):
    run, other = two_runs
    calls = []
    first = making.make_missing(run, {"a": 1, "b": 2}, maker(run, calls))
    again = making.make_missing(other, {"b": 2, "a": 1, "c": 3}, maker(other, calls))
    assert calls == [("run-one", "a"), ("run-one", "b"), ("run-two", "c")]
    assert list(first) == ["a", "b"]
    assert [(key, made.run_id) for key, made in again.items()] == [
        ("b", "run-one"), ("a", "run-one"), ("c", "run-two"),
    ]  # fmt: skip
    assert holders(run.catalog) == []


def test_two_runs_at_once_share_the_work_and_wait_for_each_other(two_runs, monkeypatch):
    monkeypatch.setattr(making, "LOOK_SECONDS", 0.01)
    calls, results = [], {}
    started = threading.Barrier(2, timeout=300)
    first_step = {run.run_id: True for run in two_runs}

    def go(run, keys):
        def together():
            if first_step.pop(run.run_id, None):
                started.wait()

        results[run.run_id] = making.make_missing(run, dict.fromkeys(keys), maker(run, calls, together))

    one, two = two_runs
    reserve(one.catalog, ["a"], owner=f"{one.run_id}/{one.attempt}", seconds=60)
    reserve(two.catalog, ["c"], owner=f"{two.run_id}/{two.attempt}", seconds=60)
    threads = [threading.Thread(target=go, args=(one, "abc")), threading.Thread(target=go, args=(two, "cba"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(identity for _, identity in calls) == ["a", "b", "c"]
    owners = [{key: made.run_id for key, made in result.items()} for result in results.values()]
    assert owners[0] == owners[1]


def test_a_run_that_died_is_waited_for_no_longer_than_its_lease(two_runs, monkeypatch):
    monkeypatch.setattr(making, "LOOK_SECONDS", 0.01)
    run, _ = two_runs
    reserve(run.catalog, ["a"], owner="dead", seconds=0.3)
    calls = []
    making.make_missing(run, {"a": 1}, maker(run, calls))
    assert calls == [("run-one", "a")]


def test_a_product_that_is_not_whole_in_the_store_is_not_published(two_runs):
    run, _ = two_runs
    with pytest.raises(StoreError, match="not whole in the store"):
        making.make_missing(run, {"a": 1}, lambda wanted: [record(run, key) for key in wanted])
    assert run.catalog.get_many(["a"]) == {}
    assert holders(run.catalog) == []


def test_what_was_made_before_one_fails_is_published(two_runs):
    run, _ = two_runs

    def fails_at_c(wanted):
        for made in maker(run, [])(wanted):
            if made.product_id == "c":
                raise StoreError("c cannot be made")
            yield made

    with pytest.raises(StoreError, match="c cannot be made"):
        making.make_missing(run, dict.fromkeys("abcd"), fails_at_c)
    assert set(run.catalog.get_many("abcd")) == {"a", "b"}
    assert holders(run.catalog) == []


@pytest.mark.parametrize(("seconds", "groups"), [(60.0, [["a", "b", "c"]]), (0.0, [["a"], ["b"], ["c"]])])
def test_quick_products_are_published_together_and_slow_ones_at_once(two_runs, monkeypatch, seconds, groups):
    run, _ = two_runs
    monkeypatch.setattr(making, "GROUP_SECONDS", seconds)
    published = []
    publish_many = Catalog.publish_many

    def noted(catalog, records):
        published.append([record.product_id for record in records])
        return publish_many(catalog, records)

    monkeypatch.setattr(Catalog, "publish_many", noted)
    making.make_missing(run, dict.fromkeys("abc"), maker(run, []))
    assert published == groups


def test_a_run_that_lost_its_lease_publishes_nothing(two_runs, monkeypatch):
    monkeypatch.setattr(making, "LEASE_SECONDS", 0.06)
    run, _ = two_runs
    looks = threading.Semaphore(0)
    renew = making.renew

    def noticed(catalog, leases, *, seconds):
        reserve(catalog, ["a"], owner="thief", seconds=60)
        held = renew(catalog, leases, seconds=seconds)
        looks.release()
        return held

    monkeypatch.setattr(making, "renew", noticed)
    monkeypatch.setattr(making, "reserve", lambda *a, **k: reserve(*a, **{**k, "seconds": -1}))
    with pytest.raises(ConflictError, match="another one makes it now"):
        making.make_missing(run, {"a": 1}, maker(run, [], lambda: [looks.acquire(timeout=300) for _ in range(2)]))
    assert run.catalog.get_many(["a"]) == {}
