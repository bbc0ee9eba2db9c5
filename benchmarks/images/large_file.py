"""Convert an i2d of 5 GB, local or from an S3 server on loopback, and print the peak memory of the process that did it.

    python benchmarks/images/large_file.py [--gigabytes 5] [--from local|s3|ranges] [--folder DIR]

The file is made block by block and deleted afterwards; the conversion runs in a process of its own. Needs two and a
half times the size of the file on disk. From ``s3`` it comes from moto, which holds a copy more and reads the whole
object for every range, so that the seconds say little; from ``ranges`` it comes from a bare server that answers
GetObject with a range as S3 does, straight from the file. The target is a peak under 400 MB, whatever the size.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from astropy.io import fits

CONVERT = """
import json, resource, sys, time
from jwstpipe import convert
from jwstpipe.settings import S3Settings
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.perf_counter()
made = convert(sys.argv[1], sys.argv[2], s3=S3Settings(endpoint=sys.argv[3] or None))
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"seconds": round(time.perf_counter() - started, 1), "peak_rss_MB": usage.ru_maxrss // 1024,
    "rss_MB_after_imports": before // 1024, "shape": made.shape, "levels": made.levels, "planes": made.planes}))
"""


def write_i2d(path, gigabytes):
    """Write SCI, ERR, WHT and CON of a square combined image, block by block."""
    side = int((gigabytes * 1e9 / 16) ** 0.5)
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"], header["CRPIX1"], header["CRPIX2"] = 83.8, -5.4, side / 2, side / 2
    header["CDELT1"], header["CDELT2"] = -0.031 / 3600, 0.031 / 3600
    random = np.random.default_rng(0)
    block = random.normal(0.3, 0.02, (1024, side)).astype(">f4")
    with path.open("wb") as stream:
        stream.write(fits.PrimaryHDU().header.tostring().encode())
        for name, bitpix in (("SCI", -32), ("ERR", -32), ("WHT", -32), ("CON", 32)):
            card = fits.ImageHDU(np.zeros((1, 1), "f4" if bitpix < 0 else "i4"), name=name).header
            shape = (side, side) if name != "CON" else (side, side, 1)
            card["NAXIS"] = len(shape)
            for axis, length in enumerate(shape, 1):
                card.set(f"NAXIS{axis}", length, after=f"NAXIS{axis - 1}" if axis > 1 else "NAXIS")
            if name == "SCI":
                card.update(header)
            stream.write(card.tostring().encode())
            for row in range(0, side, 1024):
                rows = block[: min(1024, side - row)]
                if name == "WHT":
                    rows = np.where(rows > 0.25, rows, 0).astype(">f4")
                stream.write((rows if name != "CON" else rows.astype(">i4")).tobytes())
            stream.write(bytes(-(side * side * 4) % 2880))


def serve(path):
    """Put the file on a moto server of its own; gives its address and the process."""
    code = (
        "import logging, sys, time, boto3\nfrom moto.server import ThreadedMotoServer\n"
        "logging.getLogger('werkzeug').setLevel('ERROR')\n"
        "s = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)\ns.start()\n"
        "e = 'http://%s:%d' % s.get_host_and_port()\n"
        "c = boto3.client('s3', endpoint_url=e, region_name='us-east-1')\nc.create_bucket(Bucket='archive')\n"
        "c.upload_file(sys.argv[1], 'archive', 'large_i2d.fits')\nprint(e, flush=True)\ntime.sleep(3600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    return process.stdout.readline().strip(), process


RANGES = """
import http.server, os, re, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        size = os.path.getsize(sys.argv[1])
        first, last = (int(found) for found in re.fullmatch("bytes=([0-9]+)-([0-9]+)", self.headers["Range"]).groups())
        last = min(last, size - 1)
        self.send_response(206)
        for name, value in (("ETag", '"1"'), ("Content-Length", last + 1 - first),
                ("Content-Range", f"bytes {first}-{last}/{size}")):
            self.send_header(name, str(value))
        self.end_headers()
        with open(sys.argv[1], "rb") as stream:
            stream.seek(first)
            self.wfile.write(stream.read(last + 1 - first))
    def log_message(self, *words):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
"""


def serve_ranges(path):
    """Serve byte ranges of the file as the answer to any GetObject; gives the address and the process."""
    process = subprocess.Popen([sys.executable, "-c", RANGES, str(path)], stdout=subprocess.PIPE, text=True)
    return process.stdout.readline().strip(), process


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--gigabytes", type=float, default=5.0)
    words.add_argument("--from", dest="place", choices=("local", "s3", "ranges"), default="local")
    words.add_argument("--folder", type=Path, default=None)
    options = words.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        path, endpoint, server = Path(name) / "large_i2d.fits", "", None
        started = time.perf_counter()
        write_i2d(path, options.gigabytes)
        report = {"file_GB": round(path.stat().st_size / 1e9, 2), "made_in_s": round(time.perf_counter() - started, 1)}
        source = str(path)
        environment = os.environ | {"TMPDIR": name}
        if options.place != "local":
            environment |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
            os.environ.update(environment)
            endpoint, server = (serve if options.place == "s3" else serve_ranges)(path)
            if not endpoint:
                sys.exit("the server did not start")
            source = "s3://archive/large_i2d.fits"
        try:
            done = subprocess.run(
                [sys.executable, "-c", CONVERT, source, str(Path(name) / "large.zarr"), endpoint],
                capture_output=True, text=True, check=False, env=environment,
            )  # fmt: skip
        finally:
            if server is not None:
                server.kill()
                server.wait()
        if done.returncode:
            sys.exit(done.stderr)
        print(json.dumps(report | {"from": options.place} | json.loads(done.stdout), indent=1))


if __name__ == "__main__":
    main()
