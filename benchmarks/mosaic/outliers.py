"""Outliers found one by one, of two to twenty exposures: rays, good pixels, light of stars; beside the official step's.

python benchmarks/mosaic/outliers.py FOLDER [--band F090W] [--counts 2,3,4,20] [--official PYTHON_OF_AN_ENVIRONMENT]

Rays: the same exposures are simulated with and without them. On stars: where the light of stars is more than three
times the noise. Light: aperture of 3 pixels in the mosaic of exposures without rays, against the mosaic without
rejection.
"""

import argparse
import subprocess
from collections import defaultdict
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

import jwstpipe
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.images.open import open_image
from jwstpipe.mosaicking.placement import common_frame
from jwstpipe.mosaicking.warp import blocks
from jwstpipe.simulate.exposures import simulate_programme

OUTLIER = DQ_BITS["OUTLIER"] | DQ_BITS["DO_NOT_USE"]


def simulated(folder, band, count, pixels, seed, share):
    """Simulate exposures with rays and without."""
    options = {
        "size": "tiny", "filters": (band,), "dithers": count, "pixels": pixels, "detectors": ("NRCB1",),
        "products": ("cal",), "seed": seed, "nebula": 0.0, "workers": 2,
    }  # fmt: skip
    plain = simulate_programme(folder / f"plain{count}", **options)
    dirty = simulate_programme(folder / f"dirty{count}", residual_cosmic_rays=share, **options)
    return [file.path for file in plain.files], [file.path for file in dirty.files]


def rejected(names, grid, out):
    """Make a mosaic, and watch which pixels of the exposures are taken out."""
    gone, own = {}, blocks.contradicted

    def watched(found, layer, reference, band):
        before = layer.sci.copy()
        counted = own(found, layer, reference, band)
        whole = gone.setdefault(found.source.name, np.zeros(found.source.shape, bool))
        whole[layer.window.slices] |= (before != layer.sci) & np.isfinite(before)
        return counted

    blocks.contradicted = watched
    try:
        jwstpipe.mosaic(
            names, out, grid=grid, background="level", outliers="blot", overwrite=True, workers=ThreadWorkers(1)
        )
    finally:
        blocks.contradicted = own
    return [gone[Path(name).name] for name in names]


