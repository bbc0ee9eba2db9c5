"""One Prefect server for all flow tests of a session, and flows that keep to this machine."""

import os

import pytest

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}


@pytest.fixture(scope="session")
def prefect_server():
    os.environ.update(QUIET)
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def site(tiny_world, tmp_path, monkeypatch, prefect_server):
    """A fresh site that uses the tiny archive."""
    from tests.world import variables

    _, archive = tiny_world
    archive.set_faults()
    for key, value in variables(archive, tmp_path / "home").items():
        monkeypatch.setenv(key, value)
    monkeypatch.chdir(tmp_path)
    return archive
