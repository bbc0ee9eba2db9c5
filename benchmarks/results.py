"""Run the benchmarks of speed, and write what they print to a page with the machine and the versions.

    python benchmarks/results.py [--out benchmarks/RESULTS.md] [--only NAME]... [--official PYTHON]

Takes the better part of an hour. Each benchmark runs by itself, its peers in turn with it; ratios travel to other
machines, seconds do not. With ``--only`` the other parts of a page that is there already stay as they are.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent

RUNS = {
    "i2d": ["mosaic/real_structure.py", "--kind", "i2d"],
    "cal": ["mosaic/real_structure.py", "--kind", "cal", "--exposures", "12"],
    "science samples": ["mosaic/against_peers.py", "--skip-reproject"],
    "drizzle": ["mosaic/drizzle_official.py"],
    "seams": ["mosaic/seams.py"],
    "conversion": ["images/conversion.py"],
    "s3": ["images/s3_whole.py"],
}
"""Benchmark by the name of its part."""

LIBRARIES = ("numpy", "numba", "numcodecs", "astropy", "isal")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    parser.add_argument("--only", action="append", choices=RUNS)
    parser.add_argument("--official", help="Python of an environment with jwst")
    chosen = parser.parse_args()
    parts = _parts(chosen.out.read_text()) if chosen.only and chosen.out.exists() else {}
    for name in chosen.only or RUNS:
        command = RUNS[name] + (["--official", chosen.official] if chosen.official and name == "cal" else [])
        parts[name] = _part(command)
        chosen.out.write_text(_page(parts))


def _part(command):
    """Run a benchmark, and give its text."""
    load = os.getloadavg()[0]
    done = subprocess.run(
        [sys.executable, str(HERE / command[0]), *command[1:]], capture_output=True, text=True, check=False
    )
    said = done.stdout.rstrip() or done.stderr.strip()[-600:]
    shown = ["PYTHON" if part.startswith("/") else part for part in command]
    return (
        f"`{' '.join(shown)}`, {time.strftime('%Y-%m-%d')}, load when it began {load:.1f}"
        f"{'' if not done.returncode else f', ended with {done.returncode}'}\n\n```\n{said}\n```\n"
    )


def _page(parts):
    source = np.ones(256 << 20, dtype=np.uint8)
    target, seconds = np.zeros_like(source), []
    for _ in range(5):
        begun = time.perf_counter()
        target[...] = source
        seconds.append(time.perf_counter() - begun)
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    head = (
        "# Results\n\nMade by `make bench-all` (`benchmarks/results.py`); what each benchmark does stands in its first"
        " lines. Whole processes, warm\npage cache, compiled kernels. Read the ratios: the machine is shared and its"
        f" seconds wander.\n\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" {libraries};\ncopy in memory {source.size / min(seconds) / 1e9:.1f} GB/s on one thread.\n"
    )
    return head + "".join(f"\n## {name}\n\n{text}" for name, text in parts.items())


def _parts(page):
    """Take a page apart again."""
    found = re.split(r"^## (.+)$\n\n", page, flags=re.MULTILINE)
    return {name: text.rstrip("\n") + "\n" for name, text in zip(found[1::2], found[2::2], strict=True)}


if __name__ == "__main__":
    main()
