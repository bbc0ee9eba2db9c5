"""FITS -> Zarr -> FITS gives the same file; what is read on the way is what astropy reads."""

import bz2
import gzip
import hashlib

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe import convert, export, open_image
from jwstpipe.errors import ConflictError, DataError, StoreError, StoreVersionError
from jwstpipe.sky.box import Box
from tests.images.fits_files import sky_keywords, write_cal, write_old_i2d


def test_a_calibrated_exposure_comes_back_byte_for_byte(tmp_path):
    source = write_cal(tmp_path / "jw09999001001_02101_00001_nrcb1_cal.fits")
    made = convert(source, tmp_path / "cal.zarr")
    written = export(tmp_path / "cal.zarr", tmp_path / "again.fits")
    assert (tmp_path / "again.fits").read_bytes() == source.read_bytes()
    assert written.identical
    assert made.omitted == ()
    assert made.planes == ("sci", "err", "dq", "area", "var_poisson", "var_rnoise", "var_flat")


def test_science_planes_alone_name_what_they_leave_out(tmp_path):
    source = write_cal(tmp_path / "cal.fits")
    made = convert(source, tmp_path / "cal.zarr", planes="science")
    written = export(tmp_path / "cal.zarr", tmp_path / "again.fits")
    assert made.omitted == ("VAR_POISSON", "VAR_FLAT", "ASDF")
    assert not written.identical
    with fits.open(tmp_path / "again.fits") as again, fits.open(source) as original:
        assert [hdu.name for hdu in again] == ["PRIMARY", "SCI", "ERR", "DQ", "AREA", "VAR_RNOISE"]
        assert again["DQ"].data.tobytes() == original["DQ"].data.tobytes()
        assert str(again["SCI"].header) == str(original["SCI"].header)


@pytest.mark.parametrize("weight", [True, False])
def test_zeros_without_coverage_read_as_nan_and_come_back_as_zeros(tmp_path, weight):
    sci, covered = write_old_i2d(tmp_path / "old_i2d.fits", weight=weight)
    convert(tmp_path / "old_i2d.fits", tmp_path / "old.zarr")
    for image in (open_image(tmp_path / "old_i2d.fits"), open_image(tmp_path / "old.zarr")):
        values = image.read("sci")
        assert np.array_equal(np.isnan(values), ~covered)
        assert np.array_equal(values[covered], sci[covered])
    assert export(tmp_path / "old.zarr", tmp_path / "again.fits").identical


@pytest.mark.parametrize(
    ("dtype", "scale", "zero"),
    [("i2", 1, 0), ("i2", 1, 32768), ("i2", 0.0123, 17.5), ("i4", 0.5, -3.0), ("u1", 1, 0), ("f8", 1, 0)],
)
def test_every_sample_type_comes_back(tmp_path, dtype, scale, zero):
    random = np.random.default_rng(3)
    data = (
        random.normal(0, 1e3, (40, 50)).astype(dtype)
        if dtype == "f8"
        else random.integers(0, 120, (40, 50)).astype(dtype)
    )
    hdu = fits.PrimaryHDU(data)
    sky_keywords(hdu.header, data.shape)
    hdu.writeto(tmp_path / "plain.fits")
    with fits.open(tmp_path / "plain.fits", mode="update", do_not_scale_image_data=True) as opened:
        opened[0].header["BSCALE"], opened[0].header["BZERO"] = scale, zero
    convert(tmp_path / "plain.fits", tmp_path / "plain.zarr")
    assert export(tmp_path / "plain.zarr", tmp_path / "again.fits").identical
    np.testing.assert_allclose(
        open_image(tmp_path / "plain.zarr").read(), fits.getdata(tmp_path / "plain.fits"), rtol=1e-6
    )


