"""Files over loopback: our transfer and curl, one after the other against the same server, whole processes.

    python benchmarks/archive/transfer.py [--gib 1.0] [--small 1000] [--rounds 3]

Prints throughput and peak memory of each, the ratio, and what a small file costs beyond its bytes. Our figure holds
everything that curl does not do: byte ranges noted safely on disk, FITS structure, checksums, SHA-256. It is given as
`all`, with the start of the interpreter, and as `move`, from the first request to the last name.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from astropy.io import fits

HERE = Path(__file__).parent
ROOT = Path(__file__).parents[2]
NAME = "jw02733-o{:03d}_t001_nircam_clear-f090w_i2d.fits"


def write_fits(path, size):
    """Write an image of about `size` bytes with pixels that do not compress."""
    side = max(int((size / 4) ** 0.5), 8)
    rng = np.random.default_rng(side)
    strip = rng.normal(1.0, 0.2, (64, side)).astype(">f4").tobytes()
    header = fits.ImageHDU(name="SCI").header
    header.update({"BITPIX": -32, "NAXIS": 2})
    header.insert("NAXIS", ("NAXIS1", side), after=True)
    header.insert("NAXIS1", ("NAXIS2", side), after=True)
    with path.open("wb") as stream:
        stream.write(fits.PrimaryHDU().header.tostring().encode())
        stream.write(header.tostring().encode())
        left = side * side * 4
        while left > 0:
            left -= stream.write(strip[:left])
        stream.write(bytes(-stream.tell() % 2880))


@contextmanager
def served(folder):
    process = subprocess.Popen(
        [sys.executable, HERE / "serve_files.py", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(30)


def ours(server, folder, target):
    started = time.perf_counter()
    command = [sys.executable, HERE / "fetch_files.py", server, folder, target]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    return time.perf_counter() - started, json.loads(done.stdout)


def curl(server, folder, target):
    target.mkdir()
    words = ["curl", "-sSf", "--no-progress-meter", "--parallel", "--parallel-max", "3"]
    for path in sorted(folder.iterdir()):
        words += ["-o", str(target / path.name)]
        words += [f"{server}/api/v0.1/Download/file?uri=mast%3AJWST%2Fproduct%2F{path.name}"]
    started = time.perf_counter()
    subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def compare(folder, work, rounds):
    """Take the best of some rounds of each, in turns, into fresh folders."""
    total = sum(path.stat().st_size for path in folder.iterdir())
    whole, moves, peers, peak = [], [], [], 0.0
    with served(folder) as server:
        for number in range(rounds):
            for who in (curl, ours) if number % 2 else (ours, curl):
                target = work / "target"
                if who is curl:
                    peers.append(curl(server, folder, target))
                else:
                    seconds, told = ours(server, folder, target)
                    whole.append(seconds)
                    moves.append(told["seconds"])
                    peak = max(peak, told["peak_mb"])
                shutil.rmtree(target)
    rate = {name: total / 1e6 / min(times) for name, times in (("all", whole), ("move", moves), ("curl", peers))}
    print(
        f"{len(list(folder.iterdir())):5d} files {total / 2**20:7.0f} MiB   curl {rate['curl']:6.0f} MB/s"
        f"   move {rate['move']:6.0f} MB/s ({rate['move'] / rate['curl']:.2f})"
        f"   all {rate['all']:6.0f} MB/s ({rate['all'] / rate['curl']:.2f})   peak {peak:.0f} MB",
        flush=True,
    )
    return min(moves), min(peers)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gib", type=float, default=1.0)
    parser.add_argument("--small", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if shutil.which("curl") is None:
        return print("curl is not here: nothing to compare with (apt-get install curl)")
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-", dir=os.environ.get("TMPDIR")) as name:
        work = Path(name)
        for files in (1, 3):
            folder = work / f"in{files}"
            folder.mkdir()
            for number in range(files):
                write_fits(folder / NAME.format(number), given.gib * 2**30 / files)
            compare(folder, work, given.rounds)
            shutil.rmtree(folder)
        folder = work / "small"
        folder.mkdir()
        for number in range(given.small):
            write_fits(folder / f"jw02733001001_02101_{number:05d}_nrca1_cal.fits", 20_000)
        move, peer = compare(folder, work, 1)
        print(f"a small file costs {1000 * (move - peer) / given.small:.1f} ms more than with curl")
    return None


if __name__ == "__main__":
    main()
