"""A piece of an image in memory, against astropy reading the same file."""

import base64
import io
import re

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import CCDData, Cutout2D
from astropy.wcs import WCS
from astropy.wcs.wcsapi import BaseHighLevelWCS, BaseLowLevelWCS
from PIL import Image

from jwstpipe import convert, open_image
from jwstpipe.errors import NoCoverageError, UsageError
from jwstpipe.images import face
from jwstpipe.sky.box import Box
from tests.images.fits_files import write_cal


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_cal(tmp_path_factory.mktemp("masked") / "cal.fits")


@pytest.fixture(scope="module", params=["fits", "zarr"])
def image(request, file):
    if request.param == "fits":
        return open_image(file)
    target = file.with_suffix(".zarr")
    convert(file, target)
    return open_image(target)


@pytest.fixture(scope="module")
def truth(file):
    with fits.open(file) as hdus:
        return {hdu.name: (hdu.data, hdu.header) for hdu in hdus[1:]}


def test_a_window_has_the_samples_that_astropy_reads(image, truth):
    piece = image[2:12, 4:30]
    for name in ("sci", "err", "dq"):
        np.testing.assert_array_equal(getattr(piece, name), truth[name.upper()][0][2:12, 4:30])
    assert (piece.sci.dtype, piece.dq.dtype, piece.wht) == (np.float32, np.uint32, None)
    assert (piece.box, piece.shape, piece.unit) == (Box(2, 4, 12, 30), (10, 26), u.MJy / u.sr)
    assert piece.mask[1, 0]
    inner = piece[3:, 5:9]
    np.testing.assert_array_equal(inner.sci, truth["SCI"][0][5:12, 9:13])
    assert inner.box == Box(5, 9, 12, 13)
    np.testing.assert_array_equal(image[Box(2, 4, 12, 30)].sci, piece.sci)


def test_its_wcs_and_that_of_the_image_are_astropys(image, truth):
    theirs = WCS(truth["SCI"][1])
    assert isinstance(image.wcs, BaseLowLevelWCS)
    assert image.wcs.array_shape == image.shape
    x, y = np.array([0.0, 40.5]), np.array([0.0, 33.0])
    expected = theirs.pixel_to_world(x, y)
    assert image.wcs.pixel_to_world(x, y).separation(expected).max() < 1e-7 * u.arcsec
    np.testing.assert_allclose(image.wcs.world_to_pixel(expected), (x, y), atol=1e-6)
    piece = image[20:40, 10:60][2:, 3:]
    assert isinstance(piece.wcs, BaseHighLevelWCS)
    assert piece.wcs.pixel_to_world(x - 13, y - 22).separation(expected).max() < 1e-7 * u.arcsec


def test_a_cutout_is_that_of_astropy(image, truth):
    data, header = truth["SCI"]
    centre = WCS(header).pixel_to_world(50.2, 30.4)
    for size, pixels in ((9, 9), ((7, 11), (7, 11)), (1.0 * u.arcsec, (10, 10)), (8 * u.pix, 8)):
        expected = Cutout2D(data, centre, pixels, wcs=WCS(header))
        found = image.cutout(centre.galactic, size)
        np.testing.assert_array_equal(found.sci, expected.data)
    corner = image.cutout(WCS(header).pixel_to_world(1, 1), 9)
    assert corner.box == Box(0, 0, 6, 6)
    with pytest.raises(NoCoverageError, match="does not reach"):
        image.cutout(SkyCoord(10 * u.deg, 60 * u.deg), 5)


def test_to_ccddata_writes_a_file_that_reads_back(image, tmp_path):
    made = image[20:40, 10:60].to_ccddata()
    assert np.array_equal(made.mask, np.isnan(made.data))
    made.flags = None  # CCDData does not write them
    made.write(tmp_path / "ccd.fits")
    back = CCDData.read(tmp_path / "ccd.fits")
    np.testing.assert_array_equal(back.data, made.data)
    np.testing.assert_array_equal(back.uncertainty.array, made.uncertainty.array)
    assert back.unit == u.MJy / u.sr
    assert back.wcs.pixel_to_world(0, 0).separation(image.wcs.pixel_to_world(10, 20)) < 1e-7 * u.arcsec


def test_to_xarray_has_coordinates_units_and_wcs(image, truth):
    data = image[20:40, 10:60].to_xarray()
    assert data.sci.dims == ("y", "x")
    assert (int(data.y[0]), int(data.x[0]), data.sci.attrs["units"]) == (20, 10, "MJy / sr")
    place = WCS(truth["SCI"][1]).pixel_to_world(12, 25)
    there = data.sel(y=25, x=12)
    assert SkyCoord(float(there.ra), float(there.dec), unit="deg").separation(place) < 1e-7 * u.arcsec
    assert "CRPIX1" in data.attrs["fits_wcs"]


def test_numpy_gets_pixels_or_a_refusal_never_an_object(image, truth, monkeypatch):
    found = np.asarray(image)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, truth["SCI"][0])
    monkeypatch.setattr(face, "MOST_PIXELS", 100)
    for function in (np.asarray, np.mean):
        with pytest.raises(UsageError, match=r"6,300 pixels.*image\[0:70, 0:90\]"):
            function(image)


@pytest.mark.parametrize("place", [np.s_[::2, :], np.s_[5, :], np.s_[5:5, :], np.s_[0:1, 0:1, 0:1], Box(0, 0, 500, 5)])
def test_other_indices_are_refused(image, place):
    with pytest.raises(UsageError):
        image[place]


def test_its_face_in_a_notebook(image):
    assert "\n" not in repr(image)
    assert "70 x 90 px" in repr(image)
    assert "MJy / sr" in repr(image)
    assert repr(image[2:12, 4:30]) == "<MaskedImage 10 x 26 px, [2:12, 4:30], sci err dq, MJy / sr>"
    page = image._repr_html_()
    (content,) = re.findall('base64,([^"]+)"', page)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))
    assert picture.shape == image.shape
    assert picture.std() > 5
    assert re.search("<th[^>]*>unit</th><td[^>]*>MJy / sr</td>", page)
    assert "83.8" in page
    assert re.search("<th[^>]*>scale</th><td[^>]*>0.1 arcsec/px</td>", page)
