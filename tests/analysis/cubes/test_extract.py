"""Spectra of places against independent sums: numpy, photutils; errors, coverage, background."""

import numpy as np
import pytest
from astropy.io import fits

import jwstpipe
from jwstpipe.analysis.cubes.cube import open_cube
from jwstpipe.errors import DataError, NoCoverageError, UsageError
from jwstpipe.simulate.spectral_cube import CubeScene, simulate_cube

OMEGA = np.radians(0.13 / 3600.0) ** 2
JY = OMEGA * 1e6


@pytest.fixture(scope="module")
def samples(disc):
    with fits.open(disc.path) as file:
        return file["SCI"].data.astype(float)


def test_a_spaxel_and_a_window_are_plain_sums(disc, samples):
    one = jwstpipe.cube_spectrum(disc.path, place="11,15")
    np.testing.assert_allclose(one.flux, samples[:, 15, 11] * JY, rtol=1e-6)
    np.testing.assert_allclose(one.error, 0.5 * JY, rtol=1e-6)
    assert one.unit == "Jy"
    part = jwstpipe.cube_spectrum(disc.path, region="3,4,20,22")
    np.testing.assert_allclose(part.flux, samples[:, 4:22, 3:20].sum(axis=(1, 2)) * JY, rtol=1e-6)
    np.testing.assert_allclose(part.error, 0.5 * np.sqrt(18 * 17) * JY, rtol=1e-6)


def test_a_circle_takes_exact_shares(disc, samples):
    from photutils.aperture import CircularAperture

    found = jwstpipe.cube_spectrum(disc.path, place="11.3,14.1", circle="4.5px")
    circle = CircularAperture((11.3, 14.1), 4.5)
    theirs = np.array([circle.do_photometry(one)[0][0] for one in np.nan_to_num(samples)])
    np.testing.assert_allclose(found.flux, theirs * JY, rtol=1e-6)
    sky = open_cube(disc.path).wcs.pixel_to_world(11.3, 14.1)
    same = jwstpipe.cube_spectrum(disc.path, place=f"{sky.ra.deg:.9f}d,{sky.dec.deg:.9f}d", circle=f"{4.5 * 0.13}")
    np.testing.assert_allclose(same.flux, found.flux, rtol=1e-4)
    region = jwstpipe.cube_spectrum(disc.path, region=f'icrs;circle({sky.ra.deg:.9f},{sky.dec.deg:.9f},{4.5 * 0.13}")')
    np.testing.assert_allclose(region.flux, found.flux, rtol=1e-4)
    assert (found.origin.ra, found.origin.dec) == (pytest.approx(sky.ra.deg), pytest.approx(sky.dec.deg))


def test_a_cone_grows_with_wavelength(disc, samples):
    from photutils.aperture import CircularAperture

    found = jwstpipe.cube_spectrum(disc.path, place="11.3,14.1", cone=1.5)
    for index in (0, 200, 399):
        radius = 1.5 * (0.033 * disc.microns[index] + 0.106) / 0.13
        circle = CircularAperture((11.3, 14.1), radius)
        theirs = circle.do_photometry(np.nan_to_num(samples[index]))[0][0]
        assert found.flux[index] == pytest.approx(theirs * JY, rel=1e-6)
        assert found.other["NPIXELS"][index] == pytest.approx(np.pi * radius**2, rel=1e-6)


def test_a_ring_takes_the_background_away(disc, samples, tmp_path):
    with fits.open(disc.path) as opened:
        opened["SCI"].data += np.linspace(100.0, 300.0, 400)[:, None, None].astype("f4")
        opened.writeto(tmp_path / "sky.fits")
    words = {"place": "11.5,13.5", "circle": "3px", "ring": (2.0, 3.0)}
    bare, lit = jwstpipe.cube_spectrum(disc.path, **words), jwstpipe.cube_spectrum(tmp_path / "sky.fits", **words)
    np.testing.assert_allclose(lit.flux, bare.flux, rtol=0, atol=2e-5 * JY * 300)
    np.testing.assert_allclose(
        lit.other["BACKGROUND"] - bare.other["BACKGROUND"], np.linspace(100, 300, 400), atol=1e-4
    )
    assert (bare.error > jwstpipe.cube_spectrum(disc.path, place="11.5,13.5", circle="3px").error).all()


def test_uncovered_spaxels_are_made_up_for_and_marked(disc, samples, tmp_path):
    with fits.open(disc.path) as opened:
        opened["SCI"].data[50, 10:14, 8:12] = np.nan  # 16 of 100
        opened["SCI"].data[60, 10, 8] = np.nan
        opened["SCI"].data[70] = np.nan
        opened.writeto(tmp_path / "holes.fits")
        seen = opened["SCI"].data.astype(float)[:, 8:18, 6:16]
    found = jwstpipe.cube_spectrum(tmp_path / "holes.fits", region="6,8,16,18")
    np.testing.assert_allclose(found.flux[[50, 60]], np.nanmean(seen[[50, 60]], axis=(1, 2)) * 100 * JY, rtol=1e-6)
    np.testing.assert_allclose(found.other["COVERAGE"][[50, 60, 70]], [0.84, 0.99, 0.0])
    assert found.dq[50] == 1 << 28
    assert found.dq[60] == 0
    assert not found.valid[70]
    assert "1 samples have data for less than 90%" in found.notes[0]


