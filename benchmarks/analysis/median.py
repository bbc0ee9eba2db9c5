"""The exact median of an image of a billion pixels: `jwstpipe stats` beside numpy on a memory map, whole processes.

    python benchmarks/analysis/median.py [--side 32768] [--threads 2] [--keep FOLDER]

A field of known sources (`scene.py`, its missing pixels filled) is repeated in a store and in a plain file of float32.
numpy copies the map and partitions it; `stats` reads the store a tile at a time, and gives count, sums, percentiles and
clipped statistics in the same run. Both medians must be the same number.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits

sys.path.append(str(Path(__file__).resolve().parents[1] / "mosaic"))
from large import BASE, write_store
from measured import run
from scene import SKY, write_scene

NUMPY = """
import sys
import numpy as np
image = np.load(sys.argv[1], mmap_mode="r")
print(repr(float(np.median(image))))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=32_768, help="multiple of 4096")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder for the field and the images; default: a temporary one")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-", dir=chosen.keep) as temporary:
        work = Path(temporary)
        pixels = fits.getdata(write_scene(chosen.keep or work, BASE).image).astype("f4")
        pixels[~np.isfinite(pixels)] = SKY
        store, plain, script = work / "image.zarr", work / "image.npy", work / "median.py"
        write_store(store, pixels, chosen.side)
        write_plain(plain, pixels, chosen.side)
        script.write_text(NUMPY)
        words = [sys.executable, "-m", "jwstpipe", "stats", str(store), "--json"]
        ours = run(words, folder=work, env={"JWSTPIPE_EXECUTION__WORKERS": str(chosen.threads)})
        told = json.loads((work / "log.txt").read_text().splitlines()[-1])
        theirs = run([sys.executable, str(script), str(plain)], folder=work)
        median = float((work / "log.txt").read_text())
        print(f"{chosen.side}^2, {chosen.threads} threads   wall s   CPU s    MB   median")
        for name, cost, value in (("jwstpipe stats", ours, told["median"]), ("numpy", theirs, median)):
            print(f"{name:24s} {cost.seconds:8.2f} {cost.cpu_seconds:7.2f} {cost.peak_mb:6.0f}   {value!r}")
        if told["median"] != median:
            raise SystemExit("the medians differ")


def write_plain(path, pixels, side):
    """Write rows as they come: the peak memory of a child is never below that of this process."""
    with path.open("wb") as stream:
        facts = {"descr": "<f4", "fortran_order": False, "shape": (side, side)}
        np.lib.format.write_array_header_1_0(stream, facts)
        for y in range(side):
            stream.write(np.tile(pixels[y % BASE], side // BASE).astype("<f4").tobytes())


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    main()
