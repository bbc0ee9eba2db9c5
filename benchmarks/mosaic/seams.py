"""Seams: what is left between neighbours after background matching, and the time of it, with Montage beside it.

    python benchmarks/mosaic/seams.py [FOLDER] [--exposures 24] [--side 1024] [--threads 2]

FOLDER holds tiles with SKYSIG in their headers (M101 of Montage's tutorial); without it tiles are simulated whose sky
levels differ. Montage (Debian: montage) is left out with a word where it is absent. What is compared, in units of the
sky rms of a pixel: the mean difference of the corrected tiles in every overlap, which holds the noise of that overlap
as well; of simulated tiles the step that is really left there, because their levels are known; and, for levels, the
whole way from files to a FITS mosaic: ours is one command, Montage's are run one after the other, as its manual has
them.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table
from measured import best, ours, run, tell_memory
from scene import NOISE, write_survey

from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.mosaicking.background.match import match_skies, neighbours_of
from jwstpipe.mosaicking.background.overlaps import OverlapJob, measure_overlaps
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--exposures", type=int, default=24)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=6)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as temporary:
        if chosen.folder:
            names = sorted(chosen.folder.glob("*.fits"))
            sky = float(np.median([fits.getheader(name)["SKYSIG"] for name in names]))
        else:
            names, sky = (
                write_survey(Path(temporary, "in"), chosen.exposures, side=chosen.side, level=1.0, seed=chosen.seed),
                NOISE,
            )
        compare(names, sky, Path(temporary), chosen.threads)


def compare(names, sky, work, threads):
    workers = ThreadWorkers(os.cpu_count() or 1)
    print(f"{len(names)} tiles, sky rms {sky:.3f}; mean difference left in each overlap / sky rms:")
    truth = names[0].parent / "truth.json"
    levels = np.array(json.loads(truth.read_text())["levels"]) if truth.exists() else None
    before, pairs = None, []
    for background in ("level", "plane"):
        plan = plan_mosaic(names, options=MosaicOptions(background=background))
        match = match_skies(plan, workers=workers)
        rest = {(i, j): value / sky for i, j, value in match.found.residuals}
        if before is None:
            skies = match.skies
            before = {(i, j): (value * sky - skies[i].level + skies[j].level) / sky for (i, j), value in rest.items()}
            _tell("none", before)
            pairs = np.array(list(rest))
            overlaps = list(_overlaps(plan))
            _tell("  noise of overlaps", {overlap: overlap.weight**-0.5 / sky for overlap in overlaps})
            _tell("  least real steps", _least(overlaps, len(names), sky))
        _tell(f"jwstpipe {background}", rest)
        if levels is not None and background == "level":
            _tell("  real steps", _steps(np.array([one.level for one in match.skies]) - levels, pairs, sky))
    command, env = ours(names, work / "m.fits", "--background", "level", threads=threads)
    whole = best(command, folder=work, env=env)
    print(f"jwstpipe, levels, whole command: {whole.seconds:.2f} s, {whole.cpu_seconds:.2f} s of processors")
    tell_memory(*names, work / "m.fits")
    if not shutil.which("mBgModel"):
        print("Montage is not installed (Debian: apt install montage): left out")
        return
    for label, flag in (("Montage level", ["-l"]), ("Montage plane", [])):
        left, seconds, busy, found = _montage(names, flag)
        _tell(label, {pair: value / sky for pair, value in left.items()})
        if levels is not None and flag:
            _tell("  real steps", _steps(found - levels, pairs, sky))
        ratios = seconds / whole.seconds, busy / whole.cpu_seconds
        print(
            f"{label}: {seconds:.2f} s, {busy:.2f} s of processors: {ratios[0]:.1f} and {ratios[1]:.1f} times ours with"
            " levels"
        )


def _tell(label, rest):
    values = np.abs(list(rest.values()))
    print(
        f"{label:18s} rms {np.sqrt(np.mean(values**2)):.4f}  median {np.median(values):.4f}  largest {values.max():.4f}"
    )


def _overlaps(plan):
    for number, others in enumerate(neighbours_of(plan.sources)):
        neighbours = tuple((other, plan.sources[other]) for other in others)
        job = OverlapJob(
            number, plan.sources[number], neighbours, plan.grid, plan.options, plan.is_flux, False, S3Settings()
        )
        yield from measure_overlaps(job)


def _least(overlaps, count, sky):
    """Give the standard deviation of the step in each overlap when levels are solved with no more than its noise."""
    graph = np.zeros((count, count))
    for one in overlaps:
        graph[[one.first, one.second], [one.first, one.second]] += one.weight
        graph[[one.first, one.second], [one.second, one.first]] -= one.weight
    spread = np.linalg.pinv(graph)
    return {
        one: np.sqrt(spread[one.first, one.first] + spread[one.second, one.second] - 2 * spread[one.first, one.second])
        / sky
        for one in overlaps
    }


def _steps(errors, pairs, sky):
    """Give the step that wrong levels leave in each overlap."""
    return dict(enumerate((errors[pairs[:, 0]] - errors[pairs[:, 1]]) / sky))


def _montage(names, flag):
    """Make a mosaic with Montage.

    Give what its correction leaves, by its own differences, the seconds it took, by the clock and of processors, and
    the level of each file.
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
        found = {}
        for name in sorted((work / "rest").glob("*.fits")):
            if name.name.endswith("_area.fits"):
                continue
            values = fits.getdata(name)
            values = values[np.isfinite(values) & (values != 0)]
            if values.size >= 1024:
                found[name.stem] = float(_clipped_mean(values))
        images = Table.read(work / "projected.tbl", format="ascii.ipac")
        files = {int(row["cntr"]): Path(str(row["fname"])).name for row in images}
        by_name = {
            files[int(row["id"])]: float(row["c"]) for row in Table.read(work / "corrections.tbl", format="ascii.ipac")
        }
        levels = [value for name in names for file, value in by_name.items() if file.endswith(name.name)]
        return found, seconds, busy, np.array(levels)


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
