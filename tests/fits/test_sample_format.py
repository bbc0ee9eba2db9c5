"""Every sample type, scale and kind of NaN comes back bit for bit, and reads as astropy reads it."""

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from jwstpipe import convert, export, open_image
from jwstpipe.errors import HeaderError
from jwstpipe.fits.sample_format import SampleFormat
from jwstpipe.images.verify import verify_conversion
from jwstpipe.sky.box import Box
from tests.images.fits_files import sky_keywords


def write_scaled(path, data, scale=1.0, zero=0.0, blank=None):
    hdu = fits.PrimaryHDU(data)
    sky_keywords(hdu.header, data.shape)
    hdu.writeto(path)
    with fits.open(path, mode="update", do_not_scale_image_data=True) as opened:
        if (scale, zero) != (1.0, 0.0):
            opened[0].header["BSCALE"], opened[0].header["BZERO"] = scale, zero
        if blank is not None:
            opened[0].header["BLANK"] = blank
    return path


def comes_back(tmp_path, path):
    convert(path, tmp_path / "image.zarr")
    verify_conversion(path, tmp_path / "image.zarr")
    assert export(tmp_path / "image.zarr", tmp_path / "again.fits").identical
    return open_image(tmp_path / "image.zarr").read()


@pytest.mark.parametrize(
    ("dtype", "scale", "zero"),
    [
        ("i8", 1.0, 0.0), ("i8", 0.1, 1e6), ("i4", 1e-7, 1e9), ("i4", 1e-12, 1e9), ("i2", 1e-3, 1e6),
        ("i2", 1e-20, 1.0), ("i2", 1e300, 0.0), ("f4", 0.1, 3.0), ("f8", 1e-3, 1e7), ("u1", -2.5, 1e5),
        ("i4", 0.0, 3.0),
    ],
)  # fmt: skip
def test_scales_that_floats_cannot_carry_come_back_too(tmp_path, dtype, scale, zero):
    random = np.random.default_rng(4)
    integer = np.dtype(dtype).kind in "iu"
    limits = np.iinfo(dtype) if integer else None
    data = (
        random.integers(limits.min, limits.max, (40, 50), dtype=dtype, endpoint=True)
        if integer
        else random.normal(0, 1e3, (40, 50)).astype(dtype)
    )
    path = write_scaled(tmp_path / "plain.fits", data, scale, zero)
    values = comes_back(tmp_path, path)
    with np.errstate(all="ignore"):
        truth = data.astype("f8") * scale + zero
    np.testing.assert_allclose(values, truth, rtol=1e-6)
    assert open_image(path).read().tobytes() == values.tobytes()


@given(
    st.sampled_from([8, 16]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
    st.one_of(st.none(), st.integers(-32768, 32767)),
)
def test_what_claims_to_be_exact_is_exact_for_every_sample(bitpix, scale, zero, blank):
    form = SampleFormat(bitpix, scale, zero, blank)
    every = np.arange(2**bitpix, dtype=f"u{bitpix // 8}").astype(f">u{bitpix // 8}").view(form.stored)
    if form.exact:
        assert form.encode(form.decode(every), name="x").tobytes() == every.tobytes()


@given(st.floats(1e-30, 1e30), st.floats(-1e30, 1e30), st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1))
def test_what_claims_to_be_exact_is_exact_for_long_integers(scale, zero, counts):
    form = SampleFormat(32, scale, zero)
    raw = np.array(counts, dtype=">i4")
    if form.exact:
        assert form.encode(form.decode(raw), name="x").tobytes() == raw.tobytes()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_nan_of_every_kind_keeps_its_bits_even_where_nothing_else_is(tmp_path, dtype):
    data = np.full((1100, 1100), np.nan, dtype=dtype)
    bits = data.view(f"u{data.dtype.itemsize}")
    bits[:512] |= 1 << (data.dtype.itemsize * 8 - 1)  # a whole row of chunks of negative NaN, as C programs write it
    bits[600, 600] = bits[600, 600] & ~np.array(1 << (22 if dtype == "f4" else 51), bits.dtype) | 5  # a signalling one
    data[1000, 1000] = -0.0
    values = comes_back(tmp_path, write_scaled(tmp_path / "nan.fits", data))
    assert np.isnan(values).sum() == data.size - 1


@pytest.mark.parametrize(("dtype", "scale"), [("f4", 1.0), ("f8", 1.0), ("i2", 0.5), ("i4", 1.0)])
def test_every_type_can_lack_coverage(tmp_path, dtype, scale):
    random = np.random.default_rng(6)
    data = random.integers(-100, 100, (50, 60)).astype(dtype)
    weight = random.choice([0.0, 2.0], data.shape).astype("f4")
    science = fits.ImageHDU(data, name="SCI")
    sky_keywords(science.header, data.shape)
    path = tmp_path / "i2d.fits"
    fits.HDUList([fits.PrimaryHDU(), science, fits.ImageHDU(weight, name="WHT")]).writeto(path)
    with fits.open(path, mode="update", do_not_scale_image_data=True) as opened:
        opened["SCI"].header["BSCALE"] = scale
    values = comes_back(tmp_path, path)
    assert np.array_equal(np.isnan(values), weight == 0)
    assert np.array_equal(values[weight > 0], data[weight > 0] * scale)
    box = Box(3, 5, 17, 40)
    assert open_image(path).read("sci", box).tobytes() == values[box.slices].tobytes()


@pytest.mark.parametrize("card", ["'abc'", "T", "''"])
def test_a_scale_that_is_no_number_is_refused_by_name(tmp_path, card):
    path = write_scaled(tmp_path / "odd.fits", np.ones((9, 9), "i2"), 2.0)
    content = path.read_bytes()
    at = content.index(b"BSCALE  =")
    path.write_bytes(content[: at + 10] + card.encode().rjust(20) + content[at + 30 :])
    with pytest.raises(HeaderError, match=r"odd\.fits: PRIMARY: BSCALE is no number"):
        convert(path, tmp_path / "odd.zarr")
