"""Files over loopback: our transfer and curl, in turns against the same server, whole processes.

    python benchmarks/archive/transfer.py [--gib 1.0] [--small 1000] [--rounds 3]

The server is nginx where it is installed, else the local archive of the project; both send files by ``sendfile``. curl
does what its user does: ``curl --parallel -o FILE...``; it checks nothing, and its bytes are on the disk some time
later. Ours holds everything else: byte ranges noted for a resume, FITS structure, SHA-256, bytes on the disk before the
name. It is given as `move`, from the first request to the last name, and as `all`, with the start of the interpreter.
Second yardsticks of the same run: curl and ``sync`` of its files, curl and ``sha256sum``. Figures are the best of some
rounds, since other work on the machine only ever slows a round down.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
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


NGINX = """
pid {work}/nginx.pid; error_log {work}/nginx.log; daemon off; master_process off; events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  map $arg_uri $held {{ "~(?:%2F|/)(?<name>[A-Za-z0-9_.-]+)$" $name; }}
  server {{
    listen 127.0.0.1:{port}; root {folder};
    location = /api/v0.1/Download/file {{ rewrite ^ /$held break; }}
  }}
}}
"""


@contextmanager
def served(folder, work):
    """Serve a folder as the archive serves downloads; gives address and name of the server."""
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if nginx is None:
        command = [sys.executable, HERE / "serve_files.py", folder]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        address, name = process.stdout.readline().strip(), "local archive"
    else:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        config = work / "nginx.conf"
        config.write_text(NGINX.format(work=work, folder=folder, port=port))
        process = subprocess.Popen([nginx, "-e", work / "nginx.log", "-c", config, "-p", work], stdin=subprocess.PIPE)
        address, name = f"http://127.0.0.1:{port}", "nginx"
        wait_until_open(port)
    try:
        yield address, name
    finally:
        process.stdin.close()
        if nginx is not None:
            process.terminate()
        process.wait(30)


def wait_until_open(port):
    for _ in range(500):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.01)
    raise SystemExit("nginx does not listen; look into its log")


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


def then(target, *words):
    """Do something to each file that came; gives seconds."""
    started = time.perf_counter()
    subprocess.run([*words, *sorted(target.iterdir())], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def compare(folder, work, rounds, *, yardsticks=True):
    """Take the best of some rounds of each, in turns, into fresh folders."""
    total = sum(path.stat().st_size for path in folder.iterdir())
    took = {name: [] for name in ("curl", "move", "all", "curl+sync", "curl+sha256sum")}
    peak = 0.0
    with served(folder, work) as (server, name):
        for number in range(rounds):
            for who in (curl, ours) if number % 2 else (ours, curl):
                target = work / "target"
                if who is ours:
                    seconds, told = ours(server, folder, target)
                    took["all"].append(seconds)
                    took["move"].append(told["seconds"])
                    peak = max(peak, told["peak_mb"])
                else:
                    seconds = curl(server, folder, target)
                    took["curl"].append(seconds)
                    if yardsticks:
                        took["curl+sync"].append(seconds + then(target, "sync"))
                        took["curl+sha256sum"].append(seconds + then(target, "sha256sum"))
                shutil.rmtree(target)
    best = {name: min(times) for name, times in took.items() if times}
    print(f"{len(list(folder.iterdir()))} files, {total / 2**20:.0f} MiB, from {name}; peak {peak:.0f} MB")
    for name, seconds in best.items():
        ratio = f"{best['curl'] / seconds:.2f} of curl" if name != "curl" else ""
        print(f"    {name:15s} {seconds:7.3f} s {total / 1e6 / seconds:7.0f} MB/s   {ratio}", flush=True)
    return best["move"], best["curl"]


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
        move, peer = compare(folder, work, 1, yardsticks=False)
        print(f"a small file costs {1000 * (move - peer) / given.small:.1f} ms more than with curl")
    return None


if __name__ == "__main__":
    main()
