"""The simulated sky itself."""

import numpy as np
import pytest
from astropy.wcs import WCS

from jwstpipe.simulate.bands import BANDS, bands_named
from jwstpipe.simulate.plane import Plane, sample_cubic
from jwstpipe.simulate.sky.scene import build_scene, load_scene, save_scene


def make(**options):
    values = {"target": "X", "ra": 83.8, "dec": -5.4, "seed": 2, "view_arcsec": 16.0, "step_arcsec": 0.08}
    return build_scene(**{**values, "bands": tuple(BANDS.values()), **options})


@pytest.fixture(scope="module")
def scene():
    return make()


def test_a_seed_decides_the_sky(scene):
    same, other = make(), make(seed=3)
    assert all(np.array_equal(scene.diffuse[name], same.diffuse[name]) for name in BANDS)
    assert np.array_equal(scene.stars.ra, same.stars.ra)
    assert not np.array_equal(scene.diffuse["F200W"], other.diffuse["F200W"])
    assert not np.array_equal(scene.stars.ra, other.stars.ra)


def test_a_filter_looks_the_same_whichever_others_are_computed(scene):
    alone = make(bands=bands_named(["F444W"]))
    assert np.array_equal(alone.diffuse["F444W"], scene.diffuse["F444W"])
    assert np.array_equal(alone.stars.flux["F444W"], scene.stars.flux["F444W"])


def test_light_is_finite_and_spans_decades(scene):
    for image in scene.diffuse.values():
        assert np.isfinite(image).all()
        assert image.min() >= 0.0
        assert np.percentile(image, 99.0) > 20.0 * np.percentile(image, 5.0)


def test_components_have_spectra_of_their_own(scene):
    """Colours vary over the field: short-wave gas, hydrocarbons and warm dust are not one map scaled."""
    logs = {name: np.log(image + 0.01).ravel() for name, image in scene.diffuse.items()}
    assert np.corrcoef(logs["F090W"], logs["F1130W"])[0, 1] < 0.9
    for blue, red in (("F090W", "F335M"), ("F335M", "F444W"), ("F770W", "F1130W")):
        assert np.std(logs[red] - logs[blue]) > 0.1, (blue, red)


def test_stars_span_fluxes_and_colours(scene):
    flux = scene.stars.flux
    assert flux["F200W"].max() / np.median(flux["F200W"]) > 1e3
    colour = -2.5 * np.log10(flux["F090W"] / flux["F444W"])
    assert np.percentile(colour, 90) - np.percentile(colour, 10) > 1.5
    assert (flux["F200W"] > 7e-4).sum() >= 5  # saturate within the first group


def test_a_saved_scene_is_the_same_scene(scene, tmp_path):
    save_scene(scene, tmp_path)
    back = load_scene(tmp_path)
    assert (back.target, back.seed, back.plane) == (scene.target, scene.seed, scene.plane)
    assert all(np.array_equal(back.diffuse[name], scene.diffuse[name]) for name in BANDS)
    assert np.array_equal(back.stars.flux["F770W"], scene.stars.flux["F770W"])


@pytest.mark.parametrize("dec", [-5.4, 61.3, 89.999])
def test_the_plane_is_the_tan_projection_of_astropy(dec):
    plane = Plane(359.999, dec, 0.05, 401)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = ("RA---TAN", "DEC--TAN"), (359.999, dec), (201, 201)
    wcs.wcs.cdelt = 0.05 / 3600, 0.05 / 3600
    x, y = (axis.ravel() for axis in np.mgrid[-10:11:4, -10:11:4].astype(float))
    ra, dec_out = plane.to_sky(x, y)
    columns, rows = wcs.all_world2pix(ra, dec_out, 0)
    assert np.abs(np.array(plane.to_pixels(x, y)) - (columns, rows)).max() < 1e-5
    assert np.abs(np.array(plane.to_plane(ra, dec_out)) - (x, y)).max() < 1e-6


def test_cubic_samples_pass_through_the_pixels_and_follow_parabolas():
    rows, columns = np.indices((9, 9)).astype(float)
    image = (2.0 + columns - 0.3 * rows + 0.1 * columns**2 - 0.2 * columns * rows).astype(np.float32)
    x, y = np.array([[3.0, 3.4, 5.75]]), np.array([[2.0, 4.1, 5.5]])
    out = np.empty((1, 3), np.float32)
    sample_cubic(image, x, y, out)
    assert out == pytest.approx(2.0 + x - 0.3 * y + 0.1 * x**2 - 0.2 * x * y, rel=1e-6)
