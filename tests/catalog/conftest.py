"""An open catalogue on each back end.

The server side runs against ``$JWSTPIPE_TEST_MONGODB`` (a server whose databases may be dropped), else against
`wire_server`, which speaks MongoDB's protocol.
"""

import os
import shutil
from uuid import uuid4

import pytest
from pymongo import MongoClient

from jwstpipe.catalog.catalog import open_catalog
from tests.catalog.catalog_records import make_record
from tests.catalog.wire_server import wire_server


@pytest.fixture
def record():
    return make_record


@pytest.fixture(scope="session")
def server():
    given = os.environ.get("JWSTPIPE_TEST_MONGODB")
    if given:
        yield given.rstrip("/") + "/"
        return
    with wire_server() as address:
        yield address


@pytest.fixture(scope="session")
def empty(tmp_path_factory):
    """A new catalogue as a file: its tables are made once for all tests."""
    path = tmp_path_factory.mktemp("empty") / "catalog.sqlite"
    with open_catalog(path):
        pass
    return path


@pytest.fixture(scope="session")
def cleaner(server):
    """A client that drops what a test has made."""
    with MongoClient(server) as client:
        yield client


@pytest.fixture
def embedded(tmp_path, empty):
    with open_catalog(shutil.copy(empty, tmp_path / "catalog.sqlite")) as catalog:
        yield catalog


@pytest.fixture(params=["embedded", "server"])
def catalog(request):
    """The same catalogue on a file and over the wire."""
    if request.param == "embedded":
        yield request.getfixturevalue("embedded")
        return
    address, cleaner = request.getfixturevalue("server"), request.getfixturevalue("cleaner")
    name = f"jwstpipe_test_{uuid4().hex[:12]}"
    try:
        with open_catalog(address + name) as catalog:
            yield catalog
    finally:
        cleaner.drop_database(name)
