"""Cleaning against the truth of simulated exposures: stripes, stars, nebulae, large events, depth; the time of a frame.

python benchmarks/cleaning/measure.py FOLDER [--set sw lw niriss miri nebula quiet balls showers time] [--seed 211]
"""

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from astropy.io import fits
from photutils.aperture import CircularAperture, aperture_photometry
from scipy.ndimage import label, maximum_filter, uniform_filter1d

import jwstpipe
from jwstpipe.cleaning.blot import Under
from jwstpipe.cleaning.destripe import destripe
from jwstpipe.cleaning.events import flagged_events
from jwstpipe.cleaning.frame import Frame
from jwstpipe.images.open import open_image
from jwstpipe.numerics.robust import clipped_noise
from jwstpipe.simulate import observe
from jwstpipe.simulate.artefacts.add import Cause, read_truth, truth_path
from jwstpipe.simulate.artefacts.amounts import Artefacts
from jwstpipe.simulate.artefacts.stripes import stripes
from jwstpipe.simulate.exposures import simulate_programme

STRIPES = Artefacts(row_noise=0.4, amplifier_noise=0.2, odd_even=0.2, pedestal=0.3)
BALLS = replace(STRIPES, snowballs=5.0, unflagged=0.3)
SHOWERS = replace(STRIPES, showers=3.0, flagged_showers=0.5)
BOTH = Artefacts(row_noise=0.3, column_noise=0.3, amplifiers=1)


@dataclass(frozen=True)
class Set:
    """A simulated programme of one detector."""

    filter: str
    detector: str
    amounts: Artefacts | None
    pixels: int
    nebula: float
    dithers: int = 4
    bands: int = 4
    turned: bool = False
    """Made into one of NIRISS: its fast axis is that of the columns."""


WHOLE = 0.7
"""Share of the pixels of a row of an amplifier that must be usable for its level to count."""

FAST = 25

SETS = {
    "sw": Set("F200W", "NRCB4", STRIPES, 640, 0.0),
    "faint": Set("F200W", "NRCB4", STRIPES, 640, 0.05),
    "lw": Set("F444W", "NRCBLONG", STRIPES, 512, 0.0),
    "niriss": Set("F444W", "NRCBLONG", STRIPES, 512, 0.0, turned=True),
    "miri": Set("F770W", "MIRIMAGE", BOTH, 512, 0.0, bands=1),
    "nebula": Set("F200W", "NRCB4", STRIPES, 576, 3.0),
    "quiet": Set("F200W", "NRCB4", None, 576, 3.0),
    "balls": Set("F200W", "NRCB4", BALLS, 768, 0.0),
    "showers": Set("F200W", "NRCB4", SHOWERS, 640, 0.0),
}


def speed(side=2048):
    """Time one frame without reading and writing, after everything is compiled: processor time of one thread."""
    rng = np.random.default_rng(0)
    sci = rng.normal(0.2, 0.05, (side, side)).astype(np.float32)
    sci += 0.05 * stripes(sci.shape, STRIPES, rng, along_rows=True)
    noise, blot = np.full(sci.shape, 0.05, np.float32), rng.normal(0.2, 0.025, sci.shape).astype(np.float32)
    dq = np.where(rng.random(sci.shape) < 0.02, np.uint32(4), np.uint32(0)).astype(np.uint32)
    frame = Frame("frame", sci, dq, noise, 1.0 / noise**2)
    under = Under(blot, np.full(sci.shape, 4.0, np.float32), 4)
    for _ in range(3):
        began = time.process_time()
        destripe(frame, under, ("rows",), amplifiers=4, odd_even=True)
        middle = time.process_time()
        flagged_events(dq)
        end = time.process_time()
    print(f"{side} x {side}: stripes {middle - began:.2f} s, flagged events {end - middle:.2f} s")


