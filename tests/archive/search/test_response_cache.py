"""Answers kept on disk: their age, work without network, and what is never kept."""

import os

import pytest

from jwstpipe.archive.search import response_cache as answers_module
from jwstpipe.archive.search.products import choose_products, list_products, product_table
from jwstpipe.archive.search.response_cache import Answers
from jwstpipe.archive.search.search import search
from jwstpipe.errors import ArchiveError
from jwstpipe.requests import SearchRequest
from jwstpipe.testing.local_archive.archive import serve_archive
from jwstpipe.testing.local_archive.faults import Faults
from jwstpipe.testing.local_archive.mast import ArchiveRows, observation_row, product_row
from tests.archive.archive_helpers import settings_for

TARGET = SearchRequest(target="Tiny Nebula", radius=0.1)


def holdings(count):
    rows = [
        observation_row(f"jw02733001001_02101_{n:05d}_nrca1", ra=150.0, dec=2.0, t_obs_release=6e4, filters="F090W")
        for n in range(count)
    ]
    products = [product_row(f"{row['obs_id']}_cal.fits", 10, owner=row, parent=row) for row in rows]
    return ArchiveRows(observations=tuple(rows), products=tuple(products), targets={"TINY-NEBULA": (150.0, 2.0)})


@pytest.fixture
def archive():
    with serve_archive(rows=holdings(12), s3=False) as served:
        yield served


@pytest.fixture
def ask(archive, tmp_path):
    def run(**policy):
        settings = settings_for(archive.server, page_size=5, attempts=1, offline=policy.get("offline", False))
        answers = Answers(tmp_path / "answers", **policy)
        found = search(TARGET, settings=settings, answers=answers)
        return found, list_products(found, settings=settings, answers=answers)

    return run


def test_an_answer_that_is_young_enough_is_taken_and_tells_its_age(ask, archive, monkeypatch):
    first, listing = ask()
    archive.forget()
    archive.set_rows(holdings(13))
    now = answers_module.time.time()
    monkeypatch.setattr(answers_module.time, "time", lambda: now + 100)
    again, same = ask(max_age_s=300)
    assert archive.requests == ()
    assert 100 <= again.age_s < 110
    assert first.observations.colnames == again.observations.colnames
    assert first.observations.pformat(-1, -1) == again.observations.pformat(-1, -1)
    assert same.products == listing.products
    monkeypatch.setattr(answers_module.time, "time", lambda: now + 301)
    assert len(ask(max_age_s=300)[0].observations) == 13


def test_without_an_age_everything_is_asked_and_kept_for_later(ask, archive):
    ask()
    archive.set_rows(holdings(13))
    assert len(ask()[0].observations) == 13
    archive.go_down()
    found, listing = ask(offline=True)
    assert (len(found.observations), len(listing)) == (13, 13)
    assert found.resolved_name == "TINY NEBULA"


def test_offline_a_new_question_is_an_error_with_a_way_out(archive, tmp_path):
    answers = Answers(tmp_path, offline=True)
    with pytest.raises(ArchiveError, match=r"offline.*not asked before.*without --offline"):
        search(SearchRequest(program=2733), settings=settings_for(archive.server, offline=True), answers=answers)
    assert archive.requests == ()


def test_an_answer_that_fell_short_is_not_kept(ask, archive, monkeypatch):
    monkeypatch.setattr("jwstpipe.archive.search.portal.count_rows", lambda *args: 20)
    assert not ask()[0].complete
    monkeypatch.undo()
    assert ask(max_age_s=300)[0].complete


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b cut", b"{}"])
def test_a_damaged_entry_is_asked_anew(ask, archive, tmp_path, damage):
    ask()
    for path in (tmp_path / "answers").iterdir():
        path.write_bytes(damage)
    assert len(ask(max_age_s=300)[0].observations) == 12


def test_the_oldest_go_when_there_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(answers_module, "MOST_KEPT", 3)
    answers = Answers(tmp_path, max_age_s=1e9)
    for n in range(5):
        answers.keep({"n": n}, n)
        path = max(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        os.utime(path, (1000 + n, 1000 + n))
    assert [answers.recall({"n": n}) is not None for n in range(5)] == [False, False, True, True, True]
    assert answers.recall({"n": 4}).content == 4


def test_two_archives_do_not_share_answers(archive, tmp_path):
    answers = Answers(tmp_path, max_age_s=300)
    search(TARGET, settings=settings_for(archive.server), answers=answers)
    with serve_archive(rows=holdings(3), s3=False) as other:
        assert len(search(TARGET, settings=settings_for(other.server), answers=answers).observations) == 3


def test_a_batch_that_the_archive_does_not_manage_is_asked_one_by_one(ask, archive):
    archive.set_faults(Faults(("invoke",), only="Mast.Caom.Products", status=504, times=1))
    _, listing = ask()
    assert (len(listing), listing.complete) == (12, True)
    assert archive.count("invoke", "Mast.Caom.Products") == 1 + 10 + 1


def test_files_as_a_table_keep_every_field_and_tell_what_names_say(ask):
    _, listing = ask()
    table = product_table(choose_products(listing))
    assert len(table) == 12
    assert set(table["productFilename"]) == {f"jw02733001001_02101_{n:05d}_nrca1_cal.fits" for n in range(12)}
    assert set(table["name_exposure"]) == {f"{n:05d}" for n in range(12)}
    assert {"dataURI", "prvversion", "parent_obsid", "s_ra", "observation_calib_level"} & set(table.colnames) >= {
        "dataURI", "prvversion", "parent_obsid", "s_ra",
    }  # fmt: skip
    assert set(table["name_suffix"]) == {"cal"}
    assert len(product_table([])) == 0
