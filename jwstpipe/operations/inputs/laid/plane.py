"""`LaidPlane`: several images on one plane, made block by block where somebody looks, at the level that is looked at.

A block stands at multiples of 512 pixels of its level, so its pixels are the same whoever asks: a viewer for a tile, or
a picture for all of it. What one image had filled of a core is filled in all of them, from the wings of each.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jwstpipe.execution.kept import Kept
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.images.image import SkyImage
from jwstpipe.images.levels import level_shape
from jwstpipe.operations.inputs.kept_levels import Searched
from jwstpipe.render.cores.holes import LEAST_PIXELS, CoreLimits, Region, regions_of
from jwstpipe.render.cores.profile import profile_filling
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid

if TYPE_CHECKING:  # what resamples is loaded with the first block: a second look at a picture needs none
    from jwstpipe.mosaicking.inputs.sources import Source
    from jwstpipe.operations.inputs.laid.level_samples import LevelSamples

__all__ = ["BLOCK", "LaidPlane"]

BLOCK = 512
"""Side of a block, pixels of its level: a chunk of an image store."""

KEPT_BYTES = 192 << 20
"""Most bytes of blocks that are kept in memory."""

_ESTIMATED = np.uint32(DQ_BITS["FLUX_ESTIMATED"])


@dataclass(frozen=True, eq=False)
class _Block:
    """A part of an image on the plane."""

    sci: NDArray[np.float32]
    estimated: NDArray[np.bool_] | None
    """(y, x): the samples of a core stand in for lost ones; None = none of them."""

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self.sci.nbytes + (0 if self.estimated is None else self.estimated.nbytes)


@dataclass(frozen=True, eq=False)
class LaidPlane:
    """Images on one plane; nothing is made before it is read."""

    grid: SkyGrid
    window: Box
    """Part of the plane that arrays cover."""

    images: tuple[SkyImage, ...]
    """As they are."""

    find: Callable[[], "tuple[Source, ...]"]
    """Finds where they lie, their boxes on the plane: asked with the first block, since a second look needs none."""

    folder: Path | None = None
    """Where blocks are kept that memory does not hold, for who goes over all of them; None = they are made anew."""

    repaired: dict[Searched, int] = field(default_factory=dict)
    """Pixels of cores that were filled, of each part that was searched for them."""

    _blocks: Kept[_Block] = field(default_factory=lambda: Kept(KEPT_BYTES, size=lambda block: block.nbytes))
    _levels: Kept["LevelSamples"] = field(default_factory=lambda: Kept(1 << 16))

    @cached_property
    def sources(self) -> "tuple[Source, ...]":
        """Where the images lie; their boxes are those on the plane."""
        return self.find()

    def is_flux(self, number: int) -> bool:
        """Tell whether the samples of an image are fluxes in a pixel."""
        from jwstpipe.mosaicking.inputs.brightness_units import quantity_of  # noqa: PLC0415 - see above

        return quantity_of(self.sources[number].unit, "auto")[0]

    def filled(self, number: int) -> int:
        """Count the pixels of cores that were filled in what was read of an image."""
        return sum(count for (image, *_), count in self.repaired.items() if image == number)

    def filled_for(self, level: int) -> list[tuple[Searched, int]]:
        """Give the parts that hold cores among those that were searched for a level of the plane."""
        own = [self._own_level(number, level) for number in range(len(self.images))]
        return sorted((part, count) for part, count in self.repaired.items() if part[1] == own[part[0]])

    def read(self, number: int, box: Box, level: int) -> NDArray[np.float32]:
        """Read a window of an image, pixels of a level of the plane's window."""
        values = np.empty(box.shape, np.float32)
        cells = list(box.cells(BLOCK))

        def fill(cell: Box) -> None:
            block = self._united(number, level, cell.y0 // BLOCK, cell.x0 // BLOCK)
            values[cell.relative_to(box).slices] = block.sci[_inside(cell)]

        if len(cells) == 1:
            fill(cells[0])
        else:
            with ThreadPoolExecutor(2, thread_name_prefix="lay") as pool:
                list(pool.map(fill, cells))
        return values

    def estimated(self, number: int, box: Box, level: int = 0) -> NDArray[np.bool_]:
        """Tell which samples of a window stand in for lost ones."""
        mask = np.zeros(box.shape, bool)
        for cell in box.cells(BLOCK):
            found = self._united(number, level, cell.y0 // BLOCK, cell.x0 // BLOCK).estimated
            if found is not None:
                mask[cell.relative_to(box).slices] = found[_inside(cell)]
        return mask

    def _united(self, number: int, level: int, row: int, column: int) -> _Block:
        """Give a block in which is filled what any of the images had filled."""
        if len(self.images) == 1:
            return self._alone(number, level, row, column)
        make = partial(self._make_united, number, level, row, column)
        return self._blocks.get(("united", number, level, row, column), make)

    def _make_united(self, number: int, level: int, row: int, column: int) -> _Block:
        here = [self._alone(one, level, row, column) for one in range(len(self.images))]
        mine, limits = here[number], CoreLimits().at(level)
        if all(block.estimated is None for block in here):
            return mine
        cell = self._cell(level, row, column)
        around = cell.dilated(limits.margin).intersection(Box.of_shape(level_shape(self.window.shape, level))) or cell
        inner = cell.relative_to(around)
        regions = regions_of(self._any_estimated(around, level))
        near = [one for one in regions if _is_core(one, limits) and one.around.intersection(inner) is not None]
        values, sci = self._wide(number, level, around), mine.sci.copy()
        estimated = np.zeros(sci.shape, bool)
        for region in near:
            if not np.isfinite(values[region.around.slices][~region.mask]).all():
                continue
            filling = profile_filling(values, region, reach=limits.wings)
            common = region.around.intersection(inner)
            assert common is not None
            part, there = common.relative_to(region.around).slices, common.relative_to(inner).slices
            sci[there] = np.where(region.mask[part], filling[part], sci[there])
            estimated[there] |= region.mask[part]
        return _Block(sci, estimated if estimated.any() else mine.estimated)

    def _any_estimated(self, around: Box, level: int) -> NDArray[np.bool_]:
        """Tell what any image had filled in a window."""
        mask = np.zeros(around.shape, bool)
        for number in range(len(self.images)):
            for part in around.cells(BLOCK):
                found = self._alone(number, level, part.y0 // BLOCK, part.x0 // BLOCK).estimated
                if found is not None:
                    mask[part.relative_to(around).slices] |= found[_inside(part)]
        return mask

    def _wide(self, number: int, level: int, around: Box) -> NDArray[np.float32]:
        values = np.empty(around.shape, np.float32)
        for part in around.cells(BLOCK):
            block = self._alone(number, level, part.y0 // BLOCK, part.x0 // BLOCK)
            values[part.relative_to(around).slices] = block.sci[_inside(part)]
        return values

    def _alone(self, number: int, level: int, row: int, column: int) -> _Block:
        """Give a block of an image by itself."""
        make = partial(self._stored, number, level, row, column)
        return self._blocks.get((number, level, row, column), make)

    def _stored(self, number: int, level: int, row: int, column: int) -> _Block:
        """Take a block from the folder, or make it and put it there."""
        if self.folder is None:
            return self._made(number, level, row, column)
        path = self.folder / f"{number}-{level}-{row}-{column}.npy"
        mask = path.with_suffix(".mask.npy")
        if path.exists():
            return _Block(np.load(path), np.load(mask) if mask.exists() else None)
        block = self._made(number, level, row, column)
        if block.estimated is not None:
            np.save(mask, block.estimated)
        np.save(path, block.sci)
        return block

    def _made(self, number: int, level: int, row: int, column: int) -> _Block:
        from jwstpipe.mosaicking.warp.one_image import LevelWcs, level_of_plane, warped  # noqa: PLC0415 - see above

        source, cell = self.sources[number], self._cell(level, row, column)
        grid, window = level_of_plane(self.grid, self.window, level)
        box = cell.shifted(window.y0, window.x0)
        values = np.full(cell.shape, np.nan, np.float32)
        near = _box_at(source.box.relative_to(self.window), level).shifted(window.y0, window.x0)
        part = near.intersection(box)
        samples = self._level(number, level)
        wcs = LevelWcs(source.exact_wcs(), samples.level)
        gain = 4.0 ** (samples.level - level) if self.is_flux(number) else 0.0
        found = None if part is None else warped(grid, part, wcs, samples.shape, samples.read, gain=gain)
        if part is None or found is None:
            return _Block(values, None)
        values[part.relative_to(box).slices] = found.sci
        if not (found.flags & _ESTIMATED).any():
            return _Block(values, None)
        mask = np.zeros(cell.shape, bool)
        mask[part.relative_to(box).slices] = (found.flags & _ESTIMATED) != 0
        return _Block(values, mask)

    def _level(self, number: int, level: int) -> "LevelSamples":
        from jwstpipe.operations.inputs.laid.level_samples import LevelSamples  # noqa: PLC0415 - see above

        own = self._own_level(number, level)

        def told(cell: Box, pixels: int) -> None:
            if pixels:
                self.repaired[number, own, cell.y0, cell.x0] = pixels

        return self._levels.get((number, own), lambda: LevelSamples(self.images[number], own, told))

    def _own_level(self, number: int, level: int) -> int:
        """Tell which level of an image a level of the plane is made of."""
        from jwstpipe.mosaicking.warp.one_image import fitting_level  # noqa: PLC0415 - see above

        scale = self.sources[number].exact_wcs().scale_arcsec
        return fitting_level(scale, self.grid.scale_arcsec * 2.0**level)

    def _cell(self, level: int, row: int, column: int) -> Box:
        whole = Box.of_shape(level_shape(self.window.shape, level))
        cell = Box.of_shape((BLOCK, BLOCK), (row * BLOCK, column * BLOCK)).intersection(whole)
        assert cell is not None  # asked for by windows inside
        return cell


def _inside(cell: Box) -> tuple[slice, slice]:
    """Give the part of its block that a piece of a window is."""
    return cell.relative_to(cell.snapped(BLOCK)).slices


def _is_core(region: Region, limits: CoreLimits) -> bool:
    return max(region.mask.shape) - 2 <= limits.joint_extent and int(region.mask.sum()) >= LEAST_PIXELS


def _box_at(box: Box, level: int) -> Box:
    """Give the pixels of a level that a box of full pixels touches, and one around them."""
    return Box(box.y0 >> level, box.x0 >> level, -(-box.y1 >> level), -(-box.x1 >> level)).dilated(1)
