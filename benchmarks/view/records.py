"""How long a page of the library takes: ten thousand records in a home of its own; the bar is half a second.

    python benchmarks/view/records.py [RECORDS]

Wall time and processor time of one page of cards with its counts, over HTTP as the browser asks, after the first.
"""

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta

import requests

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.records.components import ImageInfo
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.settings import Settings
from jwstpipe.viewer.server.guard import Access
from jwstpipe.viewer.server.library import Library
from jwstpipe.viewer.server.serve import serving_viewer
from jwstpipe.viewer.sources import Sources
from jwstpipe.viewer.viewing import Viewing

RECORDS = 10_000
FILTERS = ("F090W", "F150W", "F200W", "F277W", "F356W", "F444W")
QUESTIONS = {
    "the newest": {},
    "page 100": {"page": "100"},
    "one filter, oldest first": {"filter": "F200W", "sort": "oldest"},
    "one target, largest first": {"target": "FIELD 17", "sort": "largest"},
    "words": {"text": "field 17"},
}


def record_of(number):
    day = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    name = FILTERS[number % len(FILTERS)]
    return ProductRecord(
        product_id=f"image-{number}", kind="image", status="published", file_name=f"jw{number:011}_{name.lower()}.zarr",
        file_size=1_000 * number, created=day, storage_key=f"images/{number}.zarr", file_format="zarr",
        processing_level="L2b", operation="benchmark", slot=str(number),
        image_info=ImageInfo(filter=name, instrument="NIRCam", target_name=f"FIELD {number % 200}"),
    )  # fmt: skip


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=home)
        with open_catalog(settings.catalog_address) as catalog:
            catalog.publish_many(record_of(number) for number in range(count))
        access = Access(b"records", "jwstpipe:word")
        viewing = Viewing(Sources(library=Library(settings)))
        with serving_viewer(viewing, access, port=0, settings=settings) as running, requests.Session() as session:
            session.auth = ("jwstpipe", "word")
            print(f"| a page of {count:,} records | cards of | s | CPU s |\n|---|---|---|---|")
            for name, words in QUESTIONS.items():
                wall, busy, total = timed(session, f"{running.address}api/library", words)
                print(f"| {name} | {total:,} | {wall:.3f} | {busy:.3f} |")


def timed(session, address, words):
    begun, busy = time.perf_counter(), time.process_time()
    answer = session.get(address, params=words).json()
    return time.perf_counter() - begun, time.process_time() - busy, answer["total"]


if __name__ == "__main__":
    main()