def as_niriss(path, amounts, number):
    """Make an exposure of the long-wave channel into one whose stripes run along y."""
    with fits.open(path, mode="update") as hdus, fits.open(truth_path(path), mode="update") as truth:
        sigma = np.float32(truth[0].header["SIGMA"])
        rng = np.random.default_rng([amounts.seed, number])
        new = sigma * stripes(hdus["SCI"].shape, amounts, rng, along_rows=False)
        hdus["SCI"].data += new - truth["STRIPES"].data
        truth["STRIPES"].data = new
        hdus[0].header.update(INSTRUME="NIRISS", DETECTOR="NIS", FASTAXIS=-2, SLOWAXIS=-1)
        hdus[0].header.remove("CHANNEL", ignore_missing=True)


def still(measure):
    """Give what measures light without noise."""

    def measured(rng, exposure, light, seconds, fixed):
        return replace(measure(rng, exposure, light, seconds, fixed), sci=(light * fixed.flat).astype(np.float32))

    return measured


def simulated(folder, one, seed):
    """Simulate a set with its artefacts, without them, and without artefacts and noise."""
    options = {
        "size": "tiny", "filters": (one.filter,), "dithers": one.dithers, "pixels": one.pixels,
        "detectors": (one.detector,), "products": ("cal",), "seed": seed, "nebula": one.nebula, "workers": 1,
    }  # fmt: skip
    amounts = None if one.amounts is None else replace(one.amounts, seed=seed + 1000)
    with patch.object(observe, "_measure", still(observe._measure)):  # noqa: SLF001 - noise is nobody else's
        made = simulate_programme(folder / "still", **options)
    sets = {"still": [file.path for file in made.files]}
    sets |= {"plain": [file.path for file in simulate_programme(folder / "plain", **options).files]}
    if amounts is None:
        return {**sets, "dirty": sets["plain"]}
    made = simulate_programme(folder / "dirty", artefacts=amounts, **options)
    sets["dirty"] = [file.path for file in made.files]
    for number, path in enumerate(sets["dirty"] if one.turned else ()):
        as_niriss(path, amounts, number)
    for path in sets["plain"] if one.turned else ():
        fits.setval(path, "INSTRUME", value="NIRISS")
    return sets


def _bands(values, bands):
    known = np.isfinite(values).reshape(values.shape[0], bands, -1)
    sums = np.where(known, values.reshape(known.shape), 0.0).sum(axis=2)
    return sums / np.maximum(known.sum(axis=2), 1)


def rms(values):
    """Give the root of the mean square about the mean, and the same of all but the few that lie far off."""
    return float(np.std(values)), float(clipped_noise(values))


def compare(made, paths, one):
    """Print how far an exposure is from what it would be without artefacts.

    Parameters
    ----------
    made
        The cleaned exposure.
    paths
        Of the files as they came (``dirty``), without artefacts (``plain``), and without noise, too (``still``).
    one
        Its set.
    """
    image = open_image(made.address)
    dirty, plain, light = (fits.getdata(paths[name], "SCI").astype(float) for name in ("dirty", "plain", "still"))
    dq, before = image.read("dq"), fits.getdata(paths["dirty"], "DQ")
    facts = made.results["stripes"]
    told = {axis: (facts[axis]["before"], facts[axis]["after"], facts[axis]["taken"]) for axis in facts}
    name = paths["dirty"].name
    if one.amounts is None:
        print(f"{name}: {told}, rms taken {made.results['taken_rms'] / made.results['noise']:.3f} of the noise")
        return np.zeros(3)
    truth = read_truth(truth_path(paths["dirty"]))
    cleaned = dirty - image.read("clean_model")
    striped = plain + truth.light["STRIPES"]  # without snowballs
    noise = plain - light
    usable = ((before & 1) == 0) & np.isfinite(noise)
    usable &= np.abs(noise) < 5.0 * truth.facts["SIGMA"]  # photons of bright stars are no floor of rows
    print(f"{name}: pixels {rms((cleaned - dirty + striped - light)[usable])[0] / rms(noise[usable])[0]:.4f}")
    for axis in facts:
        bands = one.bands if len(facts) == 1 else 1
        parts = [striped - light, striped - light + cleaned - dirty, striped - plain + cleaned - dirty, noise]
        stripes_left(axis, parts, usable, bands)
        print(f"    told {told[axis]}")
    balls = (truth.cause & int(Cause.SNOWBALL | Cause.SHOWER)) != 0
    new = ((dq & 1) != 0) & ((before & 1) == 0)
    labels, count = label(balls)
    masked = sum(bool(((dq & 1) != 0)[labels == number].mean() > 0.9) for number in range(1, count + 1))
    return np.array([masked, count, (new & ~balls).mean()])


