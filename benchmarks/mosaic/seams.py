"""Background matching on ten 2MASS tiles of M101, with Montage beside it.

    python benchmarks/mosaic/seams.py FOLDER

FOLDER holds the tiles (Montage's tutorial data). Montage (Debian: montage) is left out with a word where it is absent.
What is compared: the mean difference of the corrected tiles in every overlap, in units of the sky rms of a pixel.
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits
from measured import run

from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.mosaicking.background.match import match_skies
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.requests import MosaicOptions


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    names = sorted(parser.parse_args().folder.glob("*.fits"))
    sky = float(np.median([fits.getheader(name)["SKYSIG"] for name in names]))
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
    if not shutil.which("mBgModel"):
        print("Montage is not installed (Debian: apt install montage): left out")
        return
    for label, flag in (("Montage level", ["-l"]), ("Montage plane", [])):
        _tell(label, {pair: value / sky for pair, value in _montage(names, flag).items()})


def _tell(label, rest):
    values = np.abs(list(rest.values()))
    print(
        f"{label:18s} rms {np.sqrt(np.mean(values**2)):.4f}  median {np.median(values):.4f}  largest {values.max():.4f}"
    )


def _montage(names, flag):
    """Run Montage's background correction and measure what it leaves with its own difference fits."""
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as temporary:
        work = Path(temporary)
        for part in ("raw", "projected", "differences", "corrected", "rest"):
            (work / part).mkdir()
        for name in names:
            shutil.copy(name, work / "raw")
        for command in (
            ["mImgtbl", "raw", "raw.tbl"], ["mMakeHdr", "raw.tbl", "grid.hdr"],
            ["mProjExec", "-p", "raw", "raw.tbl", "grid.hdr", "projected", "stats.tbl"],
            ["mImgtbl", "projected", "projected.tbl"], ["mOverlaps", "projected.tbl", "pairs.tbl"],
            ["mDiffExec", "-p", "projected", "pairs.tbl", "grid.hdr", "differences"],
            ["mFitExec", "pairs.tbl", "fits.tbl", "differences"],
            ["mBgModel", *flag, "projected.tbl", "fits.tbl", "corrections.tbl"],
            ["mBgExec", "-p", "projected", "projected.tbl", "corrections.tbl", "corrected"],
            ["mImgtbl", "corrected", "corrected.tbl"], ["mOverlaps", "corrected.tbl", "rest.tbl"],
            ["mDiffExec", "-p", "corrected", "rest.tbl", "grid.hdr", "rest"],
        ):  # fmt: skip
            run(command, folder=work)
        found = {}
        for name in sorted((work / "rest").glob("*.fits")):
            if name.name.endswith("_area.fits"):
                continue
            values = fits.getdata(name)
            values = values[np.isfinite(values) & (values != 0)]
            if values.size >= 1024:
                found[name.stem] = float(_clipped_mean(values))
        return found


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
