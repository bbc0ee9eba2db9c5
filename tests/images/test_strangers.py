"""Readers that are not ours open what we write."""

import json

import numpy as np
import pytest
import xarray
import zarr
from astropy.io.fits import Header

from jwstpipe import convert, open_image
from tests.images.fits_files import write_cal


@pytest.fixture
def store(tmp_path):
    convert(write_cal(tmp_path / "cal.fits", shape=(1100, 300)), tmp_path / "cal.zarr")
    return tmp_path / "cal.zarr"


def test_xarray_opens_every_level_with_named_dimensions(store):
    full = xarray.open_zarr(store, group="0", consolidated=False)
    half = xarray.open_zarr(store, group="1", consolidated=False)
    assert full["sci"].dims == ("y", "x")
    assert full["sci"].attrs["units"] == "MJy/sr"
    assert half["sci"].shape == (550, 150)
    assert np.array_equal(full["sci"].values, open_image(store).read(), equal_nan=True)
    assert full["dq"].attrs["flag_meanings"].split()[:2] == ["DO_NOT_USE", "SATURATED"]
    assert full["dq"].attrs["flag_masks"][1] == 2


def test_zarr_python_finds_planes_headers_and_shards(store):
    root = zarr.open_group(store, mode="r")
    assert root["0/sci"].shards == (2048, 2048)
    assert root["0/sci"].chunks == (512, 512)
    cards = root["header/sci"][...].tobytes().decode("ascii")
    assert Header.fromstring(cards)["BUNIT"] == "MJy/sr"


def test_the_root_describes_the_levels_for_ome_readers(store):
    attributes = json.loads((store / "zarr.json").read_text())["attributes"]
    assert attributes["jwstpipe"]["layout"] == 1
    assert attributes["ome"]["version"] == "0.5"
    datasets = attributes["ome"]["multiscales"][0]["datasets"]
    assert [dataset["path"] for dataset in datasets] == ["0/sci", "1/sci"]
    scale, translation = datasets[1]["coordinateTransformations"]
    assert scale == {"type": "scale", "scale": [2.0, 2.0]}
    assert translation == {"type": "translation", "translation": [0.5, 0.5]}
