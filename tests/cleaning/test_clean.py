"""Exposures cleaned, from the command's own way to the product: against what the simulation says was added."""

import hashlib

import numpy as np
import pytest
from astropy.io import fits

import jwstpipe
from jwstpipe.errors import DataError, UsageError
from jwstpipe.images.open import open_image
from jwstpipe.simulate.artefacts.add import read_truth, truth_path
from tests.cleaning.conftest import simulated

BANDS = 4


def bands_of(values):
    """Average over the bands of amplifiers, of what has data; 0 where nothing has."""
    parts = values.reshape(values.shape[0], BANDS, -1)
    known = np.isfinite(parts)
    return np.where(known, parts, 0.0).sum(axis=2) / np.maximum(known.sum(axis=2), 1)


@pytest.fixture(scope="module")
def cleaned(faint, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cleaned")
    before = [hashlib.sha256(path.read_bytes()).digest() for path in faint.dirty]
    made = jwstpipe.clean(faint.dirty, folder, wisps="none")
    assert before == [hashlib.sha256(path.read_bytes()).digest() for path in faint.dirty]
    return folder, made


def test_what_is_taken_is_the_stripes(cleaned, faint):
    """Row by row and band by band, nearly as well as white noise allows: 64 pixels a band, two or three overlapping."""
    for made, path in zip(cleaned[1], faint.dirty, strict=True):
        truth = read_truth(truth_path(path))
        image = open_image(made.address)
        wrong = bands_of(image.read("clean_model") - truth.light["STRIPES"])
        used = bands_of((image.read("dq") & 1) == 0)
        good = used > 0.7
        fast = wrong - _smoothed(wrong)
        floor = truth.facts["SIGMA"] / np.sqrt(256 / BANDS * used[good].mean())
        assert _robust(fast[good]) < 2.0 * floor
        assert _robust(wrong[good]) < 0.7 * bands_of(truth.light["STRIPES"])[good].std()
        facts = made.results["stripes"]["rows"]
        assert facts["taken"]
        assert facts["before"] > 2.0
        assert facts["after"] < 0.6 * facts["before"]


def _smoothed(levels, rows=25):
    return np.apply_along_axis(lambda one: np.convolve(one, np.full(rows, 1.0 / rows), mode="same"), 0, levels)


def _robust(values):
    return 1.4826 * np.median(np.abs(values - np.median(values)))


def test_the_samples_that_were_there_come_back(cleaned, faint):
    for made, path in zip(cleaned[1], faint.dirty, strict=True):
        image = open_image(made.address)
        back = (image.read("sci").astype(np.float64) + image.read("clean_model")).astype(np.float32)
        with fits.open(path) as hdus:
            known = np.isfinite(hdus["SCI"].data)
            assert np.array_equal(back[known], hdus["SCI"].data[known])
            assert np.array_equal(np.isfinite(back), known)
            assert np.array_equal(image.read("dq"), hdus["DQ"].data)
            assert np.array_equal(image.read("err"), hdus["ERR"].data.astype(np.float32), equal_nan=True)


def test_stars_keep_their_light(cleaned, faint):
    from photutils.aperture import CircularAperture, aperture_photometry

    for made, path in zip(cleaned[1], faint.plain, strict=True):
        after, before = open_image(made.address).read("sci"), fits.getdata(path, "SCI")
        dirty = fits.getdata(str(path).replace("plain", "dirty"), "SCI")
        y, x = np.unravel_index(np.argsort(np.nan_to_num(before[20:-20, 20:-20]), axis=None)[-1], (216, 216))
        aperture = CircularAperture((x + 20, y + 20), 8.0)
        flux = [
            float(aperture_photometry(np.nan_to_num(one), aperture)["aperture_sum"][0])
            for one in (before, after, dirty)
        ]
        assert flux[1] == pytest.approx(flux[0], rel=1e-3)


def test_the_product_tells_of_its_inputs(cleaned, faint):
    folder, made = cleaned
    said = jwstpipe.open_image(made[0].address).provenance
    scene_id = jwstpipe.open_image(folder / "scene-nircam-f200w-short.zarr").provenance["product_id"]
    assert said["operation"] == "clean"
    assert [one["product_id"] for one in said["inputs"]][1] == scene_id
    assert said["inputs"][0]["file_name"] == faint.dirty[0].name
    scene = jwstpipe.open_image(folder / "scene-nircam-f200w-short.zarr").provenance
    assert scene["operation"] == "mosaic"
    assert len(scene["inputs"]) == len(made)
    again = jwstpipe.clean(faint.dirty[:1], folder, wisps="none", mosaic=folder / "scene-nircam-f200w-short.zarr")
    assert again[0].reused


def test_what_has_no_stripes_is_left_alone(faint, tmp_path):
    (made,) = jwstpipe.clean(faint.plain[0], tmp_path, passes=0)
    assert not made.results["stripes"]["rows"]["taken"]
    assert made.results["stripes"]["rows"]["before"] < 1.5
    assert made.results["taken_rms"] == 0.0
    assert any("no stripes" in note for note in made.notes)
    before = fits.getdata(faint.plain[0], "SCI")
    assert np.array_equal(open_image(made.address).read("sci"), before.astype(np.float32), equal_nan=True)


def test_a_nebula_is_not_taken_for_stripes(tmp_path):
    """Bias of its brightness, in boxes of 32 pixels, where it is far above the sky: rms, and mean; unasked, nothing."""
    pair = simulated(tmp_path, None, nebula=4.0)
    made = jwstpipe.clean(pair.plain, tmp_path / "out", stripes="rows", wisps="none")
    untouched = jwstpipe.clean(pair.plain, tmp_path / "auto", wisps="none")
    for one in untouched:
        assert 0.8 < one.results["stripes"]["rows"]["need"] < 1.2
        assert one.results["taken_rms"] == 0.0
        assert one.results["events"]["masked"] == 0
    for one in made:
        image = open_image(one.address)
        taken, light = image.read("clean_model"), image.read("sci") + image.read("clean_model")
        boxes = [
            np.nanmedian(part.reshape(8, 32, 8, 32).swapaxes(1, 2).reshape(8, 8, -1), axis=2) for part in (taken, light)
        ]
        bias = (boxes[0] / boxes[1])[boxes[1] > np.nanpercentile(boxes[1], 60)]
        assert np.sqrt(np.mean(bias**2)) < 0.01
        assert abs(bias.mean()) < 0.003


def test_what_cannot_be_cleaned_is_told(faint, cleaned, tmp_path):
    scene = cleaned[0] / "scene-nircam-f200w-short.zarr"
    with pytest.raises(UsageError, match="one for each filter"):
        jwstpipe.clean(faint.dirty, tmp_path, mosaic=[scene, scene])
    with pytest.raises(UsageError, match="amplifiers"):
        jwstpipe.clean(faint.dirty[0], tmp_path, amplifiers=33)
    far = tmp_path / "far_cal.fits"
    with fits.open(faint.dirty[0]) as hdus:
        hdus["SCI"].header["CRVAL1"] += 1.0
        hdus.writeto(far)
    with pytest.raises(DataError, match="does not cover"):
        jwstpipe.clean(far, tmp_path, mosaic=scene)
