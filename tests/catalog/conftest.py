"""An open catalogue on each back end.

The server side runs against ``$JWSTPIPE_TEST_MONGODB`` (a server whose databases may be dropped), else against
nx-27017, which speaks MongoDB's protocol over a file; without either those tests are skipped.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from jwstpipe.catalog.catalog import COLLECTION_NAME, open_catalog
from tests.catalog.catalog_records import make_record


@pytest.fixture
def record():
    return make_record


@contextmanager
def wire_server(folder):
    command = shutil.which("nx-27017", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if command is None:
        pytest.skip("no MongoDB server: set JWSTPIPE_TEST_MONGODB, or install nx-27017")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [command, "--db", str(folder / "server.sqlite"), "--host", "127.0.0.1", "-p", str(port)]
    arguments += ["--pid-file", str(folder / "server.pid"), "--log-file", str(folder / "server.log")]  # not one for all
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield wait_for_server(f"mongodb://127.0.0.1:{port}/", process)
        finally:
            process.terminate()


def wait_for_server(address, process, seconds=300):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with MongoClient(address, serverSelectionTimeoutMS=500) as client:
            try:
                client.admin.command("ping")
            except PyMongoError:
                continue
            return address
    pytest.fail(f"the server at {address} did not start")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    given = os.environ.get("JWSTPIPE_TEST_MONGODB")
    if given:
        yield given.rstrip("/") + "/"
        return
    with wire_server(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture
def embedded(tmp_path):
    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        yield catalog


@pytest.fixture(params=["embedded", "server"])
def catalog(request):
    """The same catalogue on a file and over the wire."""
    if request.param == "embedded":
        yield request.getfixturevalue("embedded")
        return
    address = request.getfixturevalue("server")
    name = f"jwstpipe_test_{uuid4().hex[:12]}"
    try:
        with open_catalog(address + name) as catalog:
            yield catalog
    finally:
        with MongoClient(address) as client:
            client[name][COLLECTION_NAME].drop()  # nx-27017 keeps all databases in one file and drops none
            client.drop_database(name)
