"""The same picture in every form: samples, place on the sky, description."""

import hashlib
import warnings

import numpy as np
import pytest
import tifffile
import zarr
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image

from jwstpipe.display.colour.names import parse_colour
from jwstpipe.errors import UsageError
from jwstpipe.render.composite import Channel, composite
from jwstpipe.requests import CompositeRequest
from tests.render.render_images import starfield, tan_header
from tests.render.test_render_avm import AVM, read_packet
from tests.render.test_render_composite import images
from tests.render.test_render_picture import png_samples


def channels(**policies):
    return [Channel(image) for image in images([starfield(colour=c) for c in (1, 2, 3)], **policies)]


def test_cube_store_and_tiff_hold_the_samples_of_the_png(tmp_path):
    header = tan_header((300, 400), rotation=33.0, mirrored=True)
    made = {
        name: composite(
            channels(header=header),
            tmp_path / name,
            options=CompositeRequest(bits=16),
            provenance={"product_id": "ab12"},
        )
        for name in ("a.png", "a.tif", "a.fits", "a.zarr")
    }
    samples = png_samples(tmp_path / "a.png")
    assert np.array_equal(tifffile.imread(tmp_path / "a.tif"), samples)
    upward = np.moveaxis(samples[::-1], 2, 0)
    with fits.open(tmp_path / "a.fits") as hdus:
        hdus.verify("exception")
        assert np.array_equal(hdus[0].data, upward)
        assert hdus[0].header["JPPRODID"] == "ab12"
        sky = WCS(hdus[0].header, naxis=2).wcs_pix2world(100.0, 20.0, 0)
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    assert np.array_equal(group["0"][:], upward)
    assert group.attrs["ome"]["version"] == "0.5"
    stored = fits.Header.fromstring(bytes(group["header/sci"][:].tobytes()).decode())
    wanted = np.array(WCS(header).wcs_pix2world(100.0, 20.0, 0))
    for found in (sky, WCS(stored).wcs_pix2world(100.0, 20.0, 0)):
        assert np.array(found) == pytest.approx(wanted, abs=1e-10)
    assert made["a.tif"].sha256 == hashlib.sha256((tmp_path / "a.tif").read_bytes()).hexdigest()
    assert made["a.zarr"].size_bytes > 100_000


def test_store_is_open_to_xarray_and_has_a_pyramid(tmp_path):
    xarray = pytest.importorskip("xarray")
    big = [np.tile(field, (4, 6)) for field in (starfield(colour=c) for c in (1, 2, 3))]
    composite([Channel(image) for image in images(big)], tmp_path / "a.zarr")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = xarray.open_zarr(tmp_path / "a.zarr", consolidated=False, drop_variables=["1", "2"])
    assert dataset["0"].dims == ("c", "y", "x")
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    assert [group[str(level)].shape for level in range(3)] == [(3, 1200, 2400), (3, 600, 1200), (3, 300, 600)]
    for colour in range(3):
        fine = group["0"][colour].reshape(600, 2, 1200, 2).mean(axis=(1, 3))
        assert np.abs(group["1"][colour] - fine).max() <= 0.5


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
@pytest.mark.parametrize("seed", range(3))
def test_pyavm_places_every_form_on_a_canvas(tmp_path, name, seed):
    """Random rotation and parity, resized, on a canvas: corners within half a pixel, by the standard's keywords."""
    rng = np.random.default_rng(seed)
    header = tan_header((300, 400), rotation=rng.uniform(-180, 180), mirrored=bool(seed % 2), crval=(359.9, 70.0))
    options = CompositeRequest(canvas=(320, 500), crop=(20, 30, 380, 290))
    composite(channels(header=header), tmp_path / name, options=options)
    if name == "a.tif":
        with tifffile.TiffFile(tmp_path / name) as file:
            packet = bytes(file.pages[0].tags[700].value)
            shape = file.pages[0].shape[:2]
    else:
        with Image.open(tmp_path / name) as image:
            packet = image.info["xmp"]
            shape = image.size[::-1]
    assert shape == (500, 320)
    pyavm = pytest.importorskip("pyavm")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        placed = pyavm.AVM.from_xml(packet).to_wcs()
    step = 360 / 320
    left, below = 0, (500 - round(260 / step)) // 2 + (500 - round(260 / step)) % 2
    for x, y in ((20, 30), (379, 30), (20, 289), (379, 289)):
        lon, lat = WCS(header).wcs_pix2world(x, y, 0)
        column = (x - 20 + 0.5) / step - 0.5 + left
        row = (y - 30 + 0.5) * round(260 / step) / 260 - 0.5 + below
        assert placed.wcs_world2pix(lon, lat, 0) == pytest.approx((column, row), abs=0.5)
    assert read_packet(packet)[AVM + "Spatial.ReferenceDimension"] == ["320", "500"]


def test_canvas_is_filled_with_background(tmp_path):
    options = CompositeRequest(canvas=(500, 200))
    made = composite(channels(), tmp_path / "a.png", options=options, background=parse_colour("#204060"))
    assert (made.width, made.height) == (500, 200)
    with Image.open(tmp_path / "a.png") as image:
        pixels = np.asarray(image)
    assert (pixels[:, :116] == (0x20, 0x40, 0x60)).all()
    assert (pixels[:, 384:] == (0x20, 0x40, 0x60)).all()
    assert pixels[:, 120:380].std() > 5


def test_crop_of_the_file_is_the_part_of_the_whole(tmp_path):
    """Not only windows of one scene: two runs, one of a part, give the same samples."""
    for preset in ("auto", "nasa-press"):
        options = CompositeRequest(bits=16, preset=preset)
        composite(channels(), tmp_path / "whole.png", options=options)
        part = options.model_copy(update={"crop": (40, 60, 333, 250)})
        composite(channels(), tmp_path / "part.png", options=part)
        whole = png_samples(tmp_path / "whole.png")[::-1]
        assert np.array_equal(png_samples(tmp_path / "part.png")[::-1], whole[60:250, 40:333])


def test_crop_outside_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"crop 0,0,401,10 does not lie in the images, which have 400 x 300 px"):
        composite(channels(), tmp_path / "a.png", options=CompositeRequest(crop=(0, 0, 401, 10)))
