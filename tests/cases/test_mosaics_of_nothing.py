"""Weights that 32 bits cannot hold, and mosaics without a single pixel."""

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.errors import DataError
from jwstpipe.mosaicking.build import mosaic
from jwstpipe.mosaicking.output_grid import read_grid


def exposure(path, sci, header, **planes):
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(sci, header, name="SCI")]
    fits.HDUList(hdus + [fits.ImageHDU(data, name=name.upper()) for name, data in planes.items()]).writeto(path)
    return path


@pytest.mark.parametrize("variance", [1e-40, 1e-32, 1e34])
def test_weights_only_matter_relative_to_each_other(case, tmp_path, variance):
    with fits.open(case("weights_overflow") / "var_1e-40.fits") as opened:
        sci, header = opened["SCI"].data, opened["SCI"].header
    one = np.ones(sci.shape, "f4")
    pair = [
        exposure(tmp_path / "a.fits", sci, header, err=one, var_rnoise=one * np.float32(variance)),
        exposure(tmp_path / "b.fits", sci + 4, header, err=one, var_rnoise=one * np.float32(3 * variance)),
    ]
    made = mosaic(pair, tmp_path / "m.zarr", grid=read_grid(case("weights_overflow") / "var_1e-40.fits"),
                  fits=tmp_path / "m.fits")  # fmt: skip
    assert made.weights == "ivm"
    assert made.pixels >= sci.size
    found = fits.getdata(tmp_path / "m.fits", "SCI")
    np.testing.assert_allclose(found - sci, 1.0, atol=1e-4)  # (3 x 0 + 1 x 4) / 4
    weight = fits.getdata(tmp_path / "m.fits", "WHT")
    assert np.isfinite(weight[np.isfinite(found)]).all()


def test_the_case_of_the_overflow_is_a_mosaic(case, tmp_path):
    made = mosaic([case("weights_overflow") / "var_1e-40.fits"], tmp_path / "m.zarr")
    assert made.pixels >= 8000


@pytest.mark.parametrize(("what", "said"), [("sci", "8,000 without data"), ("dq", "8,000 with rejected DQ bits"),
                                            ("var", "8,000 without weight")])  # fmt: skip
def test_a_mosaic_without_a_pixel_is_refused_with_the_reason(case, tmp_path, what, said):
    with fits.open(case("weights_overflow") / "var_1e-40.fits") as opened:
        sci, header = opened["SCI"].data.copy(), opened["SCI"].header
    one = np.ones(sci.shape, "f4")
    dq, var = np.zeros(sci.shape, "u4"), one.copy()
    if what == "sci":
        sci[:] = np.nan
    elif what == "dq":
        dq[:] = 1
    else:
        var[:] = 0
    source = exposure(tmp_path / "a.fits", sci, header, err=one, dq=dq, var_rnoise=var)
    with pytest.raises(DataError, match=said):
        mosaic([source], tmp_path / "m.zarr")
    assert not (tmp_path / "m.zarr").exists()
