"""Wisps of a given shape, bad pixels, claws and persistence against the truth of simulated exposures.

python benchmarks/cleaning/patterns.py FOLDER [--pixels 512] [--seed 31] [--dithers 4] [--detector NRCB4] [--own]
    [--plain]

With `--own` no template is given: the shape of wisps is found in the exposures. With `--plain` the exposures have no
artefacts: every sample and flag that changes is false.
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
BITS = ((Cause.HOT, "HOT"), (Cause.DEAD, "DEAD"), (Cause.PERSISTENCE, "PERSISTENCE"))


def amounts(detector, seed):
    """Choose what a detector has."""
    light = {"wisps": 2.0} if detector in WISPY else {"claws": 2.0} if detector.startswith("NRC") else {}
    return Artefacts(
        row_noise=0.3, amplifier_noise=0.1, hot_pixels=4e-4, dead_pixels=4e-4, persistence=3.0, seed=seed, **light
    )


def template_of(path, detector, folder):
    """Write the wisps of a detector, for a strength of one in units of the noise."""
    file = folder / f"wisps_{detector.lower()}.fits"
    shape = fits.getdata(path, "SCI").shape
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(wisps(shape, detector), name="SCI")]).writeto(file, overwrite=True)
    return file


def light_left(made, path):
    """Print what is left of the wisps, over what was added: of their sum, and rms where they are noticeable."""
    truth, image = read_truth(truth_path(path)), open_image(made.address)
    added = truth.light.get("WISPS", np.zeros(image.shape, np.float32)).astype(float)
    found = made.results.get("wisps", {"strength": 0.0})
    left = np.nan_to_num(added - image.read("clean_model"))  # stripes are not taken here
    sigma = truth.facts["SIGMA"]
    seen, dark = added > 0.3 * sigma, added < 0.03 * sigma
    rms = np.sqrt(np.mean(left[seen] ** 2) / np.mean(added[seen] ** 2)) if seen.any() else 0.0
    whole = left.sum() / added.sum() if seen.any() else 0.0
    print(
        f"  wisps: strength {found['strength']:.4f} of {added.max():.4f}, left {rms:.1%} (rms), {whole:.1%} of their"
        f" sum; taken where there are none {np.sqrt(np.mean(left[dark] ** 2)) / sigma:.3f} of the noise (rms)"
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
    parser.add_argument("--plain", action="store_true")
    wanted = parser.parse_args()
    made = simulate_programme(
        wanted.folder / f"files{wanted.seed}", size="tiny", filters=(FILTERS.get(wanted.detector, "F200W"),),
        dithers=wanted.dithers, pixels=wanted.pixels, detectors=(wanted.detector,), products=("cal",),
        seed=wanted.seed, nebula=wanted.nebula, workers=2,
        artefacts=None if wanted.plain else amounts(wanted.detector, wanted.seed),
    )  # fmt: skip
    paths = [file.path for file in made.files]
    given = wanted.detector in WISPY and not wanted.own
    templates = [template_of(paths[0], wanted.detector, wanted.folder)] if given else []
    cleaned = jwstpipe.clean(
        paths, wanted.folder / f"clean{wanted.seed}", wisp_template=templates, stripes="none", overwrite=True
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
