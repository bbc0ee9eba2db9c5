import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io.fits import Header
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from hypothesis import given
from hypothesis import strategies as st

from jwstpipe.errors import TransformError
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import Frame, rotated
from jwstpipe.sky.grid import TILE, SkyGrid


def header_of(grid, box):
    header = grid.header(box)
    header["NAXIS1"], header["NAXIS2"] = box.shape[1], box.shape[0]
    return header


@given(
    st.floats(0, 359.99), st.floats(-89.9, 89.9), st.floats(0.01, 10), st.floats(-180, 180),
    st.integers(-9999, 9999), st.integers(-9999, 9999),
)  # fmt: skip
def test_a_header_and_its_cutouts_describe_the_same_plane(ra, dec, scale, rotation, y, x):
    grid, box = SkyGrid.north_up(ra, dec, scale, rotation_deg=rotation), Box(y, x, y + 30, x + 50)
    assert SkyGrid.from_header(header_of(grid, box)) == (grid, box)


def test_the_plane_is_north_up_with_east_to_the_left_and_has_its_scale():
    grid = SkyGrid.north_up(150.0, 40.0, 0.5)
    wcs = WCS(grid.header(Box(-10, -10, 11, 11)))
    centre, up, right = (wcs.pixel_to_world(x, y) for x, y in ((10, 10), (10, 11), (11, 10)))
    assert centre.separation(SkyCoord(150, 40, unit="deg")).arcsec < 1e-9
    assert centre.position_angle(up).wrap_at(180 * u.deg).deg == pytest.approx(0, abs=1e-4)
    assert centre.position_angle(right).deg == pytest.approx(270, abs=1e-3)
    assert proj_plane_pixel_scales(wcs) * 3600 == pytest.approx([0.5, 0.5])


def test_rotation_turns_the_columns_from_north_through_east():
    wcs = WCS(SkyGrid.north_up(10.0, 0.0, 1.0, rotation_deg=30.0).header(Box(0, 0, 1, 1)))
    angle = wcs.pixel_to_world(0, 0).position_angle(wcs.pixel_to_world(0, 1)).deg
    assert angle == pytest.approx(30.0, abs=1e-3)


def test_tiles_are_absolute():
    grid = SkyGrid.north_up(10.0, 0.0, 1.0)
    assert list(grid.tiles(Box(-1, 0, 1, TILE + 1))) == [(-1, 0), (-1, 1), (0, 0), (0, 1)]
    assert grid.tile_box((-1, 2)) == Box(-TILE, 2 * TILE, 0, 3 * TILE)


def test_other_projections_and_frames_serve_as_grids(shared_data):
    header = Header.fromtextfile(str(shared_data / "m101-2mass" / "template_m101_1.00d.hdr"))
    grid, box = SkyGrid.from_header(header)
    rebuilt, given_wcs = WCS(header_of(grid, box)), WCS(header)
    x, y = np.array([0.0, 2258.0, 700.0]), np.array([0.0, 2198.0, 1500.0])
    assert rebuilt.pixel_to_world(x, y).separation(given_wcs.pixel_to_world(x, y)).arcsec.max() < 1e-6


def test_a_distorted_header_is_no_grid():
    header = header_of(SkyGrid.north_up(10.0, 0.0, 1.0), Box(0, 0, 10, 10))
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
    header["A_ORDER"], header["B_ORDER"], header["A_2_0"] = 2, 2, 1e-6
    with pytest.raises(TransformError, match="distorted"):
        SkyGrid.from_header(header, name="cal.fits")


@pytest.mark.parametrize(
    "origin", [Frame("ICRS"), Frame("FK5"), Frame("FK5", 1975.0), Frame("FK4", 1950.0), Frame("GALACTIC")]
)
@pytest.mark.parametrize("target", [Frame("ICRS"), Frame("FK5"), Frame("GALACTIC")])
def test_frames_agree_with_astropy_to_a_microarcsecond(origin, target):
    random = np.random.default_rng(5)
    lon, lat = random.uniform(0, 360, 500), np.degrees(np.arcsin(random.uniform(-1, 1, 500)))
    truth = SkyCoord(lon, lat, unit="deg", frame=origin.astropy()).transform_to(target.astropy())
    found = SkyCoord(*rotated(lon, lat, origin, target), unit="deg", frame=target.astropy())
    assert found.separation(truth).uas.max() < 1.0