def stripes_left(axis, parts, usable, bands):
    """Print the scatter of levels of rows, over that which noise alone gives them: all, and all but the far ones."""
    turned = [np.where(usable, part, np.nan) for part in parts]
    turned = [part.T for part in turned] if axis == "columns" else turned
    share = np.isfinite(turned[0]).reshape(turned[0].shape[0], bands, -1).mean(axis=2)
    good = share > WHOLE
    levels = [_bands(part, bands) for part in turned]
    fast = [one - uniform_filter1d(one, FAST, axis=0) for one in levels]
    floor, fast_floor = rms(levels[3][good])[0], rms(fast[3][good])[0]
    words = []
    for word, level in zip(("before", "after", "beside the same without stripes"), levels, strict=False):
        words.append(f"{word} {rms(level[good])[0] / floor:.2f} ({rms(level[good])[1] / floor:.2f})")
    quick = [f"{rms(fast[number][good])[0] / fast_floor:.2f}" for number in (1, 2)]
    print(f"  {axis}: {', '.join(words)}; faster than {FAST} rows {' and '.join(quick)}")


def stars(made, dirty, plain):
    """Print what stars gain or lose: the light of apertures that was taken wrongly, beside that of the star."""
    found = []
    for one, path, clean in zip(made, dirty, plain, strict=True):
        image, sci = open_image(one.address), fits.getdata(clean, "SCI")
        with_stripes = fits.getdata(path, "SCI")
        true = (with_stripes - sci).astype(float)
        wrong = np.nan_to_num(image.read("clean_model") - true)
        light = np.nan_to_num(sci - np.nanmedian(sci))
        peak = (light == maximum_filter(light, 25)) & (light > 40.0 * one.results["noise"])
        peak[:20], peak[-20:], peak[:, :20], peak[:, -20:] = False, False, False, False
        places = np.argwhere(peak)[:, ::-1]
        if not len(places):
            continue
        inner, outer = (CircularAperture(places, radius) for radius in (4.0, 9.0))
        known = np.isfinite(sci).astype(float)
        complete = aperture_photometry(known, inner)["aperture_sum"] > 0.999 * inner.area
        level = [
            (aperture_photometry(part, outer)["aperture_sum"] - aperture_photometry(part, inner)["aperture_sum"])
            * (inner.area / (outer.area - inner.area)) for part in (wrong, light)
        ]  # fmt: skip
        lost, flux = (
            np.asarray(aperture_photometry(part, inner)["aperture_sum"] - sky)[complete]
            for part, sky in zip((wrong, light), level, strict=True)
        )
        bright = flux > 30.0 * one.results["noise"] * np.sqrt(inner.area)
        found.append(np.stack([lost, flux])[:, bright])
    lost, flux = np.concatenate(found, axis=1)
    share = lost / flux
    print(
        f"{share.size} stars: flux taken, mean {share.mean():.3%}, weighted {lost.sum() / flux.sum():.4%},"
        f" median of the amounts {np.median(np.abs(share)):.3%}, of the brightest fifth"
        f" {np.abs(share[flux > np.quantile(flux, 0.8)]).max():.3%} at most"
    )


