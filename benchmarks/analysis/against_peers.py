"""One field of known sources, whole processes side by side: jwstpipe, source-extractor, sep, photutils.

    python benchmarks/analysis/against_peers.py [--side 4096] [--threads 2] [--only jwstpipe,sep]

All smooth by the same kernel, take three pixels, take blends apart at a contrast of 0.001 and centre in a window. Each
runs at several thresholds, said in standard deviations of the smoothed image, and is compared where the share of its
rows that are true is the same: `PRECISION`. Peers that are not installed are left out with a word (Debian:
source-extractor; from the index: sep, photutils with scikit-image).
"""

import argparse
import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table
from scipy.spatial import cKDTree

sys.path.append(str(Path(__file__).resolve().parents[1] / "mosaic"))
from measured import best, run
from scene import SIGMA, write_scene

from jwstpipe.numerics.smoothing import gaussian_taps, white_left

PRECISION = 0.985
BINS = ((5.0, 10.0), (10.0, 30.0), (30.0, np.inf))
REACH, MARGIN, RADIUS = 3.0, 24.0, 5.0
"""Pixels: of a match; around the scored field; of the aperture."""

TAPS = gaussian_taps(SIGMA)
LEFT = white_left(TAPS)
"""Noise of the smoothed image, as a share of that of the image."""

SEP = """
import sys
import numpy as np, sep
from astropy.io import fits
from astropy.table import Table
image, out, taps, left, *thresholds = sys.argv[1:]
data = fits.getdata(image).astype("f4")
mask = ~np.isfinite(data)
data[mask] = 0
sky = sep.Background(data, mask=mask, bw=64, bh=64)
data -= sky.back()
rms = sky.rms()
taps = np.array(taps.split(","), "f4")
sep.set_extract_pixstack(3_000_000)
for threshold in thresholds:
    found, labels = sep.extract(
        data, float(threshold) * float(left), err=rms, mask=mask, minarea=3, filter_kernel=np.outer(taps, taps),
        filter_type="conv", deblend_nthresh=32, deblend_cont=0.001, segmentation_map=True,
    )
    x, y, _ = sep.winpos(data, found["x"], found["y"], 1.2, mask=mask)
    flux, _, _ = sep.sum_circle(data, x, y, 5.0, mask=mask)
    Table({"x": x, "y": y, "flux": flux}).write(f"{out}_{threshold}.fits", overwrite=True)
"""

PHOTUTILS = """
import sys, warnings
import numpy as np
from astropy.io import fits
from astropy.table import Table
from astropy.convolution import convolve
from photutils.background import Background2D, SExtractorBackground
from photutils.segmentation import SourceCatalog, deblend_sources, detect_sources
from photutils.aperture import CircularAperture, aperture_photometry
warnings.simplefilter("ignore")
image, out, taps, left, *thresholds = sys.argv[1:]
data = fits.getdata(image).astype("f4")
mask = ~np.isfinite(data)
sky = Background2D(data, 64, mask=mask, bkg_estimator=SExtractorBackground())
data = data - sky.background
taps = np.array(taps.split(","), float)
smooth = convolve(data, np.outer(taps, taps), preserve_nan=True)
for threshold in thresholds:
    found = detect_sources(smooth, float(threshold) * float(left) * sky.background_rms, 3, mask=mask)
    parts = deblend_sources(smooth, found, 3, n_levels=32, contrast=0.001, progress_bar=False)
    rows = SourceCatalog(data, parts, mask=mask)
    centre = np.where(np.isfinite(rows.centroid_win), rows.centroid_win, rows.centroid)
    flux = aperture_photometry(data, CircularAperture(centre, 5.0), mask=mask)["aperture_sum"]
    Table({"x": centre[:, 0], "y": centre[:, 1], "flux": flux}).write(f"{out}_{threshold}.fits", overwrite=True)
"""

