"""Imports, bulk writes and indexed queries of an embedded catalogue with many records."""

import argparse
import random
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from pymongo import MongoClient

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.database.mongodb.indexes import COLLECTION_NAME, make_indexes
from jwstpipe.catalog.maintenance.export import record_line
from jwstpipe.catalog.maintenance.record_import import import_lines, text_lines
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.components import ImageInfo
from jwstpipe.catalog.records.documents import document_of
from jwstpipe.catalog.records.models import ProductRecord

LIMIT_MS = 20.0
REPEATS = 200
FILTERS = ("F090W", "F115W", "F150W", "F200W", "F277W", "F356W", "F444W", "F770W", "F1130W", "F2100W")
DETECTORS = ("nrca1", "nrca2", "nrcb3", "nrcalong", "mirimage", "nis")
START = datetime(2022, 7, 1, tzinfo=UTC)


def at(seconds):
    return START + timedelta(seconds=seconds)


def record(number, dice):
    program = 1000 + number % 900
    ra, dec = dice.uniform(0, 360), float(np.degrees(np.arcsin(dice.uniform(-1, 1))))
    base = f"jw{program:05d}{number // 900 % 1000:03d}001"
    name = f"{base}_02101_{number % 100_000:05d}_{DETECTORS[number % 6]}_cal.fits"
    return ProductRecord(
        product_id=f"{number:032x}", status="published", kind="archive" if number % 3 else "image", file_name=name,
        storage_key=f"mast/{base}/{number}/{name}", file_size=dice.randrange(10**6, 10**9), file_format="fits",
        digest=f"{number:064x}", created=START + timedelta(seconds=number),
        processing_level=("L1", "L2a", "L2b", "L3")[number % 4],
        observation_base_id=base, exposure_id=f"{base}_02101", detector=DETECTORS[number % 6], program=program,
        ra=ra, dec=dec, tags=("mast-import", f"field-{number % 500}"), is_public=number % 10 != 0,
        user_id=f"user{number % 50}" if number % 10 == 0 else None,
        parents=(f"{number - 1:032x}",) if number % 3 == 0 and number else (), run_id=f"run-{number // 200}",
        description=f"seen by observer {number % 1000}",
        image_info=ImageInfo(target_name=f"Target {number % 2000}", instrument="NIRCam" if number % 6 < 4 else "MIRI",
                             filter=FILTERS[number % 10], exposure_time=dice.uniform(10, 1000),
                             observation_date=START + timedelta(minutes=number)),
        metadata={f"mast_field_{index}": f"value {index} of {number}" for index in range(20)} | {"mast_obs_id": base},
    )  # fmt: skip


QUERIES = {
    "id": None,
    "programme": lambda k, _d: RecordQuery(program=1000 + k % 900),
    "target": lambda k, _d: RecordQuery(target=f"target-{k % 2000}"),
    "filter and level": lambda k, _d: RecordQuery(filter=(FILTERS[k % 10],), level=("L3",)),
    "two filters": lambda k, _d: RecordQuery(filter=(FILTERS[k % 10], FILTERS[(k + 3) % 10])),
    "instrument": lambda _k, _d: RecordQuery(instrument=("MIRI",)),
    "observation": lambda k, _d: RecordQuery(observation_base_id=f"jw{1000 + k % 900:05d}{k // 900 % 1000:03d}001"),
    "detector": lambda k, _d: RecordQuery(detector=DETECTORS[k % 6]),
    "run": lambda k, _d: RecordQuery(run_id=f"run-{k // 200}"),
    "digest": lambda k, _d: RecordQuery(digest=f"{k:064x}"),
    "tag": lambda k, _d: RecordQuery(tags=(f"field-{k % 500}",)),
    "common tag": lambda _k, _d: RecordQuery(tags=("mast-import",)),
    "parent": lambda k, _d: RecordQuery(parent=f"{k:032x}"),
    "cone of 1 degree": lambda _k, d: RecordQuery(ra=d.uniform(0, 360), dec=d.uniform(-90, 90), radius=1.0),
    "date of entry": lambda k, _d: RecordQuery(created_since=at(k), created_before=at(k + 500)),
    "date observed": lambda k, _d: RecordQuery(observed_since=at(60 * k), observed_before=at(60 * (k + 500))),
    "free text": lambda k, _d: RecordQuery(text=f"_{k % 100_000:05d}_{DETECTORS[k % 6]}"),
    "everything, a page": lambda _k, _d: RecordQuery(),
    "a user's view": lambda k, _d: RecordQuery(program=1000 + k % 900, visible_to=f"user{k % 50}"),
}  # fmt: skip


