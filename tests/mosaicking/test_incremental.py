"""Work that is done is not done again, and what disturbs a run does not show in its result."""

from pathlib import Path

import numpy as np
import pytest

import jwstpipe
from jwstpipe import open_image
from jwstpipe.errors import ConflictError
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.requests import MosaicOptions
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from tests.mosaicking.scenes import write

PLANE = SkyGrid.north_up(150.0, 2.0, 0.1)


def strip_of_images(folder, count=4, *, level=0.0):
    """Write images side by side, so that each touches one or two of the tiles in a row."""
    random = np.random.default_rng(9)
    names = []
    for number in range(count):
        box = Box(10, 900 * number + 10, 410, 900 * number + 1210)
        data = random.normal(level * number, 1, box.shape)
        names.append(write(folder / f"{number}.fits", data, PLANE.header(box), err=np.ones(box.shape)))
    return names


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_one_more_image_costs_the_tiles_that_it_touches_and_gives_the_bytes_of_a_rebuild(tmp_path):
    names = strip_of_images(tmp_path)
    before = jwstpipe.mosaic(names[:3], tmp_path / "out.zarr", grid=(PLANE, None))
    assert before.tiles == 2
    after = jwstpipe.mosaic(names, tmp_path / "out.zarr", update=True)
    assert (after.tiles, after.tiles_reused) == (2, 1)
    rebuilt = jwstpipe.mosaic(names, tmp_path / "anew.zarr", grid=(PLANE, None))
    assert rebuilt.tiles_reused == 0
    assert rebuilt.digest == after.digest != before.digest
    assert contents(tmp_path / "out.zarr") == contents(tmp_path / "anew.zarr")
    image = open_image(tmp_path / "out.zarr")
    assert image.read("n").shape == image.shape == after.shape == (402, 3902)
    assert image.grid[1] == Box(9, 9, 411, 3911)


def test_a_mosaic_that_grows_to_the_other_side_keeps_its_tiles(tmp_path):
    names = strip_of_images(tmp_path)
    ones = np.ones((50, 60))
    east = write(tmp_path / "east.fits", ones, PLANE.header(Box(20, -900, 70, -840)), err=ones)
    jwstpipe.mosaic(names, tmp_path / "out.zarr", grid=(PLANE, None))
    plane = open_image(tmp_path / "out.zarr").grid[0]
    jwstpipe.mosaic([*names, east], tmp_path / "anew.zarr", grid=(plane, None))
    grown = jwstpipe.mosaic([*names, east], tmp_path / "out.zarr", update=True)
    assert (grown.tiles, grown.tiles_reused) == (3, 2)
    assert contents(tmp_path / "out.zarr") == contents(tmp_path / "anew.zarr")


def test_matched_skies_that_change_make_new_tiles(tmp_path):
    names = strip_of_images(tmp_path, level=0.5)
    options = MosaicOptions(background="level")
    jwstpipe.mosaic(names[:3], tmp_path / "out.zarr", grid=(PLANE, None), options=options)
    after = jwstpipe.mosaic(names, tmp_path / "out.zarr", update=True, options=options)
    anew = jwstpipe.mosaic(names, tmp_path / "anew.zarr", grid=(PLANE, None), options=options)
    assert (after.tiles_reused, after.digest) == (0, anew.digest)


def test_another_mosaic_is_replaced_only_on_request(tmp_path):
    names = strip_of_images(tmp_path, 2)
    jwstpipe.mosaic(names[:1], tmp_path / "out.zarr")
    with pytest.raises(ConflictError, match="--update"):
        jwstpipe.mosaic(names, tmp_path / "out.zarr")


def test_a_cancelled_mosaic_leaves_nothing(tmp_path):
    names = strip_of_images(tmp_path)

    def cancel(progress):
        if progress.stage == "tiles" and progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jwstpipe.mosaic(names, tmp_path / "out.zarr", workers=ThreadWorkers(1), report=cancel)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{number}.fits" for number in range(4)]
