"""The store of a spectral cube: byte for byte, block by block, verified, and read by others."""

from pathlib import Path

import numpy as np
import pytest
import xarray
import zarr
from astropy.io import fits

import jwstpipe
from jwstpipe.analysis.cubes.cube import open_cube
from jwstpipe.errors import ConflictError, StoreError, StoreVersionError, UsageError
from jwstpipe.images.export import export
from jwstpipe.images.verify import verify_conversion
from jwstpipe.images.zarr.checked_root import group_attributes
from jwstpipe.images.zarr.layout import check_layout
from jwstpipe.images.zarr.verify_store import verify_store
from jwstpipe.simulate.spectral_cube import simulate_cube
from jwstpipe.sky.box import Box


@pytest.fixture(scope="module", params=[False, True], ids=["linear", "table"])
def pair(request, tmp_path_factory):
    """A cube larger than a shard along wavelength, and its store."""
    folder = tmp_path_factory.mktemp("store")
    truth = simulate_cube(folder / "x_s3d.fits", np.linspace(5.2, 5.6, 300), shape=(36, 40), tabulated=request.param)
    with fits.open(truth.path, mode="update") as opened:
        odd = opened["SCI"].data.view("u4")
        odd[3, 5, 6], odd[4, 5, 6], odd[5, 5, 6] = 0x7FC12345, 0x80000000, 0x7F800000  # a NaN, -0, infinity
    return truth.path, jwstpipe.convert(truth.path, folder / "x.zarr")


def test_every_card_and_sample_comes_back(pair, tmp_path):
    file, made = pair
    assert verify_conversion(file, made.address).samples > 4 * 300 * 36 * 40 - 1
    again = export(made.address, tmp_path / "back.fits")
    assert again.identical
    assert (tmp_path / "back.fits").read_bytes() == file.read_bytes()


def test_blocks_slices_and_spectra_are_those_of_the_file(pair):
    file, made = pair
    ours, theirs = open_cube(made.address), open_cube(file)
    np.testing.assert_array_equal(ours.microns, theirs.microns)
    with fits.open(file) as opened:
        samples, flags = opened["SCI"].data, opened["DQ"].data
    for first, last, box in (
        (0, 300, Box(35, 39, 36, 40)),
        (250, 262, Box(30, 31, 34, 40)),
        (299, 300, Box(0, 0, 36, 40)),
    ):
        part = (slice(first, last), *box.slices)
        np.testing.assert_array_equal(ours.image.read_block("sci", first, last, box), samples[part])
        np.testing.assert_array_equal(ours.image.read_block("dq", first, last, box), flags[part])
    np.testing.assert_array_equal(ours.image.read("sci", index=17), samples[17])
    with pytest.raises(UsageError):
        ours.image.read_block("sci", 299, 301, Box(0, 0, 1, 1))


def test_others_read_it(pair):
    file, made = pair
    with fits.open(file) as opened:
        samples = opened["SCI"].data
    group = zarr.open_group(made.address, mode="r")
    np.testing.assert_array_equal(group["0/sci"][100:103], samples[100:103])
    assert group["0/sci"].chunks == (32, 32, 32)
    assert group["0/sci"].shards == (256, 256, 256)
    found = xarray.open_zarr(made.address, group="0", consolidated=False)
    assert found["sci"].dims == ("wavelength", "y", "x")
    np.testing.assert_array_equal(group["wavelength"][:], open_cube(file).microns)


def test_the_same_cube_is_not_made_twice_and_no_other_is_replaced(pair, tmp_path):
    file, made = pair
    assert jwstpipe.convert(file, made.address).reused
    simulate_cube(tmp_path / "other.fits", np.linspace(5.2, 5.6, 10), shape=(8, 8))
    with pytest.raises(ConflictError):
        jwstpipe.convert(tmp_path / "other.fits", made.address)
    with pytest.raises(UsageError, match="kept whole; leave out planes"):
        jwstpipe.convert(file, tmp_path / "x.zarr", planes="science")


def test_damage_is_found_and_named(pair, tmp_path):
    file, _ = pair
    jwstpipe.convert(file, tmp_path / "x.zarr")
    verify_store(tmp_path / "x.zarr")
    shard = tmp_path / "x.zarr" / "0" / "sci" / "c" / "1" / "0" / "0"
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    with pytest.raises(StoreError, match=r"0/sci/c/1/0/0: damaged"):
        verify_store(tmp_path / "x.zarr")
    with pytest.raises(StoreError, match=r"0/sci/c/1/0/0: damaged .*convert the file again"):
        open_cube(tmp_path / "x.zarr").read(255, 300)
    assert open_cube(tmp_path / "x.zarr").read(0, 255).shape == (255, 36, 40)
    shard.unlink()
    with pytest.raises(StoreError, match=r"0/sci/c/1/0/0: lost"):
        open_cube(tmp_path / "x.zarr").slice(299)


def test_a_newer_layout_is_refused(pair):
    _, made = pair
    root = group_attributes(Path(made.address, "zarr.json").read_bytes(), name="x")
    assert root["jwstpipe"]["layout"] == 4
    with pytest.raises(StoreVersionError, match="its layout is 5, this version reads up to 4"):
        check_layout({"jwstpipe": {**root["jwstpipe"], "layout": 5}}, name="x")
