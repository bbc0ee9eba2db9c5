"""Our drizzle against the official library with the exact pixel map: time, memory, and difference.

    python benchmarks/mosaic/drizzle_official.py [--exposures 12]

The official side maps every pixel with astropy and drizzles in one process, as the resample step does by default
(pixmap_stepsize 1). Both read FITS files and write one. Needs the ``drizzle`` package.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits
from measured import best, ours, run, tell_memory
from scene import NOISE, write_survey

OFFICIAL = """
import sys
import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from drizzle.resample import Drizzle
target = fits.getheader("ours.fits", "SCI")
out = Drizzle(kernel="square", out_shape=(target["NAXIS2"], target["NAXIS1"]), fillval=np.nan, disable_ctx=True)
grid = WCS(target)
for name in sys.argv[1:]:
    data, header = fits.getdata(name), fits.getheader(name)
    y, x = np.mgrid[: data.shape[0], : data.shape[1]].astype("f8")
    pixmap = np.stack(grid.wcs_world2pix(*WCS(header).all_pix2world(x, y, 0), 0), axis=-1)
    out.add_image(data.astype("f4"), 1.0, pixmap, weight_map=np.ones_like(data, dtype="f4"))
fits.PrimaryHDU(out.out_img).writeto("official.fits", overwrite=True)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exposures", type=int, default=12)
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as temporary:
        work = Path(temporary)
        names = write_survey(work / "survey", chosen.exposures, side=chosen.side, sip=True)
        options = ("--kernel", "drizzle", "--weights", "uniform")
        command, env = ours(names, work / "ours.fits", *options, threads=chosen.threads)
        fast = best(command, folder=work, env=env)
        (work / "official.py").write_text(OFFICIAL)
        slow = run([sys.executable, "official.py", *map(str, names)], folder=work)
        for label, one in (("jwstpipe drizzle", fast), ("official drizzle", slow)):
            print(f"{label:20s} {one.seconds:7.2f} s wall {one.cpu_seconds:7.2f} s CPU {one.peak_mb:6.0f} MB")
        print(f"{'':20s} {slow.seconds / fast.seconds:7.1f} times {slow.cpu_seconds / fast.cpu_seconds:7.1f} times")
        a = fits.getdata(work / "ours.fits", "SCI").astype("f8")[4:-4, 4:-4]
        b = fits.getdata(work / "official.fits").astype("f8")[4:-4, 4:-4]
        both = np.isfinite(a) & np.isfinite(b)
        sky = both & (np.abs(b - 10) < 1)
        print(
            f"difference / sky rms: rms {np.sqrt(np.mean((a - b)[both] ** 2)) / NOISE:.1e},"
            f" max on the sky {np.abs(a - b)[sky].max() / NOISE:.1e} (float32 at a level of 10: {6e-7 / NOISE:.0e})"
        )
        tell_memory(*names, work / "ours.fits")


if __name__ == "__main__":
    main()
