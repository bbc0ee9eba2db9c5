"""Noise, flags and geometry of single exposures."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.wcs import WCS

from jwstpipe.simulate.cards import exposure_science
from jwstpipe.simulate.detector.detectors import DETECTORS
from jwstpipe.simulate.detector.flags import DQ
from jwstpipe.simulate.sky.catalogue import Stars
from tests.simulate.star_field import exposures, no_stars, observed, psf_of, stars


def one_of(detector, filter_name):
    return next(e for e in exposures() if e.detector.name == detector and e.band.name == filter_name)


DARK = [("NRCB1", "F090W"), ("NRCBLONG", "F444W"), ("MIRIMAGE", "F1130W")]


@pytest.mark.parametrize(("detector", "name"), DARK)
def test_variance_planes_state_the_noise_of_an_empty_sky(detector, name):
    """(SCI - sky) / ERR has mean 0 and scatter 1, and the median gives back the sky of this exposure."""
    exposure = one_of(detector, name)
    _, planes = observed(exposure, psf_of(exposure), points=no_stars())
    pull = (planes.sci - exposure.sky) / planes.err
    good = np.isfinite(pull)
    assert pull[good].std() == pytest.approx(1.0, abs=0.02)
    assert abs(pull[good].mean()) < 5.0 / np.sqrt(good.sum())
    assert np.allclose(planes.err**2, planes.var_poisson + planes.var_rnoise + planes.var_flat, equal_nan=True)
    wait = planes.err[good].mean() / np.sqrt(good.sum())
    assert np.median(planes.sci[good]) == pytest.approx(exposure.sky, abs=6.0 * wait)


def test_two_exposures_of_one_pointing_differ_by_their_variances():
    """Poisson and read noise alone: what is fixed on the detector cancels."""
    exposure = one_of("NRCB2", "F200W")
    psf, points = psf_of(exposure), stars()
    first, second = (observed(replace(exposure, number=n), psf, points=points)[1] for n in (1, 2))
    variance = sum(p.var_poisson + p.var_rnoise for p in (first, second))
    pull = (first.sci - second.sci) / np.sqrt(variance)
    assert np.nanstd(pull) == pytest.approx(1.0, abs=0.02)
    assert not np.array_equal(first.sci, second.sci, equal_nan=True)


def test_pixels_not_to_be_used_are_nan_and_no_others():
    for detector, name in DARK:
        exposure = one_of(detector, name)
        _, planes = observed(exposure, psf_of(exposure), points=stars())
        unused = (planes.dq & DQ.DO_NOT_USE) != 0
        for image in (planes.sci, planes.err, planes.var_poisson, planes.var_rnoise, planes.var_flat):
            assert np.array_equal(np.isnan(image), unused)
        assert 0.003 < unused[4:-4, 4:-4].mean() < 0.12
        assert planes.dq.dtype == np.uint32
        assert np.isfinite(planes.area).all()


def test_border_holds_reference_pixels():
    exposure = one_of("NRCB3", "F090W")
    _, planes = observed(exposure, psf_of(exposure), points=no_stars())
    reference = (planes.dq & DQ.REFERENCE_PIXEL) != 0
    assert reference.sum() == 160**2 - 152**2
    assert (planes.dq[0] & DQ.DO_NOT_USE).all()
    assert not reference[4:-4, 4:-4].any()


def test_fixed_pattern_stays_and_cosmic_rays_move():
    exposure = one_of("NRCB4", "F200W")
    psf = psf_of(exposure)
    first, second = (observed(replace(exposure, number=n), psf, points=no_stars())[1] for n in (1, 2))
    for bit in (DQ.DEAD, DQ.HOT, DQ.REFERENCE_PIXEL):
        assert np.array_equal(first.dq & bit, second.dq & bit)
    hits = [(planes.dq & DQ.JUMP_DET) != 0 for planes in (first, second)]
    assert 0.005 < hits[0].mean() < 0.03
    assert (hits[0] & hits[1]).mean() < 0.002
    weak = hits[0] & ((first.dq & DQ.DO_NOT_USE) == 0)
    quiet = first.dq == 0
    assert np.median(first.err[weak]) > 1.2 * np.median(first.err[quiet])


def test_bright_stars_saturate_in_the_core_only():
    """A star of 5 mJy loses its core; a ring around it is flagged and kept; a star of 30 uJy loses nothing."""
    exposure = one_of("NRCB1", "F200W")
    psf = psf_of(exposure)
    ra, dec = np.array([exposure.ra]), np.array([exposure.dec])
    _, planes = observed(exposure, psf, points=Stars(ra, dec, np.array([5e3]), {"F200W": np.array([5e-3])}))
    saturated, lost = (planes.dq & DQ.SATURATED) != 0, (planes.dq & DQ.DO_NOT_USE) != 0
    rows, columns = np.nonzero(saturated)
    assert np.hypot(rows - 79.5, columns - 79.5).max() < 40
    assert np.isnan(planes.sci[79:81, 79:81]).all()
    assert (saturated & lost).sum() >= 9
    assert (saturated & ~lost).sum() > (saturated & lost).sum()
    _, faint = observed(exposure, psf, points=stars())
    assert not (faint.dq & DQ.SATURATED).any()


def test_residual_cosmic_rays_are_off_unless_asked_for():
    exposure = one_of("NRCBLONG", "F335M")
    psf = psf_of(exposure)
    _, clean = observed(exposure, psf, points=no_stars())
    _, struck = observed(exposure, psf, points=no_stars(), residual_cosmic_rays=0.01)
    outliers = [np.nansum((p.sci - exposure.sky) / p.err > 6.0) for p in (clean, struck)]
    assert outliers[0] == 0
    assert outliers[1] == pytest.approx(0.01 * clean.sci.size * np.exp(-6.0 / 40.0), rel=0.4)
    assert np.array_equal(clean.dq, struck.dq)


def test_distortion_has_the_size_of_the_real_detectors():
    """Five to sixty pixels at a corner of 2048, and its inverse polynomial brings a pixel back within a tenth."""
    for detector in DETECTORS:
        corner = np.array([[x, y] for x in (-1, 1) for y in (-1, 1)]) * 0.5 * detector.size
        moved = np.hypot(*(np.array(detector.bent(*corner.T)) - corner.T))
        assert 5.0 * detector.size / 2048 < moved.max() < 60.0


@pytest.mark.filterwarnings("error")
def test_wcs_round_trip_and_area():
    """Through astropy: pixel to sky and back; AREA is the solid angle of pixels over the nominal one; parity in PC."""
    seen = set()
    for exposure in exposures():
        if exposure.detector.name in seen:
            continue
        seen.add(exposure.detector.name)
        header = exposure_science(exposure)
        wcs, size = WCS(header), exposure.detector.size
        x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(0, size - 1, 12), np.linspace(0, size - 1, 12)))
        back = wcs.all_world2pix(*wcs.all_pix2world(x, y, 0), 0, tolerance=1e-9)
        assert np.abs(np.array(back) - (x, y)).max() < 1e-6
        foc = wcs.sip_pix2foc(np.stack([x, y], axis=1), 0)
        assert np.abs(wcs.sip_foc2pix(foc, 0) - np.stack([x, y], axis=1)).max() < 0.02
        assert header["CDELT1"] == header["CDELT2"] > 0
        assert header["PC1_1"] * header["PC2_2"] - header["PC1_2"] * header["PC2_1"] == pytest.approx(-1.0)
        assert solid_angle(wcs, x, y) / header["PIXAR_SR"] == pytest.approx(
            exposure.detector.area(x - (size - 1) / 2, y - (size - 1) / 2), rel=2e-6
        )
    assert len(seen) == 6


def solid_angle(wcs, x, y):
    """Area of pixels from the vectors of their half-pixel neighbours, steradians."""

    def vector(dx, dy):
        ra, dec = np.radians(wcs.all_pix2world(x + dx, y + dy, 0))
        return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)

    along, across = vector(0.5, 0) - vector(-0.5, 0), vector(0, 0.5) - vector(0, -0.5)
    return np.linalg.norm(np.cross(along, across), axis=-1)
