"""Records found by words: normal forms, what is understood, the shipped queries, and the index on disk."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jwstpipe
from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.discovery.find import current_index, index_path
from jwstpipe.discovery.thesaurus import lines, terms
from jwstpipe.discovery.words.evaluate import evaluate, reference_documents, right_answers, shipped_queries
from jwstpipe.discovery.words.facts import facts_of
from jwstpipe.discovery.words.index import build_index, facts_in, load_index, save_index
from jwstpipe.discovery.words.normal import tokens
from jwstpipe.discovery.words.parse import parse_query
from jwstpipe.discovery.words.ranking import rank
from jwstpipe.errors import DataError, UsageError
from jwstpipe.names import FILTER_WAVELENGTHS
from jwstpipe.settings import DiscoverySettings, Settings
from jwstpipe.storage import leftovers
from tests.letters import LETTERS
from tests.waiting import LIMIT_SECONDS


@pytest.fixture(scope="module")
def index():
    return build_index([facts_of(one) for one in reference_documents()])


def record(document, **changes):
    values = {key: value for key, value in document.items() if key not in ("reference", "metadata")}
    return ProductRecord.model_validate(
        {**values, "status": "published", "upload_date": datetime(2026, 1, 1, tzinfo=UTC), "is_public": True, **changes}
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    with open_catalog(settings.catalog_address) as catalog:
        catalog.publish_many(record(one) for one in reference_documents())
    return settings


def test_the_shipped_queries_are_answered(record_property):
    found = evaluate()
    fell = [f"{score:.2f}  first {first or '-':>2}  {words}" for words, score, first in found.each if score < 0.98]
    told = f"nDCG@10 {found.ndcg:.3f}, MRR {found.mrr:.3f}, {len(found.each)} queries"
    record_property("table", "\n".join([told, *fell]))
    assert len(shipped_queries()) >= 52
    assert found.ndcg >= 0.95
    assert found.mrr >= 0.95
    assert all(first for _, _, first in found.each)
    assert all(right_answers(rule, reference_documents()) for _, rule in shipped_queries())


@given(st.text(LETTERS, max_size=60))
def test_the_normal_form_of_words_is_its_own(text):
    once = tokens(text)
    assert tokens(" ".join(once)) == once


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("[Fe II] nebulae", "FeII nebula"),
        ("centre of galaxies", "center of galaxy"),
        ("ionised discs", "ionized disk"),
        ("2120 nm", "2.12 um"),
        ("2.12 microns", "2.12 µm"),
        ("Stephan's Quintet", "stephans quintet"),
        ("NGC-3132", "ngc 3132"),
        ("jw02731-o001", "JW2731 o001"),
    ],
)
def test_spellings_are_one(a, b):
    assert tokens(a)[:2] == tokens(b)[:2] or set(tokens(a)) & set(tokens(b)) == set(tokens(b))


def understood(text, **known):
    return {
        (one.facet, one.values or one.span, one.negated)
        for one in parse_query(text, today=date(2026, 3, 15), **known).conditions
    }


def test_what_is_understood_of_a_query():
    assert ("filter", ("F212N",), False) in understood("f212n of the ring")
    assert ("target", ("NGC 3132",), False) in understood("southern ring nebula")
    assert ("instrument", ("MIRI",), True) in understood("protostars without MIRI")
    assert ("wavelength", (2.12, 2.12), False) in understood("2.12 um")
    assert ("wavelength", (3.0, 5.0), False) in understood("between 3 and 5 microns")
    assert ("exposure", (1000.0, 1e9), False) in understood("longer than 1000 s")
    assert ("exposure", (0.0, 120.0), False) in understood("under 2 minutes")
    assert ("program", ("2731",), False) in understood("jw02731") & understood("proposal 2731")
    assert ("program", ("2731",), False) in understood("2731", programs=[2731])
    assert ("pi", ("temim",), False) in understood("by Temim", people=["temim"])
    days = ("2024", "July 2022", "12 July 2022", "July 12 2022", "2022-07-12", "last month", "since 2025")
    spans = {text: parse_query(text, today=date(2026, 3, 15)).conditions[0].label for text in days}
    assert spans["2024"] == "observed 2024-01-01 to 2024-12-31"
    assert spans["July 2022"] == "observed 2022-07-01 to 2022-07-31"
    assert {spans[text] for text in ("12 July 2022", "July 12 2022", "2022-07-12")} == {
        "observed 2022-07-12 to 2022-07-12"
    }
    assert spans["last month"] == "observed 2026-02-12 to 2026-03-15"
    assert spans["since 2025"].startswith("observed 2025-01-01 to 2199")
    assert parse_query("planetry nebula").corrected == {"planetry": "planetary"}


@pytest.mark.parametrize(
    "text", ["", "the of and", "*", '" OR 1=1', "x" * 500, "NEAR(a b)", "-", "F", "2022-13-45", "0 um", "\x00"]
)
def test_anything_is_answered(text, index):
    assert isinstance(rank(index, parse_query(text, programs=index.programs, people=index.people)), list)


@given(st.text(LETTERS, max_size=80))
def test_any_text_is_parsed(text):
    parse_query(text, programs=[2731], people=["lee"])


def test_every_word_of_the_thesaurus_leads_somewhere():
    assert {line.filter for line in lines().values()} <= set(FILTER_WAVELENGTHS)
    classes = {term.name for term in terms() if term.facet == "class"} | {"nearby galaxy"}
    assert all(set(term.parents) <= classes for term in terms())
    assert len(classes) <= 64
    assert all(tokens(form) for term in terms() for form in term.forms)


def test_words_have_the_weight_that_bm25_gives_them(index):
    """A word in one record of n, once: idf is ln(1 + (n - 0.5) / 1.5) (Robertson and Zaragoza 2009)."""
    word = next(one for one, number in index.vocabulary.items() if index.starts[number + 1] - index.starts[number] == 1)
    score = index.bm25([word])
    (row,) = np.flatnonzero(score)
    n, length = len(index), index.lengths[row] / index.lengths.mean()
    assert score[row] == pytest.approx(np.log(1 + (n - 0.5) / 1.5) * 2.2 / (1 + 1.2 * (0.5 + 0.5 * length)), rel=1e-5)


def test_an_index_is_read_back_as_it_was(index, tmp_path):
    save_index(index, tmp_path / "words.npz", stamp="s")
    read, stamp = load_index(tmp_path / "words.npz")
    assert stamp == "s"
    query = parse_query("paschen alpha in nebulae")
    assert [one.row for one in rank(read, query)] == [one.row for one in rank(index, query)]
    again = build_index(list(facts_in(read).values()))
    assert [round(one.score, 4) for one in rank(again, query)] == [round(one.score, 4) for one in rank(index, query)]
    (tmp_path / "words.npz").write_bytes(b"PK damaged")
    assert load_index(tmp_path / "words.npz") is None
    assert load_index(tmp_path / "none.npz") is None


def test_one_result_for_all_levels_with_reasons(site):
    found = jwstpipe.find("narrowband molecular hydrogen in the southern ring", settings=site)
    assert (found[0].known_as, found[0].filter) == ("NGC 3132", "F212N")
    assert {"narrowband", "F212N = molecular hydrogen 2.12", "target NGC 3132"} <= set(found[0].why)
    assert len({(one.target, one.instrument, one.filter, one.program) for one in found}) == len(found)
    nearby = jwstpipe.find("narrowband", ra=151.757, dec=-40.436, radius=0.1, settings=site)
    assert {one.known_as for one in nearby} == {"NGC 3132"}
    assert len(jwstpipe.find("galaxy", limit=3, settings=site)) == 3


def test_only_what_changed_is_read_again(site):
    with open_catalog(site.catalog_address) as catalog:
        _, first = current_index(catalog, site.home)
        _, again = current_index(catalog, site.home)
        some = reference_documents()[0]["_id"]
        catalog.amend(some, description="a peculiar gizmo")
        index, changed = current_index(catalog, site.home)
    assert (again, changed) == (0, 1)
    assert first in (0, len(reference_documents()))
    assert jwstpipe.find("gizmo", settings=site)[0].product_id == some
    assert len(index) == len(reference_documents())


def test_results_are_those_that_may_be_seen(tmp_path):
    settings = Settings(home=tmp_path)
    one, two = reference_documents()[0], reference_documents()[2]
    with open_catalog(settings.catalog_address) as catalog:
        catalog.publish(record(one))
        catalog.publish(record(two, is_public=False, user_id="ann", observation_base_id="x"))
    words = "southern ring"
    assert len(jwstpipe.find(words, settings=settings)) == 2
    assert {hit.product_id for hit in jwstpipe.find(words, settings=settings, user="")} == {one["_id"]}
    assert len(jwstpipe.find(words, settings=settings, user="ann")) == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from jwstpipe.discovery.words import index as module
from jwstpipe.discovery.words.evaluate import reference_documents
from jwstpipe.discovery.words.facts import facts_of
import jwstpipe.storage.partial as partial
partial._swap = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
module.save_index(module.build_index([facts_of(one) for one in reference_documents()]), Path(sys.argv[1]), stamp="new")
"""


