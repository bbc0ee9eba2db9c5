"""The same jobs, receipts and errors from threads, a scheduler in this process, processes, and an address."""

import os
import socket
import time
import warnings
from contextlib import ExitStack, suppress

import dask.config
import psutil
import pytest
from distributed import LocalCluster

from jwstpipe.errors import DataError, InterruptedRunError, ServiceError, UsageError
from jwstpipe.execution.local_cluster import shared_cluster
from jwstpipe.execution.workers import open_workers
from jwstpipe.settings import ExecutionSettings


def square(number):
    if number == 13:
        raise DataError("13 is not squared")
    return number * number, os.getpid()


def slow(seconds):
    time.sleep(seconds)
    return seconds


NOTED = []


def noted(seconds):
    NOTED.append(slow(seconds))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    with shared_cluster(ExecutionSettings(workers=2), folder=folder) as found:
        assert found.address.startswith("tls://127.0.0.1:")
        assert "@127.0.0.1:" in found.dashboard_link
        yield found


@pytest.fixture(
    params=["plain threads", "threads", "processes", pytest.param("address", marks=pytest.mark.exhaustive)],
    scope="module",
)
def workers(request):
    kind, settings = request.param, {}
    name = kind.removeprefix("plain ")
    if kind == "address":
        found = request.getfixturevalue("cluster")
        name = found.address
        # as another process would find them in its environment
        settings = {key.removeprefix("DASK_").replace("__", "."): value for key, value in found.environment.items()}
    with ExitStack() as stack:
        with dask.config.set({key.lower(): value for key, value in settings.items()}):
            opened = open_workers(ExecutionSettings(cluster=name, workers=2), dashboard=kind == "threads")
            connected = stack.enter_context(opened)
        yield connected


def test_receipts_come_in_the_order_of_jobs_and_progress_rises(workers):
    seen = []
    jobs = {f"job-{number}": number for number in range(12)}
    receipts = workers.run(square, jobs, name="square", report=seen.append, unit="numbers")
    assert [receipt[0] for receipt in receipts.values()] == [number**2 for number in range(12)]
    assert list(receipts) == list(jobs)
    done = [progress.done for progress in seen]
    assert done == sorted(done)
    assert (done[0], done[-1], seen[-1].total, seen[-1].unit) == (0, 12, 12, "numbers")


def test_the_error_of_a_job_reaches_the_caller_as_it_is(workers):
    with pytest.raises(DataError, match="13 is not squared"):
        workers.run(square, {"a": 1, "b": 13}, name="square")
    assert workers.run(square, {"a": 3}, name="square")["a"][0] == 9


def test_receipts_come_one_by_one_and_what_is_not_wanted_any_more_is_dropped(workers):
    receipts = workers.each(square, {str(number): number for number in range(3)}, name="square")
    assert {key: receipt[0] for key, receipt in receipts} == {"0": 0, "1": 1, "2": 4}
    unwanted = workers.each(slow, {str(number): 0.2 for number in range(500)}, name="slow")
    assert next(unwanted)[1] == 0.2
    unwanted.close()
    assert workers.run(square, {"a": 3}, name="square")["a"][0] == 9


def test_an_error_among_many_small_jobs_costs_the_others_nothing(workers):
    given = []

    def take():
        for key, receipt in workers.each(square, {str(number): number - 287 for number in range(400)}, name="many"):
            given.append((int(key), receipt[0]))

    with pytest.raises(DataError, match="13 is not squared"):
        take()
    assert given
    assert len(set(given)) == len(given)
    assert all(square_of == (number - 287) ** 2 for number, square_of in given)
    assert 300 not in dict(given)
    receipts = workers.run(square, {str(number): number + 20 for number in range(300)}, name="many")
    assert [receipt[0] for receipt in receipts.values()] == [(number + 20) ** 2 for number in range(300)]


def test_a_scheduler_that_goes_away_is_named():
    with LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster:
        settings = ExecutionSettings(cluster=cluster.scheduler_address)
        with open_workers(settings) as workers:
            work = workers.each(slow, {str(number): 0.2 for number in range(500)}, name="slow")
            next(work)
            cluster.close()
            with pytest.raises(ServiceError, match="slow: the Dask scheduler dropped the work"):
                list(work)


def test_no_jobs_are_no_work(workers):
    assert workers.run(square, {}, name="square") == {}


def test_after_an_error_waiting_jobs_are_dropped():
    with open_workers(ExecutionSettings(workers=1)) as one, pytest.raises(TypeError):
        one.run(noted, {"bad": "x", **{str(number): 0.02 for number in range(2000)}}, name="noted")
    assert len(NOTED) < 2000


@pytest.mark.parametrize("cluster", ["threads", "processes"])
def test_all_that_listens_listens_on_loopback_only(cluster):
    with open_workers(ExecutionSettings(workers=1, cluster=cluster), dashboard=True) as workers:
        assert workers.dashboard_link.startswith("http://")
        assert "@127.0.0.1:" in workers.dashboard_link  # with the password that it asks for
        processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
        sockets = [socket for process in processes for socket in sockets_of(process)]
    assert {socket.laddr.ip for socket in sockets if socket.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


def sockets_of(process):
    with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
        return process.net_connections("inet")
    return []


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # of tornado, for the port it could not have
@pytest.mark.parametrize("start", [pytest.param(shared_cluster, marks=pytest.mark.exhaustive), open_workers])
def test_a_dashboard_port_that_is_taken_is_told_and_fails_nothing(start, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = ExecutionSettings(cluster="processes", workers=1, dashboard_port=port)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("error", UserWarning)
            folder = {"folder": tmp_path / "certificates"} if start is shared_cluster else {}
            with start(settings, **folder) as cluster:
                assert "@127.0.0.1:" in cluster.dashboard_link
                assert f":{port}/" not in cluster.dashboard_link
    assert [str(one.message).partition(" in use")[0] for one in told] == [f"Port {port} is already"]


def test_a_wrong_cluster_and_a_silent_scheduler_are_refused(monkeypatch):
    with pytest.raises(UsageError, match="unknown cluster 'moon'"), open_workers(ExecutionSettings(cluster="moon")):
        pass
    monkeypatch.setattr("jwstpipe.execution.dask_workers.CONNECT_SECONDS", 1.0)
    silent = ExecutionSettings(cluster="tcp://127.0.0.1:9")
    with pytest.raises(ServiceError, match="no Dask scheduler answers at tcp://127"), open_workers(silent):
        pass


@pytest.mark.parametrize("dashboard", [False, True], ids=["plain threads", "scheduler"])
def test_whoever_waits_for_receipts_is_told_when_the_work_is_abandoned(dashboard):
    with open_workers(ExecutionSettings(cluster="threads", workers=2), dashboard=dashboard) as workers:
        receipts = workers.each(slow, {f"job-{number}": 0.2 for number in range(500)}, name="slow")
        next(receipts)
        workers.abandon()
        with pytest.raises(InterruptedRunError, match="slow: the run was ended from outside"):
            list(receipts)
        with pytest.raises(InterruptedRunError):
            workers.run(slow, {"one": 0, "two": 0}, name="slow")
