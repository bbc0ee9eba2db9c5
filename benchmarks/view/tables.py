"""How long a page of a table takes: a million rows, as FITS, Parquet and ECSV; the bar is half a second.

    python benchmarks/view/tables.py [ROWS]

Wall time and processor time of one page of 100 rows, over HTTP as the browser asks; the first question opens the table.
"""

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import requests
from astropy.table import Table

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.settings import Settings
from jwstpipe.viewer.server.guard import Access
from jwstpipe.viewer.server.library import Library
from jwstpipe.viewer.server.serve import serving_viewer
from jwstpipe.viewer.sources import Sources
from jwstpipe.viewer.viewing import Viewing

ROWS = 1_000_000
QUESTIONS = {
    "first page": {},
    "another page": {"start": 500_000},
    "sorted by flux": {"sort": "flux"},
    "next page of that order": {"sort": "flux", "start": 100},
    "searched by a name": {"text": "star 123456"},
}


def write_tables(folder, rows):
    """Write one table in three forms; ECSV, which has to be read whole, with a tenth of the rows."""
    rng = np.random.default_rng(1)
    table = Table({"id": np.arange(rows), "ra": rng.uniform(0, 360, rows), "dec": rng.uniform(-90, 90, rows)})
    table["flux"], table["name"] = rng.lognormal(0, 2, rows), np.char.add("star ", np.arange(rows).astype(str))
    for n in range(10):
        table[f"aperture_{n}"] = rng.normal(0, 1, rows).astype(np.float32)
    table.write(folder / "rows_cat.fits")
    table.write(folder / "rows_cat.parquet")
    table[: rows // 10].write(folder / "rows_cat.ecsv")
    return ("fits", "parquet", "ecsv")


def record_of(form, size):
    return ProductRecord(
        product_id=form, kind="catalogue", status="published", file_name=f"rows_cat.{form}", file_size=size,
        created=datetime.now(UTC), storage_key=f"catalogues/rows_cat.{form}", file_format=form,
        operation="benchmark", slot=form,
    )  # fmt: skip


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "store" / "catalogues"
        folder.mkdir(parents=True)
        forms = write_tables(folder, rows)
        settings = Settings(home=home)
        with open_catalog(settings.catalog_address) as catalog:
            for form in forms:
                catalog.publish(record_of(form, (folder / f"rows_cat.{form}").stat().st_size))
        viewing = Viewing(Sources(library=Library(settings)))
        access = Access(b"rows", "jwstpipe:word")
        with serving_viewer(viewing, access, port=0, settings=settings) as running, requests.Session() as session:
            session.auth = ("jwstpipe", "word")
            print(f"| a page of 100 of {rows:,} rows | " + " | ".join(f"{form}, s (CPU)" for form in forms) + " |")
            print("|---|" + "---|" * len(forms))
            for name, words in QUESTIONS.items():
                print(
                    f"| {name} | " + " | ".join(timed(session, running.address, form, words) for form in forms) + " |"
                )


def timed(session, address, form, words):
    wall, cpu = time.perf_counter(), time.process_time()
    answer = session.get(f"{address}api/rows/{form}", params={"count": 100, **words})
    answer.raise_for_status()
    return f"{time.perf_counter() - wall:.3f} ({time.process_time() - cpu:.3f})"


if __name__ == "__main__":
    main()
