"""Readers that are not ours open what we write."""

import json
import warnings

import numpy as np
import pytest
import xarray
import zarr
from astropy.io.fits import Header, getheader
from astropy.wcs import WCS

from jwstpipe import convert, open_image
from tests.images.fits_files import write_cal


@pytest.fixture
def store(tmp_path):
    convert(write_cal(tmp_path / "cal.fits", shape=(1100, 300)), tmp_path / "cal.zarr")
    return tmp_path / "cal.zarr"


def test_xarray_opens_every_level_with_named_dimensions(store):
    full = xarray.open_zarr(store, group="0")
    half = xarray.open_zarr(store, group="1")
    assert full["sci"].dims == ("y", "x")
    assert full["sci"].attrs["units"] == "MJy/sr"
    assert half["sci"].shape == (550, 150)
    assert np.array_equal(full["sci"].values, open_image(store).read(), equal_nan=True)
    assert full["dq"].attrs["flag_meanings"].split()[:2] == ["DO_NOT_USE", "SATURATED"]
    assert full["dq"].attrs["flag_masks"][1] == 2


def test_xarray_finds_the_place_of_every_pixel_without_us(tmp_path):
    """By astropy's own WCS, at every level, as the header of the FITS file has it."""
    file = write_cal(tmp_path / "cal.fits", shape=(1100, 300))
    convert(file, tmp_path / "cal.zarr")
    truth = WCS(getheader(file, "SCI"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        full = xarray.open_zarr(tmp_path / "cal.zarr", group="0")
        half = xarray.open_zarr(tmp_path / "cal.zarr", group="1")
        tree = xarray.open_datatree(tmp_path / "cal.zarr", engine="zarr")
    there = float(half["sci"].sel(y=1000.5, x=20.5))
    assert there == pytest.approx(float(full["sci"].sel(y=slice(1000, 1001), x=slice(20, 21)).mean()))
    for level in (full, half, tree["0"].to_dataset()):
        wcs = WCS(Header.fromstring(level.attrs["fits_wcs"], sep="\n"))
        last = level.isel(y=-1, x=7)
        place = float(last.x), float(last.y)
        np.testing.assert_allclose(wcs.pixel_to_world_values(*place), truth.pixel_to_world_values(*place), atol=1e-12)
    assert (float(full.y[-1]), float(half.y[-1]), float(half.x[7])) == (1099.0, 1098.5, 14.5)


def test_zarr_python_finds_planes_headers_and_shards(store):
    root = zarr.open_group(store, mode="r")
    assert root["0/sci"].shards == (2048, 2048)
    assert root["0/sci"].chunks == (512, 512)
    cards = root["header/sci"][...].tobytes().decode("ascii")
    assert Header.fromstring(cards)["BUNIT"] == "MJy/sr"


def test_the_root_describes_the_levels_for_ome_readers(store):
    attributes = json.loads((store / "zarr.json").read_text())["attributes"]
    assert attributes["jwstpipe"]["layout"] == 4
    assert attributes["ome"]["version"] == "0.5"
    datasets = attributes["ome"]["multiscales"][0]["datasets"]
    assert [dataset["path"] for dataset in datasets] == ["0/sci", "1/sci"]
    scale, translation = datasets[1]["coordinateTransformations"]
    assert scale == {"type": "scale", "scale": [2.0, 2.0]}
    assert translation == {"type": "translation", "translation": [0.5, 0.5]}


def published_schema():
    """Give a validator of the published schema of OME-Zarr 0.5, the strict one where it is stricter."""
    from importlib.resources import files

    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    folder = files("ngff_zarr").joinpath("spec", "0.5", "schemas")
    schemas = {
        entry.name: json.loads(entry.read_text()) for entry in folder.iterdir() if entry.name.endswith(".schema")
    }
    registry = Registry().with_resources(
        (schema["$id"], DRAFT202012.create_resource(schema)) for schema in schemas.values() if "$id" in schema
    )
    return [Draft202012Validator(schemas[name], registry=registry) for name in ("image.schema", "strict_image.schema")]


def test_images_and_cubes_are_valid_by_the_published_schema_of_ome_zarr(store, tmp_path):
    from tests.fits.test_contents import write_calints

    convert(write_calints(tmp_path / "calints.fits", shape=(3, 1100, 20)), tmp_path / "cube.zarr")
    for address in (store, tmp_path / "cube.zarr"):
        attributes = json.loads((address / "zarr.json").read_text())["attributes"]
        for validator in published_schema():
            assert [error.message for error in validator.iter_errors(attributes)] == []
        multiscales = attributes["ome"]["multiscales"][0]
        for dataset in multiscales["datasets"]:
            array = zarr.open_array(address, path=dataset["path"], mode="r")
            assert array.ndim == len(multiscales["axes"])
    attributes["ome"]["multiscales"][0]["axes"] = [{"name": "x", "type": "space"}]
    assert any(list(validator.iter_errors(attributes)) for validator in published_schema())
