"""What several rooms' tests share: the folder of real data, and images made on the spot."""

from pathlib import Path

import pytest
from hypothesis import settings
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer
from xdist.scheduler import LoadScopeScheduling

from tests import world

# Compiled kernels and shared machines make single calls slow; a fixed seed makes a failure everybody's failure.
settings.register_profile("jwstpipe", deadline=None, derandomize=True)
settings.load_profile("jwstpipe")

SHARED = Path(__file__).parents[2] / "shared" / "data"


SERVERS = ("tests/flows/", "tests/end_to_end/")
"""Rooms whose tests start whole stacks of servers: one process runs them all, one after another."""


def pytest_collection_modifyitems(items):
    """Begin with the stacks, which take longest."""
    items.sort(key=lambda item: not item.nodeid.startswith(SERVERS))


def pytest_xdist_make_scheduler(config, log):
    """Keep a file's tests together, so that what they share is made once, and all stacks of servers in one process."""
    return FilesAndStacks(config, log)


class FilesAndStacks(LoadScopeScheduling):
    """Hands out files, and the rooms of `SERVERS` as if they were one."""

    def _split_scope(self, nodeid):
        return "servers" if nodeid.startswith(SERVERS) else nodeid.partition("::")[0]


def pytest_terminal_summary(terminalreporter):
    """Show the tables that tests hand over with record_property("table", ...), from other processes too."""
    for report in terminalreporter.getreports("passed"):
        for name, text in getattr(report, "user_properties", ()):
            if name == "table" and report.when == "call":
                terminalreporter.write_sep("-", report.nodeid.rpartition("::")[2])
                terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED.is_dir():
        pytest.skip(f"real data are not at hand ({SHARED.name} folder beside the project)")
    return SHARED


@pytest.fixture(scope="session")
def tiny_world(tmp_path_factory):
    """A tiny simulated programme and the archive that serves it."""
    folder = tmp_path_factory.mktemp("programme")
    programme = world.tiny_programme(folder)
    with world.served(folder) as archive:
        yield programme, archive


@pytest.fixture(scope="session")
def s3_server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module", autouse=True)
def buckets_end_with_their_module():
    """Forget what lies in the buckets of this process: moto keeps them in memory, and none are shared."""
    yield
    for regions in s3_backends.values():
        for backend in regions.values():
            backend.reset()