def nebula_bias(made, dirty, plain, side=32):
    """Print how far the brightness of boxes of a nebula is off, where it is well above the sky."""
    worst = []
    for one, path, clean in zip(made, dirty, plain, strict=True):
        sci = fits.getdata(clean, "SCI")
        wrong = open_image(one.address).read("clean_model") - (fits.getdata(path, "SCI") - sci)
        cut = np.s_[: sci.shape[0] // side * side, : sci.shape[1] // side * side]
        shape = (sci.shape[0] // side, side, sci.shape[1] // side, side)
        boxes = [
            np.nanmedian(part[cut].reshape(shape).swapaxes(1, 2).reshape(shape[0], shape[2], -1), axis=2)
            for part in (wrong - np.nanmedian(wrong), sci)
        ]
        bright = boxes[1] > np.nanpercentile(boxes[1], 50)
        worst.append((boxes[0] / boxes[1])[bright])
    bias = np.concatenate(worst)
    print(
        f"nebula, {bias.size} boxes of {side} pixels: bias rms {bias.std():.3%}, mean {bias.mean():.3%},"
        f" worst {np.abs(bias).max():.3%}"
    )


def depth(folder, names):
    """Print the noise of boxes of 4 x 4 pixels of mosaics, of what lies between sources."""
    found = {}
    for name, files in names.items():
        out = folder / f"mosaic-{name}.zarr"
        jwstpipe.mosaic(files, out, background="level", combine="clipped", overwrite=True)
        values = open_image(out).read("sci")
        side = 4
        cut = values[: values.shape[0] // side * side, : values.shape[1] // side * side]
        boxes = cut.reshape(cut.shape[0] // side, side, -1, side).mean(axis=(1, 3))
        steps = boxes[5:] - boxes[:-5]
        found[name] = clipped_noise(steps[np.isfinite(steps)]) / np.sqrt(2.0)
    back = (found["dirty"] - found["clean"]) / (found["dirty"] - found["plain"])
    print("noise of boxes:", {key: round(float(value), 5) for key, value in found.items()}, f"recovered {back:.0%}")


def measure(folder, name, seed, passes):
    """Simulate, clean, compare."""
    one = SETS[name]
    print(f"--- {name}, seed {seed}: {one.filter}, {one.pixels} pixels, nebula {one.nebula}, {one.dithers} dithers")
    sets = simulated(folder, one, seed)
    made = jwstpipe.clean(sets["dirty"], folder / "clean", passes=passes, overwrite=True)
    paths = [dict(zip(sets, own, strict=True)) for own in zip(*sets.values(), strict=True)]
    counts = np.array([compare(clean, own, one) for clean, own in zip(made, paths, strict=True)])
    if one.amounts is not None and (number := one.amounts.snowballs + one.amounts.showers):
        masked, count, lost = counts.sum(axis=0)
        area = one.pixels**2 / 2048**2
        print(
            f"large events masked {masked:.0f}/{count:.0f}, good pixels lost {lost / len(counts):.3%} at"
            f" {number / area / 5.0:.1f} times five in a frame of the real size"
        )
    stars(made, sets["dirty"], sets["plain"])
    if one.nebula > 1.0:
        nebula_bias(made, sets["dirty"], sets["plain"])
    if one.amounts is not None:
        depth(folder, {"plain": sets["plain"], "dirty": sets["dirty"], "clean": [one.address for one in made]})


def main():
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", nargs="*", default=[*SETS, "time"], choices=[*SETS, "time"], dest="names")
    parser.add_argument("--seed", type=int, default=211)
    parser.add_argument("--passes", type=int, default=2)
    parser.add_argument("--pixels", type=int)
    wanted = parser.parse_args()
    for name in wanted.names:
        if name == "time":
            speed()
            continue
        if wanted.pixels:
            SETS[name] = replace(SETS[name], pixels=wanted.pixels)
        measure(wanted.folder / f"{name}-{wanted.seed}", name, wanted.seed, wanted.passes)


if __name__ == "__main__":
    main()
