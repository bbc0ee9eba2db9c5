"""Pictures without a tilted border: windows that data fill, windows of the sky, and pictures that are turned."""

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

import jwstpipe
from jwstpipe.errors import NoCoverageError, UsageError
from jwstpipe.render.geometry.fullest import fullest_window
from jwstpipe.requests import CompositeRequest

SIDE, SCALE = 240, 0.1
TILT = 25.0


def largest_by_trying(mask, border):
    """Area of the largest window with few enough empty pixels, from trying all of them."""
    sums = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1))
    sums[1:, 1:] = mask.cumsum(axis=0).cumsum(axis=1)
    best = 0
    for y0 in range(mask.shape[0]):
        for y1 in range(y0 + 1, mask.shape[0] + 1):
            for x0 in range(mask.shape[1]):
                for x1 in range(x0 + 1, mask.shape[1] + 1):
                    area = (y1 - y0) * (x1 - x0)
                    full = sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]
                    best = max(best, area) if full >= (1 - border) * area - 1e-9 else best
    return best


@given(mask=arrays(bool, st.tuples(st.integers(1, 7), st.integers(1, 9))), border=st.sampled_from([0.0, 0.1, 0.3, 0.5]))
@settings(max_examples=60, deadline=None)
def test_the_fullest_window_is_the_largest_of_all(mask, border):
    from scipy.ndimage import binary_fill_holes

    filled = binary_fill_holes(mask)
    largest = largest_by_trying(filled, border)
    if largest == 0:
        with pytest.raises(NoCoverageError):
            fullest_window(mask, 0, mask.shape, border=border)
        return
    box = fullest_window(mask, 0, mask.shape, border=border)
    assert box.shape[0] * box.shape[1] == largest
    assert filled[box.y0 : box.y1, box.x0 : box.x1].mean() >= 1 - border - 1e-9


def test_a_coarse_level_gives_no_window_that_full_pixels_do_not_fill():
    y, x = np.indices((1000, 1200))
    full = np.abs(y - 480) + np.abs(x - 610) < 410
    full[470:474, 600:606] = False  # the lost core of a star is no border
    coarse = full.reshape(250, 4, 300, 4).any(axis=(1, 3))
    box = fullest_window(coarse, 2, full.shape)
    full[470:474, 600:606] = True
    assert full[box.y0 : box.y1, box.x0 : box.x1].all()
    assert box.shape[0] * box.shape[1] > 0.93 * 410**2 * 2 / 2  # of the largest in a diamond, half of its area


@pytest.fixture(scope="module")
def tilted(tmp_path_factory):
    """A star on a field whose data lie turned by 25 degrees on a grid with north up."""
    path = tmp_path_factory.mktemp("tilted") / "tilted.fits"
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [83.8, -5.4]
    wcs.wcs.crpix, wcs.wcs.cdelt = [(SIDE + 1) / 2] * 2, [-SCALE / 3600, SCALE / 3600]
    y, x = np.indices((SIDE, SIDE)) - (SIDE - 1) / 2
    turn = np.radians(TILT)  # the long side's position angle, from north (up) to east (left)
    along, across = y * np.cos(turn) - x * np.sin(turn), x * np.cos(turn) + y * np.sin(turn)
    inside = (np.abs(along) < 100) & (np.abs(across) < 60)
    star_x, star_y = wcs.world_to_pixel(STAR)
    star = 200 * np.exp(-((x + (SIDE - 1) / 2 - star_x) ** 2 + (y + (SIDE - 1) / 2 - star_y) ** 2) / 8)
    sky = np.random.default_rng(4).normal(10, 0.5, inside.shape) + star
    header = wcs.to_header()
    header["FILTER"], header["INSTRUME"], header["BUNIT"] = "F200W", "NIRCAM", "MJy/sr"
    fits.PrimaryHDU(np.where(inside, sky, np.nan).astype("f4"), header).writeto(path)
    return path


STAR = SkyCoord(83.8 * units.deg, -5.4 * units.deg).directional_offset_by(TILT * units.deg, 7 * units.arcsec)


def shown(path):
    with Image.open(path) as opened:
        return np.asarray(opened.convert("L")).astype(float)


def brightest(picture):
    """Middle of the star, pixels to the right of and above the bottom left one."""
    y, x = np.nonzero(picture > 0.7 * picture.max())
    return x.mean(), picture.shape[0] - 1 - y.mean()


def test_auto_shows_no_border_and_some_border_shows_more(tilted, tmp_path):
    whole = jwstpipe.composite([tilted], tmp_path / "whole.png")
    auto = jwstpipe.composite([tilted], tmp_path / "auto.png", crop="auto")
    some = jwstpipe.composite([tilted], tmp_path / "some.png", crop="auto:10%")
    data = np.isfinite(fits.getdata(tilted))
    full, part = (data[one.box.y0 : one.box.y1, one.box.x0 : one.box.x1] for one in (auto, some))
    assert full.all()
    assert 0.9 <= part.mean() < 1
    assert full.size < part.size < whole.width * whole.height
    assert shown(tmp_path / "auto.png").shape == full.shape


