"""Files as JWST's are, whole process: all planes, a given north-up grid, store and FITS out.

    python benchmarks/mosaic/real_structure.py [--exposures 24] [--kind i2d|cal] [--side 2048] [--keep FOLDER]

`i2d`: SCI, ERR, VAR_RNOISE and DQ without distortion; `cal`: the same with SIP. Beside it SWarp (Debian: swarp),
where it is installed and reads the files (no SIP): science samples alone, because it knows no other planes. A copy of
the FITS file with sync tells what writing alone costs.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from astropy.io import fits
from measured import Measured, best, ours
from scene import CENTRE, SCALE_ARCSEC, write_survey


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exposures", type=int, default=24)
    parser.add_argument("--kind", choices=("i2d", "cal"), default="i2d")
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--times", type=int, default=2, help="runs of each, the first to warm up")
    parser.add_argument("--keep", type=Path, help="folder for the survey; default: a temporary one")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as temporary:
        work = Path(temporary)
        survey = chosen.keep or work / "survey"
        names = write_survey(survey, chosen.exposures, side=chosen.side, sip=chosen.kind == "cal", planes="jwst")
        found: dict[str, Measured] = {}
        command, env = ours(names, work / "m.zarr", threads=chosen.threads)
        found["store"] = best(command, folder=work, env=env, times=chosen.times)
        out = work / "m.fits"
        command, env = ours(names, work / "m.zarr", "--fits", str(out), threads=chosen.threads)
        found["store and FITS"] = best(command, folder=work, env=env, times=chosen.times)
        if chosen.kind == "i2d" and shutil.which("SWarp"):
            found["SWarp, SCI alone"] = best(_swarp(names, out, chosen.threads), folder=work, times=chosen.times)
        base = found["store and FITS"].seconds
        print(
            f"{chosen.exposures} {chosen.kind} of {chosen.side}^2, {sum(p.stat().st_size for p in names) / 1e9:.2f} GB"
        )
        print(f"{'':20s} {'wall s':>8s} {'CPU s':>8s} {'peak MB':>8s} {'times ours':>11s}")
        for label, one in found.items():
            print(
                f"{label:20s} {one.seconds:8.2f} {one.cpu_seconds:8.2f} {one.peak_mb:8.0f} {one.seconds / base:11.2f}"
            )
        export = base - found["store"].seconds
        copied = _copy_seconds(out, work / "copy.fits")
        size = out.stat().st_size / 1e9
        print(f"FITS of {size:.2f} GB: {export:.2f} s more than the store alone; cp and sync {copied:.2f} s")


def _swarp(names: list[Path], out: Path, threads: int) -> list[str]:
    """SWarp on the science extension, on the grid of our mosaic."""
    header = fits.getheader(out, "SCI")
    return [
        "SWarp", *(f"{name}[1]" for name in map(str, names)), "-RESAMPLING_TYPE", "BILINEAR", "-COMBINE_TYPE",
        "AVERAGE", "-WEIGHT_TYPE", "NONE", "-SUBTRACT_BACK", "N", "-NTHREADS", str(threads), "-PIXELSCALE_TYPE",
        "MANUAL", "-PIXEL_SCALE", str(SCALE_ARCSEC), "-CENTER_TYPE", "MANUAL", "-CENTER",
        f"{CENTRE[0]},{CENTRE[1]}", "-IMAGE_SIZE", f"{header['NAXIS1']},{header['NAXIS2']}", "-WRITE_XML", "N",
        "-VERBOSE_TYPE", "QUIET", "-IMAGEOUT_NAME", "swarp.fits", "-WEIGHTOUT_NAME", "swarp.weight.fits",
        "-RESAMPLE_DIR", ".",
    ]  # fmt: skip


def _copy_seconds(source: Path, target: Path) -> float:
    started = time.perf_counter()
    shutil.copyfile(source, target)
    with target.open("rb+") as stream:
        os.fsync(stream.fileno())
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
