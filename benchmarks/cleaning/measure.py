"""Cleaning against the truth of simulated exposures: stripes, snowballs, depth; and the time of a frame of 2048 x 2048.

python benchmarks/cleaning/measure.py FOLDER [--pixels 1024] [--nebula 0.05]
"""

import argparse
import time
from pathlib import Path

import numpy as np
from astropy.io import fits
from scipy.ndimage import label

import jwstpipe
from jwstpipe.cleaning.blot import Under
from jwstpipe.cleaning.destripe import destripe
from jwstpipe.cleaning.events import flagged_events
from jwstpipe.cleaning.frame import Frame
from jwstpipe.images.open import open_image
from jwstpipe.numerics.robust import clipped_noise
from jwstpipe.simulate.artefacts.add import Cause, read_truth, truth_path
from jwstpipe.simulate.artefacts.amounts import Artefacts
from jwstpipe.simulate.artefacts.stripes import stripes
from jwstpipe.simulate.exposures import simulate_programme

AMOUNTS = Artefacts(
    row_noise=0.4, amplifier_noise=0.2, odd_even=0.2, pedestal=0.3, snowballs=6.0, unflagged=0.3, seed=3
)
BANDS = 4


def speed(side=2048):
    """Time one frame without reading and writing, after everything is compiled."""
    rng = np.random.default_rng(0)
    sci = rng.normal(0.2, 0.05, (side, side)).astype(np.float32)
    sci += 0.05 * stripes(sci.shape, AMOUNTS, rng, along_rows=True)
    noise, blot = np.full(sci.shape, 0.05, np.float32), rng.normal(0.2, 0.025, sci.shape).astype(np.float32)
    dq = np.where(rng.random(sci.shape) < 0.02, np.uint32(4), np.uint32(0)).astype(np.uint32)
    frame = Frame("frame", sci, dq, noise, 1.0 / noise**2)
    under = Under(blot, np.full(sci.shape, 4.0, np.float32), 4)
    for _ in range(2):
        began = time.perf_counter()
        destripe(frame, under, ("rows",), amplifiers=BANDS, odd_even=True)
        middle = time.perf_counter()
        flagged_events(dq)
        end = time.perf_counter()
    print(f"{side} x {side}: stripes {middle - began:.2f} s, flagged events {end - middle:.2f} s")


def _bands(values):
    parts = np.where(np.isfinite(values), values, 0.0).reshape(values.shape[0], BANDS, -1)
    return parts.sum(axis=2) / np.maximum(np.isfinite(values).reshape(parts.shape).sum(axis=2), 1)


def _fast(levels, rows=25):
    kernel = np.full(rows, 1.0 / rows)
    return levels - np.apply_along_axis(lambda one: np.convolve(one, kernel, mode="same"), 0, levels)


def compare(made, path):
    """Print how far what was taken is from what was added."""
    truth, image = read_truth(truth_path(path)), open_image(made.address)
    dq, before = image.read("dq"), fits.getdata(path, "DQ")
    wrong, true = _bands(image.read("clean_model") - truth.light["STRIPES"]), _bands(truth.light["STRIPES"])
    used = _bands(((before & 1) == 0).astype(float))
    good = used > 0.7
    floor = truth.facts["SIGMA"] / np.sqrt(dq.shape[1] / BANDS * used[good].mean())
    balls = (truth.cause & int(Cause.SNOWBALL)) != 0
    new = ((dq & 1) != 0) & ((before & 1) == 0)
    labels, count = label(balls)
    masked = [bool(((dq & 1) != 0)[labels == number].mean() > 0.9) for number in range(1, count + 1)]
    print(
        f"{path.name}: stripes {clipped_noise(true[good]) / floor:.2f} of the floor,"
        f" left {clipped_noise(wrong[good]) / floor:.2f},"
        f" of it faster than 25 rows {clipped_noise(_fast(wrong)[good]) / floor:.2f};"
        f" snowballs masked {sum(masked)}/{count}, good pixels lost {(new & ~balls).mean():.3%}"
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
    print(f"noise of boxes: {found}; recovered {back:.0%}")


def main():
    """Simulate, clean, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pixels", type=int, default=1024)
    parser.add_argument("--nebula", type=float, default=0.05)
    wanted = parser.parse_args()
    speed()
    options = {
        "size": "tiny", "filters": ("F200W",), "dithers": 4, "pixels": wanted.pixels, "detectors": ("NRCB4",),
        "products": ("cal",), "seed": 4, "nebula": wanted.nebula, "workers": 2,
    }  # fmt: skip
    sets = {
        name: [file.path for file in simulate_programme(wanted.folder / name, artefacts=amounts, **options).files]
        for name, amounts in (("dirty", AMOUNTS), ("plain", None))
    }
    made = jwstpipe.clean(sets["dirty"], wanted.folder / "clean", overwrite=True)
    for one, path in zip(made, sets["dirty"], strict=True):
        compare(one, path)
    depth(wanted.folder, {**sets, "clean": [one.address for one in made]})


if __name__ == "__main__":
    main()
