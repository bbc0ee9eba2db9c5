"""Regions of others: nothing in a file is left out, cut out or taken for pixels in silence; sizes are bounded."""

import numpy as np
import pytest
from astropy.io import fits
from regions import PixCoord, PolygonPixelRegion

from jwstpipe.analysis.pixels.regions import regions_of
from jwstpipe.analysis.pixels.shapes import Polygon
from jwstpipe.errors import DataError, JwstPipeError, UsageError
from jwstpipe.images.open import open_image
from jwstpipe.sky.box import Box


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"], header["CRPIX1"], header["CRPIX2"] = 10.0, -2.0, 50.5, 50.5
    header["CDELT1"], header["CDELT2"] = -1e-5, 1e-5
    path = tmp_path_factory.mktemp("regions") / "a.fits"
    fits.writeto(path, np.ones((100, 100), "f4"), header)
    return open_image(path)


CORNERS = ",".join(f"{value:.1f}" for value in np.random.default_rng(1).uniform(1, 100, 20_000))
HOSTILE = {
    "cut.reg": ("image\n-circle(10,10,3)\n", "is to be cut out"),
    "cut.crtf": ("#CRTFv0\n-circle[[10pix,10pix],1pix]\n", "is to be cut out"),
    "joined.reg": ("image;circle(10,10,3) || -circle(10,10,1)", "are not combined"),
    "left.reg": ("image;circle(10,10,3)\nimage;vector(1,2,3,4)\n", "a part of it cannot be read"),
    "physical.reg": ("physical;circle(10,10,3)", '"physical" frame'),
    "frame.crtf": ("#CRTFv0\ncircle[[10deg,-2deg],1arcsec]\n", "without a frame"),
    "drawn.crtf": ("#CRTFv0\nann circle[[10pix,10pix],1pix]\n", "is an annotation"),
    "nan.reg": ("image;circle(10,10,nan)", "radius of .* is no number"),
    "place.reg": ("image;polygon(1,2,nan,4,5,6)", "position that is no number"),
    "corners.reg": ("image;polygon(1,2,3,4)", "has 2 corners"),
    "million.reg": (f"image;polygon({'1.5,' * 900_000}1)", "about 450,000 corners"),
    "lines.reg": ("image\n" + "circle(1,1,1)\n" * 20_000, "holds 20,000 regions"),
    "angle.crtf": (f"#CRTFv0\nrotbox[[1pix,1pix],[3pix,2pix],{'9' * 500}deg]", "angle of .* is no number"),
    "bytes.reg": (bytes(range(256)), "cannot be read as regions"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_of_regions_is_one_sentence(name, image, tmp_path):
    content, said = HOSTILE[name]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=said) as caught:
        regions_of(str(tmp_path / name), image)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image;circle(10,10,1e300)", "reaches beyond"),
        ("image;box(10,10,1e300,3,0)", "reaches beyond"),
        ('icrs;circle(10,-2,1e9")', "too large for the local map"),
        (f"image;polygon({CORNERS})", "to and fro"),
        ("POLYGON ICRS nan 2 3 4 5 6 7 8", "an S_REGION is"),
        ("POLYGON ECLIPTIC 1 2 3 4 5 6", "frame ECLIPTIC is not known"),
        ("image;circle(1,1,1)" * 2, "cannot be read"),
        ("1,2,\u00b2,4", "give X0"),
        (f"label:{'9' * 5000}@a.fits", "write label"),
    ],
)
def test_a_line_that_cannot_be_measured_is_refused(text, said, image):
    with pytest.raises(UsageError, match=said):
        regions_of(text, image)


def test_the_frame_of_an_s_region_counts(image):
    """B1950 by astropy of ICRS 10, -2, which is half a degree from there."""
    with pytest.raises(JwstPipeError):
        regions_of("CIRCLE FK4 10.0 -2.0 0.0001", image)
    (found,) = regions_of("CIRCLE FK4 9.361081429759855 -2.2744516700336863 0.0001", image)
    assert abs(found.x - 49.5) < 1.0
    assert abs(found.y - 49.5) < 1.0


def test_a_polygon_takes_the_pixels_and_shares_of_an_independent_one():
    """Centres against `regions`; shares against the area that the corners enclose."""
    rng = np.random.default_rng(5)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 60))
    radius = rng.uniform(5, 19, 60)  # a star: many dents
    xs, ys = 20.3 + radius * np.cos(angles), 21.1 + radius * np.sin(angles)
    window = Box(0, 0, 43, 42)
    polygon = Polygon(tuple(xs), tuple(ys))
    yy, xx = np.mgrid[:43, :42]
    inside = PolygonPixelRegion(PixCoord(xs, ys)).contains(PixCoord(xx, yy))
    assert np.array_equal(polygon.weights(window, "center") > 0, inside)
    shares = polygon.weights(window, "exact")
    area = 0.5 * abs(np.dot(xs, np.roll(ys, -1)) - np.dot(ys, np.roll(xs, -1)))
    assert shares.sum() == pytest.approx(area, abs=1e-9)
    assert ((shares >= 0) & (shares <= 1 + 1e-12)).all()
