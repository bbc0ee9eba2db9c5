"""Array, info, crop, xarray, OME-Zarr, AVM and exported FITS of one store count from the same corner."""

import json

import numpy as np
import pytest
import xarray
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image
from typer.testing import CliRunner

from jwstpipe import convert, mosaic, open_image
from jwstpipe.cli.start.app import app
from jwstpipe.images.export import export
from jwstpipe.requests import MosaicOptions
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import TILE, SkyGrid
from tests.mosaicking.scenes import header, write
from tests.render.test_render_avm import read_packet, wcs_from_keywords

SHAPE = (60, 80)
PLANE = SkyGrid.north_up(150.0, 2.0, 0.1)


def converted(folder, **how):
    data = np.random.default_rng(5).normal(10, 1, SHAPE)
    convert(write(folder / "one.fits", data, header(shape=SHAPE, **how)), folder / "one.zarr")
    return folder / "one.zarr"


def grown_on_all_sides(folder):
    """Make a mosaic that begins in the middle and grows to all four sides."""
    random = np.random.default_rng(6)
    boxes = [Box(0, 0, 40, 50), Box(-30, 5, -10, 30), Box(5, -50, 20, -15), Box(50, 0, 70, 9), Box(3, 60, 30, 90)]
    names = [
        write(folder / f"{n}.fits", random.normal(10, 1, box.shape), PLANE.header(box)) for n, box in enumerate(boxes)
    ]
    out = folder / "one.zarr"
    options = MosaicOptions(kernel="nearest", weights="uniform")
    first = mosaic(names[:1], out, grid=(PLANE, None), options=options)
    assert first.shape == (42, 52)
    made = mosaic(names, out, update=True, options=options)
    assert made.shape == (TILE + 72, TILE + 92)  # whole tiles below and to the left of the first corner, (-1, -1)
    return out


def avm_position(store, picture, crop, x, y):
    """Make a picture, and tell by its AVM alone where its pixel (x, y) from the bottom left lies."""
    words = [] if crop is None else ["--crop", f"{crop.x0},{crop.y0},{crop.x1},{crop.y1}"]
    answer = CliRunner().invoke(app, ["-q", "composite", str(store), "-o", str(picture), *words])
    assert answer.exit_code == 0, answer.output
    with Image.open(picture) as image:
        size, packet = image.size, image.info["XML:com.adobe.xmp"]
    found = read_packet(packet.encode())
    shape = open_image(store).shape if crop is None else crop.shape
    assert size == (shape[1], shape[0])
    return wcs_from_keywords(found, matrix=False).pixel_to_world(x, y)


MAKE = {
    "north-up": converted,
    "turned": lambda folder: converted(folder, angle=33.0),
    "distorted": lambda folder: converted(folder, sip=True, angle=-70.0),
    "off-centre": lambda folder: converted(folder, projection="SIN", shift=(4000.25, -2000.5)),
    "grown mosaic": grown_on_all_sides,
}


@pytest.mark.parametrize("kind", MAKE)
def test_all_count_from_the_same_corner(kind, tmp_path):
    store = MAKE[kind](tmp_path)
    image = open_image(store)
    export(store, tmp_path / "out.fits")
    with fits.open(tmp_path / "out.fits") as hdus:
        data, theirs = hdus["SCI"].data.astype("f4"), WCS(hdus["SCI"].header)
    # the arrays: ours, xarray's (OME-Zarr's level 0 is the same array), and that of the FITS file
    assert np.array_equal(image.read(), data, equal_nan=True)
    attributes = json.loads((store / "zarr.json").read_text())["attributes"]
    path = attributes["ome"]["multiscales"][0]["datasets"][0]["path"]
    group, _, name = path.rpartition("/")
    assert np.array_equal(xarray.open_zarr(store, group=group)[name].values, data, equal_nan=True)
    assert image.shape == data.shape == tuple(attributes["jwstpipe"]["shape"])
    # a pixel with data, away from the corner, by every door
    y, x = (int(value) for value in np.argwhere(np.isfinite(data))[1234])
    truth = theirs.pixel_to_world(x, y)
    answer = CliRunner().invoke(app, ["info", str(store), "--pixel", f"{x},{y}", "--json"])
    facts = json.loads(answer.stdout)
    assert (facts["width"], facts["height"]) == (data.shape[1], data.shape[0])
    (place,) = facts["positions"]
    assert SkyCoord(place["ra"], place["dec"], unit="deg").separation(truth).arcsec < 1e-6
    piece = image.cutout(truth, 1)
    assert (piece.box, piece.sci.item()) == (Box(y, x, y + 1, x + 1), data[y, x])
    assert piece.wcs.pixel_to_world(0, 0).separation(truth).arcsec < 1e-6
    assert image.to_xarray().sci.sel(y=y, x=x).item() == data[y, x]
    if kind != "distorted":  # an affine frame cannot say a distortion
        corner = Box(y - 3, x - 5, y + 15, x + 20).intersection(Box.of_shape(image.shape))
        whole = [] if kind == "grown mosaic" else [(None, (0, 0))]  # pictures leave out an empty rim
        for crop, origin in (*whole, (corner, (corner.y0, corner.x0))):
            found = avm_position(
                store, tmp_path / f"from-{origin[0]}-{origin[1]}.png", crop, x - origin[1], y - origin[0]
            )
            assert found.separation(truth).arcsec < 1e-4
