"""Conversion and mosaic from and to an S3 server on loopback, beside the same from and to files; requests counted.

    python benchmarks/images/s3_whole.py [--files 4] [--side 1024] [--times 3]

The server (moto) is a process of its own, written in Python: each request takes milliseconds of a processor there, and
bytes are copied slowly. So below each row stands what the same requests take when nothing is computed: the objects that
were read and written, in requests of the same sizes, eight at once, by boto3. Who computes, asks and is answered on the
same processors cannot be faster than files and requests together; from a server elsewhere both go on at one time.
"""

import argparse
import logging
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "mosaic"))

from scene import write_survey

from jwstpipe import convert, mosaic
from jwstpipe.settings import S3Settings

PIECE = 8 << 20
"""Bytes of a request of a file that is read whole."""


def serve(port, asked, busy):
    """Run a server that counts requests, and the seconds of a processor that they take."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = DomainDispatcherApplication(create_backend_app)

    def counting(environ, start_response):
        with asked.get_lock():
            asked.value += 1
            busy.value = time.process_time()
        return application(environ, start_response)

    server = make_server("127.0.0.1", 0, counting, threaded=True)
    port.send(server.server_port)
    server.serve_forever()


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--files", type=int, default=4)
    words.add_argument("--side", type=int, default=1024)
    words.add_argument("--times", type=int, default=3)
    options = words.parse_args()
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    context = multiprocessing.get_context("spawn")
    (here, there), asked, busy = context.Pipe(), context.Value("i", 0), context.Value("d", 0.0)
    server = context.Process(target=serve, args=(there, asked, busy), daemon=True)
    server.start()
    try:
        endpoint = f"http://127.0.0.1:{here.recv()}"
        client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
        client.create_bucket(Bucket="images")
        with tempfile.TemporaryDirectory() as folder:
            s3 = S3Settings(endpoint=endpoint, cache=Path(folder, "cache"))
            measure(Path(folder), options, s3, client, (asked, busy))
    finally:
        server.terminate()
        server.join()


def measure(folder, options, s3, client, server):
    names = write_survey(folder / "survey", options.files, side=options.side, planes="cal", sip=True)
    for name in names:
        client.upload_file(str(name), "images", name.name)
    far, size = [f"s3://images/{name.name}" for name in names], sum(name.stat().st_size for name in names)
    stores = [f"{name[:-5]}.zarr" for name in far]

    def gone(prefix):
        """Remove what stands under a prefix."""
        while found := client.list_objects_v2(Bucket="images", Prefix=prefix).get("Contents"):
            client.delete_objects(Bucket="images", Delete={"Objects": [{"Key": one["Key"]} for one in found]})

    def wire(reads, prefixes):
        """Fetch objects whole, and put the bytes of all that stands under prefixes to other names."""
        sizes = [one["Size"] for prefix in prefixes for one in listed(client, prefix)]

        def work():
            with ThreadPoolExecutor(8) as pool:
                done = [
                    pool.submit(fetch, client, key, at, total) for key, total in reads for at in range(0, total, PIECE)
                ]
                done += [pool.submit(put, client, number, count) for number, count in enumerate(sizes)]
                for one in done:
                    one.result()

        return work

    def again(works):
        for work in works:
            work()

    files = [(name.name, name.stat().st_size) for name in names]
    prefixes = [store.removeprefix("s3://images/") for store in stores]
    print(f"{options.files} cal of {options.side}^2, {size / 1e6:.0f} MB")
    print(f"{'':34s} {'wall s':>7s} {'CPU s':>6s} {'server':>7s} {'requests':>9s} {'S3 / files':>11s} {'/ both':>7s}")

    def rows(label, local, remote, reads, written, before=lambda: None):
        """Print a way from and to files, the same on S3, and what it asked for alone."""
        at_home = timed(local, options.times, server, s3.cache)
        away = timed(remote, options.times, server, s3.cache, before)
        alone = timed(wire(reads() if callable(reads) else reads, written), options.times, server, s3.cache)
        tell(f"{label}, files", at_home)
        tell(f"{label}, S3", away, f"{away[0] / at_home[0]:11.2f} {away[0] / (at_home[0] + alone[0]):7.2f}")
        tell("  its requests alone", alone)

    rows(
        "convert",
        lambda: [convert(name, folder / f"{name.stem}.zarr", overwrite=True) for name in names],
        lambda: [convert(name, store, s3=s3) for name, store in zip(far, stores, strict=True)],
        files, prefixes, before=lambda: again([lambda prefix=prefix: gone(prefix) for prefix in prefixes]),
    )  # fmt: skip
    rows(
        "convert in place of another",
        lambda: [convert(name, folder / f"{name.stem}.zarr", overwrite=True) for name in names],
        lambda: [convert(name, store, overwrite=True, s3=s3) for name, store in zip(far, stores, strict=True)],
        files, prefixes,
    )  # fmt: skip
    rows(
        "mosaic",
        lambda: (shutil.rmtree(folder / "m.zarr", True), mosaic(names, folder / "m.zarr")),
        lambda: mosaic(far, "s3://images/m.zarr", s3=s3), files, ["m.zarr/"], before=lambda: gone("m.zarr"),
    )  # fmt: skip
    rows(
        "mosaic of stores",
        lambda: (
            shutil.rmtree(folder / "n.zarr", True),
            mosaic([folder / f"{name.stem}.zarr" for name in names], folder / "n.zarr"),
        ),
        lambda: mosaic(stores, "s3://images/n.zarr", s3=s3),
        lambda: [(one["Key"], one["Size"]) for prefix in prefixes for one in listed(client, f"{prefix}/0/")],
        ["n.zarr/"], before=lambda: gone("n.zarr"),
    )  # fmt: skip


def listed(client, prefix):
    return [one for page in client.get_paginator("list_objects_v2").paginate(Bucket="images", Prefix=prefix)
            for one in page.get("Contents", ())]  # fmt: skip


def fetch(client, key, start, size):
    span = f"bytes={start}-{min(start + PIECE, size) - 1}"
    client.get_object(Bucket="images", Key=key, Range=span)["Body"].read()


def put(client, number, size):
    client.put_object(Bucket="images", Key=f"alone/{number}", Body=bytes(size))


def timed(work, times, server, cache, before=lambda: None):
    """Give the medians of seconds, of processors here and of the server, and of requests; the first is to warm up."""
    asked, busy = server
    spent = []
    for _ in range(times + 1):
        before()
        for block in cache.glob("*/*"):  # as of a file that was never read
            block.unlink()
        begun, own, seen, theirs = time.perf_counter(), time.process_time(), asked.value, busy.value
        work()
        wall, own = time.perf_counter() - begun, time.process_time() - own
        spent.append((wall, own, busy.value - theirs, asked.value - seen))
    return np.median(spent[1:], axis=0)


def tell(label, row, ratios=""):
    wall, own, theirs, requests = row
    print(f"{label:34s} {wall:7.2f} {own:6.2f} {theirs:7.2f} {requests:9.0f} {ratios}")


if __name__ == "__main__":
    main()
