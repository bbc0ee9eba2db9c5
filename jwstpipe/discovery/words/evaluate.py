"""How good the ranking is: the shipped queries on the reference observations, as nDCG@10, MRR, and what fell."""

import math
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jwstpipe.discovery.targets.table import known_target
from jwstpipe.discovery.words.encoder import encoded
from jwstpipe.discovery.words.facts import facts_of
from jwstpipe.discovery.words.index import WordIndex, build_index
from jwstpipe.discovery.words.parse import parse_query
from jwstpipe.discovery.words.ranking import Encoder, rank
from jwstpipe.names import filter_wavelength

__all__ = ["Quality", "evaluate", "ndcg", "reference_documents", "right_answers", "shipped_queries"]

TOP = 10


@dataclass(frozen=True)
class Quality:
    """How well queries are answered."""

    ndcg: float
    """Mean nDCG@10."""

    mrr: float
    """Mean reciprocal rank of the first right answer."""

    each: tuple[tuple[str, float, int], ...]
    """Query, its nDCG@10, and the rank of its first right answer; 0 = none among 20."""


@cache
def shipped_queries() -> tuple[tuple[str, str], ...]:
    """Give the queries that come with jwstpipe, each with the rule of its right answers."""
    return tuple((one["words"], one["right"]) for one in _toml("queries.toml")["queries"])


@cache
def reference_documents() -> tuple[Mapping[str, Any], ...]:
    """Give the reference observations as documents of the catalogue: each filter combined, and as an exposure."""
    found = []
    for number, one in enumerate(_toml("reference.toml")["observations"], start=1):
        for instrument, names in (("NIRCam", one["nircam"]), ("MIRI", one["miri"])):
            for at, name in enumerate(names):
                found += [_document(one, number, instrument, name, level, at) for level in ("L3", "L2b")]
    return tuple(found)


def _document(one: Mapping[str, Any], number: int, instrument: str, name: str, level: str, at: int) -> dict[str, Any]:
    target = known_target(one["name"])
    program, tail = f"{one['program']:05d}", f"{instrument.lower()}_{name.lower()}"
    combined = f"jw{program}-o{number:03d}_t001_{tail}_i2d.fits"
    detector = "mirimage" if instrument == "MIRI" else "nrca1"
    single = f"jw{program}{number:03d}001_02{at:02d}1_00001_{detector}_cal.fits"
    return {
        "_id": f"{number:03d}-{tail}-{level}", "kind": "archive", "file_name": combined if level == "L3" else single,
        "processing_level": level, "program": one["program"], "data_type": "image",
        "ra": target.ra if target else None, "dec": target.dec if target else None,
        "image_info": {
            "target_name": one["target"], "filter": name, "instrument": instrument, "proposal_pi": one["pi"],
            "observation_title": one["title"], "observation_date": f"{one['date']}T12:00:00.000Z",
            "exposure_time": one["exposure"] / (1 if level == "L3" else 4), "wavelength": filter_wavelength(name),
        },
        "metadata": {}, "tags": [], "reference": one,
    }  # fmt: skip


def right_answers(rule: str, documents: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Give the ids of the reference documents for which a rule holds."""
    tests = [_test(part.strip()) for part in rule.split("&")]
    return frozenset(str(one["_id"]) for one in documents if all(test(one) for test in tests))


def _test(part: str) -> Callable[[Mapping[str, Any]], bool]:
    found = re.fullmatch(r"(\w+)\s*([=<>])\s*(.+)", part)
    assert found is not None, part
    key, sign, value = found.groups()
    if key in ("exposure", "um"):
        read: Callable[[Mapping[str, Any]], float] = (
            (lambda one: float(one["image_info"]["exposure_time"])) if key == "exposure"
            else (lambda one: float(one["image_info"]["wavelength"] or 0.0))
        )  # fmt: skip
        return (lambda one: read(one) > float(value)) if sign == ">" else (lambda one: read(one) < float(value))
    wanted = [word.strip() for word in value.split("|")]
    return lambda one: any(_holds(one, key, word) for word in wanted)


def _holds(one: Mapping[str, Any], key: str, word: str) -> bool:
    info, about = one["image_info"], one["reference"]
    plain = {
        "filter": info["filter"], "instrument": info["instrument"], "level": one["processing_level"],
        "name": about["name"], "program": str(about["program"]), "pi": about["pi"], "year": about["date"][:4],
        "month": about["date"][:7],
    }  # fmt: skip
    if key == "kind":
        return word in about["kinds"]
    if key == "band":
        return bool(re.search(r"[A-Z]2?$", info["filter"]) and info["filter"].endswith(word))
    return str(plain[key]) == word


def ndcg(ranked: Sequence[str], right: frozenset[str]) -> float:
    """Measure the order of the first ten: 1 when all of them, or all there are, are right (Jarvelin and Kekalainen)."""
    gained = sum(1.0 / math.log2(place + 2) for place, key in enumerate(ranked[:TOP]) if key in right)
    ideal = sum(1.0 / math.log2(place + 2) for place in range(min(TOP, len(right))))
    return gained / ideal if ideal else 1.0


def evaluate(
    queries: Sequence[tuple[str, str]] | None = None, *, encoder: Encoder | None = None,
    order: Callable[[WordIndex, str], Sequence[str]] | None = None,
) -> Quality:  # fmt: skip
    """Try queries on the reference observations.

    Parameters
    ----------
    queries
        With their rules; default: those that are shipped.
    encoder
        Model of a site, to see what it changes.
    order
        Another ranking to compare with: ids, the best first.
    """
    documents = reference_documents()
    index = build_index([facts_of(one) for one in documents])
    vectors = None if encoder is None else encoded(encoder, [" ".join(facts_of(one).words) for one in documents])
    by_id = {str(one["_id"]): place for place, one in enumerate(documents)}
    rows = None if vectors is None else vectors[[by_id[key] for key in index.ids]]
    each = []
    for words, rule in queries or shipped_queries():
        right = right_answers(rule, documents)
        if order is not None:
            ranked = list(order(index, words))
        else:
            query = parse_query(words, programs=index.programs, people=index.people)
            vector = None if encoder is None else encoded(encoder, [words])[0]
            ranked = [index.ids[one.row] for one in rank(index, query, vectors=rows, vector=vector)]
        first = next((place for place, key in enumerate(ranked[:20], start=1) if key in right), 0)
        each.append((words, ndcg(ranked, right), first))
    count = len(each)
    return Quality(
        sum(one[1] for one in each) / count, sum(1.0 / one[2] for one in each if one[2]) / count, tuple(each)
    )


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(files("jwstpipe.discovery.words").joinpath(name).read_text(encoding="utf-8"))
