"""A store that is lost in part, or damaged, is an error that names the part: never NaN, never other numbers."""

import shutil

import numpy as np
import pytest

from jwstpipe import convert, mosaic, open_image
from jwstpipe.errors import StoreError
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.images.export import export
from jwstpipe.images.zarr.layout import SHARD, plane_spec
from jwstpipe.images.zarr.pyramid import build_pyramid
from jwstpipe.images.zarr.verify_store import verify_store
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.requests import MosaicOptions
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from tests.images.fits_files import write_cal
from tests.mosaicking.scenes import write

PARTS = ("0/sci/c/0/0", "0/err/c/0/0", "0/dq/c/0/0", "header/sci/c/0/0", "header/primary/c/0/0", "hdu/8/c/0")
FLIPS = 72


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    convert(write_cal(folder / "cal.fits", (1100, 40)), folder / "cal.zarr")
    return folder / "cal.zarr"


@pytest.fixture
def store(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "cal.zarr")


def use(address, folder):
    """Read all that there is, as an export does, and the levels."""
    image = open_image(address)
    for level in range(image.levels):
        image.read(level=level)
    image.manifest  # noqa: B018 - read on the way to a shard that is not there
    export(address, folder / "back.fits", overwrite=True)


def test_a_whole_store_is_said_to_be_whole(store):
    found = verify_store(store)
    assert found.objects == sum(path.is_file() for path in store.rglob("*")) - 3  # root and the two of the manifest
    assert found.bytes > 100_000


@pytest.mark.parametrize("part", [*PARTS, "1/sci/c/0/0", "manifest/c/0"])
def test_a_lost_part_is_an_error_that_names_it(store, tmp_path, part):
    (store / part).unlink()
    for check in (lambda: verify_store(store), lambda: use(store, tmp_path)):
        with pytest.raises(StoreError, match=f"{part}: lost.*(convert the file again|reproduce)") as caught:
            check()
        assert caught.value.exit_code == 6
    assert not list(tmp_path.glob("back*"))


def test_a_mosaic_of_a_lost_part_is_an_error(store, tmp_path):
    shutil.rmtree(store / "0" / "sci" / "c")
    with pytest.raises(StoreError, match="0/sci/c/0/0: lost"):
        mosaic([store], tmp_path / "mosaic.zarr")
    assert not (tmp_path / "mosaic.zarr").exists()


@pytest.mark.parametrize("part", [*PARTS, "1/sci/c/0/0", "manifest/c/0", "0/sci/zarr.json"])
def test_any_wrong_bit_is_found(store, part):
    random = np.random.default_rng(13)
    place = store / part
    content = place.read_bytes()
    for _ in range(FLIPS // 8):
        flipped = bytearray(content)
        flipped[random.integers(len(content))] ^= 1 << random.integers(8)
        place.write_bytes(flipped)
        with pytest.raises(StoreError, match=f"{part}: damaged"):
            verify_store(store)
    place.write_bytes(content)
    verify_store(store)


@pytest.mark.parametrize("part", PARTS)
def test_any_wrong_bit_is_found_by_reading(store, tmp_path, part):
    random = np.random.default_rng(14)
    place = store / part
    content = place.read_bytes()
    for _ in range(FLIPS // len(PARTS)):
        flipped = bytearray(content)
        flipped[random.integers(len(content))] ^= 1 << random.integers(8)
        place.write_bytes(flipped)
        with pytest.raises(StoreError, match=f"{part}: damaged"):
            use(store, tmp_path)


def test_a_wrong_bit_in_what_the_root_says_of_the_image_is_found(store):
    random = np.random.default_rng(15)
    content, said = (store / "zarr.json").read_bytes(), open_image(store).attributes
    found = 0
    for _ in range(FLIPS):
        flipped = bytearray(content)
        flipped[random.integers(len(content))] ^= 1 << random.integers(8)
        (store / "zarr.json").write_bytes(flipped)
        try:
            verify_store(store)
        except StoreError:
            found += 1
        else:  # it tells other readers of the arrays, or is a space
            assert open_image(store).attributes == said
    assert found > FLIPS // 5


def test_a_part_that_nobody_wrote_is_found(store):
    shutil.copy(store / "0/sci/c/0/0", store / "0/sci/c/0/1")
    with pytest.raises(StoreError, match="0/sci/c/0/1: not written with the others"):
        verify_store(store)


def test_a_part_in_the_place_of_another_is_found(store):
    shutil.copy(store / "0/var_flat/c/0/0", store / "0/area/c/0/0")
    with pytest.raises(StoreError, match="0/area/c/0/0: damaged"):
        verify_store(store)


def test_a_shard_without_samples_is_no_hole(tmp_path):
    plane = SkyGrid.north_up(150.0, 2.0, 0.1)
    boxes = [Box(0, 0, 50, 60), Box(3 * SHARD, 10, 3 * SHARD + 40, 80)]
    names = [write(tmp_path / f"{n}.fits", np.ones(box.shape), plane.header(box)) for n, box in enumerate(boxes)]
    mosaic(names, tmp_path / "out.zarr", grid=(plane, None), options=MosaicOptions(kernel="nearest"))
    image = open_image(tmp_path / "out.zarr")
    assert np.isnan(image.read(box=Box(SHARD + 5, 0, SHARD + 9, 50))).all()
    assert np.nansum(image.read()) == sum(box.area for box in boxes)
    verify_store(tmp_path / "out.zarr")


def test_a_tile_is_not_taken_from_a_damaged_mosaic(tmp_path):
    plane = SkyGrid.north_up(150.0, 2.0, 0.1)
    random = np.random.default_rng(4)
    boxes = [Box(0, 0, 50, 60), Box(10, SHARD + 10, 40, SHARD + 90), Box(10, 2 * SHARD + 10, 40, 2 * SHARD + 90)]
    names = [
        write(tmp_path / f"{n}.fits", random.normal(size=box.shape), plane.header(box)) for n, box in enumerate(boxes)
    ]
    out = tmp_path / "out.zarr"
    mosaic(names[:2], out, grid=(plane, None))
    plane = open_image(out).grid[0]
    damaged = out / "0/sci/c/0/0"
    damaged.write_bytes(damaged.read_bytes().replace(b"\0", b"\1", 1))
    made = mosaic(names, out, update=True)
    assert (made.tiles, made.tiles_reused) == (3, 1)
    verify_store(out)
    assert made.digest == mosaic(names, tmp_path / "anew.zarr", grid=(plane, None)).digest


def test_a_shard_lost_while_an_image_is_made_stops_it(tmp_path):
    writer = ImageWriter(tmp_path / "image")
    shape = (1500, 30)
    writer.create_plane("sci", shape, plane_spec("sci"))
    writer.write_shard("sci", (0, 0), np.ones(shape, "f4"))
    (tmp_path / "image/0/sci/c/0/0").unlink()
    with pytest.raises(StoreError, match="0/sci/c/0/0: lost while the image was made"):
        build_pyramid(writer, shape, weighted=False, workers=ThreadWorkers(1))
