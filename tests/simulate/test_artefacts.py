"""Artefacts of simulated exposures: what the file beside them says is what was added, and nothing else changed."""

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.errors import UsageError
from jwstpipe.simulate.artefacts.add import Cause, read_truth, truth_path
from jwstpipe.simulate.artefacts.amounts import Artefacts
from jwstpipe.simulate.artefacts.stripes import flicker
from jwstpipe.simulate.exposures import simulate_programme
from tests.world import same_sky

OPTIONS = {"size": "tiny", "filters": ("F200W",), "dithers": 2, "pixels": 128, "products": ("cal",), "seed": 4}
EVERYTHING = Artefacts(
    row_noise=0.4, amplifier_noise=0.2, odd_even=0.2, pedestal=0.5, column_noise=0.1, wisps=2.0, claws=1.0,
    snowballs=3.0, showers=1.0, unflagged=0.5, persistence=5.0, hot_pixels=0.003, dead_pixels=0.003, seed=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("artefacts")
    names = {"detectors": ("NRCB2", "NRCB4"), **OPTIONS}
    with same_sky():
        plain = simulate_programme(folder / "plain", **names)
        dirty = simulate_programme(folder / "dirty", artefacts=EVERYTHING, **names)
    return plain.files, dirty.files


def test_what_was_added_is_what_the_truth_says(pair):
    for plain, dirty in zip(*pair, strict=True):
        truth = read_truth(truth_path(dirty.path))
        before, after = (fits.getdata(one.path, "SCI") for one in (plain, dirty))
        assert np.array_equal(np.isnan(before), np.isnan(after))
        total = sum(light.astype(float) for light in truth.light.values())
        assert np.nanmax(np.abs(after - before - total)) < 1e-4 * np.nanmax(np.abs(after))
        assert {"STRIPES", "CLAWS"} <= set(truth.light)
        assert ("WISPS" in truth.light) == dirty.detector.endswith("B4")

        header = fits.getheader(dirty.path)
        assert (header["NOUTPUTS"], header["FASTAXIS"]) == (4, 1)
        assert "NOUTPUTS" not in fits.getheader(plain.path)


def test_flags_tell_of_some_snowballs_and_of_nothing_else(pair):
    flagged = 0
    for plain, dirty in zip(*pair, strict=True):
        cause = read_truth(truth_path(dirty.path)).cause
        before, after = (fits.getdata(one.path, "DQ") for one in (plain, dirty))
        changed = before != after
        flagged += changed.sum()
        assert not changed[(cause & int(Cause.SNOWBALL)) == 0].any()
        for bit in (Cause.HOT, Cause.DEAD):
            assert (cause & int(bit)).any()
    assert flagged


def test_shapes_stay_and_strengths_change(pair):
    ones = [file for file in pair[1] if file.detector == "NRCB4"]
    wisps = [read_truth(truth_path(file.path)) for file in ones]
    shapes = [truth.light["WISPS"] / truth.light["WISPS"].max() for truth in wisps]
    assert np.allclose(*shapes, atol=1e-6)
    assert abs(wisps[0].facts["WISPS"] - wisps[1].facts["WISPS"]) > 0.01
    assert np.array_equal(*(truth.light["CLAWS"] > 0.5 * truth.light["CLAWS"].max() for truth in wisps))


def test_noise_falls_as_one_over_frequency():
    rng = np.random.default_rng(0)
    power = np.mean([np.abs(np.fft.rfft(flicker(rng, 1024))) ** 2 for _ in range(400)], axis=0)
    octaves = [power[2**k : 2 ** (k + 1)].mean() for k in range(2, 9)]
    assert np.allclose(np.diff(np.log2(octaves)), -1.0, atol=0.15)


@pytest.mark.exhaustive(
    "tests/simulate/test_programme.py::test_same_seed_gives_the_same_bytes_in_any_number_of_threads"
)
def test_one_seed_gives_the_same_artefacts_and_another_others(tmp_path):
    names = {"detectors": ("NRCB4",), **OPTIONS, "dithers": 1}
    first, again, other = (
        simulate_programme(tmp_path / f"{n}", artefacts=Artefacts(row_noise=1.0, snowballs=2.0, seed=seed), **names)
        for n, seed in enumerate((1, 1, 2))
    )
    contents = [truth_path(run.files[0].path).read_bytes() for run in (first, again, other)]
    assert contents[0] == contents[1] != contents[2]


def test_amounts_that_cannot_be_are_refused():
    for wrong in ({"amplifiers": 0}, {"hot_pixels": 1.5}, {"row_noise": -1.0}, {"snowballs": 1e6}):
        with pytest.raises(UsageError, match=r"from 0 to|1 to 32"):
            Artefacts(**wrong)


def test_a_detector_that_sees_nothing_is_named(tmp_path):
    with pytest.raises(UsageError, match="no detector 'NRCB9' sees through these filters; there are NRCBLONG"):
        simulate_programme(tmp_path, size="tiny", filters=("F444W",), products=("cal",), detectors=("NRCB9",))
    with pytest.raises(UsageError, match="name at least one detector"):
        simulate_programme(tmp_path, size="tiny", filters=("F444W",), products=("cal",), detectors=())
