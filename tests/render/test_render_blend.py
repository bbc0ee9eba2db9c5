"""Coverage edges, Lupton's combination, resolution match, noise reduction: numbers against the truth."""

import colorsys

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from jwstpipe.display.colour.names import Colour
from jwstpipe.display.colour.palette import instrument_hues, wavelength_hue
from jwstpipe.display.colour.resolution import matching_sigmas, psf_fwhm_arcsec
from jwstpipe.display.colour.srgb import srgb_decoded
from jwstpipe.display.preset_resolution import resolve_look
from jwstpipe.errors import UsageError
from jwstpipe.names.passband import Passband
from jwstpipe.numerics.wavelets import denoised
from jwstpipe.render.composite import Channel, composite
from jwstpipe.render.cores.holes import CoreLimits
from jwstpipe.render.layers import resolve_layers
from jwstpipe.render.pixels.feather import coverage_weights
from jwstpipe.render.pixels.finish import recolour_window
from jwstpipe.render.quality import rate_picture
from jwstpipe.render.rendering import Scene, read_channels, render_window
from jwstpipe.requests import CompositeRequest
from jwstpipe.sky.box import Box
from tests.render.render_images import MemoryImage, primary, starfield
from tests.render.test_render_composite import images

MANY = ("F090W", "F200W", "F335M", "F444W", "F770W", "F1130W")


def rendered(made, **wishes):
    options = CompositeRequest(**wishes)
    look = resolve_look(options)
    plan = resolve_layers([Channel(image) for image in made], luminance=None, look=look, options=options)
    scene = Scene(plan.layers, None, 0, look, plan.feather, CoreLimits(), Colour(0, 0, 0), 1)
    return render_window(scene, Box.of_shape(made[0].shape)).pixels, plan


def smooth_nebula(shape=(300, 400), *, gain=1.0, seed=0):
    y, x = np.indices(shape)
    light = 40 * gain * (1.2 + np.sin(x / 90.0) * np.cos(y / 70.0))
    return (light + np.random.default_rng(seed).normal(0, 0.3, shape)).astype(np.float32)


@pytest.mark.parametrize("combine", ["sum", "lupton"])
def test_no_seam_where_an_instrument_ends(combine):
    """Two of six channels end inside the field: the picture steps no more there than the nebula does."""
    fields = [smooth_nebula(gain=1.0 + 0.3 * n, seed=n) for n in range(6)]
    whole, _ = rendered(images(fields, filters=MANY), combine=combine)
    for field in fields[4:]:
        field[:, 250:] = np.nan
    ended, plan = rendered(images(fields, filters=MANY), combine=combine)
    assert plan.feather.weights.shape[1] > 0
    columns = np.median(ended, axis=0)
    step = np.abs(columns[256:262] - columns[238:244]).max()
    natural = np.abs(np.median(whole, axis=0)[256:262] - np.median(whole, axis=0)[238:244]).max()
    assert step < natural + 0.03
    assert np.abs(ended - whole).max() < 0.2
    assert np.abs(ended[:, 252:] - whole[:, 252:]).mean() < 0.03


def test_flat_spectrum_stays_grey_where_channels_are_missing():
    field = starfield(noise=0.5).astype(float)
    fields = [(gain * field + sky).astype(np.float32) for gain, sky in ((1, 0), (3, 50), (0.2, 7))]
    fields[0][:, 300:] = np.nan
    fields[2][:120] = np.nan
    pixels, _ = rendered(images(fields))
    assert np.ptp(pixels, axis=2).max() < 0.01
    assert np.median(np.ptp(pixels, axis=2)) < 0.005


def test_weights_fall_towards_an_edge_and_not_towards_the_border_or_a_core():
    covered = np.ones((100, 120), bool)
    covered[:, 80:] = False
    covered[40:43, 20:23] = False
    weights = coverage_weights(covered, width=0.2)
    assert (weights[:, 80:] == 0).all()
    assert (np.diff(weights[50, :81]) <= 0).all()
    assert weights[50, 0] == weights[41, 21] == weights[0, 10] == 1.0
    assert (coverage_weights(np.ones((9, 9), bool), width=0.2) == 1).all()


