"""Light of a given shape (wisps, claws, rings of MIRI), bad pixels and persistence against simulated truth.

python benchmarks/cleaning/patterns.py FOLDER [--pixels 512] [--seed 31] [--dithers 4] [--detector NRCB4] [--own]
    [--none] [--plain]

With `--own` no template is given: the shape of wisps is found in the exposures. With `--none` neither is done. With
`--plain` the exposures have no artefacts: every sample and flag that changes is false.
"""

import argparse
from pathlib import Path

import numpy as np
from astropy.io import fits

import jwstpipe
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.images.open import open_image
from jwstpipe.simulate.artefacts.add import Cause, read_truth, truth_path
from jwstpipe.simulate.artefacts.amounts import Artefacts
from jwstpipe.simulate.artefacts.stray_light import WISPY, wisps
from jwstpipe.simulate.exposures import simulate_programme

FILTERS = {"NRCBLONG": "F444W", "MIRIMAGE": "F770W"}
KINDS = ("WISPS", "CLAWS", "RINGS")
BITS = ((Cause.HOT, "HOT"), (Cause.DEAD, "DEAD"), (Cause.PERSISTENCE, "PERSISTENCE"))


def amounts(detector, seed):
    """Choose what a detector has."""
    light = (
        {"wisps": 2.0} if detector in WISPY else {"claws": 2.0} if detector.startswith("NRC") else {"tree_rings": 0.5}
    )
    return Artefacts(
        row_noise=0.3, amplifier_noise=0.1, hot_pixels=4e-4, dead_pixels=4e-4, persistence=3.0, seed=seed, **light
    )


def stray(path):
    """Give the light that stays on the detector of an exposure, and how strong it is, relative to the usual."""
    truth = read_truth(truth_path(path))
    light = next((truth.light[kind] for kind in KINDS if kind in truth.light), np.zeros_like(truth.light["STRIPES"]))
    return light.astype(float), truth.facts.get("WISPS", 1.0), truth.facts["SIGMA"]


def template_of(path, detector, folder):
    """Write the light that stays on a detector, for its usual strength in units of the noise."""
    file = folder / f"light_{detector.lower()}.fits"
    if truth_path(path).exists():
        light, strength, sigma = stray(path)
        shape = (light / strength / sigma).astype(np.float32)
    else:
        shape = wisps(fits.getdata(path, "SCI").shape, detector)
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(shape, name="SCI")]).writeto(file, overwrite=True)
    return file


def light_left(made, path):
    """Print what is left of the light, over what was added: of their sum, and rms where they are noticeable."""
    image, (added, strength, sigma) = open_image(made.address), stray(path)
    found = made.results.get("wisps", {"strength": 0.0})
    left = np.nan_to_num(added - image.read("clean_model"))  # stripes are not taken here
    seen, dark = np.abs(added) > 0.3 * sigma, np.abs(added) < 0.03 * sigma
    rms = np.sqrt(np.mean(left[seen] ** 2) / np.mean(added[seen] ** 2)) if seen.any() else 0.0
    whole = left.sum() / added.sum() if seen.any() else 0.0
    print(
        f"  light: {found['strength']:.4f} of {strength * sigma:.4f} times the template, left {rms:.1%} (rms),"
        f" {whole:.1%} of the sum; taken where there is none {np.sqrt(np.mean(left[dark] ** 2)) / sigma:.3f} of the"
        " noise (rms)"
    )


def pixels_found(made, path):
    """Print which bad pixels were found, and which are none."""
    truth, after, before = read_truth(truth_path(path)), open_image(made.address).read("dq"), fits.getdata(path, "DQ")
    usable, words = (before & 1) == 0, []
    for cause, bit in BITS:
        true = ((truth.cause & int(cause)) != 0) & usable
        found = ((after & DQ_BITS[bit]) != 0) & usable
        words.append(f"{bit} {(found & true).sum()}/{true.sum()}, false {(found & (truth.cause == 0)).sum()}")
    claws = truth.light.get("CLAWS", np.zeros(after.shape)) / truth.facts["SIGMA"]
    found = ((after & DQ_BITS["OTHER_BAD_PIXEL"]) != 0) & usable
    bright, any_light = (claws > 0.5) & usable, claws > 0.02
    words.append(f"claws {(found & bright).sum()}/{bright.sum()}, false {(found & ~any_light).sum()}")
    print(f"  {'; '.join(words)} of {usable.sum()}")


def changed(made, path):
    """Print how many samples and flags changed."""
    image = open_image(made.address)
    with fits.open(path) as hdus:
        sci = ~np.isclose(image.read("sci"), hdus["SCI"].data, rtol=0, atol=0, equal_nan=True)
        print(f"  changed: {sci.sum()} samples, {(image.read('dq') != hdus['DQ'].data).sum()} flags")


def main():
    """Simulate, clean, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pixels", type=int, default=512)
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument("--dithers", type=int, default=4)
    parser.add_argument("--nebula", type=float, default=0.05)
    parser.add_argument("--detector", default="NRCB4")
    parser.add_argument("--own", action="store_true")
    parser.add_argument("--none", action="store_true")
    parser.add_argument("--plain", action="store_true")
    wanted = parser.parse_args()
    made = simulate_programme(
        wanted.folder / f"files{wanted.seed}", size="tiny", filters=(FILTERS.get(wanted.detector, "F200W"),),
        dithers=wanted.dithers, pixels=wanted.pixels, detectors=(wanted.detector,), products=("cal",),
        seed=wanted.seed, nebula=wanted.nebula, workers=2,
        artefacts=None if wanted.plain else amounts(wanted.detector, wanted.seed),
    )  # fmt: skip
    paths = [file.path for file in made.files]
    given = not wanted.own and not wanted.none
    templates = [template_of(paths[0], wanted.detector, wanted.folder)] if given else []
    cleaned = jwstpipe.clean(
        paths,
        wanted.folder / f"clean{wanted.seed}",
        wisp_template=templates,
        stripes="none",
        overwrite=True,
        wisps="auto" if wanted.own else "none",
    )
    for one, path in zip(cleaned, paths, strict=True):
        print(f"{path.name} {'; '.join(one.notes)}")
        if wanted.plain:
            changed(one, path)
        else:
            light_left(one, path)
            pixels_found(one, path)


if __name__ == "__main__":
    main()
