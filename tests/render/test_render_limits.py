"""Robust statistics and the automatic limits made from them."""

import numpy as np
import pytest
from astropy.stats import mad_std
from astropy.visualization import ZScaleInterval

from jwstpipe.display.tone.balanced import KNEE, MIDDLE_BRIGHTNESS, SKY_BRIGHTNESS, automatic_stretches
from jwstpipe.display.tone.statistics import measure_sky
from jwstpipe.display.tone.stretch import apply_stretch
from jwstpipe.errors import DataError
from jwstpipe.render.measure import measure_image
from tests.render.render_images import MemoryImage, starfield


def measured(values, level=0):
    return measure_sky(np.asarray(values, np.float32), level=level, name="image.fits")


def test_sky_and_noise_of_a_star_field():
    """True sky 10 and noise 2 come back although stars cover the field."""
    result = measured(starfield((600, 600), noise=2.0, stars=200))
    assert result.sky == pytest.approx(10.0, abs=1.0)
    assert result.noise == pytest.approx(2.0, rel=0.05)
    assert result.coverage == 1.0


def test_noise_agrees_with_astropy_on_pure_noise():
    values = np.random.default_rng(4).normal(0, 3, (400, 400))
    assert measured(values).noise == pytest.approx(mad_std(values), rel=0.03)


def test_noise_ignores_a_slope():
    slope = np.linspace(0, 1000, 400)[None, :]
    values = np.random.default_rng(4).normal(0, 3, (400, 400)) + slope
    assert measured(values).noise == pytest.approx(3.0, rel=0.05)


def test_sky_of_a_field_that_nebulosity_fills_is_its_dark_part():
    """A tenth of the field is dark: black must not climb to the median of the nebula."""
    values = np.random.default_rng(2).normal(100, 1, (400, 400))
    values[:, :40] -= 95
    result = measured(values)
    assert result.sky == pytest.approx(5.0, abs=1.0)
    assert result.median == pytest.approx(100.0, abs=1.0)


def test_uncovered_pixels_do_not_count():
    """A wider canvas of NaN gives the same numbers."""
    values = starfield((320, 320))
    wide = np.full((640, 640), np.nan, np.float32)
    wide[160:480, 160:480] = values
    small, large = measured(values), measured(wide)
    assert large.coverage == pytest.approx(0.25)
    for name in ("sky", "noise", "low", "median", "bright", "high"):
        assert getattr(large, name) == pytest.approx(getattr(small, name), rel=0.02), name


def test_percentiles_and_zscale_are_those_of_numpy_and_astropy():
    values = starfield()
    result = measured(values)
    assert (result.low, result.median, result.bright, result.high) == pytest.approx(
        tuple(np.percentile(values.astype(float), [0.1, 50, 99.5, 99.9]))
    )
    assert result.zscale == pytest.approx(ZScaleInterval().get_limits(values.astype(float)))


def test_image_without_data_is_refused_by_name():
    with pytest.raises(DataError, match=r"dark\.fits: no pixel holds data.*leave it out"):
        measure_image(MemoryImage(np.full((50, 60), np.nan), address="dark.fits"))


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (1, 400), (20, 20)])
def test_small_images_have_statistics(shape):
    result = measured(np.random.default_rng(0).normal(5, 1, shape))
    assert np.isfinite([result.sky, result.noise, result.high, *result.zscale]).all()


def test_statistics_come_from_the_level_that_fits():
    image = MemoryImage(starfield((512, 512)), levels=3)
    assert measure_image(image, pixels=128 * 128).level == 2
    assert {level for level, _ in image.reads} == {2}


@pytest.mark.parametrize("kind", ["asinh", "log"])
def test_sky_is_equally_dark_in_every_channel(kind):
    """Whatever level, noise and gain of the channels, the sky has one dark grey."""
    fields = [
        starfield(sky=sky, noise=noise, colour=gain) for sky, noise, gain in [(0, 0.5, 1), (300, 2, 4), (9, 1, 2)]
    ]
    statistics = [measured(field) for field in fields]
    shown = [
        float(apply_stretch(np.array([one.sky], np.float32), stretch)[0])
        for one, stretch in zip(statistics, automatic_stretches(kind, statistics), strict=True)
    ]
    assert np.ptp(shown) < 1e-4
    assert 0.3 * SKY_BRIGHTNESS < shown[0] < 3 * SKY_BRIGHTNESS


def test_sources_of_one_spectrum_have_one_colour_from_faint_to_bright():
    """Channels that differ by gain and sky alone are stretched to the same brightness."""
    field = starfield(noise=0.3, sky=0.0).astype(float)
    pair = [field.astype(np.float32), (7.0 * field + 40.0).astype(np.float32)]
    first, second = (
        apply_stretch(values, stretch)
        for values, stretch in zip(pair, automatic_stretches("asinh", [measured(one) for one in pair]), strict=True)
    )
    assert np.abs(first - second).max() < 1.0 / 255.0


def test_knee_follows_the_noise():
    statistics = measured(starfield())
    (stretch,) = automatic_stretches("asinh", [statistics])
    assert stretch.a * (stretch.hi - statistics.sky) == pytest.approx(KNEE * statistics.noise, rel=1e-6)


def test_field_full_of_nebulosity_is_not_bleached():
    """Its median lands at middle grey, although the noise is a ten-thousandth of the range."""
    ramp = np.random.default_rng(0).gamma(2.0, 100.0, (400, 400)).cumsum(axis=1)
    ramp = 1000.0 * (ramp / ramp.max()) ** 3
    statistics = measured(ramp)
    (stretch,) = automatic_stretches("asinh", [statistics])
    middle = float(apply_stretch(np.array([statistics.median], np.float32), stretch)[0])
    assert middle == pytest.approx(MIDDLE_BRIGHTNESS, abs=0.03)


def test_noise_alone_stays_dark():
    statistics = measured(np.random.default_rng(3).normal(0, 1, (300, 300)))
    (stretch,) = automatic_stretches("asinh", [statistics])
    assert apply_stretch(np.float32([statistics.high]), stretch)[0] < 0.15


def test_zscale_takes_each_channels_own_limits():
    statistics = [measured(starfield(sky=sky)) for sky in (0.0, 50.0)]
    for one, stretch in zip(statistics, automatic_stretches("zscale", statistics), strict=True):
        assert (stretch.lo, stretch.hi) == one.zscale


def test_constant_image_has_a_stretch():
    (stretch,) = automatic_stretches("asinh", [measured(np.full((50, 50), 3.0))])
    assert stretch.lo < stretch.hi