def test_a_kill_between_writing_and_renaming_leaves_the_older_index(index, tmp_path):
    path = tmp_path / "words.npz"
    save_index(index, path, stamp="old")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], env=dict(os.environ), check=False, timeout=LIMIT_SECONDS
    )
    assert done.returncode == -signal.SIGKILL
    assert load_index(path)[1] == "old"
    assert len(list(tmp_path.iterdir())) == 2  # the dead one's folder: a process looks for such once, so the next does
    leftovers._settle.cache_clear()  # as a new process
    save_index(index, path, stamp="new")
    assert load_index(path)[1] == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_encoder_of_a_site_has_a_share_and_no_more(site):
    class Flat:
        def encode(self, texts):
            return np.tile(np.array([1.0, 0.0], np.float32), (len(texts), 1))

    assert Settings().discovery.encoder is None
    plain = [one.product_id for one in jwstpipe.find("crab nebula", settings=site, limit=5)]
    mixed = [one.product_id for one in jwstpipe.find("crab nebula", settings=site, limit=5, encoder=Flat())]
    assert mixed == plain
    assert evaluate(encoder=Flat()).ndcg >= 0.95


class Hashed:
    """A model that knows letters: deterministic vectors, and a count of what it was asked."""

    asked = 0

    def encode(self, texts):
        Hashed.asked += len(texts)
        counted = np.array([np.bincount(np.frombuffer(t.encode(), np.uint8), minlength=256) for t in texts], np.float32)
        return counted / np.linalg.norm(counted, axis=1, keepdims=True)


