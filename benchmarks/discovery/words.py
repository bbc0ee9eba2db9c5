"""How well and how fast words find records: shipped and fresh queries beside plain BM25, and 100,000 records.

python benchmarks/discovery/words.py [RECORDS]
"""

import resource
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from jwstpipe.discovery.words.evaluate import evaluate, reference_documents, shipped_queries
from jwstpipe.discovery.words.facts import facts_of
from jwstpipe.discovery.words.index import build_index, load_index, save_index
from jwstpipe.discovery.words.parse import parse_query
from jwstpipe.discovery.words.ranking import rank, why

HERE = Path(__file__).parent
LONG = {"NIRCam": "Near Infrared Camera", "MIRI": "Mid Infrared Instrument"}


def original_text(one):
    """Write a record as the original did: instrument, target, filter, exposure, level, date, PI, programme, file."""
    info = one["image_info"]
    seconds = info["exposure_time"]
    length = "short" if seconds < 10 else "medium" if seconds < 120 else "long" if seconds < 600 else "very long deep"
    level = {"L3": "level 3 combined", "L2b": "level 2b calibrated exposure"}[one["processing_level"]]
    region = "near infrared" if info["wavelength"] < 5 else "mid infrared"
    return (
        f"{info['instrument']} {LONG[info['instrument']]} {info['target_name']} {info['filter']} {info['wavelength']:g}"
        f" micron {length} exposure {region} {level} image {info['observation_date'][:10]} {info['proposal_pi']}"
        f" {one['program']} {info['observation_title']} {one['file_name']}"
    )


def plain(text):
    return [word for word in "".join(c if c.isalnum() or c == "." else " " for c in text.lower()).split() if word]


def plain_order():
    """Rank by BM25 on the original's text, words as they are."""
    documents = reference_documents()
    bare = build_index([
        replace(facts_of(one), words=tuple(plain(original_text(one)))) for one in documents
    ])  # fmt: skip

    def order(_, words):
        score = bare.bm25(plain(words))
        return [bare.ids[row] for row in sorted(range(len(bare)), key=lambda row: (-score[row], row)) if score[row] > 0]

    return order


def queries_of(name):
    return [(one["words"], one["right"]) for one in tomllib.loads((HERE / name).read_text())["queries"]]


def quality():
    print(f"{'queries':24s} {'nDCG@10':>8s} {'MRR':>6s} {'plain BM25':>11s} {'ratio':>6s}")
    for name, queries in (
        ("shipped", shipped_queries()),
        ("fresh", queries_of("fresh_queries.toml")),
        ("second fresh", queries_of("second_fresh_queries.toml")),
    ):
        ours, bare = evaluate(queries), evaluate(queries, order=plain_order())
        ratio = ours.ndcg / bare.ndcg
        print(f"{name + f' ({len(queries)})':24s} {ours.ndcg:8.3f} {ours.mrr:6.3f} {bare.ndcg:11.3f} {ratio:6.2f}")
        for words, score, first in ours.each:
            if score < 0.75:
                print(f"    fell: {score:.2f}, first right answer at {first or '-'}: {words}")


def speed(count):
    documents = reference_documents()
    for total in (1_000, count):
        start = time.perf_counter()
        many = [
            documents[k % len(documents)]
            | {"_id": f"r{k:07d}", "file_name": f"jw{k % 90000 + 1000:05d}-o{k % 999:03d}_t001_x_i2d.fits"}
            for k in range(total)
        ]
        index = build_index([facts_of(one) for one in many])
        built = time.perf_counter() - start
        with TemporaryDirectory() as folder:
            path = Path(folder) / "words.npz"
            save_index(index, path, stamp="s")
            size = path.stat().st_size / 1e6
            start = time.perf_counter()
            load_index(path)
            loaded = time.perf_counter() - start
        times = []
        for words, _ in shipped_queries():
            start = time.perf_counter()
            query = parse_query(words, programs=index.programs, people=index.people)
            found = rank(index, query)
            why(index, query, [one.row for one in found[:20]])
            times.append(time.perf_counter() - start)
        times.sort()
        print(f"{total:7,} records: build {built:5.1f} s, load {loaded:4.2f} s, file {size:6.1f} MB, query median"
              f" {times[len(times) // 2] * 1e3:5.1f} ms, slowest {times[-1] * 1e3:5.1f} ms")  # fmt: skip
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    quality()
    speed(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
