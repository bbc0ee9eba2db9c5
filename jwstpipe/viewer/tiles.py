"""Tiles: 256 x 256 samples of all channels in 16 bits, from blocks of the images that are kept.

A tile is written channel by channel, row 0 at the bottom as in the images, little-endian; what lies outside is 0.
Behind the samples stand their quarters of steps, two bits each, those of four channels in a byte, the first in the
lowest bits. A block is a chunk of an image store (512 pixels a side), so each chunk is decoded once for four tiles.
Where samples are missing a tile exists twice: as they are, and with small holes filled as the renderer fills them,
which needs the surroundings and is made for blocks of 1024 pixels together.
"""

import gzip
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import NotFoundError
from jwstpipe.execution.kept import Kept
from jwstpipe.images.levels import fill_level, level_shape
from jwstpipe.render.cores.holes import CoreLimits
from jwstpipe.render.rendering import read_filled
from jwstpipe.sky.box import Box
from jwstpipe.viewer.companding import companded
from jwstpipe.viewer.viewed import TILE, ViewedSet

__all__ = ["FORMS", "Block", "Tile", "TileForm", "Tiles"]

Samples = NDArray[np.uint16]
Written = tuple[Samples, NDArray[np.uint8]]

TileForm = Literal["plain", "filled", "quick"]
FORMS: frozenset[str] = frozenset(get_args(TileForm))

BLOCK = 512
FILLED = 1024
KEPT_BYTES = 256 << 20
"""Most bytes of blocks of a set that are kept."""


@dataclass(frozen=True, eq=False)
class Block:
    """Samples of a part of a level."""

    samples: Samples
    """(channel, y, x), row 0 at the bottom; cut off where the image ends."""

    quarters: NDArray[np.uint8]
    """(group of four channels, y, x)."""

    holes: bool
    """Samples are missing that another tile may have filled."""


@dataclass(frozen=True, eq=False)
class Tile:
    """One tile, as it is sent."""

    content: bytes
    holes: bool
    """The tile with filled holes may differ."""


@dataclass(frozen=True, eq=False)
class Tiles:
    """The tiles of a set of images."""

    images: ViewedSet
    _blocks: Kept[Block] = field(
        default_factory=lambda: Kept(KEPT_BYTES, size=lambda block: block.samples.nbytes + block.quarters.nbytes)
    )

    def tile(self, level: int, ty: int, tx: int, *, form: TileForm) -> Tile:
        """Give a tile.

        Parameters
        ----------
        level, ty, tx
            Which one.
        form
            plain: samples as they are; filled: with small holes filled; quick, for slow lines: the upper eight bits of
            each sample (1 where they are 0 and there is data), as gzip packs them.

        Raises
        ------
        NotFoundError
            No such tile.
        """
        if not 0 <= level < self.images.levels:
            raise NotFoundError(f"no level {level}; there are {self.images.levels}")
        rows, columns = level_shape(self.images.shape, level)
        y0, x0 = ty * TILE, tx * TILE
        if not (0 <= y0 < rows and 0 <= x0 < columns):
            raise NotFoundError(f"no tile {ty},{tx} in level {level}")
        filled = form == "filled"
        side = FILLED if filled else BLOCK
        block = self._block(level, y0 // side, x0 // side, filled=filled)
        y, x = y0 % side, x0 % side
        part = np.s_[:, y : y + TILE, x : x + TILE]
        if form == "quick":
            upper = np.maximum(block.samples[part] >> 8, block.samples[part] > 0)
            return Tile(gzip.compress(_whole(upper, "u1"), 1, mtime=0), holes=False)
        samples = _whole(block.samples[part], "<u2")
        holes = block.holes and bool((block.samples[part] == 0).any())
        return Tile(samples + _whole(block.quarters[part], "u1"), holes)

    def _block(self, level: int, row: int, column: int, *, filled: bool) -> Block:
        side = FILLED if filled else BLOCK
        plane = Box.of_shape(level_shape(self.images.shape, level))
        box = Box.of_shape((side, side), (row * side, column * side)).intersection(plane)
        assert box is not None  # tiles outside are refused before
        make = self._filled if filled else self._plain
        return self._blocks.get((level, row, column, filled), lambda: make(box, level))

    def _plain(self, box: Box, level: int) -> Block:
        """Read the samples as they are."""

        def read(number: int) -> tuple[Written, bool]:
            values = np.empty(box.shape, np.float32)
            whole = fill_level(self.images.images[number], box, values, level=level)
            return companded(values, self.images.compandings[number]), whole

        numbers = range(len(self.images.images))
        with ThreadPoolExecutor(2, thread_name_prefix="tile") as pool:
            found = list(map(read, numbers)) if len(numbers) == 1 else list(pool.map(read, numbers))
        return _joined([written for written, _ in found], holes=not all(whole for _, whole in found))

    def _filled(self, box: Box, level: int) -> Block:
        """Read the samples with small holes filled, as the renderer shows them."""
        values, _, _ = read_filled(self.images.images, box, level, CoreLimits())
        pairs = zip(values, self.images.compandings, strict=True)
        return _joined([companded(one, how) for one, how in pairs], holes=False)


def _joined(written: Sequence[Written], *, holes: bool) -> Block:
    """Lay the channels of a block upon one another."""
    quarters = np.zeros((-(-len(written) // 4), *written[0][1].shape), np.uint8)
    for number, (_, fine) in enumerate(written):
        quarters[number // 4] |= fine << (2 * (number % 4))
    return Block(np.stack([samples for samples, _ in written]), quarters, holes)


def _whole(part: NDArray[Any], form: str) -> bytes:
    """Write a part of a tile as a whole one."""
    if part.shape[1:] == (TILE, TILE):
        return part.astype(form, copy=False).tobytes()
    whole = np.zeros((len(part), TILE, TILE), form)
    whole[:, : part.shape[1], : part.shape[2]] = part
    return whole.tobytes()
