"""Addresses, and what is said when a place of records cannot be reached."""

import socket
import sqlite3

import pytest
from pymongo import MongoClient

from jwstpipe.catalog.catalog import Catalog, open_catalog
from jwstpipe.catalog.database.address import without_secrets
from jwstpipe.catalog.database.changes import RecordChange
from jwstpipe.catalog.database.connect import connect
from jwstpipe.catalog.database.mongodb import database as mongodb
from jwstpipe.catalog.database.sqlite import file as sqlite
from jwstpipe.errors import DataError, ServiceError, StorageError, UsageError


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_file_is_made_with_its_folders(tmp_path, record):
    path = tmp_path / "new" / "folder" / "catalog.sqlite"
    with open_catalog(path) as catalog:
        catalog.publish(record(1))
    with open_catalog(str(path)) as catalog:
        assert catalog.get("p1").file_name == "file_1.fits"


def test_no_server_is_told_with_its_address_and_without_password():
    address = f"mongodb://ann:se%40cret@127.0.0.1:{closed_port()}/x?serverSelectionTimeoutMS=100&authSource=admin"
    with pytest.raises(ServiceError, match=r"no MongoDB answers at mongodb://ann@127\.0\.0\.1") as caught:
        connect(address)
    assert "cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["postgres://h/db", "sqlite:///x", "mongodb://", "mongodb://u:pa/ss@h/db", "mongodb://h:99999/db", "mongodb://u:p@ss@h"],
)  # fmt: skip
def test_other_addresses_are_refused(address):
    with pytest.raises(UsageError) as caught:
        connect(address)
    assert "ss@" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("mongodb://u:p@h:1/db?w=1", "mongodb://u@h:1/db"),
        ("mongodb://u:p?q@h:1/db", "mongodb://u@h:1/db"),
        ("mongodb://h:1,i:2/db", "mongodb://h:1,i:2/db"),
        ("/data/catalog.sqlite", "/data/catalog.sqlite"),
    ],
)
def test_secrets_stay_out_of_messages(address, safe):
    assert without_secrets(address) == safe


def test_a_file_that_is_no_catalogue(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("these are notes, not a database " * 100)
    with pytest.raises(DataError, match=r"notes\.txt is no catalogue"):
        connect(path)
    assert path.read_text().startswith("these are notes")


def test_a_folder_and_a_path_through_a_file(tmp_path):
    with pytest.raises(StorageError, match="choose another file"):
        connect(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"file, not a folder|File exists"):
        connect(tmp_path / "file" / "catalog.sqlite")


def test_a_file_that_another_process_keeps_locked(tmp_path, record, monkeypatch):
    path = tmp_path / "catalog.sqlite"
    with open_catalog(path):
        pass
    monkeypatch.setattr(sqlite, "FILE_WAIT_S", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    try:
        with connect(path) as database:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageError, match="another process has been writing"):
                Catalog(database).publish(record(1))
            other.execute("ROLLBACK")
            Catalog(database).publish(record(1))
            assert Catalog(database).count() == 1
    finally:
        other.close()


def test_a_file_that_cannot_be_written(tmp_path, record):
    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        catalog.database.connection.execute("PRAGMA query_only = 1")
        with pytest.raises(StorageError, match="not writable"):
            catalog.publish(record(1))


def publish_and_fail(catalog, record):
    with catalog.database.writing():
        catalog.publish(record)
        raise KeyError(record.product_id)


def test_an_error_inside_a_block_of_writes_takes_them_all_back(tmp_path, record):
    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        with pytest.raises(KeyError):
            publish_and_fail(catalog, record(1))
        assert catalog.count() == 0
        catalog.publish(record(1))
        assert catalog.count() == 1


def test_closing_twice_does_no_harm(tmp_path):
    database = connect(tmp_path / "catalog.sqlite")
    database.close()
    database.close()


def test_a_document_that_is_not_understood_names_its_field(tmp_path, record):
    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        catalog.publish(record(1))
        catalog.database.change({"p1": RecordChange({"from_the_future": 1})}, owner=None)
        with pytest.raises(DataError, match="product 'p1' in the catalogue is not valid: from_the_future"):
            catalog.get("p1")


@pytest.mark.parametrize(
    ("address", "concern", "retried"),
    [("mongodb://127.0.0.1:1/db", {"w": "majority", "j": True}, True),
     ("mongodb://127.0.0.1:1/db?w=1&retryWrites=false", {"w": 1, "j": True}, False),
     ("mongodb://127.0.0.1:1,127.0.0.1:2/db?replicaSet=rs0&tls=true", {"w": "majority", "j": True}, True)],
)  # fmt: skip
def test_writes_wait_for_a_majority_unless_the_address_says_otherwise(address, concern, retried):
    with MongoClient(address, connect=False, **mongodb._options(address)) as client:
        assert client.write_concern.document == concern
        assert client.options.retry_writes is retried
        assert client.options.replica_set_name == ("rs0" if "replicaSet" in address else None)
        assert (client.options.pool_options._ssl_context is not None) is ("tls=true" in address)
