"""One survey, whole processes side by side: jwstpipe, SWarp, and reproject_and_coadd.

    python benchmarks/mosaic/against_peers.py [--exposures 48] [--threads 2] [--skip-reproject]

The same bilinear mean of the same FITS files on north-up grids of the same scale, nothing but science samples, the same
number of threads; ours and SWarp once more on processors that are kept awake (`measured.awake`). SWarp (Debian: swarp)
is left out with a word where it is not installed. reproject takes minutes.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from measured import awake, best, ours, run, tell_memory
from scene import SCALE_ARCSEC, write_survey

REPROJECT = """
import sys
from astropy.io import fits
from reproject import reproject_interp
from reproject.mosaicking import find_optimal_celestial_wcs, reproject_and_coadd
hdus = [fits.open(name)[0] for name in sys.argv[2:]]
grid, shape = find_optimal_celestial_wcs(hdus)
threads = int(sys.argv[1])
data, _ = reproject_and_coadd(hdus, grid, shape_out=shape, reproject_function=reproject_interp, parallel=threads)
fits.PrimaryHDU(data.astype("f4"), grid.to_header()).writeto("reproject.fits", overwrite=True)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exposures", type=int, default=48)
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--skip-reproject", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder for the survey; default: a temporary one")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as temporary:
        survey = chosen.keep or Path(temporary) / "survey"
        names = write_survey(survey, chosen.exposures, side=chosen.side)
        work = Path(temporary)
        pixels = chosen.exposures * chosen.side**2 / 1e6
        print(f"{chosen.exposures} x {chosen.side}^2 = {pixels:.0f} Mpx of input, {chosen.threads} threads\n")
        print(f"{'':24s} {'wall s':>8s} {'CPU s':>8s} {'peak MB':>8s} {'Mpx/s/core':>11s} {'times ours':>11s}")
        command, env = ours(names, work / "ours.zarr", threads=chosen.threads)
        found = {"jwstpipe bilinear": best(command, folder=work, env=env, times=3)}
        if shutil.which("SWarp"):
            swarp = _swarp(names, chosen.threads)
            found["SWarp bilinear"] = best(swarp, folder=work)
            with awake():
                found["jwstpipe, awake"] = best(command, folder=work, env=env, times=3)
                found["SWarp, awake"] = best(swarp, folder=work)
        else:
            print("SWarp is not installed (Debian: apt install swarp): left out")
        if not chosen.skip_reproject:
            script = work / "coadd.py"
            script.write_text(REPROJECT)
            found["reproject_and_coadd"] = run(
                [sys.executable, str(script), str(chosen.threads), *map(str, names)], folder=work
            )
        base = found["jwstpipe bilinear"].seconds
        for label, one in found.items():
            rate = pixels / one.cpu_seconds
            print(
                f"{label:24s} {one.seconds:8.2f} {one.cpu_seconds:8.2f} {one.peak_mb:8.0f} {rate:11.1f}"
                f" {one.seconds / base:11.1f}"
            )
        if "SWarp, awake" in found:
            ratio = found["SWarp, awake"].seconds / found["jwstpipe, awake"].seconds
            print(f"SWarp / jwstpipe, both on processors that are kept awake: {ratio:.1f}")
        tell_memory(*names, work / "ours.zarr")


def _swarp(names, threads):
    return [
        "SWarp", *map(str, names), "-RESAMPLING_TYPE", "BILINEAR", "-COMBINE_TYPE", "AVERAGE", "-WEIGHT_TYPE", "NONE",
        "-SUBTRACT_BACK", "N", "-NTHREADS", str(threads), "-PIXELSCALE_TYPE", "MANUAL", "-PIXEL_SCALE",
        str(SCALE_ARCSEC), "-WRITE_XML", "N", "-VERBOSE_TYPE", "QUIET", "-IMAGEOUT_NAME", "swarp.fits",
        "-WEIGHTOUT_NAME", "swarp.weight.fits", "-RESAMPLE_DIR", ".",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
