"""The exact median of an image of a billion pixels: `jwstpipe stats` beside numpy on a memory map, whole processes.

    python benchmarks/analysis/median.py [--side 32768] [--threads 2] [--keep FOLDER]

A field of known sources (`scene.py`, its missing pixels filled) is repeated in a store, in a FITS file and in a plain
file of float32. numpy copies the map and partitions it; `stats` reads a tile at a time, and gives count, sums,
percentiles and clipped statistics in the same run, or with ``--only`` what is named. All medians must be one number.
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
from scene import SKY, header_of, write_scene

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
        store, image, plain, script = (work / name for name in ("image.zarr", "image.fits", "image.npy", "median.py"))
        write_store(store, pixels, chosen.side)
        write_fits(image, pixels, chosen.side)
        write_plain(plain, pixels, chosen.side)
        script.write_text(NUMPY)
        theirs = run([sys.executable, str(script), str(plain)], folder=work)
        median = float((work / "log.txt").read_text())
        print(f"{chosen.side}^2, {chosen.threads} threads             wall s   CPU s    MB   median")
        _tell("numpy, memory map", theirs, median)
        for what, where in (("store", store), ("FITS", image)):
            for name, more in ((", median and percentiles", ["--only", "median,percentiles"]), (", all figures", [])):
                words = [sys.executable, "-m", "jwstpipe", "stats", str(where), "--json", *more]
                ours = run(words, folder=work, env={"JWSTPIPE_EXECUTION__WORKERS": str(chosen.threads)})
                told = json.loads((work / "log.txt").read_text().splitlines()[-1])
                _tell(f"{what}{name}", ours, told["median"])
                if told["median"] != median:
                    raise SystemExit("the medians differ")


def _tell(name, cost, value):
    print(f"{name:34s} {cost.seconds:8.2f} {cost.cpu_seconds:7.2f} {cost.peak_mb:6.0f}   {value!r}", flush=True)


def write_fits(path, pixels, side):
    """Write rows as they come, big-endian as FITS has them."""
    header = header_of(side)
    with path.open("wb") as stream:
        stream.write(fits.PrimaryHDU().header.tostring().encode())
        made = fits.ImageHDU(np.zeros((1, 1), "f4"), header, name="SCI").header
        made["NAXIS1"] = made["NAXIS2"] = side
        stream.write(made.tostring().encode())
        for y in range(side):
            stream.write(np.tile(pixels[y % BASE], side // BASE).astype(">f4").tobytes())
        stream.write(bytes(-(side * side * 4) % 2880))


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
