"""The lattice against the exact WCS of astropy, where it is easy and where it is not."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.fits import Header
from astropy.wcs import WCS
from astropy.wcs.utils import pixel_to_pixel

from jwstpipe.errors import TransformError
from jwstpipe.sky.box import Box
from jwstpipe.sky.celestial import CelestialWcs, wcs_cards
from jwstpipe.sky.footprint import footprint
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.outlines import outlines_on
from jwstpipe.sky.pixelmap import pixel_map

SIP = {
    "A_ORDER": 3, "B_ORDER": 3, "A_2_0": 1.1e-6, "A_1_1": -7e-7, "A_0_2": 4e-7, "A_3_0": -3e-10, "A_1_2": 2e-10,
    "B_2_0": -5e-7, "B_1_1": 9e-7, "B_0_2": 1.3e-6, "B_0_3": -4e-10, "B_2_1": 1e-10,
}  # fmt: skip


def image_header(projection="TAN", ra=187.7, dec=12.4, angle=37.0, scale=0.031, **more):
    a, s = np.radians(angle), scale / 3600
    header = Header()
    header["NAXIS"], header["NAXIS1"], header["NAXIS2"] = 2, 2048, 2048
    header["CTYPE1"], header["CTYPE2"] = f"RA---{projection}", f"DEC--{projection}"
    header["CRVAL1"], header["CRVAL2"], header["CRPIX1"], header["CRPIX2"] = ra, dec, 1024.5, 1024.5
    header["CUNIT1"] = header["CUNIT2"] = "deg"
    header["CD1_1"], header["CD1_2"] = -s * np.cos(a), s * np.sin(a)
    header["CD2_1"], header["CD2_2"] = s * np.sin(a), s * np.cos(a)
    header["RADESYS"] = "ICRS"
    header.update(more)
    return header


CASES = {
    "TAN": image_header(),
    "SIN": image_header("SIN"),
    "TAN-SIP": image_header("TAN-SIP", **SIP),
    "ARC": image_header("ARC", dec=-60.0),
    "near the pole": image_header("TAN-SIP", dec=89.995, **SIP),
    "on the pole": image_header("TAN", dec=90.0, ra=0.0),
    "across RA 0": image_header("TAN-SIP", ra=0.001, **SIP),
    "turned by 180": image_header("TAN-SIP", angle=217.0, **SIP),
    "FK5": image_header(RADESYS="FK5", EQUINOX=2000.0),
}


@pytest.mark.parametrize("case", CASES)
def test_positions_agree_with_the_exact_wcs(case):
    header = CASES[case]
    grid = SkyGrid.north_up(header["CRVAL1"], header["CRVAL2"], 0.03)
    box = Box(-700, -600, 500, 800)
    found = pixel_map(grid, CelestialWcs.from_cards(wcs_cards(header), name=case), box, tolerance=1e-4)
    x, y = found.positions()
    assert found.box.contains(box)
    rows, columns = np.mgrid[found.box.y0 : found.box.y1 : 37, found.box.x0 : found.box.x1 : 41]
    exact_x, exact_y = pixel_to_pixel(WCS(grid.header(Box(0, 0, 1, 1))), WCS(header), columns, rows)
    error = np.hypot(x[::37, ::41] - exact_x, y[::37, ::41] - exact_y)
    assert found.step > 1
    assert found.max_error <= 1e-4
    assert error.max() < 1e-4


def test_the_lattice_is_refined_where_the_map_bends_and_given_up_where_it_breaks():
    header = image_header("TAN-SIP", A_ORDER=5, B_ORDER=5, A_5_0=4e-14, B_0_5=4e-14, A_0_5=-6e-14, B_5_0=5e-14)
    wcs = CelestialWcs.from_cards(wcs_cards(header), name="bent")
    grid = SkyGrid.north_up(187.7, 12.4, 0.03)
    loose = pixel_map(grid, wcs, Box(-900, -900, 900, 900), tolerance=1e-3)
    tight = pixel_map(grid, wcs, Box(600, 600, 900, 900), tolerance=1e-12)
    assert tight.step < loose.step
    assert tight.max_error < 1e-12
    sky = CelestialWcs.from_cards(wcs_cards(image_header(ra=187.7 + 75.0, scale=600.0)), name="far")
    broken = pixel_map(SkyGrid.north_up(187.7, 12.4, 3600.0), sky, Box(-20, -60, 20, 60))
    assert broken.step == 1
    mapped = np.isfinite(broken.nodes).all(axis=-1)
    assert mapped.any()
    assert not mapped.all()


def test_the_same_plane_gives_a_whole_pixel_shift():
    grid = SkyGrid.north_up(187.7, 12.4, 0.03)
    header = grid.header(Box(-310, 25, 0, 400))
    found = pixel_map(grid, CelestialWcs.from_cards(wcs_cards(header), name="cutout"), Box(-300, 30, -100, 90))
    x, y = found.positions()
    assert found.step == 0
    assert np.array_equal(x[0], np.arange(found.box.x0, found.box.x1) - 25.0)
    assert np.array_equal(y[:, 0], np.arange(found.box.y0, found.box.y1) + 310.0)


def test_a_pixel_has_the_same_position_in_every_window():
    wcs = CelestialWcs.from_cards(wcs_cards(CASES["TAN-SIP"]), name="cal")
    grid = SkyGrid.north_up(187.7, 12.4, 0.03)
    whole = pixel_map(grid, wcs, Box(-700, -600, 500, 800))
    part = pixel_map(grid, wcs, Box(-211, 17, 93, 431))
    origin = part.box.relative_to(whole.box)
    for seen, truth in zip(part.positions(), whole.positions(), strict=True):
        assert seen.tobytes() == np.ascontiguousarray(truth[origin.slices]).tobytes()


def test_the_inverse_of_a_distortion_comes_back(shared_data):
    for path in sorted((shared_data / "official-models").glob("*.fits")):
        header = fits.getheader(path, "SCI")
        wcs = CelestialWcs.from_cards(wcs_cards(header), name=path.name)
        y, x = np.mgrid[-20:404:17, -20:404:17].astype(float)
        back_x, back_y = wcs.to_pixel(*wcs.to_sky(x.ravel(), y.ravel()))
        assert np.hypot(back_x - x.ravel(), back_y - y.ravel()).max() < 1e-6


def test_outlines_follow_the_bent_edges_and_cross_ra_zero():
    header = image_header("TAN-SIP", ra=359.999, dec=70.0, **SIP)
    wcs = CelestialWcs.from_cards(wcs_cards(header), name="bent")
    grid = SkyGrid.north_up(0.0, 70.0, 0.031)
    (shape,) = outlines_on(grid, [footprint(wcs, Box(0, 0, 2048, 2048), name="bent")], names=["bent"])
    exact = WCS(header)
    inside = np.array([[0, 0], [2047, 0], [2047, 2047], [0, 2047], [1024, 3]], dtype=float)
    lon, lat = exact.all_pix2world(inside[:, 0], inside[:, 1], 0)
    x, y = WCS(grid.header(Box(0, 0, 1, 1))).wcs_world2pix(lon, lat, 0)
    from shapely import Point

    assert all(shape.buffer(0.2).contains(Point(*point)) for point in zip(x, y, strict=True))
    assert shape.area == pytest.approx(2048**2 * (0.031 / 0.031) ** 2, rel=0.02)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"CTYPE1": "LINEAR", "CTYPE2": "LINEAR"}, "no celestial WCS"),
        ({"CD1_1": 0.0, "CD1_2": 0.0}, "cannot be used|to a line"),
        ({"CRVAL2": 123.0, "CTYPE1": "RA---XYZ", "CTYPE2": "DEC--XYZ"}, "cannot be used"),
    ],
)
def test_a_wcs_that_places_nothing_is_refused_by_name(change, says):
    header = image_header(**change)
    with pytest.raises(TransformError, match=says) as caught:
        CelestialWcs.from_cards(wcs_cards(header), name="broken.fits")
    assert "broken.fits" in str(caught.value)
    assert "\n" not in str(caught.value)
