"""The engine against reproject, sample by sample, where they have the same rules."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

import jwstpipe
from jwstpipe import open_image
from jwstpipe.requests import MosaicOptions
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from tests.mosaicking.scenes import header, wave, write

PLACES = {
    "plain": {},
    "turned by 180": {"angle": 180.0},
    "SIN": {"projection": "SIN", "angle": 20.0},
    "distorted": {"sip": True, "angle": 37.0},
    "distorted across RA 0": {"sip": True, "ra": 0.0005, "angle": -70.0},
    "distorted near the pole": {"sip": True, "dec": 89.997, "angle": 12.0},
    "coarser": {"scale": 0.23, "sip": True},
}


@pytest.mark.parametrize("kernel", ["bilinear", "nearest"])
@pytest.mark.parametrize("place", PLACES)
def test_one_image_equals_reproject_interp(tmp_path, place, kernel):
    from reproject import reproject_interp

    options = {"ra": 150.0, "dec": 2.0, **PLACES[place]}
    shape = (300, 320)
    where = header(shape=shape, **options)
    data = wave(where, shape, ra=options["ra"], dec=options["dec"], period=9.0)
    data[100:103, 50:52], data[7, 300] = np.nan, -5.0
    write(tmp_path / "image.fits", data, where)
    grid, box = SkyGrid.north_up(options["ra"], options["dec"], 0.11317), Box(-200, -210, 190, 220)
    jwstpipe.mosaic(
        [tmp_path / "image.fits"],
        tmp_path / "out.zarr",
        grid=(grid, box),
        options=MosaicOptions(kernel=kernel, tolerance_px=1e-6),
    )
    stored = open_image(tmp_path / "out.zarr")
    ours = stored.read("sci", stored.window)
    truth = reproject_interp(
        (data.astype("f8"), WCS(where)),
        WCS(grid.header(box)),
        shape_out=box.shape,
        order={"nearest": "nearest-neighbor"}.get(kernel, kernel),
        return_footprint=False,
    )
    differing = np.isfinite(ours) != np.isfinite(truth)
    both = np.isfinite(ours) & np.isfinite(truth)
    assert both.sum() > 40_000
    if kernel == "bilinear":
        assert differing.sum() <= 2  # positions on an edge within the last bit
        np.testing.assert_allclose(ours[both], truth[both], rtol=2e-7, atol=2e-6)
    else:  # a position half-way between two pixels may go to either
        assert differing.sum() <= 5
        assert np.mean(ours[both] != truth[both].astype("f4")) < 1e-3


@pytest.mark.exhaustive("test_one_image_equals_reproject_interp")
def test_real_survey_tiles_equal_reproject_and_coadd(tmp_path, shared_data):
    from reproject import reproject_interp
    from reproject.mosaicking import reproject_and_coadd

    names = sorted((shared_data / "m101-2mass").glob("*.fits"))
    made = jwstpipe.mosaic(names, tmp_path / "m101.zarr", fits=tmp_path / "m101.fits")
    assert made.background is None
    with fits.open(tmp_path / "m101.fits") as opened:
        ours, target = opened["SCI"].data.astype("f8"), opened["SCI"].header
    inputs = [(fits.getdata(name), fits.getheader(name)) for name in names]
    truth, covered = reproject_and_coadd(
        inputs, target, shape_out=ours.shape, reproject_function=reproject_interp, combine_function="mean"
    )
    assert np.array_equal(np.isfinite(ours), covered > 0)
    sky_rms = np.median([head["SKYSIG"] for _, head in inputs])
    assert np.nanmax(np.abs(ours - truth)[covered > 0]) < 1e-4 * sky_rms
