"""`LevelSamples`: a level of an image whose lost cores are filled where they are read, before a kernel smears them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from jwstpipe.execution.kept import Kept
from jwstpipe.fits.dq import DQ_BITS, REJECTED, dq_mask
from jwstpipe.images.image import SkyImage
from jwstpipe.images.levels import level_shape, read_level
from jwstpipe.render.cores.holes import CoreLimits
from jwstpipe.render.cores.repair import REPAIRED, Patch, apply_patch, known_samples, patches_in
from jwstpipe.sky.box import Box

__all__ = ["LevelSamples"]

CELL = 1024
"""Side of the parts that are searched for cores at once."""

KEPT_CELLS = 4096

_NO_FLAGS = np.empty((0, 0), np.uint32)


@dataclass(frozen=True, eq=False)
class LevelSamples:
    """A level of an image."""

    image: SkyImage
    level: int
    found: Callable[[Box, int], None] = lambda _, __: None
    """Told of each cell that is searched, and of the pixels of cores in it."""

    _cells: Kept[list[Patch]] = field(default_factory=lambda: Kept(KEPT_CELLS))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the level."""
        return level_shape(self.image.shape, self.level)

    @cached_property
    def _limits(self) -> CoreLimits:
        return CoreLimits().at(self.level)

    def read(self, box: Box) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
        """Read a window: samples, NaN = no data, and flags (FLUX_ESTIMATED) without pixels where no core is filled."""
        values = self._known(box)
        if self.level == 0 and "dq" in self.image.planes:
            values[(self.image.read("dq", box) & np.uint32(dq_mask(REJECTED))) != 0] = np.nan
        flags = self._estimated_before(box)
        patches = self._patches(box) if np.isnan(values).any() else []
        if patches and flags is _NO_FLAGS:
            flags = np.zeros(box.shape, np.uint32)
        for patch in patches:
            apply_patch(patch, box, values, flags)
        return values, flags

    def _estimated_before(self, box: Box) -> NDArray[np.uint32]:
        """Tell which pixels hold any that was filled when the image was copied (`patched_copy`)."""
        if self.image.provenance.get("operation") != REPAIRED:
            return _NO_FLAGS
        rows, columns = self.image.shape
        step = 1 << self.level
        fine = Box(box.y0 * step, box.x0 * step, min(box.y1 * step, rows), min(box.x1 * step, columns))
        flags = self.image.read("dq", fine) & np.uint32(DQ_BITS["FLUX_ESTIMATED"])
        if not flags.any():
            return _NO_FLAGS
        down = np.maximum.reduceat(flags, np.arange(0, fine.shape[0], step), axis=0)
        return np.ascontiguousarray(np.maximum.reduceat(down, np.arange(0, fine.shape[1], step), axis=1))

    def _known(self, box: Box) -> NDArray[np.float32]:
        return known_samples(self.image, box) if self.level == 0 else read_level(self.image, box, level=self.level)

    def _patches(self, box: Box) -> list[Patch]:
        """Find the cores that touch a window; they may begin in a cell beside it."""
        whole = Box.of_shape(self.shape)
        near = box.dilated(self._limits.extent + 1).intersection(whole) or box
        found = []
        for cell in near.snapped(CELL).cells(CELL):
            inside = cell.intersection(whole)
            if inside is not None:
                found += [one for one in self._in(inside) if one.box.intersection(box) is not None]
        return found

    def _in(self, cell: Box) -> list[Patch]:
        def make() -> list[Patch]:
            patches = patches_in(self._known, Box.of_shape(self.shape), cell, self._limits)
            self.found(cell, sum(int(patch.mask.sum()) for patch in patches))
            return patches

        return self._cells.get((cell.y0, cell.x0), make)
