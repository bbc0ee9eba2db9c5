"""Seams: what is left between neighbours after background matching, and the time of it, with Montage beside it.

    python benchmarks/mosaic/seams.py [FOLDER] [--exposures 24] [--side 1024] [--threads 2]

FOLDER holds tiles with SKYSIG in their headers (M101 of Montage's tutorial); without it tiles are simulated whose sky
levels differ. Montage (Debian: montage) is left out with a word where it is absent. What is compared: the mean
difference of the corrected tiles in every overlap, in units of the sky rms of a pixel; and, for levels, the whole way
from files to a FITS mosaic: ours is one command, Montage's are run one after the other, as its manual has them.
"""

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from astropy.io import fits
from measured import best, ours, run, tell_memory
from scene import NOISE, write_survey

from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.mosaicking.background.match import match_skies
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.requests import MosaicOptions


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--exposures", type=int, default=24)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as temporary:
        if chosen.folder:
            names = sorted(chosen.folder.glob("*.fits"))
            sky = float(np.median([fits.getheader(name)["SKYSIG"] for name in names]))
        else:
            names, sky = write_survey(Path(temporary, "in"), chosen.exposures, side=chosen.side, level=1.0), NOISE
        compare(names, sky, Path(temporary), chosen.threads)


def compare(names, sky, work, threads):
    workers = ThreadWorkers(os.cpu_count() or 1)
    print(f"{len(names)} tiles, sky rms {sky:.3f}; mean difference left in each overlap / sky rms:")
    before = None
    for background in ("level", "plane"):
        plan = plan_mosaic(names, options=MosaicOptions(background=background))
        match = match_skies(plan, workers=workers)
        rest = {(i, j): value / sky for i, j, value in match.found.residuals}
        if before is None:
            skies = match.skies
            before = {(i, j): (value * sky - skies[i].level + skies[j].level) / sky for (i, j), value in rest.items()}
            _tell("none", before)
        _tell(f"jwstpipe {background}", rest)
    command, env = ours(names, work / "m.fits", "--background", "level", threads=threads)
    whole = best(command, folder=work, env=env)
    print(f"jwstpipe, levels, whole command: {whole.seconds:.2f} s, {whole.cpu_seconds:.2f} s of processors")
    tell_memory(*names, work / "m.fits")
    if not shutil.which("mBgModel"):
        print("Montage is not installed (Debian: apt install montage): left out")
        return
    for label, flag in (("Montage level", ["-l"]), ("Montage plane", [])):
        left, seconds = _montage(names, flag)
        _tell(label, {pair: value / sky for pair, value in left.items()})
        print(f"{label}: {seconds:.2f} s, {seconds / whole.seconds:.1f} times ours with levels")


def _tell(label, rest):
    values = np.abs(list(rest.values()))
    print(
        f"{label:18s} rms {np.sqrt(np.mean(values**2)):.4f}  median {np.median(values):.4f}  largest {values.max():.4f}"
    )


def _montage(names, flag):
    """Make a mosaic with Montage; give what its correction leaves, by its own differences, and the seconds it took."""
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as temporary:
        work = Path(temporary)
        for part in ("raw", "projected", "differences", "corrected", "rest"):
            (work / part).mkdir()
        for name in names:
            shutil.copy(name, work / "raw")
        begun = time.perf_counter()
        for command in (
            ["mImgtbl", "raw", "raw.tbl"], ["mMakeHdr", "raw.tbl", "grid.hdr"],
            ["mProjExec", "-p", "raw", "raw.tbl", "grid.hdr", "projected", "stats.tbl"],
            ["mImgtbl", "projected", "projected.tbl"], ["mOverlaps", "projected.tbl", "pairs.tbl"],
            ["mDiffExec", "-p", "projected", "pairs.tbl", "grid.hdr", "differences"],
            ["mFitExec", "pairs.tbl", "fits.tbl", "differences"],
            ["mBgModel", *flag, "projected.tbl", "fits.tbl", "corrections.tbl"],
            ["mBgExec", "-p", "projected", "projected.tbl", "corrections.tbl", "corrected"],
            ["mImgtbl", "corrected", "corrected.tbl"],
            ["mAdd", "-p", "corrected", "corrected.tbl", "grid.hdr", "mosaic.fits"],
        ):  # fmt: skip
            run(command, folder=work)
        seconds = time.perf_counter() - begun
        for command in (
            ["mOverlaps", "corrected.tbl", "rest.tbl"],
            ["mDiffExec", "-p", "corrected", "rest.tbl", "grid.hdr", "rest"],
        ):
            run(command, folder=work)
        found = {}
        for name in sorted((work / "rest").glob("*.fits")):
            if name.name.endswith("_area.fits"):
                continue
            values = fits.getdata(name)
            values = values[np.isfinite(values) & (values != 0)]
            if values.size >= 1024:
                found[name.stem] = float(_clipped_mean(values))
        return found, seconds


def _clipped_mean(values):
    for _ in range(10):
        middle, sigma = np.median(values), 1.4826 * np.median(np.abs(values - np.median(values)))
        kept = values[np.abs(values - middle) <= 4 * sigma] if sigma > 0 else values
        if kept.size == values.size:
            break
        values = kept
    return values.mean()


if __name__ == "__main__":
    main()
