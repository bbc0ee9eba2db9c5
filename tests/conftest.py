"""What several rooms' tests share: the folder of real data, and images made on the spot."""

import ctypes
import gc
import os
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

# Nothing of what is tested is imported here: the process that hands tests out would load it, and all would wait for it.

# Compiled kernels and shared machines make single calls slow; a fixed seed makes a failure everybody's failure.
settings.register_profile("jwstpipe", deadline=None, derandomize=True)
settings.load_profile("jwstpipe")

SHARED = Path(__file__).parents[2] / "shared" / "data"


SERVERS = ("tests/flows/", "tests/end_to_end/")
"""Rooms whose tests start whole stacks of servers: one process runs them all, one after another."""

BROWSER = "tests/viewer/"
"""Room whose tests share one browser, which is open for no longer than they need it."""


@dataclass(frozen=True)
class Tiers:
    """How many cases of each test `make test` runs, and how many it leaves out."""

    always: Counter
    exhaustive: Counter


TIERS = pytest.StashKey[Tiers]()
ENDING = pytest.StashKey[ExitStack]()
LEFT_OUT = pytest.StashKey[int]()


M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""Names of settings in glibc's malloc.h."""


def pytest_configure():
    """Let freed memory go back to the system: one process runs a hundred modules, and their peaks must not add up.

    By itself glibc keeps freed arrays of up to 32 MB, in as many heaps as threads have asked for memory.
    """
    setting = getattr(ctypes.CDLL(None), "mallopt", None)
    if setting is not None:
        setting(M_ARENA_MAX, 2)
        setting(M_MMAP_THRESHOLD, 2 << 20)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Let the garbage collector leave alone what collecting the tests makes: half a gigabyte that stays till the end.

    Looking through it again and again took a sixth of the collection, and a tenth of the tests that came after it.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)  # of what a test makes, and that is much, nearly all goes without it
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Count, and begin with what takes longest: the stacks, of those what starts a server first, and the browser."""
    tiers = config.stash[TIERS] = Tiers(Counter(), Counter())
    for item in items:
        tier = tiers.exhaustive if item.get_closest_marker("exhaustive") else tiers.always
        tier[f"{item.nodeid.partition('::')[0]}::{getattr(item, 'originalname', item.name)}"] += 1
    shared = {item.path for item in items if "prefect_server" in item.fixturenames}
    items.sort(key=lambda item: (_order(item.nodeid), item.path in shared))


def _order(nodeid):
    return 0 if nodeid.startswith(SERVERS) else 1 if nodeid.startswith(BROWSER) else 2


def pytest_xdist_make_scheduler(config, log):
    """Keep a file's tests together, so that what they share is made once, and all stacks of servers in one process."""
    return FilesAndStacks(config, log)


class FilesAndStacks(LoadScopeScheduling):
    """Hands out files, but the rooms of `SERVERS` as if they were one, and so the room of `BROWSER`."""

    def _split_scope(self, nodeid):
        return ("servers", "browser", nodeid.partition("::")[0])[_order(nodeid)]


def pytest_sessionfinish(session):
    """Tell the process that reports how many exhaustive tests were left out."""
    config = session.config
    if TIERS in config.stash and config.option.markexpr == "not exhaustive" and hasattr(config, "workeroutput"):
        config.workeroutput["left out"] = config.stash[TIERS].exhaustive.total()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Hear it; all processes collect the same."""
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left out", 0)


def pytest_terminal_summary(terminalreporter, config):
    """Show the tables that tests hand over with record_property("table", ...), from other processes too."""
    if config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(f"{config.stash[LEFT_OUT]} exhaustive tests were left out: make test-all runs them")
    for report in terminalreporter.getreports("passed"):
        for name, text in getattr(report, "user_properties", ()):
            if name == "table" and report.when == "call":
                terminalreporter.write_sep("-", report.nodeid.rpartition("::")[2])
                terminalreporter.write_line(text)


@pytest.fixture(autouse=True)
def settings_of_one_test_only():
    """Take back the variables that a command sets for its flows: commands run in this process, one after another."""
    before = {name: value for name, value in os.environ.items() if name.startswith("JWSTPIPE_")}
    yield
    for name in [name for name in os.environ if name.startswith("JWSTPIPE_") and name not in before]:
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(scope="session", autouse=True)
def servers_that_are_down_are_soon_given_up():
    """Prefect's clients ask again after 0, 0.5 and 1 s; many tests are about a server that is not there."""
    with pytest.MonkeyPatch.context() as patch:
        for client in ("_sync", "_async"):
            patch.setattr(f"httpcore.{client}.connection.RETRIES_BACKOFF_FACTOR", 0.01)
        yield


