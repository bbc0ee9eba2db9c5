"""Stores of every layout that was ever written are read, and shown in the frame of their FITS file."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from jwstpipe import mosaic, open_cube, open_image
from jwstpipe.errors import StoreVersionError
from jwstpipe.images.export import export
from jwstpipe.images.levels import read_level
from jwstpipe.images.zarr.layout import LAYOUT
from jwstpipe.images.zarr.verify_store import verify_store
from jwstpipe.mosaicking.output_grid import read_grid
from jwstpipe.sky.box import Box
from tests.images.fits_files import write_cal
from tests.images.stores.freeze import CARD, PARTS, PLANE, expected, freeze, freeze_cube, write_cube
from tests.mosaicking.scenes import write

HERE = Path(__file__).parent
LAYOUTS = (1, 2, *range(4, LAYOUT + 1))
"""Of images; 3 was of cubes alone."""

WINDOW = Box.around(PARTS).dilated(1)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_mosaic_begins_with_its_window(layout, tmp_path):
    image = open_image(HERE / f"layout-{layout}-mosaic.zarr")
    assert image.shape == WINDOW.shape
    assert image.grid[1] == WINDOW
    data, count = image.read(), image.read("n")
    assert np.count_nonzero(count) == PARTS[0].area + PARTS[1].area - PARTS[0].intersection(PARTS[1]).area
    np.testing.assert_array_equal(data, np.where(count > 0, expected(WINDOW), np.nan))
    part = Box(30, 40, 60, 70)
    np.testing.assert_array_equal(image.read(box=part), data[part.slices])
    export(image.address, tmp_path / "mosaic.fits")
    with fits.open(tmp_path / "mosaic.fits") as file:
        np.testing.assert_array_equal(file["SCI"].data, data)
        ours, theirs = (
            WCS(found).wcs_pix2world([[0, 0], [11, 100]], 0) for found in (image.header, file["SCI"].header)
        )
    np.testing.assert_allclose(ours, theirs, atol=1e-12)
    truth = WCS(PLANE.header(WINDOW)).wcs_pix2world([[0, 0], [11, 100]], 0)
    np.testing.assert_allclose(ours, truth, atol=1e-12)
    half = read_level(image, level=1)
    np.testing.assert_allclose(half[20, 20], expected(WINDOW)[40:42, 40:42].mean())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_image_comes_back_byte_for_byte(layout, tmp_path):
    write_cal(tmp_path / "cal.fits", CARD)
    made = export(HERE / f"layout-{layout}-image.zarr", tmp_path / "back.fits")
    assert made.identical  # by the digest of the file that it was made from
    with fits.open(tmp_path / "cal.fits") as truth, fits.open(tmp_path / "back.fits") as found:
        for one, other in zip(truth, found, strict=True):
            assert one.data is other.data is None or one.data.tobytes() == other.data.tobytes()


@pytest.mark.parametrize("layout", range(3, LAYOUT + 1))
def test_a_cube_comes_back_byte_for_byte(layout, tmp_path):
    write_cube(tmp_path / "x_s3d.fits")
    store = HERE / f"layout-{layout}-cube.zarr"
    assert verify_store(store).product_id
    assert export(store, tmp_path / "back.fits").identical
    cube, file = open_cube(store), open_cube(tmp_path / "x_s3d.fits")
    np.testing.assert_array_equal(cube.microns, file.microns)
    np.testing.assert_allclose(cube.read(0, 40), file.read(0, 40), rtol=1e-5)  # simulated anew, by another numpy
    if layout == LAYOUT:
        freeze_cube(tmp_path)
        assert set(open_image(tmp_path / store.name).manifest) == set(open_image(store).manifest)


def test_this_code_writes_the_newest_layout_as_it_is_frozen(tmp_path):
    freeze(tmp_path)
    for kind in ("mosaic", "image"):
        name = f"layout-{LAYOUT}-{kind}.zarr"
        ours, frozen = open_image(tmp_path / name), open_image(HERE / name)
        assert set(ours.manifest) == set(frozen.manifest)
        for plane in ours.planes:
            np.testing.assert_array_equal(ours.read(plane), frozen.read(plane))
        verify_store(HERE / name)


def test_layout_1_cannot_be_verified_and_says_so():
    with pytest.raises(StoreVersionError, match="without a manifest"):
        verify_store(HERE / "layout-1-image.zarr")


def test_a_mosaic_of_layout_1_is_brought_up_to_date_on_its_plane(tmp_path):
    shutil.copytree(HERE / "layout-1-mosaic.zarr", tmp_path / "out.zarr")
    names = [
        write(tmp_path / f"part{number}.fits", expected(box), PLANE.header(box)) for number, box in enumerate(PARTS)
    ]
    assert read_grid(tmp_path / "out.zarr") == (PLANE, WINDOW)
    made = mosaic(names, tmp_path / "out.zarr", update=True)
    image = open_image(tmp_path / "out.zarr")
    assert (image.layout, image.shape, made.tiles_reused) == (LAYOUT, WINDOW.shape, 0)
    covered = image.read("n") > 0
    np.testing.assert_allclose(image.read()[covered], expected(WINDOW)[covered])
