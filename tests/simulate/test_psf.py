"""The image of a point: energy, width, spikes, orientation."""

import numpy as np
import pytest

from jwstpipe.simulate import exposures
from jwstpipe.simulate.bands import BANDS
from jwstpipe.simulate.detector.detectors import pixel_scale
from jwstpipe.simulate.detector.psf import OVERSAMPLE, add_points, pixel_psf
from jwstpipe.simulate.observe import blurred
from jwstpipe.simulate.plan import ROLL
from jwstpipe.simulate.plane import Plane, sample_cubic


@pytest.fixture(scope="module")
def pattern(the_mirror_is_looked_through_once):
    return exposures.diffraction()


def ring(psf, scale, radius_arcsec, angles):
    """Brightness at a distance, in directions counted from the y axis towards x, degrees."""
    centre, reach = psf.samples.shape[0] // 2, radius_arcsec / scale * OVERSAMPLE
    columns, rows = centre + reach * np.sin(np.radians(angles)), centre + reach * np.cos(np.radians(angles))
    out = np.empty((1, angles.size), np.float32)
    sample_cubic(psf.samples, columns[None], rows[None], out)
    return out[0]


def test_all_light_is_within_the_largest_pattern(pattern):
    assert pattern.sum(dtype=np.float64) == pytest.approx(1.0, abs=1e-5)
    psf = pixel_psf(pattern, BANDS["F090W"], scale=0.063, extent=7.8)
    assert psf.samples.sum(dtype=np.float64) / OVERSAMPLE**2 == pytest.approx(1.0, abs=5e-4)


def test_width_grows_with_the_wavelength(pattern):
    """Full width at half maximum of the image before the pixel: 0.033 arcsec in F090W to 0.38 in F1130W."""
    for name, published in {"F090W": 0.033, "F200W": 0.066, "F444W": 0.145, "F770W": 0.269}.items():
        psf = pixel_psf(pattern, BANDS[name], scale=0.004 * BANDS[name].wavelength, extent=0.2 * BANDS[name].wavelength)
        profile = psf.samples[psf.samples.shape[0] // 2, psf.samples.shape[0] // 2 :]
        half = np.interp(-0.5 * profile[0], -profile, np.arange(profile.size))
        width = 2.0 * half / OVERSAMPLE * 0.004 * BANDS[name].wavelength
        assert width == pytest.approx(published, rel=0.12)


def test_six_spikes_stand_sixty_degrees_apart_and_a_weak_pair_lies_flat(pattern):
    psf = pixel_psf(pattern, BANDS["F444W"], scale=0.063, extent=6.0)
    angles = np.arange(0.0, 360.0, 1.0)
    profile = np.mean([ring(psf, 0.063, r, angles) for r in np.linspace(2.5, 5.0, 60)], axis=0)
    main = profile[[0, 60, 120, 180, 240, 300]]
    flat, between = profile[[90, 270]], profile[[30, 150, 210, 330]]
    assert main.min() > 10.0 * between.max()
    assert between.max() < flat.min() < main.min()


def test_turning_moves_the_upright_against_the_pixels(pattern):
    """An upright 10 degrees east of the pixels' y axis leans to the left, as on a picture of the sky."""
    psf = pixel_psf(pattern, BANDS["F444W"], scale=0.063, extent=5.0, turn=10.0)
    left, right = (np.mean([ring(psf, 0.063, r, np.array([a]))[0] for r in np.linspace(2, 4, 40)]) for a in (-10, 10))
    assert left > 3.0 * right


def test_a_point_of_diffuse_light_looks_like_a_star(pattern):
    """The blur of the raster and the stamps of stars are one PSF: same roll, same scale, same parity."""
    band, scale, step = BANDS["F444W"], 0.063, 0.03
    psf = pixel_psf(pattern, band, scale=scale, extent=4.5)
    plane = Plane(10.0, 20.0, step, 301)
    point = np.zeros((301, 301), np.float32)
    point[150, 150] = 1.0
    blur = blurred(point, plane, psf, scale=scale)
    star = np.zeros((95, 95), np.float32)
    add_points(star, psf, np.array([47.0]), np.array([47.0]), np.ones(1), np.array([45]))
    offsets = (np.arange(95) - 47.0) * scale
    x, y = offsets[None, :], offsets[:, None]
    cosine, sine = np.cos(np.radians(ROLL)), np.sin(np.radians(ROLL))
    columns, rows = plane.to_pixels(-x * cosine + y * sine, x * sine + y * cosine)
    seen = np.empty((95, 95), np.float32)
    sample_cubic(blur, columns, rows, seen)
    inner = np.s_[15:80, 15:80]
    seen *= (scale / step) ** 2 * star[inner].sum() / (seen[inner].sum() * (scale / step) ** 2)
    assert np.abs(seen - star)[inner].max() < 0.01 * star.max()
    wings = np.log(star[inner][::3, ::3].ravel() + 1e-8), np.log(seen[inner][::3, ::3].ravel() + 1e-8)
    assert np.corrcoef(*wings)[0, 1] > 0.98


def test_scales_belong_to_the_detectors():
    assert {name: pixel_scale(band) for name, band in BANDS.items()} == {
        "F090W": 0.031, "F200W": 0.031, "F335M": 0.063, "F444W": 0.063, "F770W": 0.11, "F1130W": 0.11,
    }  # fmt: skip
