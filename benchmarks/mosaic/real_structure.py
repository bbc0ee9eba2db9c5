"""Files as JWST's are, whole processes: all planes, a given north-up grid, store and FITS out.

    python benchmarks/mosaic/real_structure.py [--exposures 24] [--kind i2d|cal] [--side 2048] [--keep FOLDER]
        [--official PYTHON] [--step 1]

`i2d`: SCI, ERR, DQ and WHT without distortion, bilinear; beside it SWarp (Debian: swarp) on the science samples alone,
because it knows no other planes; both once more on processors that are kept awake (`measured.awake`). `cal`: SCI, ERR,
DQ and three variances with SIP, drizzled; beside it the official resample step on files of the same samples and
distortion, run by PYTHON, that of an environment which has `jwst`. A copy of the FITS file with sync tells what writing
alone costs, and a copy in memory of all bytes in and out what no program can do without. The digests of the inputs are
kept from the first run on, as users have it who make a second mosaic of the same files; `digests anew` takes them each
time.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from astropy.io import fits
from measured import Measured, awake, best, ours, run, tell_memory
from scene import CENTRE, SCALE_ARCSEC, write_survey


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exposures", type=int, default=24)
    parser.add_argument("--kind", choices=("i2d", "cal"), default="i2d")
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--times", type=int, default=3, help="runs of ours; the fastest counts, the first warms up")
    parser.add_argument("--peer-times", type=int, default=1, help="runs of the others")
    parser.add_argument("--keep", type=Path, help="folder for the survey; default: a temporary one")
    parser.add_argument("--official", help="Python of an environment with jwst")
    parser.add_argument("--step", type=int, default=1, help="pixmap_stepsize of the official step; 1 = the exact map")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as temporary:
        work = Path(temporary)
        survey = chosen.keep or work / "survey"
        names = write_survey(survey, chosen.exposures, side=chosen.side, sip=chosen.kind == "cal", planes=chosen.kind)
        kernel = ("--kernel", "drizzle") if chosen.kind == "cal" else ()
        out, found = work / "m.fits", dict[str, Measured]()
        anew = {"JWSTPIPE_S3__CACHE_MB": "0"}
        for label, place, more, besides in (
            ("FITS", out, (), {}),
            ("FITS, digests anew", out, (), anew),
            ("store", work / "m.zarr", (), {}),
            ("store and FITS", work / "m.zarr", ("--fits", str(work / "s.fits")), {}),
        ):
            command, env = ours(names, place, *kernel, *more, threads=chosen.threads)
            found[label] = best(command, folder=work, env=env | besides, times=chosen.times)
        exporting = [sys.executable, "-m", "jwstpipe", "export", str(work / "m.zarr"), "-o", str(work / "e.fits")]
        found["export of the store"] = best([*exporting, "--overwrite"], folder=work, times=chosen.times)
        found |= _peers(chosen, names, out, work)
        if chosen.kind == "i2d" and shutil.which("SWarp"):
            command, env = ours(names, out, *kernel, threads=chosen.threads)
            with awake():
                found["FITS, awake"] = best(command, folder=work, env=env, times=chosen.times)
                found["SWarp, SCI alone, awake"] = best(
                    _swarp(names, out, chosen.threads), folder=work, times=chosen.peer_times
                )
        base = found["FITS"]
        sizes = sum(path.stat().st_size for path in names), out.stat().st_size
        print(
            f"{chosen.exposures} {chosen.kind} of {chosen.side}^2, {sizes[0] / 1e9:.2f} GB; FITS {sizes[1] / 1e9:.2f}"
        )
        print(f"{'':28s} {'wall s':>8s} {'CPU s':>8s} {'peak MB':>8s} {'wall / FITS':>12s} {'CPU / FITS':>11s}")
        for label, one in found.items():
            ratios = one.seconds / base.seconds, one.cpu_seconds / base.cpu_seconds
            print(
                f"{label:28s} {one.seconds:8.2f} {one.cpu_seconds:8.2f} {one.peak_mb:8.0f} {ratios[0]:12.2f}"
                f" {ratios[1]:11.2f}"
            )
        if "FITS, awake" in found:
            ratio = found["SWarp, SCI alone, awake"].seconds / found["FITS, awake"].seconds
            print(f"SWarp / FITS, both on processors that are kept awake: {ratio:.2f}")
        export = found["store and FITS"].seconds - found["store"].seconds
        copying = _copy_seconds(out, work / "c.fits")
        print(
            f"FITS beside the store: {export:.2f} s more; cp and sync of it {copying:.2f} s; export of a store that"
            f" stands {found['export of the store'].seconds / copying:.1f} times that"
        )
        tell_memory(*names, out)


def _peers(chosen: argparse.Namespace, names: list[Path], out: Path, work: Path) -> dict[str, Measured]:
    found = {}
    if chosen.kind == "i2d" and shutil.which("SWarp"):
        command = _swarp(names, out, chosen.threads)
        found["SWarp, SCI alone"] = best(command, folder=work, times=chosen.peer_times)
    if chosen.kind == "cal" and chosen.official:
        script = str(Path(__file__).with_name("official_resample.py"))
        theirs = work / "official"
        theirs.mkdir()
        run([chosen.official, "-W", "ignore", script, "make", str(theirs), *map(str, names)], folder=work)
        files = map(str, sorted(theirs.glob("*.fits")))
        command = [chosen.official, "-W", "ignore", script, "run", str(out), "official.fits", str(chosen.step), *files]
        found[f"official, step {chosen.step}"] = best(command, folder=work, times=chosen.peer_times)
    return found


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
