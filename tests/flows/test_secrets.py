"""A password that stands in the settings, or in the words of an error, is nowhere in Prefect's database."""

import sqlite3

import pytest

import jwstpipe
from jwstpipe.cli.main import main
from jwstpipe.errors import ServiceError
from jwstpipe.requests import RefreshMetadataRequest
from tests.waiting import LIMIT_SECONDS

SECRET = "nEver-shown-Anywhere"


@pytest.fixture
def connected(site, monkeypatch, prefect_server):
    monkeypatch.setenv("JWSTPIPE_PREFECT_API", prefect_server.api)
    return prefect_server


def everything_kept(server):
    """Give all values of all tables of the server's database, after what is still on its way has come."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=LIMIT_SECONDS)
    with sqlite3.connect(f"file:{server.database}?mode=ro", uri=True, timeout=LIMIT_SECONDS) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: str(database.execute(f'SELECT * FROM "{name}"').fetchall()) for name in tables}
    database.close()
    return found


def nothing_is_told(server, *words):
    found = everything_kept(server)
    for word in words:
        assert any(word in text for text in found.values()), word  # what was looked for would have been seen
    for table, text in found.items():
        assert SECRET not in text, table


def test_a_database_that_does_not_answer_is_named_without_its_password(connected, monkeypatch, capsys):
    from jwstpipe.flows.refresh_metadata import refresh_metadata
    from tests.flows.leaking import ADDRESS

    monkeypatch.setenv("JWSTPIPE_CATALOG", ADDRESS)
    with pytest.raises(ServiceError) as caught:
        refresh_metadata(RefreshMetadataRequest())
    assert SECRET not in str(caught.value)
    assert "127.0.0.1:9" in str(caught.value)
    nothing_is_told(connected, "127.0.0.1:9")
    for words in (["jobs"], ["config", "show"], ["doctor"], ["-vv", "catalog", "find"]):
        with pytest.raises(SystemExit):
            main(words)
        said = capsys.readouterr()
        assert said.out or said.err
        assert SECRET not in said.out + said.err, words


@pytest.mark.parametrize(("job", "error"), [("leaking_step_job", "ValueError: cannot reach mongodb://me:***@"),
                                            ("leaking_job", "KeyError: 'nothing secret here'")])  # fmt: skip
def test_errors_and_logs_that_nobody_foresaw_hold_no_secret(connected, job, error):
    from tests.flows import leaking

    with pytest.raises(RuntimeError) as caught:
        getattr(leaking, job)(RefreshMetadataRequest())
    assert str(caught.value).startswith(error)
    assert caught.value.__suppress_context__
    nothing_is_told(connected, error.partition("***")[0], "mongodb://me:***@127.0.0.1:9")


def test_jobs_of_such_runs_tell_no_secret(connected, capsys):
    from tests.flows.leaking import leaking_step_job

    with pytest.raises(RuntimeError):
        leaking_step_job(RefreshMetadataRequest())
    assert jwstpipe.find_jobs(limit=5) is not None
    with pytest.raises(SystemExit):
        main(["jobs", "--json"])
    assert SECRET not in capsys.readouterr().out