def test_errors_of_the_noise_are_right(disc):
    found = jwstpipe.cube_spectrum(disc.path, region="4,4,20,24")
    truth = disc.noiseless[:, 4:24, 4:20].sum(axis=(1, 2)) * JY
    assert 0.9 < ((found.flux - truth) / found.error).std() < 1.1
    scaled = jwstpipe.cube_spectrum(disc.path, region="4,4,20,24", covariance=1.5)
    np.testing.assert_allclose(scaled.error, 1.5 * found.error)


def test_the_store_gives_the_spectrum_of_the_file(disc, tmp_path):
    jwstpipe.convert(disc.path, tmp_path / "disc.zarr")
    words = {"place": "11.3,14.1", "circle": "4.5px"}
    file, store = jwstpipe.cube_spectrum(disc.path, **words), jwstpipe.cube_spectrum(tmp_path / "disc.zarr", **words)
    np.testing.assert_array_equal(store.flux, file.flux)
    np.testing.assert_array_equal(store.error, file.error)


def test_a_unit_without_flux_gives_sums_and_says_so(disc, samples, tmp_path):
    with fits.open(disc.path) as opened:
        opened["SCI"].header["BUNIT"] = "DN/s"
        opened.writeto(tmp_path / "dn.fits")
    found = jwstpipe.cube_spectrum(tmp_path / "dn.fits", region="3,4,20,22")
    np.testing.assert_allclose(found.flux, samples[:, 4:22, 3:20].sum(axis=(1, 2)), rtol=1e-6)
    assert found.unit == "DN/s"
    assert "sums of samples, no flux densities" in found.notes[0]


def test_what_cannot_be_measured_is_said(disc):
    with pytest.raises(NoCoverageError, match=r"outside its 24 x 28"):
        jwstpipe.cube_spectrum(disc.path, place="80,3")
    with pytest.raises(DataError, match=r"no sample of spaxel \(0, 0\) has data"):
        jwstpipe.cube_spectrum(disc.path, place="0,0")
    with pytest.raises(UsageError, match="needs a place"):
        jwstpipe.cube_spectrum(disc.path, circle="3px")
    with pytest.raises(UsageError, match=r"0\.5 \(arcsec\) or 3px"):
        jwstpipe.cube_spectrum(disc.path, place="3,3", circle="wide")


def test_the_noise_that_spaxels_share_is_measured(tmp_path):
    """Smoothed noise: the variance of a sum is that of the smoothed box, and sums of squares know nothing of it."""
    from photutils.aperture import CircularAperture

    path, slices, shape = tmp_path / "x_s3d.fits", 600, (24, 22)
    simulate_cube(path, np.linspace(5.0, 5.6, slices), shape=shape, scene=CubeScene(noise=1e-6))
    kernel = np.array([0.25, 0.5, 0.25])
    white = np.random.default_rng(5).normal(0.0, 1.0, (slices, *shape))
    spread = np.apply_along_axis(lambda row: np.convolve(row, kernel, "same"), 1, white)
    spread = np.apply_along_axis(lambda row: np.convolve(row, kernel, "same"), 2, spread)
    one = float((kernel**2).sum())  # of a sample, along both axes together
    with fits.open(path) as opened:
        bare = opened["SCI"].data.astype("f8")
        opened["SCI"].data += (spread / one).astype("f4")
        opened["ERR"].data[:] = 1.0
        opened.writeto(path, overwrite=True)
    words = {"place": "11,12", "circle": "4px"}
    weights = CircularAperture((11, 12), 4.0).to_mask(method="exact").to_image(shape)
    smoothed = np.apply_along_axis(lambda row: np.convolve(row, kernel, "same"), 0, weights)
    smoothed = np.apply_along_axis(lambda row: np.convolve(row, kernel, "same"), 1, smoothed)
    truth = np.sqrt((smoothed**2).sum()) / one / np.sqrt((weights**2).sum())
    found = jwstpipe.cube_spectrum(path, measured_noise=True, **words)
    factor = found.error[0] / jwstpipe.cube_spectrum(path, **words).error[0]
    assert truth > 2.0
    assert factor == pytest.approx(truth, rel=0.1)
    pulls = (found.flux - (bare * weights).sum(axis=(1, 2), where=weights > 0) * JY) / found.error
    assert np.std(pulls) == pytest.approx(1.0, abs=0.12)
    assert any("as measured in the aperture" in note for note in found.notes)
    with pytest.raises(DataError, match="cannot be measured in 0 slices"):
        jwstpipe.cube_spectrum(path, place="11,12", measured_noise=True)
    with pytest.raises(UsageError, match="measured or given"):
        jwstpipe.cube_spectrum(path, measured_noise=True, covariance=2.0)
    plain = jwstpipe.cube_spectrum(path, region="3,4,20,22", measured_noise=True)
    assert plain.error[0] / (np.sqrt(18 * 17) * JY) > 2.5