@pytest.fixture(scope="session", autouse=True)
def commands_speak_to_no_terminal():
    """Take away the width that pytest-xdist gives to its processes: what commands say would be folded to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def commands_do_not_end_this_process():
    """Let go what commands leave: the last thing that each does is to bid the collector to leave all memory alone."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("freeze", "set_threshold"):
            patch.setattr(gc, name, lambda *_: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def the_mirror_is_looked_through_once(tmp_path_factory):
    """Keep the diffraction pattern of the simulated mirror, which every simulated programme asks for anew."""
    programmes = sys.modules.get("jwstpipe.simulate.exposures")
    if programmes is None:
        yield
        return
    from jwstpipe.simulate.sky.scene import load_raster, save_raster

    kept, computed, one = tmp_path_factory.mktemp("mirror") / "pattern.npy", programmes.diffraction, Lock()

    def diffraction():
        with one:
            if not kept.exists():
                save_raster(kept, computed())
        return load_raster(kept)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programmes, "diffraction", diffraction)
        yield


@pytest.fixture(scope="session")
def tiers(pytestconfig):
    """What was collected of each tier."""
    return pytestconfig.stash[TIERS]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED.is_dir():
        pytest.skip(f"real data are not at hand ({SHARED.name} folder beside the project)")
    return SHARED


@pytest.fixture(scope="session")
def tiny_world(tmp_path_factory):
    """A tiny simulated programme and the archive that serves it."""
    from tests import world

    folder = tmp_path_factory.mktemp("programme")
    programme = world.tiny_programme(folder)
    with world.served(folder) as archive:
        yield programme, archive


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory, pytestconfig):
    """Start a Prefect server, and let the flows of this process tell it what they do; it ends with its rooms."""
    from tests.prefect_server import QUIET, PrefectServer, prefect_of_this_process

    os.environ.update(QUIET)
    server = PrefectServer(tmp_path_factory.mktemp("prefect"))
    with ExitStack() as ending:
        ending.callback(server.stop)
        server.start()
        ending.enter_context(prefect_of_this_process(server))
        pytestconfig.stash[ENDING] = ending
        yield server


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    """End the Prefect server with the rooms that need one: waiting for the session's end costs it 15 s of processor."""
    if item.nodeid.startswith(SERVERS) and nextitem is not None and not nextitem.nodeid.startswith(SERVERS):
        item.config.stash.get(ENDING, ExitStack()).close()


@pytest.fixture(scope="session")
def s3_server():
    from tests.s3_server import serving_s3

    with serving_s3() as address:
        yield address


@pytest.fixture(scope="session", autouse=True)
def services_are_described_once():
    """Let all sessions of botocore share what they read of S3: 10 MB and a tenth of a second each."""
    sessions = sys.modules.get("botocore.session")
    if sessions is None:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "create_loader", cache(sessions.create_loader))
        yield


@pytest.fixture(scope="module", autouse=True)
def buckets_end_with_their_module():
    """Forget what lies in buckets, of which none are shared, and the clients of servers that are gone."""
    yield
    servers = sys.modules.get("tests.s3_server")
    if servers is not None:
        servers.forget_buckets()
    clients = sys.modules.get("jwstpipe.storage.s3")
    if clients is not None:
        clients.s3_client.cache_clear()


@pytest.fixture(scope="module", autouse=True)
def memory_ends_with_its_module():
    """Give back to the system what libraries keep of freed memory: a process runs a hundred modules."""
    before = _resident_mb()
    yield
    if _resident_mb() > before + 24:
        gc.collect()
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
    _trim()


def _trim():
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _resident_mb():
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20
    except OSError:
        return 0


@pytest.fixture(autouse=True)
def what_one_test_leaves_is_given_back():
    """Give back at once what a single test leaves in heaps, where that is much: the next one's peak comes upon it."""
    before = _resident_mb()
    yield
    if _resident_mb() > before + 16:
        _trim()
    if _resident_mb() > before + 32:  # held by what refers to itself, as clients and servers do
        gc.collect()
        _trim()
