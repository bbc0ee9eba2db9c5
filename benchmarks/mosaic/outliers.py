"""Outliers found one by one, of two to twenty exposures: rays, good pixels, light of stars; beside the official step's.

python benchmarks/mosaic/outliers.py FOLDER [--band F090W] [--counts 2,3,4,20] [--official PYTHON_OF_AN_ENVIRONMENT]

Rays: the same exposures are simulated with and without them, and without noise. A ray has five sigma where it adds five
standard deviations of its pixel, the photons of a star there included; it stands out by five where the sample, with its
noise, lies so far above the true light. On stars: where their light is more than three times the noise. Light: aperture
of 3.5 pixels in the mosaic of exposures without rays, against the mosaic without rejection, of the stars of the
simulated catalogue, and of all peaks: those are speckles and spikes of bright stars, too.
"""

import argparse
import subprocess
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

import jwstpipe
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.images.open import open_image
from jwstpipe.mosaicking.placement import common_frame
from jwstpipe.mosaicking.warp import blocks
from jwstpipe.simulate import observe
from jwstpipe.simulate.exposures import simulate_programme

MOST = 2_000
"""Stars, and peaks, that are looked at."""

OUTLIER = DQ_BITS["OUTLIER"] | DQ_BITS["DO_NOT_USE"]


def simulated(folder, band, count, pixels, seed, share):
    """Simulate exposures with rays, without, and without noise, too; give the stars of their sky beside them."""
    options = {
        "size": "tiny", "filters": (band,), "dithers": count, "pixels": pixels, "detectors": ("NRCB1",),
        "products": ("cal",), "seed": seed, "nebula": 0.0, "workers": 2,
    }  # fmt: skip
    plain = simulate_programme(folder / f"plain{count}", **options)
    dirty = simulate_programme(folder / f"dirty{count}", residual_cosmic_rays=share, **options)
    with patch.object(observe, "_measure", still(observe._measure)):  # noqa: SLF001 - noise is nobody else's
        true = simulate_programme(folder / f"true{count}", **options)
    return *([file.path for file in made.files] for made in (plain, dirty, true)), plain.scene.stars


def still(measure):
    """Give what measures light without noise."""

    def measured(rng, exposure, light, seconds, fixed):
        return replace(measure(rng, exposure, light, seconds, fixed), sci=(light * fixed.flat).astype(np.float32))

    return measured


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


def rays_of(plain, dirty, true, sky):
    """Give of each exposure masks: rays of 5 sigma, rays that stand out by 5, pixels on stars, pixels without rays."""
    found = []
    for clean, struck, known in zip(plain, dirty, true, strict=True):
        with fits.open(clean) as one, fits.open(struck) as other:
            ray = other["SCI"].data - one["SCI"].data
            noise, light = one["ERR"].data, fits.getdata(known, "SCI")
            stands = other["SCI"].data - light > 5 * noise
            good = np.isfinite(ray) & ((one["DQ"].data & 1) == 0) & ((other["DQ"].data & 1) == 0)
            level = np.nanmedian(light)
            quiet = np.nanmedian(noise[good])
        good &= sky.seen(clean) >= 2
        hit = np.abs(ray) > 0.5 * noise
        found.append((good & (ray > 5 * noise), good & hit & stands, light - level > 3 * quiet, good & ~hit))
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
    parts = {kind: {"flat": [0, 0], "stars": [0, 0], "all": [0, 0]} for kind in ("of 5 sigma", "standing out by 5")}
    false = good = 0
    for mask, (rays, stand, star, fine) in zip(gone, truth, strict=True):
        for counts, which in zip(parts.values(), (rays, stand), strict=True):
            for word, where in (("flat", ~star), ("stars", star), ("all", star | True)):
                counts[word][0] += int((which & where & mask).sum())
                counts[word][1] += int((which & where).sum())
        false, good = false + int((fine & mask).sum()), good + int(fine.sum())
    for kind, counts in parts.items():
        words = [f"{word} {a} of {b} ({100 * a / max(b, 1):.1f} %)" for word, (a, b) in counts.items()]
        print(f"  {label:9s} rays {kind}: {', '.join(words)}")
    print(f"  {label:9s} good pixels lost {false / good:.1e}")


def star_light(before, after, stars, band):
    """Print what stars lost, and what peaks did, by the number of exposures that see all of them."""
    plain, kept = open_image(before), open_image(after)
    a, b, n = plain.read("sci"), kept.read("sci"), plain.read("n")
    level, noise = np.nanmedian(a), np.nanmedian(plain.read("err"))
    order = np.argsort(-stars.flux[band])[:MOST]
    places = np.stack(WCS(plain.header).all_world2pix(stars.ra[order], stars.dec[order], 0), axis=1)
    for word, found in (("stars", places), ("peaks", peaks(a - level, 20 * noise))):
        ratios, taken = defaultdict(list), np.zeros((0, 2))
        for x, y in found:
            y0, x0 = max(round(float(y)) - 5, 0), max(round(float(x)) - 5, 0)
            part = np.s_[y0 : round(float(y)) + 6, x0 : round(float(x)) + 6]
            rows, columns = np.indices(a[part].shape)
            away = np.hypot(columns + x0 - x, rows + y0 - y)
            core, alone = away < 3.5, not (np.hypot(*(taken - (x, y)).T) < 9).any()
            if not core.any() or not alone or not np.isfinite(a[part][core]).all() or n[part][core].min() < 2:
                continue
            if (a[part][away < 1.5] - level).max() > 20 * noise:
                taken = np.vstack([taken, (x, y)])
                lost = (b[part][core] - level).sum() / (a[part][core] - level).sum() - 1
                ratios[int(n[part][core].min())].append(lost)
        for depth, losses in sorted(ratios.items()):
            lost = np.array(losses)
            print(
                f"    light of {lost.size} {word} seen by {depth}: mean {lost.mean():+.3%}, worst {lost.min():+.2%};"
                f" {(lost < -2e-3).sum()} lose more than 0.2 %"
            )


def peaks(light, least):
    """Give the places (x, y) of what is brightest, nine pixels apart."""
    work, found = np.nan_to_num(light, nan=-np.inf), []
    rows, columns = np.indices(light.shape)
    while len(found) < MOST:
        y, x = np.unravel_index(np.argmax(work), work.shape)
        if work[y, x] < least:
            break
        work[np.hypot(columns - x, rows - y) < 9] = -np.inf
        found.append((x, y))
    return np.array(found, float).reshape(-1, 2)


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
        plain, dirty, true, stars = simulated(
            chosen.folder, chosen.band, count, chosen.pixels, chosen.seed, chosen.rays
        )
        grid = common_frame(plain)
        base = chosen.folder / f"m{count}.zarr"
        jwstpipe.mosaic(plain, base, grid=grid, background="level", overwrite=True)
        truth = rays_of(plain, dirty, true, Sky(open_image(base)))
        print(f"{chosen.band}, {count} exposures of {chosen.pixels} px:")
        kept = chosen.folder / f"kept{count}.zarr"
        score("jwstpipe", rejected(dirty, grid, chosen.folder / "r.zarr"), truth)
        rejected(plain, grid, kept)
        star_light(base, kept, stars, chosen.band)
        if chosen.official:
            score("official", official(chosen.official, dirty, chosen.folder / "dirty.npz"), truth)
            names = flagged(
                plain, official(chosen.official, plain, chosen.folder / "plain.npz"), chosen.folder / f"off{count}"
            )
            jwstpipe.mosaic(names, kept, grid=grid, background="level", overwrite=True)
            star_light(base, kept, stars, chosen.band)


if __name__ == "__main__":
    main()
