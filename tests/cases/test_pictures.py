"""What a picture says of its place on the sky, and how a picture that shows nothing is rated."""

import re

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

import jwstpipe
from jwstpipe.display.colour.names import WHITE
from jwstpipe.errors import UsageError
from jwstpipe.images.open import open_image
from jwstpipe.render.composite import composite
from jwstpipe.render.geometry.frame import Frame
from jwstpipe.render.geometry.placement import place_on_sky
from jwstpipe.render.layers import Channel
from jwstpipe.requests import CompositeRequest
from jwstpipe.sky.box import Box


def plane_of(placement):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"RA---{placement.projection}", f"DEC--{placement.projection}"]
    wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cd = placement.crval, placement.crpix, placement.cd
    return wcs


@pytest.mark.parametrize("file", ["lonpole0.fits", "pv_lonpole150.fits"])
def test_the_place_of_a_picture_is_that_of_its_image(case, file):
    path = case("avm_lonpole") / file
    placement = place_on_sky(open_image(path), Frame(0, Box(0, 0, 80, 100), (80, 100)))
    assert placement.exact
    y, x = np.mgrid[:80:8, :100:9].astype(float)
    lon, lat = WCS(fits.getheader(path)).all_pix2world(x.ravel(), y.ravel(), 0)
    back = plane_of(placement).wcs_world2pix(lon, lat, 0)
    assert np.hypot(back[0] - x.ravel(), back[1] - y.ravel()).max() < 0.01


@pytest.mark.parametrize("file", ["lonpole0.fits", "pv_lonpole150.fits"])
def test_another_reader_of_the_picture_agrees(case, tmp_path, file):
    pyavm = pytest.importorskip("pyavm")
    path = case("avm_lonpole") / file
    made = composite([Channel(open_image(path), WHITE)], tmp_path / "p.jpg")
    read = pyavm.AVM.from_image(str(made.path))
    assert read.Spatial.Quality == "Full"
    lon, lat = WCS(fits.getheader(path)).all_pix2world([0.0, 99.0, 50.0], [0.0, 79.0, 10.0], 0)
    back = read.to_wcs().wcs_world2pix(lon, lat, 0)
    np.testing.assert_allclose(back, ([0.0, 99.0, 50.0], [0.0, 79.0, 10.0]), atol=0.05)


@pytest.mark.parametrize(("bend", "exact"), [(1e-5, True), (1e-3, False)])
def test_full_only_where_it_holds_to_half_a_pixel(tmp_path, bend, exact):
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
    header["CRVAL1"], header["CRVAL2"], header["CRPIX1"], header["CRPIX2"] = 10.0, 20.0, 150.0, 150.0
    header["CDELT1"], header["CDELT2"] = -1e-4, 1e-4
    header["A_ORDER"], header["A_2_0"], header["B_ORDER"], header["B_0_2"] = 2, bend, 2, bend
    fits.PrimaryHDU(np.ones((300, 300), "f4"), header).writeto(tmp_path / "a.fits")
    placement = place_on_sky(open_image(tmp_path / "a.fits"), Frame(0, Box(0, 0, 300, 300), (300, 300)))
    assert placement.exact is exact


def test_a_white_picture_is_rated_low_and_told(case, tmp_path):
    image = open_image(case("avm_lonpole") / "lonpole0.fits")
    channels = [Channel(image, WHITE)]
    good = composite(channels, tmp_path / "a.png", options=CompositeRequest())
    white = composite(
        channels, tmp_path / "b.png",
        options=CompositeRequest(low=-20.0, high=-10.0, stretch="linear"),
    )  # fmt: skip
    assert not good.quality.warning
    assert white.quality.score < 1.5
    assert "100% of the covered pixels are white" in white.quality.warning


@pytest.mark.parametrize("text", ["1,99", "0.5,99.5", "0,100", "2, 98"])
def test_limits_that_may_be_percentiles_are_asked_about(text):
    from jwstpipe.cli.pictures import _limits

    with pytest.raises(UsageError, match=r"percentiles or values.*%.*="):
        _limits(text)


def test_limits_that_say_what_they_are():
    from jwstpipe.cli.pictures import _limits

    assert _limits("1%,99%") == {"low": "1%", "high": "99%"}
    assert _limits("=1,=99") == {"low": "1", "high": "99"}
    assert _limits("0.1,20") == {"low": "0.1", "high": "20"}
    assert _limits("-1,99") == {"low": "-1", "high": "99"}


def test_an_image_without_filter_is_named_as_the_user_named_it(case, tmp_path):
    pair = [str(case("composite_temporary_path") / name) for name in ("nofilter_a.fits", "nofilter_b.fits")]
    with pytest.raises(UsageError, match=re.escape(f"{pair[0]}: no keyword names its filter")):
        jwstpipe.composite(pair, str(tmp_path / "p.png"))
