"""What stays on a detector: wisps of a given shape, bad pixels, claws, persistence; against what was added."""

import numpy as np
import pytest
from astropy.io import fits
from scipy.ndimage import gaussian_filter, maximum_filter, minimum_filter, uniform_filter

import jwstpipe
from jwstpipe.cleaning.pattern.cells import Cells, block_means, side_for
from jwstpipe.cleaning.pattern.order import Taken, before_each, by_detector
from jwstpipe.cleaning.pattern.own_template import own_template, pixel_by_pixel
from jwstpipe.cleaning.pattern.persistence import lingering
from jwstpipe.cleaning.pattern.strengths import fit_jointly, fit_strengths
from jwstpipe.cleaning.pattern.sum_kernels import add_means, calm_pixels
from jwstpipe.errors import DataError, UsageError
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.images.open import open_image
from jwstpipe.simulate.artefacts.add import Cause, read_truth, truth_path
from jwstpipe.simulate.artefacts.amounts import Artefacts
from jwstpipe.simulate.exposures import simulate_programme

AMOUNTS = Artefacts(wisps=2.0, row_noise=0.3, hot_pixels=5e-4, dead_pixels=5e-4, persistence=4.0, seed=17)


def test_the_order_of_exposures_is_that_of_their_detector():
    taken = [
        Taken("A", 3.0, 0, (2, 2)),
        Taken("B", 1.0, 5, (2, 2)),
        Taken("A", 2.0, 7, (2, 2)),
        Taken("A", 0.0, 9, (2, 2)),
    ]
    assert by_detector(taken) == [[0, 2, 3], [1]]
    assert before_each(taken) == [2, None, None, None]


def test_what_lives_on_is_told_by_what_lies_around_it():
    """Two places saturated before, of which one shines; a slope below both, and a place that shines for itself."""
    rng = np.random.default_rng(5)
    y, x = np.indices((60, 60))
    before = np.zeros((60, 60), np.uint32)
    first, second = np.hypot(y - 20, x - 20) < 3, np.hypot(y - 40, x - 40) < 3
    before[first | second] = DQ_BITS["SATURATED"] | DQ_BITS["JUMP_DET"]
    rest = rng.normal(0.05 * x, 1.0) + 3.0 * first + 3.0 * (np.hypot(y - 10, x - 50) < 3)
    found = lingering(rest.astype("f4"), np.ones((60, 60), "f4"), np.ones((60, 60), bool), before)
    assert np.array_equal(found, first)


def test_sums_hold_what_filters_of_whole_planes_give():
    """To the last bit, also where a square is wider than the detector."""
    rng, shape, side, around = np.random.default_rng(6), (31, 80), 5, 71
    sky, noise, known = rng.normal(1, 0.3, shape).astype("f4"), np.full(shape, 0.3, "f4"), rng.random(shape) < 0.95
    sky[3, 4], sky[20, 79] = np.inf, np.nan
    there, calm = np.isfinite(sky), np.empty(shape, bool)
    calm_pixels(sky, 4 * noise, known, calm)
    span = maximum_filter(np.where(there, sky, np.inf), 5) - minimum_filter(np.where(there, sky, 0), 5)
    assert 0 < calm.sum() < known.sum()
    assert np.array_equal(calm, known & (span < 4 * noise))
    values = np.where(calm, rng.normal(0, 2, shape), 0).astype("f4")
    count, often, total = np.zeros(shape, "u2"), np.zeros(shape, "u2"), np.zeros(shape, "f4")
    add_means(values, calm, side, around, 0.3, 1.5, count, often, total)
    share, shares = (np.maximum(uniform_filter(calm.astype("f4"), size), np.float32(0.3)) for size in (side, around))
    height = uniform_filter(values, side) / share - uniform_filter(values, around) / shares
    height *= np.sqrt(share) * np.float32(side)
    told = share > np.float32(0.3)
    assert 0 < told.sum() < told.size
    for found, expected in ((count, told), (often, told & (height > 1.5)), (total, np.where(told, height, 0))):
        assert np.array_equal(found, expected)


