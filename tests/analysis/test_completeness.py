"""Completeness by injection, against what white noise allows."""

import json

import numpy as np
import pytest
from scipy.stats import norm

from jwstpipe.analysis.sources.injection import InjectedImage
from jwstpipe.api.completeness import completeness
from jwstpipe.errors import DataError
from jwstpipe.images.open import open_image
from jwstpipe.sky.box import Box
from tests.mosaicking.scenes import header, write

SIDE = 1000


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    image = np.random.default_rng(8).normal(5.0, 2.0, (SIDE, SIDE)).astype("f4")
    image[:, :100] = np.nan
    return write(tmp_path_factory.mktemp("noise") / "noise.fits", image, header(shape=image.shape))


def test_half_is_found_where_noise_says_so(noise):
    """One pixel above the threshold is enough here: half of the stars whose smoothed peak is the threshold are seen."""
    table = completeness(noise, stars=700, threshold=6.0, min_pixels=1, faintest=3.0, brightest=15.0, bins=8)
    assert table.meta["half_snr"] == pytest.approx(6.0, rel=0.06)
    expected = norm.cdf(np.asarray(table["snr"]) - 6.1)
    assert np.abs(np.asarray(table["share"]) - expected).max() < 0.2
    assert table["injected"].sum() == table.meta["stars"] > 500
    assert np.nanmax(table["offset"]) < 0.6


def test_the_same_seed_gives_the_same_table(noise):
    one, two = (completeness(noise, stars=60, bins=3, seed=4) for _ in range(2))
    assert all(np.array_equal(one[name], two[name], equal_nan=True) for name in one.colnames)


def test_stars_are_what_they_should_be(noise):
    image = open_image(noise)
    x, y = np.array([300.3, 500.0]), np.array([400.7, 10.0])
    filled = InjectedImage(str(noise), x, y, np.array([1000.0, 50.0]), 1.3, None)
    added = filled.read() - image.read()
    assert np.nansum(added) == pytest.approx(1050.0, rel=1e-4)
    v, u = np.mgrid[380:420, 280:320]
    part = added[380:420, 280:320]
    assert (part * u).sum() / part.sum() == pytest.approx(300.3, abs=1e-3)
    assert (part * v).sum() / part.sum() == pytest.approx(400.7, abs=1e-3)
    window = Box(395, 298, 403, 330)
    assert np.array_equal(filled.read("sci", window), filled.read()[window.slices])
    assert np.isnan(filled.read()[:, :100]).all()


def test_the_command_draws_and_tells(command, noise, tmp_path):
    words = ("completeness", noise, "--stars", "80", "--bins", "3", "--picture", tmp_path / "c.png", "--json")
    code, said, _ = command(*words)
    assert code == 0
    assert len([json.loads(line) for line in said.splitlines()]) == 3
    assert (tmp_path / "c.png").stat().st_size > 5000
    with pytest.raises(DataError, match="too few for stars"):
        completeness(np.random.default_rng(1).normal(size=(30, 20)))