class Broken:
    def encode(self, texts):
        return np.full((len(texts), 4), np.nan, np.float32)


def test_the_encoder_that_a_site_names_is_asked_once_for_a_record(site, monkeypatch):
    own = site.model_copy(update={"discovery": DiscoverySettings(encoder=f"{__name__}:Hashed")})
    monkeypatch.setattr(Hashed, "asked", 0)
    first = jwstpipe.find("crab nebula", settings=own)
    count = Hashed.asked
    assert count > len(reference_documents())
    assert jwstpipe.find("crab nebula", settings=own) == first
    assert Hashed.asked == count + 1  # the query alone
    with open_catalog(site.catalog_address) as catalog:
        catalog.amend(reference_documents()[3]["_id"], description="another gizmo")
    jwstpipe.find("crab nebula", settings=own)
    assert Hashed.asked == count + 3


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [
        ("no_such_package:Model", UsageError, "no_such_package"),
        ("json:nothing", UsageError, "nothing"),
        ("json:decoder", UsageError, "decoder"),
        (f"{__name__}:Broken", DataError, "a unit vector for each is needed"),
    ],
)
def test_an_encoder_that_is_none_is_named(site, name, error, says):
    own = site.model_copy(update={"discovery": DiscoverySettings(encoder=name)})
    with pytest.raises(error, match=says):
        jwstpipe.find("crab", settings=own)


