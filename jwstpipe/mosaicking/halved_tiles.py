"""Levels 1 and 2 of an image, made while the samples of its tiles are in memory.

A chunk of level 1 comes of four chunks of one tile, and one of level 2 of all sixteen: nobody needs another tile for
them, and no shard is read back and unpacked. Packed chunks wait until all tiles of their shard are there.
"""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from jwstpipe.images.zarr.layout import CHUNK, level_count
from jwstpipe.images.zarr.pyramid import halve
from jwstpipe.images.zarr.shards import SIDE, encode_chunk
from jwstpipe.images.zarr.writer import ImageWriter

__all__ = ["HalvedTile", "HalvedTiles"]

MOST_WAITING = 96 << 20
"""Packed bytes that wait for other tiles; shards beyond that are made from what was written."""

PLANES = ("sci", "wht")
MADE = 2
"""Levels that the samples of one tile are enough for."""

Place = tuple[int, int]
Floats = NDArray[np.float32]
Packed = dict[tuple[str, int], tuple[bytes, bytes]]
"""Chunks and their checksums, by plane and number in their shard."""


class HalvedTiles:
    """Shards of levels 1 and 2 of an image whose tiles are filled by threads of this process."""

    def __init__(self, writer: ImageWriter, shape: tuple[int, int], tiles: Collection[Place]) -> None:
        """Wait for tiles.

        Parameters
        ----------
        writer
            The image.
        shape
            Its rows and columns.
        tiles
            Row and column of the shards of level 0 that will be filled; all others have no data.
        """
        self._writer = writer
        self._lock = threading.Lock()
        self._waiting = 0
        self._packed: dict[tuple[int, Place], Packed] = {}
        self._due: dict[tuple[int, Place], int] = {}
        """Tiles that are still to come, by level and shard; none for a shard that has been given up."""

        self._levels = range(1, min(level_count(shape), MADE + 1))
        for tile in tiles:
            for level in self._levels:
                where = level, _above(tile, level)
                self._due[where] = self._due.get(where, 0) + 1
        self.made: set[tuple[int, Place]] = set()
        """Level and shard of what needs to be made no more."""

    @contextmanager
    def tile(self, shard: Place) -> Iterator["HalvedTile"]:
        """Give what takes the chunks of a tile."""
        half = HalvedTile(shard)
        yield half
        for level, chunks in zip(self._levels, half.packed(), strict=False):
            self._take((level, _above(shard, level)), chunks)

    def leave(self, shard: Place) -> None:
        """Give up what a tile belongs to that is filled in another way."""
        with self._lock:
            for level in self._levels:
                self._give_up((level, _above(shard, level)))

    def _take(self, where: tuple[int, Place], chunks: Packed) -> None:
        with self._lock:
            if where not in self._due:
                return
            self._packed.setdefault(where, {}).update(chunks)
            self._waiting += _bytes(chunks)
            self._due[where] -= 1
            if self._due[where]:
                if self._waiting > MOST_WAITING:
                    self._give_up(where)
                return
            whole = self._packed.pop(where)
            self._waiting -= _bytes(whole)
            self.made.add(where)
        for plane in PLANES:
            with self._writer.packed_shard(plane, where[1], level=where[0]) as packer:
                for number in range(SIDE * SIDE):
                    if (plane, number) in whole:
                        packer.put_packed(number, *whole[plane, number])

    def _give_up(self, where: tuple[int, Place]) -> None:
        self._waiting -= _bytes(self._packed.pop(where, {}))
        self._due.pop(where, None)


class HalvedTile:
    """The chunks of one tile, halved as they come."""

    def __init__(self, shard: Place) -> None:
        self._shard = shard
        self._halved: dict[Place, tuple[Floats, Floats]] = {}

    def add(self, where: Place, sci: Floats, wht: Floats) -> None:
        """Take the whole chunk at a row and column of chunks of the tile."""
        place = where[0] // 2, where[1] // 2
        if place not in self._halved:
            self._halved[place] = _empty()
        _put_quarter(self._halved[place], (where[0] % 2, where[1] % 2), sci, wht)

    def packed(self) -> Iterator[Packed]:
        """Give the chunks of level 1, then that of level 2; those without data are none."""
        found = {place: pair for place, pair in self._halved.items() if np.isfinite(pair[0]).any()}
        row, column = self._shard[0] % 2 * 2, self._shard[1] % 2 * 2
        yield {
            (plane, (row + y) * SIDE + column + x): encode_chunk(values)
            for (y, x), pair in found.items()
            for plane, values in zip(PLANES, pair, strict=True)
        }
        above = _empty()
        for place, pair in found.items():
            _put_quarter(above, place, *pair)
        number = self._shard[0] % SIDE * SIDE + self._shard[1] % SIDE
        there = bool(np.isfinite(above[0]).any())
        yield {(plane, number): encode_chunk(values) for plane, values in zip(PLANES, above, strict=True) if there}


def _empty() -> tuple[Floats, Floats]:
    return np.full((CHUNK, CHUNK), np.nan, np.float32), np.zeros((CHUNK, CHUNK), np.float32)


def _put_quarter(pair: tuple[Floats, Floats], quarter: Place, sci: Floats, wht: Floats) -> None:
    half = CHUNK // 2
    y, x = quarter[0] * half, quarter[1] * half
    for target, values in zip(pair, halve(sci, wht), strict=True):
        target[y : y + half, x : x + half] = values


def _above(shard: Place, level: int) -> Place:
    return shard[0] >> level, shard[1] >> level


def _bytes(chunks: Packed) -> int:
    return sum(len(packed) for packed, _ in chunks.values())