def official(python, names, out):
    """Let the official step flag the same files."""
    script = Path(__file__).with_name("outliers_official.py")
    subprocess.run([python, script, out, *names], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with np.load(out) as found:
        return [found[f"f{number}"] for number in range(len(names))]


def flagged(names, flags, folder):
    """Write exposures with the flags of the official step."""
    folder.mkdir(exist_ok=True)
    written = []
    for name, mask in zip(names, flags, strict=True):
        with fits.open(name) as hdus:
            hdus["DQ"].data = np.where(mask, hdus["DQ"].data | OUTLIER, hdus["DQ"].data)
            hdus.writeto(folder / Path(name).name, overwrite=True)
        written.append(folder / Path(name).name)
    return written


def rays_of(plain, dirty, sky):
    """Give the rays of 5 sigma, pixels on stars, and pixels that other exposures see, of each exposure."""
    found = []
    for clean, struck in zip(plain, dirty, strict=True):
        with fits.open(clean) as one, fits.open(struck) as other:
            away = other["SCI"].data - one["SCI"].data
            noise, light = one["ERR"].data, one["SCI"].data
            good = np.isfinite(away) & ((one["DQ"].data & 1) == 0) & ((other["DQ"].data & 1) == 0)
            level = np.nanmedian(light)
            quiet = np.nanmedian(noise[good])
        deep = sky.seen(clean) >= 2
        found.append(
            (good & deep & (away > 5 * noise), light - level > 3 * quiet, good & deep & (np.abs(away) < 0.5 * noise))
        )
    return found


class Sky:
    """How many exposures see a pixel."""

    def __init__(self, image):
        self.count, self.wcs = image.read("n"), WCS(image.header)

    def seen(self, name):
        """Look it up at the pixels of an exposure."""
        with fits.open(name) as hdus:
            header, shape = hdus["SCI"].header, hdus["SCI"].data.shape
        rows, columns = np.indices(shape)
        lon, lat = WCS(header).all_pix2world(columns.ravel(), rows.ravel(), 0)
        x, y = (np.rint(axis).astype(int) for axis in self.wcs.all_world2pix(lon, lat, 0))
        inside = (x >= 0) & (y >= 0) & (x < self.count.shape[1]) & (y < self.count.shape[0])
        out = np.zeros(x.size, int)
        out[inside] = self.count[y[inside], x[inside]]
        return out.reshape(shape)


def score(label, gone, truth):
    """Print what was found."""
    parts = {"flat": [0, 0], "stars": [0, 0]}
    false = good = 0
    for mask, (rays, star, fine) in zip(gone, truth, strict=True):
        for word, where in (("flat", ~star), ("stars", star)):
            parts[word][0] += int((rays & where & mask).sum())
            parts[word][1] += int((rays & where).sum())
        false, good = false + int((fine & mask).sum()), good + int(fine.sum())
    words = [f"{word} {100 * a / max(b, 1):5.1f} % of {b}" for word, (a, b) in parts.items()]
    print(f"  {label:9s} rays: {', '.join(words)}; false {false / good:.1e}")


def star_light(before, after):
    """Print what stars lost, by the number of exposures that see all of them."""
    plain, kept = open_image(before), open_image(after)
    a, b, n = plain.read("sci"), kept.read("sci"), plain.read("n")
    level, noise = np.nanmedian(a), np.nanmedian(plain.read("err"))
    work, ratios = np.nan_to_num(a - level, nan=-np.inf), defaultdict(list)
    rows, columns = np.indices(a.shape)
    for _ in range(150):
        y, x = np.unravel_index(np.argmax(work), work.shape)
        if work[y, x] < 20 * noise:
            break
        core = np.hypot(columns - x, rows - y) < 3.5
        work[np.hypot(columns - x, rows - y) < 9] = -np.inf
        if np.isfinite(a[core]).all() and n[core].min() >= 2:
            ratios[int(n[core].min())].append((b[core] - level).sum() / (a[core] - level).sum() - 1)
    for depth, found in sorted(ratios.items()):
        lost = np.array(found)
        print(
            f"    light of {lost.size} stars seen by {depth}: mean {lost.mean():+.3%}, worst {lost.min():+.2%};"
            f" {(lost < -2e-3).sum()} lose more than 0.2 %"
        )


def main():
    """Simulate, reject, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--band", default="F090W")
    parser.add_argument("--counts", default="2,3,4,20")
    parser.add_argument("--pixels", type=int, default=300)
    parser.add_argument("--seed", type=int, default=41)
    parser.add_argument("--rays", type=float, default=1e-3, help="share of pixels that are hit")
    parser.add_argument("--official", help="Python of an environment that has jwst")
    chosen = parser.parse_args()
    for count in map(int, chosen.counts.split(",")):
        plain, dirty = simulated(chosen.folder, chosen.band, count, chosen.pixels, chosen.seed, chosen.rays)
        grid = common_frame(plain)
        base = chosen.folder / f"m{count}.zarr"
        jwstpipe.mosaic(plain, base, grid=grid, background="level", overwrite=True)
        truth = rays_of(plain, dirty, Sky(open_image(base)))
        print(f"{chosen.band}, {count} exposures of {chosen.pixels} px:")
        kept = chosen.folder / f"kept{count}.zarr"
        score("jwstpipe", rejected(dirty, grid, chosen.folder / "r.zarr"), truth)
        rejected(plain, grid, kept)
        star_light(base, kept)
        if chosen.official:
            score("official", official(chosen.official, dirty, chosen.folder / "dirty.npz"), truth)
            names = flagged(
                plain, official(chosen.official, plain, chosen.folder / "plain.npz"), chosen.folder / f"off{count}"
            )
            jwstpipe.mosaic(names, kept, grid=grid, background="level", overwrite=True)
            star_light(base, kept)


if __name__ == "__main__":
    main()
