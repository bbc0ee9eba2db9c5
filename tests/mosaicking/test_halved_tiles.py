"""Levels that are made while tiles are in memory are those that are made from what was written, byte for byte."""

import numpy as np
import pytest

from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.images.zarr.layout import CHUNK, plane_spec
from jwstpipe.images.zarr.pyramid import build_pyramid
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.mosaicking import halved_tiles
from jwstpipe.mosaicking.halved_tiles import HalvedTiles

SHAPE = (2600, 6200)
"""Two rows of four tiles: two shards of level 1, one of levels 2 and 3; the last tiles are cut off."""

CHUNKS = {
    (0, 0): [(0, 0), (1, 1), (3, 2)], (0, 1): [(3, 3)], (0, 2): [(2, 0)], (0, 3): [(0, 0)], (1, 0): [(0, 3), (1, 0)],
    (1, 3): [(1, 0)],
}  # fmt: skip
"""Chunks with data, by tile; two tiles have none, and are not filled."""


def chunk(tile, place):
    """Give samples and weights, some of them missing; the second chunk of a tile has no weights."""
    random = np.random.default_rng([*tile, *place])
    sci = random.normal(1, 0.1, (CHUNK, CHUNK)).astype("f4")
    sci[random.random(sci.shape) < 0.3] = np.nan
    wht = random.uniform(0, 2, sci.shape).astype("f4")
    if place == CHUNKS[tile][-1] and len(CHUNKS[tile]) > 1:
        wht[:] = np.nan
    return sci, wht


def made(folder, tiles, left=()):
    """Write an image and its levels; give the files of those, and the levels and shards that came of tiles."""
    writer = ImageWriter(folder)
    halved = HalvedTiles(writer, SHAPE, tiles)
    for tile in left:
        halved.leave(tile)
    for plane in ("sci", "wht"):
        writer.create_plane(plane, SHAPE, plane_spec(plane))
    for tile, places in CHUNKS.items():
        with (
            writer.packed_shard("sci", tile) as sci, writer.packed_shard("wht", tile) as wht, halved.tile(tile) as half,
        ):  # fmt: skip
            for place in places:
                values = chunk(tile, place)
                sci.add(place, values[0])
                wht.add(place, values[1])
                half.add(place, *values)
    build_pyramid(writer, SHAPE, weighted=True, workers=ThreadWorkers(1), made=halved.made)
    files = {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("[123]/**/c/**/*") if path.is_file()
    }
    assert set(files) <= set(writer.stored)
    return files, {key: writer.stored[key] for key in files}, halved.made


@pytest.fixture(scope="module")
def read_back(tmp_path_factory):
    """Make the levels from what was written alone."""
    folder = tmp_path_factory.mktemp("back")
    files, stored, done = made(folder, [])
    assert not done
    assert len(files) == 8
    return files, stored


@pytest.mark.parametrize(
    ("waiting", "left", "done"),
    [(1 << 30, (), {(1, (0, 0)), (1, (0, 1)), (2, (0, 0))}), (0, (), set()), (1 << 30, ((0, 3),), {(1, (0, 0))})],
    ids=["all", "no room", "one tile in another way"],
)
def test_the_bytes_are_those_of_levels_that_are_read_back(tmp_path, monkeypatch, read_back, waiting, left, done):
    monkeypatch.setattr(halved_tiles, "MOST_WAITING", waiting)
    files, stored, found = made(tmp_path, list(CHUNKS), left)
    assert found == done
    assert (files, stored) == read_back
