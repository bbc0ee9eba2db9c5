"""How long a plan of many inputs takes.

python benchmarks/mosaic/planning.py [--inputs 10000]
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from astropy.io import fits

from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.mosaicking.planning import plan_mosaic


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000)
    count = parser.parse_args().inputs
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as temporary:
        names = []
        data = np.zeros((64, 64), dtype="f4")
        header = fits.Header()
        header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
        header["CRPIX1"] = header["CRPIX2"] = 32.5
        header["CD1_1"], header["CD2_2"] = -0.5 / 3600, 0.5 / 3600
        for number in range(count):
            header["CRVAL1"] = 150.0 + 20 / 3600 * (number % 100)
            header["CRVAL2"] = 2.0 + 20 / 3600 * (number // 100)
            data[0, 0] = number
            names.append(Path(temporary) / f"{number:05d}.fits")
            fits.PrimaryHDU(data, header=header).writeto(names[-1])
        started = time.perf_counter()
        plan = plan_mosaic(names, workers=ThreadWorkers(os.cpu_count() or 1))
        jobs = plan.jobs("out.zarr")
        seconds = time.perf_counter() - started
        print(f"{count:,} inputs, {len(jobs)} tiles: {seconds:.1f} s ({1000 * seconds / count:.2f} ms an input)")


if __name__ == "__main__":
    main()
