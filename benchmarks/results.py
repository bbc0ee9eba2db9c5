"""Run the benchmarks of speed, and write what they print to a page with the machine and the versions.

    python benchmarks/results.py [PART...] [--out benchmarks/RESULTS.md] [--official PYTHON] [--list]

Without a name all parts are run but the long ones, in half an hour; ``--list`` tells the names, and how long
each takes. Each benchmark runs by itself, its peers in turn with it; ratios travel to other machines, seconds do not.
Parts that are not run stay on the page as they are. The table above them is drawn from what they print, beside what was
wanted (issue 19) and what it was before: `benchmarks/figures.py`.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from figures import FIGURES, table

HERE = Path(__file__).parent

LIBRARIES = ("numpy", "numba", "numcodecs", "astropy", "isal", "dask", "prefect")


@dataclass(frozen=True)
class Part:
    """A benchmark on the page."""

    command: tuple[str, ...]
    minutes: float
    """On two quiet cores."""

    long: bool = False
    """Only run where it is named."""

    official: bool = False
    """Takes the Python of an environment with the official pipeline."""


PARTS = {
    "start": Part(("start/commands.py",), 0.5),
    "i2d": Part(("mosaic/real_structure.py", "--kind", "i2d"), 2.5),
    "48-i2d": Part(("mosaic/real_structure.py", "--kind", "i2d", "--exposures", "48"), 5, long=True),
    "cal": Part(("mosaic/real_structure.py", "--kind", "cal", "--exposures", "12"), 4, official=True),
    "where-the-time-goes": Part(("mosaic/where_time_goes.py",), 0.7),
    "science-samples": Part(("mosaic/against_peers.py", "--skip-reproject"), 3),
    "science-samples-reproject": Part(("mosaic/against_peers.py",), 6, long=True),
    "drizzle": Part(("mosaic/drizzle_official.py",), 1),
    "seams": Part(("mosaic/seams.py",), 1.5),
    "seams-planes": Part(("mosaic/seams.py", "--slope", "1"), 1.5),
    "pictures": Part(("render/big_picture.py", "--columns", "6000", "--rows", "7000"), 2.5),
    "pictures-full-size": Part(("render/big_picture.py",), 9, long=True),
    "streams": Part(("orchestration/streams.py", "--size", "small"), 2.5),
    "streams-large": Part(("orchestration/streams.py",), 22, long=True),
    "scaling": Part(("orchestration/scaling.py", "--tiles", "1000", "10000"), 2.5),
    "scaling-50000": Part(("orchestration/scaling.py", "--tiles", "1000", "50000"), 8, long=True),
    "overhead": Part(("orchestration/overhead.py",), 2.5),
    "conversion": Part(("images/conversion.py",), 0.7),
    "s3": Part(("images/s3_whole.py",), 2),
}  # fmt: skip
"""Benchmark by the name of its part, in the order of the page."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="default: all but the long ones")
    parser.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    parser.add_argument("--official", help="Python of an environment with jwst")
    parser.add_argument("--list", action="store_true", help="tell which parts there are")
    chosen = parser.parse_args()
    if chosen.list:
        for name, part in PARTS.items():
            print(f"{name:28s} {part.minutes:5.1f} min  {' '.join(part.command)}{'  (long)' if part.long else ''}")
        return
    wanted = chosen.parts or [name for name, part in PARTS.items() if not part.long]
    if unknown := [name for name in wanted if name not in PARTS]:
        parser.error(f"no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    texts = _texts(chosen.out.read_text()) if chosen.out.exists() else {}
    for name in wanted:
        print(f"{time.strftime('%H:%M')} {name} ...", flush=True)
        part = PARTS[name]
        texts[name] = _run(
            [*part.command, *(("--official", chosen.official) if part.official and chosen.official else ())]
        )
        chosen.out.write_text(_page({name: texts[name] for name in [*PARTS, *texts] if name in texts}))


def _run(command):
    """Run a benchmark, and give its text."""
    load, begun = os.getloadavg()[0], time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(HERE / command[0]), *command[1:]], capture_output=True, text=True, check=False
    )
    said = done.stdout.rstrip() or done.stderr.strip()[-600:]
    shown = ["PYTHON" if part.startswith("/") else part for part in command]
    return (
        f"`{' '.join(shown)}`, {time.strftime('%Y-%m-%d')}, load when it began {load:.1f},"
        f" {(time.perf_counter() - begun) / 60:.1f} min"
        f"{'' if not done.returncode else f', ended with {done.returncode}'}\n\n```\n{said}\n```\n"
    )


def _page(texts):
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
    told = "Issue 19, by its points; *before* is what it, or a README of ours, had when it was opened:"
    return f"{head}\n{told}\n\n{table(FIGURES, texts)}" + "".join(
        f"\n## {name}\n\n{text}" for name, text in texts.items()
    )


def _texts(page):
    """Take a page apart again."""
    found = re.split(r"^## (.+)$\n\n", page, flags=re.MULTILINE)
    return {name: text.rstrip("\n") + "\n" for name, text in zip(found[1::2], found[2::2], strict=True)}


if __name__ == "__main__":
    main()
