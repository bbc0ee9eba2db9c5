"""Several writers at once: nothing is lost, nothing is seen half."""

import multiprocessing
import signal
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from pymongo import MongoClient

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.database.schema import SCHEMA_VERSION, schema_version
from jwstpipe.catalog.query import RecordQuery
from tests.catalog.catalog_records import make_record
from tests.waiting import LIMIT_SECONDS

SPAWN = multiprocessing.get_context("spawn")
PRODUCTS = 300
BATCH = 50
PROCESSES = 3


@pytest.fixture(params=["embedded", "server"])
def address(request, tmp_path):
    """Where several processes find one new catalogue: a file, or a server."""
    if request.param == "embedded":
        yield tmp_path / "catalog.sqlite"
        return
    server = request.getfixturevalue("server")
    name = f"jwstpipe_test_{uuid4().hex[:12]}"
    yield server + name
    with MongoClient(server) as client:
        client.drop_database(name)


def publish_all(address, name, barrier):
    barrier.wait(LIMIT_SECONDS)
    with open_catalog(address) as catalog:
        for start in range(0, PRODUCTS, BATCH):
            numbers = range(start, start + BATCH)
            catalog.publish_many(make_record(number, tags=(f"by-{name}",)) for number in numbers[1:])
            catalog.publish(make_record(start, tags=(f"by-{name}",)))
        catalog.publish(make_record(f"own-{name}"))


def publish_for_ever(path):
    with open_catalog(path) as catalog:
        for number in range(1_000_000):
            catalog.stage(make_record(number))
            catalog.publish(make_record(number))


@pytest.mark.parametrize("address", ["embedded", pytest.param("server", marks=pytest.mark.exhaustive)], indirect=True)
def test_processes_that_publish_the_same_products_lose_none(address):
    barrier = SPAWN.Barrier(PROCESSES)
    writers = [SPAWN.Process(target=publish_all, args=(address, name, barrier)) for name in range(PROCESSES)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(LIMIT_SECONDS)
    assert [writer.exitcode for writer in writers] == [0] * PROCESSES
    with open_catalog(address) as catalog:
        shared = catalog.find(RecordQuery(tags=("by-0",)))
        assert len(shared) == PRODUCTS
        assert catalog.count() == PRODUCTS + PROCESSES
        for record in shared:
            assert set(record.tags) == {f"by-{name}" for name in range(PROCESSES)}
            assert record.model_copy(update={"tags": ()}) == make_record(int(record.product_id[1:]), status="published")


def test_a_new_file_is_opened_by_many_at_once(tmp_path):
    together = threading.Barrier(8)

    def opened(path):
        together.wait(LIMIT_SECONDS)
        with open_catalog(path) as catalog:
            return schema_version(catalog.database)

    with ThreadPoolExecutor(8) as pool:
        for number in range(12):
            versions = list(pool.map(opened, [tmp_path / f"{number}.sqlite"] * 8))
            assert versions == [SCHEMA_VERSION] * 8


def test_threads_share_one_catalogue(embedded):
    def work(name):
        for number in range(50):
            embedded.publish(make_record(number, tags=(f"by-{name}",)))
            assert embedded.get(f"p{number}").status == "published"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert embedded.count() == 50
    assert all(len(record.tags) == 8 for record in embedded.find())


def test_a_killed_writer_leaves_whole_records_only(tmp_path):
    path = tmp_path / "catalog.sqlite"
    with open_catalog(path) as catalog:
        writer = SPAWN.Process(target=publish_for_ever, args=(path,))
        writer.start()
        deadline = time.monotonic() + LIMIT_SECONDS
        while catalog.count() < 40 and time.monotonic() < deadline:
            writer.join(0.01)
        writer.kill()
        writer.join(LIMIT_SECONDS)
        assert writer.exitcode == -signal.SIGKILL
        done = catalog.find()
        assert len(done) >= 40
        for record in done:
            assert record == make_record(int(record.product_id[1:]), status="published")
        assert catalog.count(RecordQuery(status=("staged",))) <= 1
        catalog.publish(make_record(len(done)))
        assert catalog.count() == len(done) + 1
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        connection.close()
