"""A mosaic of 40,000 x 25,000 pixels from generated exposures, with its peak memory.

    python benchmarks/mosaic/gigapixel.py [--columns 40000] [--rows 25000]

Takes some minutes and 15 GB of disk.
"""

import argparse
import json
import math
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits
from measured import ours, run

SIDE = 4096
SCALE = 0.031


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--columns", type=int, default=40_000)
    parser.add_argument("--rows", type=int, default=25_000)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as temporary:
        work = Path(temporary)
        names = _exposures(work, chosen.columns, chosen.rows)
        header = _header(chosen.columns, chosen.rows, 0.0, 0.0, 0.0)
        header["NAXIS"], header["NAXIS1"], header["NAXIS2"] = 2, chosen.columns, chosen.rows
        (work / "grid.hdr").write_text(header.tostring(sep="\n"))
        command, env = ours(
            names, work / "out.zarr", "--grid", str(work / "grid.hdr"), "--json", threads=chosen.threads
        )
        found = run(command, folder=work, env=env)
        receipt = json.loads((work / "log.txt").read_text().splitlines()[-1])
        rows, columns = receipt["shape"]
        print(f"{len(names)} exposures of {SIDE}^2 px -> {columns:,} x {rows:,} px ({rows * columns / 1e9:.2f} Gpx)")
        print(f"{receipt['pixels'] / 1e6:,.0f} Mpx with data, {receipt['tiles']} tiles, {receipt['levels']} levels")
        print(f"{found.seconds:.1f} s wall, {found.cpu_seconds:.1f} s CPU, peak {found.peak_mb:.0f} MB")


def _exposures(work, columns, rows):
    """Write exposures that cover the plane and overlap a little; all see one of four noise fields."""
    step = SIDE - 200
    random = np.random.default_rng(1)
    fields = [random.normal(10, 0.1, (SIDE, SIDE)).astype("f4") for _ in range(4)]
    names = []
    down, across = math.ceil(rows / step), math.ceil(columns / step)
    for number in range(down * across):
        y, x = (number // across - (down - 1) / 2) * step, (number % across - (across - 1) / 2) * step
        name = work / f"exposure{number:04d}.fits"
        fits.PrimaryHDU(fields[number % 4], header=_header(SIDE, SIDE, x, y, random.uniform(-2, 2))).writeto(name)
        names.append(name)
    return names


def _header(columns, rows, x, y, roll):
    turn, step = math.radians(roll), SCALE / 3600
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"] = 150.0 - x * step, y * step
    header["CRPIX1"], header["CRPIX2"] = (columns + 1) / 2, (rows + 1) / 2
    header["CD1_1"], header["CD1_2"] = -step * math.cos(turn), step * math.sin(turn)
    header["CD2_1"], header["CD2_2"] = step * math.sin(turn), step * math.cos(turn)
    header["CUNIT1"] = header["CUNIT2"] = "deg"
    header["RADESYS"] = "ICRS"
    return header


if __name__ == "__main__":
    main()
