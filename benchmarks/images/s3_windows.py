"""Windows of 256 x 256 from an image store on an S3 server on loopback: ours, zarr over s3fs, zarr over obstore.

    python benchmarks/images/s3_windows.py [--windows 40] [--latency 0.02]

Printed for each: requests that the server saw and milliseconds, for each window of one plane; and the seconds that the
whole plane takes. The server adds a delay to every request, because loopback has none and a real service has 10 to
100 ms. obstore is left out, with a word, where it is not installed (pip install obstore).
"""

import argparse
import json
import logging
import os
import tempfile
import threading
import time
from pathlib import Path

import boto3
import numpy as np
import zarr
from astropy.io import fits
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from jwstpipe import convert, open_image
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.storage import zarr_store

SIDE = 4096


def serve(latency):
    """Run a server that counts and delays requests."""
    application, asked = DomainDispatcherApplication(create_backend_app), []

    def counting(environ, start_response):
        asked.append(environ["PATH_INFO"])
        time.sleep(latency)
        return application(environ, start_response)

    server = make_server("127.0.0.1", 0, counting, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    return server, asked


def write_image(path):
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"], header["CRPIX1"], header["CRPIX2"] = 83.8, -5.4, SIDE / 2, SIDE / 2
    header["CDELT1"], header["CDELT2"] = -0.031 / 3600, 0.031 / 3600
    data = np.random.default_rng(0).normal(0.3, 0.02, (SIDE, SIDE)).astype("f4")
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(data, header, name="SCI")]).writeto(path)


def readers(address, s3):
    """Give, by name, functions that read a window of SCI."""
    image = open_image(address, s3=s3)
    by_s3fs = zarr.open_array(zarr_store(address, s3=s3, read_only=True), path="0/sci", mode="r")
    found = {"jwstpipe": lambda box: image.read("sci", box), "zarr over s3fs": lambda box: by_s3fs[box.slices]}
    try:
        from obstore.store import S3Store
    except ImportError:
        print("obstore is not installed: left out")
        return found
    bucket, prefix = address.removeprefix("s3://").split("/", 1)
    store = S3Store(
        bucket, prefix=prefix, endpoint=s3.endpoint, region=s3.region, client_options={"allow_http": True},
        access_key_id="test", secret_access_key="test",
    )  # fmt: skip
    by_obstore = zarr.open_array(zarr.storage.ObjectStore(store, read_only=True), path="0/sci", mode="r")
    return {**found, "zarr over obstore": lambda box: by_obstore[box.slices]}


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--windows", type=int, default=40)
    words.add_argument("--latency", type=float, default=0.02)
    options = words.parse_args()
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server, asked = serve(options.latency)
    s3 = S3Settings(endpoint=f"http://127.0.0.1:{server.server_port}")
    boto3.client("s3", endpoint_url=s3.endpoint, region_name=s3.region).create_bucket(Bucket="images")
    with tempfile.TemporaryDirectory() as folder:
        write_image(Path(folder) / "image.fits")
        convert(Path(folder) / "image.fits", "s3://images/image.zarr", s3=s3)
    corners = np.random.default_rng(1).integers(0, SIDE - 256, (options.windows, 2))
    report = {}
    for name, read in readers("s3://images/image.zarr", s3).items():
        del asked[:]
        started = time.perf_counter()
        for y, x in corners:
            read(Box(int(y), int(x), int(y) + 256, int(x) + 256))
        seconds, requests = time.perf_counter() - started, len(asked)
        started = time.perf_counter()
        read(Box(0, 0, SIDE, SIDE))
        report[name] = {
            "requests_per_window": round(requests / options.windows, 2),
            "ms_per_window": round(1000 * seconds / options.windows, 1),
            "whole_plane_s": round(time.perf_counter() - started, 2),
        }
    server.shutdown()
    print(json.dumps({"latency_s": options.latency, "windows": options.windows, **report}, indent=1))


if __name__ == "__main__":
    main()
