"""Seams: what is left between neighbours after background matching, and the time of it, with Montage beside it.

    python benchmarks/mosaic/seams.py [FOLDER] [--exposures 24] [--side 1024] [--slope 1] [--threads 2] [--seed 6]

FOLDER holds tiles with SKYSIG in their headers (M101 of Montage's tutorial); without it tiles are simulated whose skies
differ by levels, and with --slope by planes. Montage (Debian: montage) is left out with a word where it is absent. In
units of the sky rms of a pixel: the mean difference of the corrected tiles in every overlap, which holds the noise of
that overlap as well; of simulated tiles the steps that are really left there, because their skies are known
(`seam_truth.py`), beside the least that the noise of all pixels lets anybody reach. And the whole way from files to a
FITS mosaic: ours is one command, Montage's are run one after the other, as its manual has them (mProjExec takes
mProjectPP where that may be used, as here).
"""

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from measured import best, ours, run, tell_memory
from scene import NOISE, write_survey
from seam_truth import Truth

from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.mosaicking.background.match import match_skies
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.requests import MosaicOptions


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--exposures", type=int, default=24)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--slope", type=float, default=0.0, help="rms of what skies rise by over a tile; sky rms: 0.1")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=6)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as temporary:
        if chosen.folder:
            names = sorted(chosen.folder.glob("*.fits"))
            sky, truth = float(np.median([fits.getheader(name)["SKYSIG"] for name in names])), None
        else:
            names = write_survey(
                Path(temporary, "in"), chosen.exposures, side=chosen.side, level=1.0, slope=chosen.slope,
                seed=chosen.seed,
            )  # fmt: skip
            sky, truth = NOISE, Truth(names)
        compare(names, sky, truth, Path(temporary), chosen.threads)


def compare(names, sky, truth, work, threads):
    workers = ThreadWorkers(os.cpu_count() or 1)
    print(f"{len(names)} tiles, sky rms {sky:.3f}; mean difference left in each overlap / sky rms:")
    wholes = {}
    for background in ("level", "plane"):
        plan = plan_mosaic(names, options=MosaicOptions(background=background))
        match = match_skies(plan, workers=workers)
        _tell(f"jwstpipe {background}", [rest for _, _, rest in match.found.residuals], sky)
        if truth is not None:
            _tell_steps("really left", truth.steps(_model(plan, match.skies)), sky)
            _tell_steps("least", truth.least(planes=background == "plane"), sky)
        command, env = ours(names, work / "m.fits", "--background", background, threads=threads)
        whole = best(command, folder=work, env=env)
        wholes[background] = whole.seconds, whole.cpu_seconds
        _tell_whole(wholes[background])
    tell_memory(*names, work / "m.fits")
    if not shutil.which("mBgModel"):
        print("Montage is not installed (Debian: apt install montage): left out")
        return
    for background, flag in (("level", ["-l"]), ("plane", [])):
        left, whole, model = _montage(names, flag)
        _tell(f"Montage {background}", left, sky)
        if truth is not None:
            _tell_steps("really left", truth.steps(model), sky)
        _tell_whole(whole)
        by_clock, of_processors = (one / other for one, other in zip(whole, wholes[background], strict=True))
        print(f"    {by_clock:.1f} times ours by the clock, {of_processors:.1f} in processor time")


def _tell(label, rest, sky):
    values = np.abs(np.array(rest)) / sky
    rms = np.sqrt(np.mean(values**2))
    print(f"{label:18s} rms {rms:.4f}  median {np.median(values):.4f}  largest {values.max():.4f}")


def _tell_steps(label, steps, sky):
    mean, along = np.abs(steps.T) / sky
    print(
        f"    {label:14s} mean in an overlap: rms {np.sqrt(np.mean(mean**2)):.4f}, largest {mean.max():.4f};"
        f" along it: rms {np.sqrt(np.mean(along**2)):.4f}, largest {along.max():.4f}"
    )


def _tell_whole(whole):
    print(f"    whole {whole[0]:.2f} s, {whole[1]:.2f} s of processors")


def _model(plan, skies):
    """Give what tells the sky that was found of a tile, at points of the sky; inputs stand as they were named."""
    numbers = {Path(source.address).name: number for number, source in enumerate(plan.sources)}
    ordered = [skies[numbers[name]] for name in sorted(numbers)]

    def model(number, ra, dec):
        sky, (x, y) = ordered[number], plan.grid.places(ra, dec)
        return sky.level + sky.slope[0] * (x - sky.pivot[0]) + sky.slope[1] * (y - sky.pivot[1])

    return model


def _montage(names, flag):
    """Make a mosaic with Montage.

    Give what its correction leaves, by its own differences, the seconds it took, by the clock and of processors, and
    what tells the sky that it found of a tile.
    """
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as temporary:
        work = Path(temporary)
        for part in ("raw", "projected", "differences", "corrected", "rest"):
            (work / part).mkdir()
        for name in names:
            shutil.copy(name, work / "raw")
        begun, busy = time.perf_counter(), 0.0
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
            busy += run(command, folder=work).cpu_seconds
        seconds = time.perf_counter() - begun
        for command in (
            ["mOverlaps", "corrected.tbl", "rest.tbl"],
            ["mDiffExec", "-p", "corrected", "rest.tbl", "grid.hdr", "rest"],
        ):
            run(command, folder=work)
        found = []
        for name in sorted((work / "rest").glob("*.fits")):
            if name.name.endswith("_area.fits"):
                continue
            values = fits.getdata(name)
            values = values[np.isfinite(values) & (values != 0)]
            if values.size >= 1024:
                found.append(float(_clipped_mean(values)))
        images = Table.read(work / "projected.tbl", format="ascii.ipac")
        files = {int(row["cntr"]): work / "projected" / Path(str(row["fname"])).name for row in images}
        skies = {}
        for row in Table.read(work / "corrections.tbl", format="ascii.ipac"):
            file = files[int(row["id"])]
            place = WCS(fits.getheader(file))
            skies[file.name.partition("_")[2]] = place, float(row["a"]), float(row["b"]), float(row["c"])
        ordered = [skies[name.name] for name in names]

        def model(number, ra, dec):
            place, a, b, c = ordered[number]
            x, y = np.array(place.all_world2pix(ra, dec, 1)) - place.wcs.crpix[:, None]
            return a * x + b * y + c

        return found, (seconds, busy), model


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