def test_blank_integers_are_nan(tmp_path):
    hdu = fits.PrimaryHDU(np.array([[1, -32768], [3, 4]], dtype="i2"))
    sky_keywords(hdu.header, (2, 2))
    hdu.header["BLANK"] = -32768
    hdu.writeto(tmp_path / "blank.fits")
    convert(tmp_path / "blank.fits", tmp_path / "blank.zarr")
    assert np.array_equal(open_image(tmp_path / "blank.zarr").read(), [[1, np.nan], [3, 4]], equal_nan=True)
    assert export(tmp_path / "blank.zarr", tmp_path / "again.fits").identical


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_packed_streams_are_known_by_their_bytes_not_their_names(tmp_path, pack):
    source = write_cal(tmp_path / "cal.fits")
    (tmp_path / "packed.fits").write_bytes(pack(source.read_bytes()))
    made = convert(tmp_path / "packed.fits", tmp_path / "cal.zarr")
    assert made.source_sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    written = export(tmp_path / "cal.zarr", tmp_path / "again.fits")
    assert written.unpacked
    assert not written.identical


def test_real_images_come_back_and_read_as_astropy_reads_them(tmp_path, shared_data):
    names = sorted([*shared_data.glob("jwst/*mirimage_i2d.fits"), *shared_data.glob("official-models/*.fits")])
    names += [*shared_data.glob("galactic-centre-2mass/*.fits"), *shared_data.glob("m101-2mass/*44.fits")]
    assert len(names) >= 8
    for name in names:
        store = tmp_path / f"{name.stem}.zarr"
        convert(name, store)
        written = export(store, tmp_path / f"{name.stem}.fits")
        assert written.identical or written.unpacked, name
        image = open_image(store)
        with fits.open(name) as opened:
            science = opened["SCI"] if "SCI" in opened else opened[0]
            values, truth = image.read(), science.data
            covered = ~np.isnan(values)
            np.testing.assert_allclose(values[covered], truth[covered], rtol=1e-6, err_msg=name.name)
            if "WHT" in opened:
                assert np.array_equal(covered, (opened["WHT"].data > 0) & ~np.isnan(truth)), name


def test_windows_read_alike_from_fits_and_store(tmp_path):
    source = write_cal(tmp_path / "cal.fits")
    convert(source, tmp_path / "cal.zarr")
    box = Box(11, 23, 45, 67)
    plain, stored = open_image(source), open_image(tmp_path / "cal.zarr")
    for plane in plain.planes:
        assert (
            plain.read(plane, box).tobytes()
            == stored.read(plane, box).tobytes()
            == plain.read(plane)[box.slices].tobytes()
        )


def test_a_second_conversion_is_reused_and_another_one_refused(tmp_path):
    first, second = write_cal(tmp_path / "a.fits"), write_cal(tmp_path / "b.fits", seed=2)
    made = convert(first, tmp_path / "a.zarr")
    again = convert(first, tmp_path / "a.zarr")
    assert (made.reused, again.reused) == (False, True)
    assert made.product_id == again.product_id
    with pytest.raises(ConflictError, match="--overwrite"):
        convert(second, tmp_path / "a.zarr")
    assert convert(second, tmp_path / "a.zarr", overwrite=True).product_id != made.product_id


def test_nothing_half_made_is_left_behind(tmp_path):
    source = write_cal(tmp_path / "cal.fits")
    content = bytearray(source.read_bytes())
    with fits.open(source) as opened:
        position = opened["DQ"].fileinfo()["hdrLoc"]
    at = content.index(b"BITPIX  =                   32", position)
    content[at : at + 30] = b"BITPIX  =                  -32"  # a DQ plane of floats: noticed only after SCI is written
    (tmp_path / "wrong.fits").write_bytes(content)
    with pytest.raises(DataError, match="whole numbers"):
        convert(tmp_path / "wrong.fits", tmp_path / "wrong.zarr")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cal.fits", "wrong.fits"]


def test_a_store_without_its_root_is_not_an_image(tmp_path):
    convert(write_cal(tmp_path / "cal.fits"), tmp_path / "cal.zarr")
    (tmp_path / "cal.zarr" / "zarr.json").rename(tmp_path / "kept.json")
    with pytest.raises(StoreError, match=r"root zarr\.json is missing"):
        open_image(tmp_path / "cal.zarr")
    text = (tmp_path / "kept.json").read_text()
    (tmp_path / "cal.zarr" / "zarr.json").write_text(text.replace('"layout": 4', '"layout": 99'))
    with pytest.raises(StoreVersionError, match="its layout is 99"):
        open_image(tmp_path / "cal.zarr")
