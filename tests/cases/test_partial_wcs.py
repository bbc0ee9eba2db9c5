"""A WCS that has no answer for a part of the image: that part counts as not covered."""

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.errors import TransformError
from jwstpipe.images.open import open_image
from jwstpipe.mosaicking.build import mosaic
from jwstpipe.mosaicking.output_grid import read_grid
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.sky.footprint import footprint


def all_sky(path, code, data):
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = f"GLON-{code}", f"GLAT-{code}"
    header["CRVAL1"], header["CRVAL2"], header["CRPIX1"], header["CRPIX2"] = 0.0, 0.0, 180.5, 90.5
    header["CDELT1"], header["CDELT2"] = -1.0, 1.0
    if code == "HPX":
        header["PV2_1"], header["PV2_2"] = 4, 3
    fits.PrimaryHDU(data, header).writeto(path)
    return path


@pytest.mark.parametrize("code", ["CAR", "AIT", "MOL", "HPX"])
def test_a_region_out_of_an_all_sky_map(case, tmp_path, code):
    from reproject import reproject_interp

    grid = case("allsky_cutout") / "small_grid.fits"
    data = fits.getdata(case("allsky_cutout") / "allsky_CAR.fits")
    source = all_sky(tmp_path / "all.fits", code, data)
    mosaic([source], tmp_path / "m.zarr", grid=read_grid(grid), fits=tmp_path / "m.fits")
    with fits.open(source) as opened:
        truth, _ = reproject_interp(opened[0], fits.getheader(grid))
    found = fits.getdata(tmp_path / "m.fits", 1)
    assert np.array_equal(np.isnan(found), np.isnan(truth))
    assert np.nanmax(np.abs(found - truth)) < 0.02  # 1e-3 px of a scene that changes by 20 a pixel


def test_an_all_sky_map_needs_a_grid(case):
    with pytest.raises(TransformError, match="say with --grid"):
        plan_mosaic([case("allsky_cutout") / "allsky_CAR.fits"])


def test_a_hole_in_the_middle(case, tmp_path):
    path = case("crash_nan_scale") / "zpn_hole.fits"
    image = open_image(path)
    found = footprint(image.wcs.exact(name="zpn"), image.window, name="zpn")
    assert found.partial
    assert found.scale_arcsec == pytest.approx(1.08, rel=0.2)  # CD of 3e-4 deg, less towards the pole
    made = mosaic([path], tmp_path / "m.zarr", fits=tmp_path / "m.fits")
    assert made.pixels > 150 * 150