@pytest.mark.parametrize("peak", [30.0, 300.0, 3000.0, 30_000.0])
def test_lupton_keeps_the_hue_of_a_source_at_any_brightness(tmp_path, peak):
    """Two colours, fluxes 2 to 1 in white-balanced units, from faint to far beyond white."""
    fields = [np.random.default_rng(n).normal(0, 0.01, (200, 200)).astype(np.float32) for n in range(2)]
    for field, ratio in zip(fields, (1.0, 0.5), strict=True):
        field[150:155, 150:155] += 1000.0
        field[50:60, 50:60] += peak * ratio
    channels = [
        Channel(image, Colour.from_hue(hue))
        for image, hue in zip(images(fields, filters=("F090W", "F444W")), (240, 0), strict=True)
    ]
    options = CompositeRequest(combine="lupton", low=0.0, high=1000.0, stretch="asinh", softening=0.02)
    composite(channels, tmp_path / "a.tif", options=options.model_copy(update={"bits": 16}))
    light = srgb_decoded(tifffile.imread(tmp_path / "a.tif")[::-1][50:60, 50:60].mean(axis=(0, 1)) / 65535)
    wanted = colorsys.rgb_to_hsv(0.5, 0.0, 1.0)[0] * 360
    assert colorsys.rgb_to_hsv(*map(float, light))[0] * 360 == pytest.approx(wanted, abs=2.0)


def test_saturation_and_vibrancy_leave_greys_and_hues_alone():
    rng = np.random.default_rng(0)
    pixels = rng.random((20, 30, 3)).astype(np.float32)
    pixels[0] = pixels[0, :, :1]
    shown = pixels.copy()
    recolour_window(shown, 0.0, 1.3, 0.25)
    assert np.array_equal(shown[0], pixels[0])
    for old, new in zip(pixels[1:].reshape(-1, 3), shown[1:].reshape(-1, 3), strict=True):
        h, s, v = colorsys.rgb_to_hsv(*map(float, old))
        t = min(1.3 * s, 1.0)
        assert new == pytest.approx(colorsys.hsv_to_rgb(h, t + 0.25 * t * (1 - t), v), abs=2e-6)
    turned = pixels.copy()
    recolour_window(turned, 20.0, 1.0, 0.0)
    for old, new in zip(pixels[1:].reshape(-1, 3), turned[1:].reshape(-1, 3), strict=True):
        h, s, v = colorsys.rgb_to_hsv(*map(float, old))
        assert new == pytest.approx(colorsys.hsv_to_rgb((h + 20 / 360) % 1, s, v), abs=2e-5)


def test_matching_blur_gives_stars_one_width():
    """Stars of 0.07 and 0.40 arcsec: after the match their second moments agree."""
    bands = [Passband("JWST", "NIRCAM", "F200W", 1.989), Passband("JWST", "MIRI", "F1130W", 11.3)]
    widths = [psf_fwhm_arcsec(band) for band in bands]
    assert widths[0] == pytest.approx(0.0719, abs=0.003)
    assert widths[1] == pytest.approx(0.386, abs=0.01)
    sigmas = matching_sigmas(bands)
    assert sigmas[1] == 0.0
    assert (widths[0] / 2.3548) ** 2 + sigmas[0] ** 2 == pytest.approx((widths[1] / 2.3548) ** 2, rel=1e-3)
    assert psf_fwhm_arcsec(Passband("2MASS", None, "J", 1.235)) is None

    shape, scale = (301, 301), 0.031 / 3600
    made = []
    for width, (name, instrument) in zip(widths, (("F200W", "NIRCAM"), ("F1130W", "MIRI")), strict=True):
        impulse = np.zeros(shape)
        impulse[150, 150] = 1e5
        star = ndimage.gaussian_filter(impulse, width / 2.3548 / 0.031).astype(np.float32)
        header = primary(name)
        header["INSTRUME"] = instrument
        noise = np.random.default_rng(1).normal(0, 0.01, shape).astype(np.float32)
        image = MemoryImage(star + noise, f"{name}.fits", header)
        image.header["CD1_1"], image.header["CD2_2"] = -scale, scale
        made.append(image)
    options = CompositeRequest(match_resolution=True)
    look = resolve_look(options)
    plan = resolve_layers([Channel(image) for image in made], luminance=None, look=look, options=options)
    scene = Scene(plan.layers, None, 0, look, plan.feather, CoreLimits(), Colour(0, 0, 0), 1)
    samples = read_channels(scene, Box.of_shape(shape)).samples
    y, x = np.indices(shape)
    near = np.hypot(y - 150, x - 150) < 25
    moments = [(one[near] * ((y - 150) ** 2)[near]).sum() / one[near].sum() for one in samples]
    assert moments[0] == pytest.approx(moments[1], rel=0.03)


