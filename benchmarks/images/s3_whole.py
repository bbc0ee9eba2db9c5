"""Conversion and mosaic from and to an S3 server on loopback, beside the same from and to files; requests counted.

    python benchmarks/images/s3_whole.py [--files 4] [--side 1024] [--times 3]

The server (moto) is a process of its own, written in Python: it takes a processor as well, so that the ratio is the
most that S3 can cost, not the least. Besides both, the bytes that go over the wire are fetched and put by themselves.
"""

import argparse
import logging
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import boto3
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "mosaic"))

from scene import write_survey

from jwstpipe import convert, mosaic
from jwstpipe.settings import S3Settings


def serve(port, asked):
    """Run a server that counts requests."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = DomainDispatcherApplication(create_backend_app)

    def counting(environ, start_response):
        with asked.get_lock():
            asked.value += 1
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
    (here, there), asked = context.Pipe(), context.Value("i", 0)
    server = context.Process(target=serve, args=(there, asked), daemon=True)
    server.start()
    try:
        s3 = S3Settings(endpoint=f"http://127.0.0.1:{here.recv()}")
        client = boto3.client("s3", endpoint_url=s3.endpoint, region_name=s3.region)
        client.create_bucket(Bucket="images")
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), options, s3, client, asked)
    finally:
        server.terminate()
        server.join()


def measure(folder, options, s3, client, asked):
    names = write_survey(folder / "survey", options.files, side=options.side, planes="cal", sip=True)
    for name in names:
        client.upload_file(str(name), "images", name.name)
    far, size = [f"s3://images/{name.name}" for name in names], sum(name.stat().st_size for name in names)

    def wire():
        for name in names:
            client.put_object(
                Bucket="images", Key="copy", Body=client.get_object(Bucket="images", Key=name.name)["Body"].read()
            )

    works = {
        "bytes alone, get and put": wire,
        "convert, files": lambda: [convert(name, folder / f"{name.stem}.zarr", overwrite=True) for name in names],
        "convert, S3": lambda: [convert(name, f"{name[:-5]}.zarr", overwrite=True, s3=s3) for name in far],
        "mosaic, files": lambda: (shutil.rmtree(folder / "m.zarr", True), mosaic(names, folder / "m.zarr")),
        "mosaic, S3": lambda: mosaic(far, f"s3://images/m{time.monotonic_ns()}.zarr", s3=s3),
        "mosaic of stores, files": lambda: (
            shutil.rmtree(folder / "n.zarr", True),
            mosaic([folder / f"{name.stem}.zarr" for name in names], folder / "n.zarr"),
        ),
        "mosaic of stores, S3": lambda: mosaic(
            [f"{name[:-5]}.zarr" for name in far], f"s3://images/n{time.monotonic_ns()}.zarr", s3=s3
        ),
    }  # fmt: skip
    print(f"{options.files} cal of {options.side}^2, {size / 1e6:.0f} MB")
    print(f"{'':28s} {'wall s':>7s} {'requests':>9s} {'S3 / files':>11s}")
    before = 0.0
    for label, work in works.items():
        spent = []
        for _ in range(options.times + 1):
            begun, seen = time.perf_counter(), asked.value
            work()
            spent.append((time.perf_counter() - begun, asked.value - seen))
        wall, requests = np.median(spent[1:], axis=0)
        ratio = f"{wall / before:11.2f}" if label.endswith("S3") else ""
        print(f"{label:28s} {wall:7.2f} {requests:9.0f} {ratio}")
        before = wall


if __name__ == "__main__":
    main()