SEXTRACTOR = """CATALOG_NAME {out}
CATALOG_TYPE FITS_1.0
PARAMETERS_NAME {folder}/out.param
FILTER_NAME {folder}/kernel.conv
DETECT_MINAREA 3
DETECT_THRESH {threshold}
ANALYSIS_THRESH {threshold}
DEBLEND_NTHRESH 32
DEBLEND_MINCONT 0.001
PHOT_APERTURES 10
SATUR_LEVEL 1e9
SEEING_FWHM 0.0848
PIXEL_SCALE 0.03
BACK_SIZE 64
MEMORY_PIXSTACK 3000000
VERBOSE_TYPE QUIET
STARNNW_NAME /usr/share/source-extractor/default.nnw
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="jwstpipe,source-extractor,sep,photutils")
    parser.add_argument("--keep", type=Path, help="folder for the field and the catalogues; default: a temporary one")
    parser.add_argument("--thresholds", type=float, nargs="+", default=[3.8, 4.1, 4.4, 4.7])
    parser.add_argument("--seed", type=int, default=12, help="of the field; a folder of --keep holds one field")
    parser.add_argument("--options", default="", help="more options of `jwstpipe detect`")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as temporary:
        work = chosen.keep or Path(temporary)
        scene = write_scene(work, chosen.side, seed=chosen.seed)
        print(f"{chosen.side}^2, {len(scene.x)} sources, {scene.star.sum()} of them stars; {chosen.threads} threads\n")
        print(f"{'':18s} {'wall s':>7s} {'CPU s':>7s} {'MB':>6s} {'sigma':>6s} {'rows':>6s}", end=" ")
        print("recall " + " ".join(f"{f'{a:g}-{b:g}':>7s}" for a, b in BINS), "  centre px  flux bias  scatter")
        engines = {
            "jwstpipe": _ours, "source-extractor": _sextractor, "sep": _sep, "photutils": _photutils,
        }  # fmt: skip
        for name in chosen.only.split(","):
            cost, catalogues = engines[name](scene, work, chosen)
            if cost is not None:
                _tell(name, cost, {key: _scored(table, scene) for key, table in catalogues.items()})


def _ours(scene, work, chosen):
    env = {"JWSTPIPE_EXECUTION__WORKERS": str(chosen.threads)}

    def command(threshold):
        words = [
            sys.executable,
            "-m",
            "jwstpipe",
            "detect",
            str(scene.image),
            "-o",
            str(work / f"ours_{threshold}.fits"),
        ]
        return [*words, "--threshold", str(threshold), "--overwrite", *chosen.options.split()]

    found = {}
    for threshold in chosen.thresholds:
        run(command(threshold), folder=work, env=env)
        rows = Table.read(work / f"ours_{threshold}.fits")
        x, y = np.asarray(rows["x_centroid"]), np.asarray(rows["y_centroid"])
        found[threshold] = x, y, _sums(scene, x, y, np.asarray(rows["background"]))
    return best(command(4.4), folder=work, env=env), found


def _sums(scene, x, y, sky):
    """Sum circles on the image, less the sky that the catalogue gives; a sample that is missing is the mean of all."""
    from photutils.aperture import CircularAperture, aperture_photometry

    data = fits.getdata(scene.image)
    missing = ~np.isfinite(data)
    sums = aperture_photometry(data, CircularAperture(np.column_stack([x, y]), RADIUS), mask=missing)["aperture_sum"]
    share = aperture_photometry(1.0 - missing, CircularAperture(np.column_stack([x, y]), RADIUS))["aperture_sum"]
    return np.asarray(sums) - sky * np.asarray(share)


def _sextractor(scene, work, chosen):
    if not shutil.which("source-extractor"):
        print("source-extractor: not installed (Debian: apt install source-extractor), left out")
        return None, {}
    kernel = "\n".join(" ".join(f"{a * b:.8f}" for a in TAPS) for b in TAPS)
    (work / "kernel.conv").write_text(f"CONV NORM\n{kernel}\n")
    (work / "out.param").write_text(
        "NUMBER\nXWIN_IMAGE\nYWIN_IMAGE\nX_IMAGE\nY_IMAGE\nFLUX_APER\nFLAGS\nISOAREA_IMAGE\n"
    )

    def command(threshold):
        config, out = work / f"sextractor_{threshold}.conf", work / f"sextractor_{threshold}.fits"
        config.write_text(SEXTRACTOR.format(out=out, folder=work, threshold=threshold * LEFT))
        return ["source-extractor", f"{scene.image}", "-c", str(config)]

    found = {}
    for threshold in chosen.thresholds:
        run(command(threshold), folder=work)
        rows = Table.read(work / f"sextractor_{threshold}.fits", hdu=1)
        found[threshold] = rows["XWIN_IMAGE"] - 1.0, rows["YWIN_IMAGE"] - 1.0, np.asarray(rows["FLUX_APER"])
    return best(command(4.4), folder=work), found


def _sep(scene, work, chosen):
    return _script("sep", "sep", SEP, scene, work, chosen)


def _photutils(scene, work, chosen):
    return _script("photutils", "skimage", PHOTUTILS, scene, work, chosen)


def _script(name, needed, text, scene, work, chosen):
    if importlib.util.find_spec(name) is None or importlib.util.find_spec(needed) is None:
        print(f"{name}: not installed (it needs {needed}), left out")
        return None, {}
    script, out = work / f"{name}_run.py", work / name
    script.write_text(text)
    words = [sys.executable, str(script), str(scene.image), str(out), ",".join(map(str, TAPS)), str(LEFT)]
    run([*words, *map(str, chosen.thresholds)], folder=work)
    found = {}
    for threshold in chosen.thresholds:
        rows = Table.read(f"{out}_{threshold}.fits")
        found[threshold] = tuple(np.asarray(rows[key]) for key in ("x", "y", "flux"))
    return best([*words, "4.4"], folder=work, times=1 if name == "photutils" else 2), found


def _scored(table, scene):
    """Precision, recall by S/N, and how well bright stars that stand alone are measured."""
    x, y, flux = table
    good = np.isfinite(x) & np.isfinite(y)
    found = np.column_stack([x[good], y[good]])
    truth = np.column_stack([scene.x, scene.y])
    tree = cKDTree(truth)
    pairs = cKDTree(found).sparse_distance_matrix(tree, REACH, output_type="coo_matrix")
    order = np.argsort(pairs.data, kind="stable")
    mine, theirs = np.full(len(found), -1), np.full(len(truth), -1)
    for k in order:  # one to one, the nearest first
        a, b = pairs.row[k], pairs.col[k]
        if mine[a] < 0 and theirs[b] < 0:
            mine[a], theirs[b] = b, a
    side = fits.getheader(scene.image, 1)["NAXIS1"]
    inner = ((truth > MARGIN) & (truth < side - MARGIN)).all(axis=1)
    inside = ((found > MARGIN) & (found < side - MARGIN)).all(axis=1)
    apart = _resolvable(truth, scene.flux, tree)
    distance, _ = tree.query(truth, k=2)
    near_galaxy = _near_galaxy(scene, truth)
    sharp = inner & scene.star & (scene.snr > 100) & (distance[:, 1] > 14) & ~near_galaxy & (theirs >= 0)
    away = np.hypot(*(found[theirs[sharp]] - truth[sharp]).T)
    ratio = flux[good][theirs[sharp]] / (scene.flux[sharp] * (1 - np.exp(-(RADIUS**2) / (2 * SIGMA**2)))) - 1
    ratio = ratio[np.isfinite(ratio)]
    recall = [(theirs[inner & apart & (scene.snr >= a) & (scene.snr < b)] >= 0).mean() for a, b in BINS]
    return {
        "rows": int(inside.sum()), "precision": float((mine[inside] >= 0).mean()), "recall": recall,
        "centre": float(np.median(away)), "bias": float(np.median(ratio)),
        "scatter": float(1.4826 * np.median(np.abs(ratio - np.median(ratio)))),
    }  # fmt: skip


def _resolvable(truth, flux, tree):
    """Leave out sources nearer than a full width to a brighter one: nobody sees them."""
    kept = np.ones(len(truth), bool)
    for a, b in tree.query_pairs(2.355 * SIGMA):
        kept[a if flux[a] < flux[b] else b] = False
    return kept


def _near_galaxy(scene, truth):
    near = np.zeros(len(truth), bool)
    for group in cKDTree(truth).query_ball_point(truth[~scene.star], 45.0):
        near[group] = True
    return near


def _tell(name, cost, scores):
    """Print a row: what it costs, and the scores at the common precision, between two thresholds."""
    keys = sorted(scores)
    precisions = np.maximum.accumulate([scores[key]["precision"] for key in keys])
    at = float(np.interp(PRECISION, precisions, keys))
    recall = [np.interp(at, keys, [scores[key]["recall"][k] for key in keys]) for k in range(len(BINS))]
    nearest = scores[min(keys, key=lambda key: abs(key - at))]
    print(
        f"{name:18s} {cost.seconds:7.2f} {cost.cpu_seconds:7.2f} {cost.peak_mb:6.0f} {at:6.2f} {nearest['rows']:6d}"
        f"        {' '.join(f'{one:7.4f}' for one in recall)}   {nearest['centre']:9.4f} {nearest['bias']:+10.1e}"
        f" {nearest['scatter']:8.4f}"
    )
    told = " ".join(
        f"{key}: {scores[key]['precision']:.4f}/" + "/".join(f"{one:.3f}" for one in scores[key]["recall"])
        for key in keys
    )
    print(f"{'':18s} precision/recall by threshold {told}", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    main()