def test_the_doctor_compares_with_and_without_an_encoder():
    from jwstpipe.cli.server.doctor import _CHECKS, _look

    assert re.fullmatch(r"\d+ queries, nDCG@10 0\.\d+; no encoder", _CHECKS["words"](Settings()))
    own = Settings(discovery=DiscoverySettings(encoder=f"{__name__}:Hashed"))
    found = _look("words", _CHECKS["words"], own)
    numbers = re.fullmatch(r"\d+ queries, nDCG@10 (0\.\d+) without \S+:Hashed, (0\.\d+) with it", found.says)
    worse = float(numbers[2]) < float(numbers[1]) - 0.005
    assert (found.state, "leave discovery.encoder empty" in found.mend) == (
        ("warning", True) if worse else ("ok", False)
    )


def test_what_is_not_meant_is_taken_out_with_its_words(site):
    plain = jwstpipe.find("crab nebula f164n", settings=site)[0]
    assert (plain.known_as, plain.filter) == ("M 1", "F164N")
    query = parse_query("crab nebula f164n", without=("TARGET M 1",))
    assert [one.label for one in query.conditions] == ["filter F164N"]
    assert [one.label for one in query.refused] == ["target M 1"]
    assert query.words == ("f164n",)
    found = jwstpipe.find("crab nebula f164n", without=["target M 1"], settings=site, limit=50)
    assert len({one.known_as for one in found if one.filter == "F164N"}) > 3
    same = parse_query("h2 in jets", without=("F323N = molecular hydrogen 3.23",))
    assert "h2" in same.words  # the others that the word means are still meant
    assert len(same.conditions) > 1


def test_surveys_and_signs_of_comparison_are_understood():
    assert ("program", ("2107", "3707"), False) in understood("PHANGS-JWST")
    assert ("exposure", (1200.0, 1e9), False) in understood("exposure > 20 min")
    assert ("wavelength", (0.1, 2.9997), False) in understood("< 3 um")


def test_finding_opens_no_socket(site, monkeypatch, capsys):
    from jwstpipe.cli.main import main

    def refuse(*_args, **_kwargs):
        raise AssertionError("a socket was opened")

    for owner, name in ((socket.socket, "connect"), (socket, "create_connection"), (socket, "getaddrinfo")):
        monkeypatch.setattr(owner, name, refuse)
    assert jwstpipe.find("narrowband images of a planetary nebula", settings=site)
    for words, code in (("m 57", 0), ("qqqqqqqq", 3)):
        with pytest.raises(SystemExit) as ended:
            main(["find", words, "--home", str(site.home)])
        assert ended.value.code == code
    capsys.readouterr()


def test_the_command_says_what_it_understood(site, capsys, monkeypatch):
    from jwstpipe.cli.main import main

    def command(*words):
        with pytest.raises(SystemExit) as ended:
            main(["find", *words, "--home", str(site.home)])
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    code, out, err = command("H2 jets of protostars not MIRI", "--limit", "2", "--why")
    assert code == 0
    assert out.splitlines()[1].split()[1] in ("HH", "L1527")
    assert "molecular hydrogen" in out
    assert "understood:" in err
    assert "not instrument MIRI" in err
    with monkeypatch.context() as narrow:
        narrow.setenv("COLUMNS", "80")
        code, folded, _ = command("H2 jets of protostars not MIRI", "--limit", "2", "--why")
    assert code == 0
    reasons = [line for line in out.splitlines() if line.startswith("      ")]
    assert len(reasons) == 2
    assert [line for line in folded.splitlines() if line in reasons] == reasons
    code, out, _ = command("crab nebula", "--json", "--limit", "1")
    assert json.loads(out)["known_as"] == "M 1"
    assert command("qqqqqqqq")[0] == 3
    assert index_path("mongodb://host/db", site.home).parent.name == "discovery"
