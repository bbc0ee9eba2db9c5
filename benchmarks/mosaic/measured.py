"""Run a command as its own process and measure it: wall time, processor time, peak resident memory."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Measured:
    seconds: float
    cpu_seconds: float
    peak_mb: float


def run(command, *, folder, env=None):
    """Run to the end; a failure shows what the command said."""
    log = Path(folder) / "log.txt"
    with log.open("wb") as stream:
        started = time.perf_counter()
        child = subprocess.Popen(command, cwd=folder, env={**os.environ, **(env or {})}, stdout=stream, stderr=stream)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(map(str, command))[:200]} failed:\n{log.read_text(errors='replace')[-2000:]}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def best(command, *, folder, env=None, times=2):
    """Run several times, the first to warm up caches of files and of compiled code, and keep the fastest."""
    return min((run(command, folder=folder, env=env) for _ in range(times)), key=lambda one: one.seconds)


def memory_seconds(size):
    """Copy 256 MB several times, and tell what `size` bytes would take at the best of them."""
    source = np.ones(256 << 20, dtype=np.uint8)
    target, seconds = np.zeros_like(source), []
    for _ in range(5):
        started = time.perf_counter()
        target[...] = source
        seconds.append(time.perf_counter() - started)
    return min(seconds) * size / source.size


def tell_memory(*places):
    """Print what a copy in memory of all bytes of some files and stores takes."""
    files = [file for place in map(Path, places) for file in ([place] if place.is_file() else place.rglob("*"))]
    size = sum(file.stat().st_size for file in files if file.is_file())
    print(f"copy in memory of all bytes in and out: {memory_seconds(size):.2f} s on one thread")


def ours(images, out, *options, threads):
    command = [sys.executable, "-m", "jwstpipe", "mosaic", *map(str, images), "-o", str(out), "--overwrite", *options]
    return command, {"JWSTPIPE_EXECUTION__WORKERS": str(threads)}


@contextmanager
def awake():
    """Keep all processors from sleeping while something is measured, by loops that give way to everything else.

    SWarp's threads hand over to each other at every line of pixels. A virtual processor that fell asleep in between
    wakes slowly, so on a machine without other work SWarp takes up to twice the time that it takes beside such loops.
    """
    loops = [
        subprocess.Popen([sys.executable, "-c", "import os\nos.nice(19)\nwhile True: pass"])
        for _ in range(os.cpu_count() or 1)
    ]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