@pytest.fixture(scope="module")
def wispy(tmp_path_factory):
    """Four dithers with wisps of different strength, their template, and what was made of them with two parts of it."""
    folder = tmp_path_factory.mktemp("wispy")
    made = simulate_programme(
        folder / "files", size="tiny", filters=("F200W",), dithers=4, pixels=256, detectors=("NRCB4",),
        products=("cal",), seed=27, nebula=0.02, artefacts=AMOUNTS,
    )  # fmt: skip
    paths = [file.path for file in made.files]
    truth = [read_truth(truth_path(path)) for path in paths]
    usual = truth[0].light["WISPS"] / np.float32(truth[0].facts["WISPS"])
    black = np.add.outer(np.arange(256) // 64, np.arange(256) // 64) % 2 == 0
    parts = {"wisps": usual, "wisps-black": np.where(black, usual, 0), "wisps-white": np.where(black, 0, usual)}
    for name, light in parts.items():
        hdus = [fits.PrimaryHDU(), fits.ImageHDU(light.astype("f4"), name="SCI")]
        fits.HDUList(hdus).writeto(folder / f"{name}_nrcb4.fits")
    halves = [folder / f"wisps-{name}_nrcb4.fits" for name in ("black", "white")]
    cleaned = jwstpipe.clean(paths, folder / "clean", stripes="none", snowballs="none", wisp_template=halves)
    return folder, paths, truth, cleaned


def test_a_template_is_taken_as_strong_as_it_is(wispy):
    _, paths, truth, made = wispy
    left = total = 0.0
    for one, known, path in zip(made, truth, paths, strict=True):
        found = one.results["wisps"]
        for strength, error in zip(found["strength"], found["error"], strict=True):
            assert abs(strength - known.facts["WISPS"]) < min(4.0 * error, 0.15)
        assert any("times template 1" in note and "times template 2" in note for note in one.notes)
        image = open_image(one.address)
        added, taken = known.light["WISPS"], image.read("clean_model")
        left, total = left + float(np.nansum((taken - added) ** 2)), total + float(np.sum(added**2))
        back = (image.read("sci").astype(np.float64) + taken).astype(np.float32)
        assert np.array_equal(back, fits.getdata(path, "SCI"), equal_nan=True)
    assert np.sqrt(left / total) < 0.1
    said = open_image(made[0].address).provenance
    assert [entry["file_name"] for entry in said["inputs"]][2] == "nrcb4_pattern"
    pattern = open_image(wispy[0] / "clean" / "pattern-nircam-f200w-short-nrcb4.zarr").provenance
    assert pattern["operation"] == "detector-pattern"
    names = [one["file_name"] for one in pattern["inputs"][-2:]]
    assert names == ["wisps-black_nrcb4.fits", "wisps-white_nrcb4.fits"]


class Moved:
    """A WCS that is a shift on a flat sky."""

    frame = "flat"

    def __init__(self, y, x):
        self.y, self.x = y, x

    def to_sky(self, x, y):
        return x + self.x, y + self.y

    def to_pixel(self, x, y):
        return x - self.x, y - self.y


def dithered(wisps, strengths):
    """Exposures of a sky with structure of every size, striped by four amplifiers, with wisps of these strengths."""
    rng = np.random.default_rng(6)
    sky = sum(gaussian_filter(rng.normal(size=(90, 90)), size) * 2.0 * size for size in (1.0, 3.0, 9.0))
    y, x = np.indices(wisps.shape)
    line = y * 4 + x * 4 // wisps.shape[1]
    found = []
    for number, strength in enumerate(strengths):
        at = np.array([(0, 0), (9, 10), (11, 1), (2, 12)][number % 4]) + 2 * (number // 4)
        seen = sky[at[0] :, at[1] :][: wisps.shape[0], : wisps.shape[1]] + 0.3 * rng.normal(size=line.max() + 1)[line]
        rest = seen + strength * wisps + 0.05 * rng.normal(size=wisps.shape)
        found.append(Cells(str(number), rest, np.full(wisps.shape, 0.05), 1, (line,), Moved(*at)))
    return found


def test_the_shape_of_wisps_is_found_in_exposures_that_have_them():
    """Strengths relative to each other, shape times strength; and none where there is none, whatever the sky."""
    y, x = np.indices((48, 48))
    wisps = np.exp(-0.5 * ((y - 22 - 0.8 * (x - 22)) / 2.5) ** 2 - 0.5 * ((x - 22) / 7.0) ** 2)
    strengths = np.array([0.5, 1.4, 0.8, 1.1])
    exposures = dithered(wisps, strengths)
    shape = own_template(exposures)
    found = np.array(fit_strengths(exposures, shape).values)
    assert found / found.mean() == pytest.approx(strengths / strengths.mean(), abs=0.2)
    left, bright = found.mean() * shape / strengths.mean() - wisps, wisps > 0.15
    assert np.sqrt(np.mean(left[bright] ** 2) / np.mean(wisps[bright] ** 2)) < 0.25
    assert np.sqrt(np.mean(left[wisps < 0.03] ** 2)) < 0.09
    assert own_template(dithered(wisps, np.zeros(4))) is None
    assert own_template(exposures[:3]) is None


def test_a_shape_in_cells_becomes_pixels():
    y, x = np.indices((96, 80))
    wisps = np.exp(-0.5 * (np.hypot(y - 40, x - 44) / 14.0) ** 2)
    made = pixel_by_pixel(block_means(np.where(wisps > 1e-4, wisps, 0.0).astype("f4"), 8), 8, wisps.shape)
    assert np.abs(made - wisps).max() < 0.03
    assert made.dtype == np.float32
    assert made.min() == 0.0


def test_cells_are_small_enough_for_what_a_template_shows():
    """Rings of 15 pixels need smaller cells than filaments of 60; many exposures have to do with larger ones."""
    y, x = np.indices((512, 512))
    rings, filament = (np.sin(2.0 * np.pi * np.hypot(y, x) / period).astype("f4") for period in (15.0, 60.0))
    assert (side_for(filament, 4), side_for(rings, 4), side_for(rings, 200)) == (8, 4, 8)


def test_bad_pixels_and_persistence_are_flagged_and_say_why(wispy):
    _, paths, truth, made = wispy
    count = {"HOT": [0, 0], "DEAD": [0, 0], "PERSISTENCE": [0, 0]}
    false = good = 0
    for one, path, known in zip(made, paths, truth, strict=True):
        after, before = open_image(one.address).read("dq"), fits.getdata(path, "DQ")
        usable = (before & 1) == 0
        for cause in (Cause.HOT, Cause.DEAD, Cause.PERSISTENCE):
            true = ((known.cause & int(cause)) != 0) & usable
            own = ((after & DQ_BITS[cause.name]) != 0) & ((after & 1) != 0)
            count[cause.name][0] += int((own & true).sum())
            count[cause.name][1] += int(true.sum())
        false += int((((after & 1) != 0) & usable & (known.cause == 0)).sum())
        good += int(usable.sum())
        assert ((after & before) == before).all()
    assert false < 1e-4 * good
    assert count["HOT"][0] > 0.5 * count["HOT"][1] > 20
    assert count["PERSISTENCE"][0] > 0.3 * count["PERSISTENCE"][1] > 20


def test_exposures_without_any_are_what_they_were(faint, wispy, tmp_path):
    """A template of what is not there is fitted, and nothing taken; no flag is set."""
    made = jwstpipe.clean(
        faint.plain, tmp_path, stripes="none", snowballs="none", wisp_template=wispy[0] / "wisps_nrcb4.fits", passes=1
    )  # fmt: skip
    for one, path in zip(made, faint.plain, strict=True):
        image = open_image(one.address)
        assert one.results["taken_rms"] == 0.0
        assert np.array_equal(image.read("sci"), fits.getdata(path, "SCI").astype("f4"), equal_nan=True)
        assert np.array_equal(image.read("dq"), fits.getdata(path, "DQ"))


def test_one_exposure_alone_tells_wisps_only_where_all_its_parts_do():
    """A faint slope and noise, with the template and without it; and a nebula that is like it in one place."""
    rng = np.random.default_rng(8)
    y, x = np.indices((64, 64))
    wisps = np.exp(-0.5 * ((y - 30 - 0.2 * x) / 4.0) ** 2) + np.exp(-0.5 * ((y - 50 + 0.4 * x) / 5.0) ** 2)
    nebula = 2.0 * np.exp(-0.5 * np.hypot(y - 36, x - 30) ** 2 / 6.0**2)
    noise = 0.05 * rng.normal(size=(64, 64)) + 0.001 * x
    for rest, wanted in ((0.7 * wisps + noise, 0.7), (noise, 0.0), (nebula + noise, 0.0)):
        alone = Cells("one", rest, np.full((64, 64), 0.05), 32, (y,), None)
        found = fit_strengths([alone], wisps)
        assert found.values[0] == pytest.approx(wanted, abs=0.03)
        assert found.errors[0] > 0.0
    # two kinds of light, of which one lies over the other, and a third that is not there
    band, rings = np.exp(-0.5 * ((x - 20 - 0.3 * y) / 6.0) ** 2), np.sin(0.5 * np.hypot(y, x - 32)) ** 2
    alone = Cells("one", 0.7 * wisps + 0.4 * band + noise, np.full((64, 64), 0.05), 32, (y,), None)
    together = [one.values[0] for one in fit_jointly([alone], [wisps, band, rings])]
    assert together == pytest.approx([0.7, 0.4, 0.0], abs=0.03)


def test_templates_that_do_not_fit_are_told(wispy, tmp_path):
    _, paths, _, _ = wispy
    some = np.zeros((256, 256), "f4")
    fits.writeto(tmp_path / "some.fits", some)
    with pytest.raises(UsageError, match="neither header nor name"):
        jwstpipe.clean(paths, tmp_path / "x", wisp_template=tmp_path / "some.fits")
    some[9:20, 30:99] = 1.0
    one, more = tmp_path / "wisps_nrcb4.fits", tmp_path / "more_nrcb4.fits"
    fits.writeto(one, some)
    fits.writeto(more, 2 * some)
    with pytest.raises(DataError, match=r"more_nrcb4\.fits: has the shape of .*wisps_nrcb4\.fits; give one"):
        jwstpipe.clean(paths, tmp_path / "y", wisp_template=[one, more], passes=0)
    with pytest.raises(UsageError, match="given twice as a template of NRCB4"):
        jwstpipe.clean(paths, tmp_path / "y", wisp_template=[one, one])
    fits.writeto(tmp_path / "small_nrcb4.fits", some[:100])
    with pytest.raises(DataError, match="pixel by pixel"):
        jwstpipe.clean(paths, tmp_path / "z", wisp_template=tmp_path / "small_nrcb4.fits")