def measured(ask, count):
    times = []
    for _ in range(count):
        started = time.perf_counter()
        ask()
        times.append(1000 * (time.perf_counter() - started))
    return np.percentile(times, 50), np.percentile(times, 95)


def fill(path, count, dice):
    with open_catalog(path) as catalog:
        for start in range(0, count, 10_000):
            records = [record(number, dice) for number in range(start, min(start + 10_000, count))]
            started = time.perf_counter()
            catalog.publish_many(records)
            print(
                f"bulk write of {len(records):,} from {start:,} on: {time.perf_counter() - started:.1f} s", flush=True
            )


def ask(catalog, make, count, dice):
    number = dice.randrange(count)
    if make is None:
        return catalog.get(f"{number:032x}")
    return catalog.find(make(number, dice), limit=20)


def import_all(path, count, dice):
    """Import records from a file of lines, in this process, and tell the most memory that it took."""
    lines = path.with_suffix(".jsonl")
    with lines.open("w", encoding="utf-8") as stream:
        stream.writelines(f"{record_line(record(number, dice))}\n" for number in range(count))
    started, busy = time.perf_counter(), time.process_time()
    with open_catalog(path) as catalog, lines.open("rb") as stream:
        import_lines(catalog, text_lines(stream, name=lines.name), name=lines.name)
    took, worked = time.perf_counter() - started, time.process_time() - busy
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"import of {count:,}: {took:.1f} s, {worked:.1f} s of a processor, {most:.0f} MB", flush=True)


def fill_server(address, count, dice):
    """Write to a server, beside its client inserting the same documents into a collection with the same indexes."""
    records = [record(number, dice) for number in range(count)]
    name = f"jwstpipe_bench_{random.SystemRandom().randrange(10**9)}"
    with MongoClient(address) as client, open_catalog(f"{address.rstrip('/')}/{name}") as catalog:
        collections = client[name][COLLECTION_NAME], client[f"{name}_peer"][f"{COLLECTION_NAME}_peer"]
        try:
            make_indexes(collections[1])
            documents = [document_of(one) for one in records]
            started = time.perf_counter()
            for start in range(0, count, 1000):
                collections[1].insert_many(documents[start : start + 1000], ordered=False)
            theirs = time.perf_counter() - started
            for word in ("bulk write", "the same again"):
                started = time.perf_counter()
                catalog.publish_many(records)
                print(f"{word} of {count:,} to a server: {time.perf_counter() - started:.1f} s", flush=True)
            print(f"its client alone inserts them in {theirs:.1f} s")
        finally:
            for collection in collections:
                collection.drop()


def compare(catalog, count, dice):
    """Measure every query; give the names of the slow ones."""
    slow = []
    print(f"{'query':20s} {'p50 ms':>8s} {'p95 ms':>8s}")
    for name, make in QUERIES.items():
        p50, p95 = measured(partial(ask, catalog, make, count, dice), REPEATS)
        print(f"{name:20s} {p50:8.2f} {p95:8.2f}", flush=True)
        slow += [name] if p95 >= LIMIT_MS else []
    return slow


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--import", action="store_true", dest="imports", help="fill it by an import of lines")
    parser.add_argument("--server", metavar="MONGODB", help="measure bulk writes to this server, and nothing else")
    chosen = parser.parse_args()
    dice = random.Random(1)
    if chosen.server:
        fill_server(chosen.server, chosen.records, dice)
        return
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as folder:
        path = Path(folder) / "catalog.sqlite"
        (import_all if chosen.imports else fill)(path, chosen.records, dice)
        started = time.perf_counter()
        with open_catalog(path) as catalog:
            print(f"open: {1000 * (time.perf_counter() - started):.0f} ms, {path.stat().st_size / 1e6:.0f} MB")
            slow = compare(catalog, chosen.records, dice)
            print(f"count: {measured(catalog.count, 5)[0]:.1f} ms, statistics: {measured(catalog.stats, 5)[0]:.0f} ms")
    if slow:
        sys.exit(f"not under {LIMIT_MS:.0f} ms: {', '.join(slow)}")


if __name__ == "__main__":
    main()