@pytest.mark.parametrize(("orient", "up"), [("north", 0.0), ("instrument", TILT), ("-40", -40.0), (180, 180.0)])
def test_up_is_where_it_was_asked_to_be(tilted, tmp_path, orient, up):
    made = jwstpipe.composite([tilted], tmp_path / "turned.png", orient=orient)
    x, y = brightest(shown(tmp_path / "turned.png"))
    wcs = WCS(fits.Header.fromstring(made.placement.cards))
    assert wcs.pixel_to_world(x, y).separation(STAR) < 0.5 * SCALE * units.arcsec  # the picture's WCS, and its pixels
    above = wcs.pixel_to_world(*np.array([[x, x], [y, y + 50]]))
    angle = above[0].position_angle(above[1]).deg
    assert (angle - up + 180) % 360 - 180 == pytest.approx(0, abs=0.6)


def test_as_the_instrument_lay_the_data_fill_the_picture(tilted, tmp_path):
    made = jwstpipe.composite([tilted], tmp_path / "upright.png", orient="instrument")
    assert (made.height, made.width) == (pytest.approx(200, abs=3), pytest.approx(120, abs=3))
    data = shown(tmp_path / "upright.png")[4:194, 4:114]
    assert (data.reshape(19, 10, 11, 10).max(axis=(1, 3)) > 0).all()  # single pixels of the sky are black, no corner is


def test_a_window_of_the_sky_is_centred_on_its_position(tilted, tmp_path):
    window = f"{STAR.ra.deg:.8f},{STAR.dec.deg:.8f},4arcsec,0.05'"
    made = jwstpipe.composite([tilted], tmp_path / "window.png", crop=window)
    assert (made.height, made.width) == (30, 40)
    assert brightest(shown(tmp_path / "window.png")) == (pytest.approx(19.5, abs=1), pytest.approx(14.5, abs=1))
    hours = STAR.to_string("hmsdms", sep=":", precision=4).replace(" ", ",")
    again = jwstpipe.composite([tilted], tmp_path / "hours.png", crop=f"{hours},4arcsec,3arcsec")
    assert again.sha256 == made.sha256 or (shown(tmp_path / "hours.png") == shown(tmp_path / "window.png")).all()


@pytest.mark.parametrize("orient", ["south", "nan", 400, True])
def test_orientations_that_are_none_are_refused(orient):
    with pytest.raises(UsageError, match="position angle"):
        jwstpipe.composite(["nothing.fits"], "out.png", orient=orient)


@pytest.mark.parametrize(
    ("crop", "words"),
    [
        ("83.8,-5.4,10,20x", "units"),
        ("somewhere", "auto"),
        ("auto:80%", "50%"),
        ("400,-5.4,1arcmin,1arcmin", "position"),
        ("83.8,-5.4,0arcmin,1arcmin", "between 0 and 180"),
    ],
)
def test_other_words_are_refused_with_what_may_stand_there(crop, words):
    with pytest.raises(UsageError, match=words):
        jwstpipe.composite(["nothing.fits"], "out.png", crop=crop)


def test_a_window_of_the_sky_that_reaches_beyond_the_images_is_cut_and_says_so(tilted, tmp_path):
    place = f"{STAR.ra.deg:.8f},{STAR.dec.deg:.8f}"
    made = jwstpipe.composite([tilted], tmp_path / "high.png", crop=f"{place},3arcsec,40arcsec")
    assert (made.width, made.height) == (30, SIDE)
    assert made.notes[-1].endswith(f"reaches beyond the images, 30 x {SIDE} of 30 x 400 px are shown")


def test_a_window_beyond_the_images_is_refused(tilted, tmp_path):
    with pytest.raises(NoCoverageError, match="beyond the images"):
        jwstpipe.composite([tilted], tmp_path / "no.png", crop="10,10,1arcmin,1arcmin")


def test_a_picture_that_is_not_turned_keeps_its_id():
    """Ids of pictures that were made before pictures could be turned."""
    from jwstpipe.operations.composite import COMPOSITE, PictureRecipe
    from jwstpipe.operations.spec import Input, MakeContext

    identity = COMPOSITE.identify(PictureRecipe(), [Input("a.fits", "a", "a.fits")], context=MakeContext(None, None))
    assert "orient" not in identity.parameters
    assert COMPOSITE.request_of(identity.parameters) == PictureRecipe()
    turned = COMPOSITE.identify(
        PictureRecipe(orient="north"), [Input("a.fits", "a", "a.fits")], context=MakeContext(None, None)
    )
    assert turned.id != identity.id
    assert CompositeRequest(orient=" 45.0").orient == CompositeRequest(orient=45).orient
