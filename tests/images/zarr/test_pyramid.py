"""Halved levels against plain numpy, and their places on the sky against astropy."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jwstpipe import convert, open_image
from jwstpipe.images.zarr.layout import level_count, level_shape
from jwstpipe.images.zarr.pyramid import halve
from tests.images.fits_files import sky_keywords

values = st.one_of(st.floats(-100, 100, width=32), st.just(float("nan")))


@given(arrays("f4", st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=values))
def test_a_level_is_the_mean_of_what_exists(sci):
    padded = np.full((sci.shape[0] + sci.shape[0] % 2, sci.shape[1] + sci.shape[1] % 2), np.nan)
    padded[: sci.shape[0], : sci.shape[1]] = sci
    blocks = padded.reshape(padded.shape[0] // 2, 2, -1, 2).transpose(0, 2, 1, 3).reshape(padded.shape[0] // 2, -1, 4)
    count = np.isfinite(blocks).sum(-1)
    truth = np.where(count > 0, np.nansum(blocks, -1) / np.maximum(count, 1), np.nan)
    means, weights = halve(sci, np.empty((0, 0), "f4"))
    np.testing.assert_allclose(means, truth, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(weights, count)


def test_weights_count_and_a_pixel_without_weight_does_not():
    sci = np.array([[1, 3], [np.nan, 100]], dtype="f4")
    wht = np.array([[1, 3], [5, 0]], dtype="f4")
    means, weights = halve(sci, wht)
    assert means[0, 0] == pytest.approx((1 * 1 + 3 * 3) / 4)
    assert weights[0, 0] == pytest.approx(4.0)


def test_levels_halve_until_the_longest_side_is_at_most_1024():
    assert level_count((1024, 1024)) == 1
    assert level_count((1025, 10)) == 2
    assert [level_shape((5001, 3), level) for level in range(4)] == [(5001, 3), (2501, 2), (1251, 1), (626, 1)]
    assert level_count((5001, 3)) == 4


def test_a_star_stands_at_the_same_sky_position_in_every_level(tmp_path):
    shape, place = (2300, 1900), (1203.0, 611.0)
    y, x = np.ogrid[: shape[0], : shape[1]]
    down, across = (np.exp(-((axis - at) ** 2) / (2 * 12.0**2)) for axis, at in zip((y, x), place, strict=True))
    data = down.astype("f4") * across.astype("f4")
    hdu = fits.PrimaryHDU(data)
    sky_keywords(hdu.header, shape)
    hdu.writeto(tmp_path / "star.fits")
    convert(tmp_path / "star.fits", tmp_path / "star.zarr")
    image = open_image(tmp_path / "star.zarr")
    assert image.levels == 3
    truth = WCS(image.header).pixel_to_world(place[1], place[0])
    for level in range(1, image.levels):
        seen = image.read("sci", level=level).astype("f8")
        rows, columns = np.ogrid[: seen.shape[0], : seen.shape[1]]
        found = (seen * columns).sum() / seen.sum(), (seen * rows).sum() / seen.sum()
        wcs = WCS(image.header)
        wcs.wcs.crpix = (wcs.wcs.crpix - 0.5) / 2**level + 0.5
        wcs.wcs.cdelt = wcs.wcs.cdelt * 2**level
        assert wcs.pixel_to_world(*found).separation(truth).arcsec < 0.01 * 0.1
