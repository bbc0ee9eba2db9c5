"""What stays on a detector: wisps, claws, hot and dead pixels, persistence; against the truth of the simulation."""

import numpy as np
import pytest
from astropy.io import fits
from jwstpipe.cleaning.pattern.calibrate import fit_strengths, solve_pattern

import jwstpipe
from jwstpipe.cleaning.pattern.cells import Cells
from jwstpipe.cleaning.pattern.order import Taken, before_each, by_detector
from jwstpipe.errors import DataError, UsageError
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.images.open import open_image
from jwstpipe.simulate.artefacts.add import Cause, read_truth, truth_path
from jwstpipe.simulate.artefacts.amounts import Artefacts
from jwstpipe.simulate.exposures import simulate_programme

AMOUNTS = Artefacts(wisps=2.0, hot_pixels=5e-4, dead_pixels=5e-4, persistence=4.0, seed=17)
SIDE, STRENGTHS = 48, np.array([0.5, 1.4, 0.8, 1.3])


def blob(shape, y, x, width):
    rows, columns = np.indices(shape)
    return np.exp(-0.5 * ((rows - y) ** 2 + (columns - x) ** 2) / width**2)


@pytest.fixture
def seen():
    """Four dithers of a pattern, as the residuals from a mosaic that has its share of it."""
    rng = np.random.default_rng(3)
    light = blob((SIDE, SIDE), 22, 25, 5.0) + 0.6 * blob((SIDE, SIDE), 30, 14, 4.0)
    shifts = [(0, 0), (5, 4), (-4, 5), (3, -6)]
    sky, count = np.zeros((SIDE + 20, SIDE + 20)), np.zeros((SIDE + 20, SIDE + 20))
    for (dy, dx), strength in zip(shifts, STRENGTHS, strict=True):
        sky[10 + dy : 10 + dy + SIDE, 10 + dx : 10 + dx + SIDE] += strength * light
        count[10 + dy : 10 + dy + SIDE, 10 + dx : 10 + dx + SIDE] += 1
    share = sky / np.maximum(count, 1)
    rows, columns = np.indices((SIDE, SIDE)).astype(float)
    found = []
    for (dy, dx), strength in zip(shifts, STRENGTHS, strict=True):
        rest = strength * light - share[10 + dy : 10 + dy + SIDE, 10 + dx : 10 + dx + SIDE]
        rest += rng.normal(0.0, 0.03, rest.shape)
        place = np.stack([rows + dy, columns + dx], axis=-1)
        found.append(Cells("x", rest, np.full(rest.shape, 0.03), place, 4))
    return light, found


def test_pattern_and_strengths_are_told_from_what_the_mosaic_has_of_them(seen):
    light, cells = seen
    found = solve_pattern(cells, varies=True)
    assert np.asarray(found.strengths) == pytest.approx(STRENGTHS / STRENGTHS.mean(), abs=0.06)
    wrong = found.light - STRENGTHS.mean() * light
    assert np.sqrt((wrong**2).sum() / (STRENGTHS.mean() * light**2).sum()) < 0.1
    assert fit_strengths(cells, light) == pytest.approx(STRENGTHS, abs=0.05)


def test_noise_alone_is_no_pattern(seen):
    rng = np.random.default_rng(5)
    _, cells = seen
    noise = [Cells("x", rng.normal(0.0, 0.03, one.rest.shape), one.error, one.place, 4) for one in cells]
    assert solve_pattern(noise, varies=True) is None
    assert solve_pattern(noise, varies=False) is None


def test_the_order_of_exposures_is_that_of_their_detector():
    taken = [
        Taken("A", 3.0, 0, (2, 2)),
        Taken("B", 1.0, 5, (2, 2)),
        Taken("A", 2.0, 7, (2, 2)),
        Taken("A", 0.0, 9, (2, 2)),
    ]
    assert by_detector(taken) == [[0, 2, 3], [1]]
    assert before_each(taken) == [2, None, None, None]


@pytest.fixture(scope="module")
def wispy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wispy")
    made = simulate_programme(
        folder / "files", size="tiny", filters=("F200W",), dithers=4, pixels=256, detectors=("NRCB4",),
        products=("cal",), seed=27, nebula=0.02, artefacts=AMOUNTS,
    )  # fmt: skip
    paths = [file.path for file in made.files]
    return folder, paths, jwstpipe.clean(paths, folder / "clean", stripes="none", snowballs="none")


def boxes(values, side=8):
    return np.nanmean(values.reshape(values.shape[0] // side, side, -1, side), axis=(1, 3))


def test_bad_pixels_and_persistence_are_flagged_and_say_why(wispy):
    _, paths, made = wispy
    count = {"HOT": [0, 0], "DEAD": [0, 0], "PERSISTENCE": [0, 0]}
    false = good = 0
    for one, path in zip(made, paths, strict=True):
        truth, after = read_truth(truth_path(path)), open_image(one.address).read("dq")
        before = fits.getdata(path, "DQ")
        usable = (before & 1) == 0
        for cause in (Cause.HOT, Cause.DEAD, Cause.PERSISTENCE):
            true = ((truth.cause & int(cause)) != 0) & usable
            own = ((after & DQ_BITS[cause.name]) != 0) & ((after & 1) != 0)
            count[cause.name][0] += int((own & true).sum())
            count[cause.name][1] += int(true.sum())
        false += int((((after & 1) != 0) & usable & (truth.cause == 0)).sum())
        good += int(usable.sum())
        assert ((after & before) == before).all()
    assert false < 1e-3 * good
    assert count["HOT"][0] > 0.8 * count["HOT"][1] > 10
    assert count["DEAD"][0] > 0.5 * count["DEAD"][1] > 5


def test_a_template_that_is_given_is_fitted(wispy, tmp_path):
    _, paths, _ = wispy
    truth = [read_truth(truth_path(path)) for path in paths]
    usual = truth[0].light["WISPS"] / truth[0].facts["WISPS"]
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(usual, name="SCI")]).writeto(tmp_path / "wisps_nrcb4.fits")
    made = jwstpipe.clean(
        paths, tmp_path / "out", stripes="none", snowballs="none", bad_pixels="none",
        wisp_template=tmp_path / "wisps_nrcb4.fits",
    )  # fmt: skip
    for one, known in zip(made, truth, strict=True):
        image = open_image(one.address)
        added, taken = boxes(known.light["WISPS"]), boxes(image.read("clean_model"))
        inside = added > 0.3 * known.facts["SIGMA"]
        assert abs((taken - added)[inside].sum()) < 0.1 * added[inside].sum()
        back = (image.read("sci").astype(np.float64) + image.read("clean_model")).astype(np.float32)
        assert np.array_equal(back, fits.getdata(paths[made.index(one)], "SCI"), equal_nan=True)
    said = open_image(made[0].address).provenance
    assert [entry["file_name"] for entry in said["inputs"]][2] == "pattern-nircam-f200w-short-nrcb4.zarr"
    fits.writeto(tmp_path / "some.fits", usual)
    with pytest.raises(UsageError, match="neither header nor name"):
        jwstpipe.clean(paths, tmp_path / "x", wisp_template=tmp_path / "some.fits")
    fits.writeto(tmp_path / "wisps_small_nrcb4.fits", usual[:100])
    with pytest.raises(DataError, match="pixel by pixel"):
        jwstpipe.clean(paths, tmp_path / "y", wisp_template=tmp_path / "wisps_small_nrcb4.fits")
