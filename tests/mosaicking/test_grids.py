"""The plane that a mosaic lies on: aligned with the instrument, or that of another image."""

import numpy as np
import pytest

import jwstpipe
from jwstpipe import open_image, plan_mosaic
from jwstpipe.mosaicking.output_grid import aligned_grid, read_grid
from jwstpipe.requests import MosaicOptions
from tests.mosaicking.scenes import header, write

SHAPE = (200, 240)


@pytest.mark.parametrize("angle", [0.0, 33.0, 180.0, -101.5])
def test_an_aligned_grid_is_filled_by_a_single_visit(tmp_path, angle):
    """Two dithers of one roll cover nearly all of their rectangle, whatever the roll."""
    names = [
        write(tmp_path / f"{k}.fits", np.ones(SHAPE), header(shape=SHAPE, angle=angle, shift=(6.0 * k, 4.0 * k)))
        for k in range(2)
    ]
    grid = aligned_grid(names, scale_arcsec=0.1)
    made = jwstpipe.mosaic(names, tmp_path / "out.zarr", grid=(grid, None))
    assert made.pixels > 0.95 * made.shape[0] * made.shape[1]
    assert made.shape == pytest.approx((204, 246), abs=3)
    north = plan_mosaic(names)
    assert (angle % 180.0 == 0.0) == (north.window.area < 1.1 * made.shape[0] * made.shape[1])


def test_the_grid_of_a_mosaic_serves_another_one_pixel_by_pixel(tmp_path):
    names = [write(tmp_path / f"{k}.fits", np.full(SHAPE, k), header(shape=SHAPE, angle=10.0 * k)) for k in range(2)]
    first = jwstpipe.mosaic(names, tmp_path / "both.zarr")
    grid = read_grid(first.address)
    second = jwstpipe.mosaic(names[:1], tmp_path / "one.zarr", grid=grid)
    assert second.shape == first.shape
    assert open_image(second.address).grid == open_image(first.address).grid


@pytest.mark.parametrize("combine", ["mean", "median"])
def test_the_size_of_the_work_is_told_before_it_is_done(tmp_path, combine):
    names = [write(tmp_path / f"{k}.fits", np.ones(SHAPE), header(shape=SHAPE)) for k in range(3)]
    told = plan_mosaic(names, options=MosaicOptions(combine=combine)).summary(threads=2)
    rows, columns = told["height"], told["width"]
    assert told["bytes"] == rows * columns * (4 + 4 + 2)
    assert told["samples"] == pytest.approx(3 * rows * columns, rel=0.05)
    # three images, one tile: the stack is that of a block, not of the tile
    assert 220 << 20 < told["estimated_memory_bytes"] < 400 << 20
