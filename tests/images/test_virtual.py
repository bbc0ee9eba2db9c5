"""Stores of references, read by strangers: fsspec, zarr-python and xarray, nothing of ours."""

import gzip
import subprocess
import sys

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe import open_image
from jwstpipe.errors import ConflictError, FitsError, StoreError
from jwstpipe.images.virtual import write_references
from tests.images.fits_files import sky_keywords, write_cal

STRANGER = """
import sys
import fsspec, numpy as np, xarray, zarr
from astropy.io import fits
filesystem = fsspec.filesystem("reference", fo=sys.argv[1], remote_protocol="file", asynchronous=True)
store = zarr.storage.FsspecStore(filesystem, read_only=True, path="")
group = zarr.open_group(store, mode="r")
data = xarray.open_zarr(store, group="0", consolidated=True)
with fits.open(sys.argv[2]) as truth:
    for hdu in truth:
        name = hdu.name.lower()
        if name not in data:
            continue
        assert np.array_equal(data[name].values, hdu.data, equal_nan=hdu.data.dtype.kind == "f"), name
        window = group[f"0/{name}"][5:9, 7:20] + data[name].encoding.get("add_offset", 0)
        assert np.array_equal(window, hdu.data[5:9, 7:20], equal_nan=hdu.data.dtype.kind == "f"), name
assert not [name for name in sys.modules if name.startswith("jwstpipe")]
print(sorted(data), data["sci"].attrs["units"], data["sci"].dims, data["dq"].attrs["flag_meanings"][:10])
"""


def test_a_stranger_reads_every_plane_through_the_references(tmp_path):
    path = write_cal(tmp_path / "cal.fits", shape=(120, 90))
    made = write_references(path, tmp_path / "cal.json")
    assert made.planes[:3] == ("sci", "err", "dq")
    assert (tmp_path / "cal.json").stat().st_size < 60_000
    command = [sys.executable, "-W", "ignore", "-c", STRANGER, str(tmp_path / "cal.json"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    assert "('y', 'x')" in done.stdout
    assert "DO_NOT_USE" in done.stdout


def test_scales_and_blanks_are_cf_attributes(tmp_path):
    import fsspec
    import xarray
    import zarr

    hdu = fits.PrimaryHDU(np.array([[1, -32768, 5], [3, 4, 6]], dtype="i2"))
    sky_keywords(hdu.header, (2, 3))
    hdu.header["BLANK"] = -32768
    hdu.writeto(tmp_path / "scaled.fits")
    with fits.open(tmp_path / "scaled.fits", mode="update", do_not_scale_image_data=True) as opened:
        opened[0].header["BSCALE"], opened[0].header["BZERO"] = 0.5, 100.0
    write_references(tmp_path / "scaled.fits", tmp_path / "scaled.json")
    filesystem = fsspec.filesystem("reference", fo=str(tmp_path / "scaled.json"), asynchronous=True)
    data = xarray.open_zarr(zarr.storage.FsspecStore(filesystem, read_only=True, path=""), group="0")
    assert np.array_equal(data["sci"].values, [[100.5, np.nan, 102.5], [101.5, 102, 103]], equal_nan=True)


def test_our_reader_follows_the_references(tmp_path):
    path = write_cal(tmp_path / "cal.fits")
    write_references(path, tmp_path / "cal.json")
    seen, truth = open_image(tmp_path / "cal.json"), open_image(path)
    assert seen.planes == truth.planes
    assert seen.read("err").tobytes() == truth.read("err").tobytes()
    (tmp_path / "other.json").write_text('{"a": 1}')
    with pytest.raises(StoreError, match=r"other\.json"):
        open_image(tmp_path / "other.json")


def test_packed_files_have_no_references_and_nothing_is_replaced(tmp_path):
    path = write_cal(tmp_path / "cal.fits")
    (tmp_path / "packed.fits").write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(FitsError, match=r"packed\.fits: packed"):
        write_references(tmp_path / "packed.fits", tmp_path / "packed.json")
    write_references(path, tmp_path / "cal.json")
    with pytest.raises(ConflictError, match="--overwrite"):
        write_references(path, tmp_path / "cal.json")


def test_the_command_writes_references(tmp_path, capsys):
    from jwstpipe.cli.main import main

    path = write_cal(tmp_path / "cal.fits")
    with pytest.raises(SystemExit) as ended:
        main(["convert", str(path), str(tmp_path / "cal.json"), "--virtual"])
    assert ended.value.code == 0
    assert f"ranges of {path}" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["info", str(tmp_path / "cal.json"), "--json", "--pixel", "1,2"])
    assert ended.value.code == 0
