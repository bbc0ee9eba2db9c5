"""Fetch every file of a served folder as the program does; prints its time from request to name, and memory."""

import json
import resource
import sys
import time
from pathlib import Path

from jwstpipe.archive.product import Product
from jwstpipe.archive.transfer.fetch import fetch
from jwstpipe.settings import ArchiveSettings


def main(server, folder, target):
    products = [
        Product(
            data_uri=f"mast:JWST/product/{path.name}", file_name=path.name, size=path.stat().st_size,
            obs_id=path.name.rpartition("_")[0], level=3, suffix="i2d", filters=("F090W",), instrument="NIRCAM/IMAGE",
            target="", product_type="SCIENCE", version="", rights="PUBLIC", listed_under=path.name.rpartition("_")[0],
        )
        for path in sorted(Path(folder).iterdir())
    ]  # fmt: skip
    started = time.perf_counter()
    result = fetch(products, Path(target), settings=ArchiveSettings(server=server, source="https"))
    seconds = time.perf_counter() - started
    result.require_all()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