def test_noise_goes_and_stars_stay():
    truth = starfield((200, 200), noise=0.0, stars=30)
    noisy = truth + np.random.default_rng(5).normal(0, 1.0, truth.shape).astype(np.float32)
    clean = denoised(noisy, noise=1.0, strength=3.0)
    quiet = truth < 11.0
    assert (clean - truth)[quiet].std() < 0.35 * (noisy - truth)[quiet].std()
    bright = truth > 500.0
    assert np.abs(clean - truth)[bright].max() < 0.05 * truth[bright].max()


def test_hues_by_wavelength_and_by_instrument():
    assert wavelength_hue(0.6) == 270.0
    assert wavelength_hue(28.0) == pytest.approx(0.0, abs=1e-9)
    assert wavelength_hue(4.421) == pytest.approx(270 * (1 - np.log(4.421 / 0.6) / np.log(28 / 0.6)))
    hues = instrument_hues([(0.9, "NIRCAM"), (2.0, "NIRCAM"), (4.4, "NIRCAM"), (7.7, "MIRI"), (11.3, None)])
    assert hues == {0.9: 240.0, 2.0: 180.0, 4.4: 120.0, 7.7: 60.0, 11.3: 0.0}
    assert instrument_hues([(2.0, "NIRCAM"), (7.7, "MIRI")]) == {2.0: 180.0, 7.7: 30.0}


def test_quality_report_counts_what_it_says(tmp_path):
    made = [Channel(image) for image in images([starfield(colour=c) for c in (1, 2, 3)])]
    report = composite(made, tmp_path / "a.png").quality
    assert 1.0 <= report.score <= 5.0
    assert report.coverage > 0.99
    assert report.clipped_white < 0.02
    assert report.cast < 0.3
    assert [one.name for one in report.channels] == ["F090W", "F200W", "F444W"]
    assert all(one.coverage == 1.0 and 0 <= one.clipped_white < 0.01 for one in report.channels)


def rated(**changes):
    """Rate a picture of soft clouds, with what is said changed for the worse."""
    rng = np.random.default_rng(3)
    clouds = ndimage.gaussian_filter(rng.normal(0, 1, (200, 260)), 12)
    clouds = 0.28 + 0.22 * clouds / np.abs(clouds).max() + changes.get("light", 0.0)
    pixels = np.repeat(clouds[..., None], 3, axis=2) * changes.get("colour", (1, 1, 1))
    pixels = pixels * changes.get("contrast", 1.0) - changes.get("black", 0.0)
    pixels += rng.normal(0, changes.get("noise", 0.0), pixels.shape)
    return rate_picture(np.clip(pixels, 0, 1).astype(np.float32), [])


def test_a_score_sees_clipping_cast_noise_and_bleaching():
    good = rated()
    assert good.score > 4.3
    burnt, crushed = rated(contrast=2.6), rated(black=0.25)
    assert burnt.clipped_white > 0.02
    assert crushed.clipped_black > 0.2
    green, grainy, bleached = rated(colour=(0.5, 1, 0.6)), rated(noise=0.08), rated(light=0.45)
    assert green.cast == pytest.approx(0.5, abs=0.01)
    assert grainy.grain == pytest.approx(0.08 * np.hypot(0.2126, np.hypot(0.7152, 0.0722)) / grainy.spread, rel=0.15)
    assert all(worse.score < good.score - 0.2 for worse in (burnt, crushed, green, grainy, bleached))


def test_sky_of_a_reference_region_is_neutral_and_an_empty_one_is_refused():
    """One channel has a glow that no block is free of, except in the region."""
    fields = [starfield(sky=10.0, noise=0.5, seed=3) for _ in range(3)]
    fields[1] = fields[1] + np.float32(5.0)
    fields[1][200:260, 300:380] -= np.float32(5.0)
    pixels, plan = rendered(images(fields), preset="natural", sky_region=(310, 210, 370, 250))
    assert [layer.statistics.sky for layer in plan.layers] == pytest.approx([10.0] * 3, abs=0.2)
    inside = np.median(pixels[210:250, 310:370], axis=(0, 1))
    assert np.ptp(inside) < 0.02
    with pytest.raises(UsageError, match=r"sky region 900,0,950,10 holds no data"):
        rendered(images(fields), sky_region=(900, 0, 950, 10))
