"""Holes in the data: regions of no data, connected by sides or corners, with data all around.

What reaches the border of the image is its edge, and what is larger than a core can be is a gap between exposures: both
stay uncovered.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.areas.components import component_boxes, labelled
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.box import Box

__all__ = ["CORNERS_TOUCH", "LEAST_PIXELS", "CoreLimits", "Hole", "HoleTable", "Region", "find_holes", "regions_of"]

LEAST_PIXELS = 3
"""A core has at least so many lost pixels; fewer are bad pixels."""

Float32Image = NDArray[np.float32]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]
Integers = NDArray[np.int64]

CORNERS_TOUCH = np.ones((3, 3), bool)


@dataclass(frozen=True)
class CoreLimits:
    """The largest hole that is filled; pixels of full resolution."""

    area: int = 6000
    """Most pixels; 0 fills nothing."""

    extent: int = 100
    """Most rows, and most columns."""

    gap: int = 24
    """Most rows, and most columns, of a hole that is no core: what is larger was not observed, and stays so."""

    def at(self, level: int) -> "CoreLimits":
        """Give the same limits in pixels of a level."""
        return CoreLimits(
            area=max(min(1, self.area), self.area >> 2 * level),
            extent=max(1, self.extent >> level),
            gap=max(1, self.gap >> level),
        )

    @property
    def margin(self) -> int:
        """Pixels of surroundings that decide about every hole of a window: its far end, its wings, those of others."""
        return self.joint_extent + self.wings + 8

    @property
    def joint_extent(self) -> int:
        """Most rows and columns of a core, as all channels together have lost it."""
        return self.extent + 24

    @property
    def wings(self) -> int:
        """Pixels around a hole that its profile is taken from, at most."""
        return self.extent // 2 + 12


@dataclass(frozen=True, order=True)
class Hole:
    """A hole that was filled, in pixels of the image at the level that was read."""

    row: int
    """First row."""

    column: int
    """Column of its first pixel in that row."""

    area: int
    """Pixels."""

    bounds: Box = field(default=Box(0, 0, 0, 0), compare=False, repr=False)
    """Rows and columns that it takes."""

    def touches(self, box: Box) -> bool:
        """Tell whether it, with one pixel around it, reaches into a box."""
        return self.bounds.dilated(1).intersection(box) is not None


@dataclass(frozen=True, eq=False)
class Region:
    """A hole in a window, with one pixel around it."""

    around: Box
    """Pixels of the window."""

    mask: Mask
    """The hole, in `around`."""

    @property
    def extent(self) -> int:
        """Rows or columns of the hole, whichever are more."""
        return int(max(self.mask.shape)) - 2

    def hole(self, window: Box) -> Hole:
        """Name the hole by its place in the image."""
        row = int(np.argmax(self.mask.any(axis=1)))
        first = int(np.argmax(self.mask[row]))
        return Hole(self.around.y0 + row + window.y0, self.around.x0 + first + window.x0, int(self.mask.sum()))


@dataclass(frozen=True, eq=False)
class HoleTable:
    """Holes of a window, in the order of their first pixels; kernels go through all of them at once."""

    labels: Labels
    """(y, x): number of the hole that a pixel belongs to; 0 = data."""

    numbers: Integers
    """(hole,): its number in `labels`."""

    bounds: Integers
    """(hole, 4): first row and column, row and column behind the last."""

    first: Integers
    """(hole,): column of its first pixel in its first row."""

    area: Integers
    """(hole,): pixels."""

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def extent(self) -> Integers:
        """Rows or columns of each hole, whichever are more."""
        y0, x0, y1, x1 = self.bounds.T
        return np.asarray(np.maximum(y1 - y0, x1 - x0))

    def touches(self, box: Box) -> Mask:
        """Tell which holes, with one pixel around them, reach into a box of the window."""
        y0, x0, y1, x1 = self.bounds.T
        return np.asarray((y0 - 1 < box.y1) & (y1 + 1 > box.y0) & (x0 - 1 < box.x1) & (x1 + 1 > box.x0))

    def where(self, chosen: Mask) -> "HoleTable":
        """Take some of the holes."""
        return HoleTable(self.labels, self.numbers[chosen], self.bounds[chosen], self.first[chosen], self.area[chosen])

    def holes(self, window: Box) -> list[Hole]:
        """Name the holes by their places in the image."""
        columns = self.first + window.x0
        bounds = [Box(*found).shifted(window.y0, window.x0) for found in self.bounds.tolist()]
        return [
            Hole(box.y0, column, area, box)
            for column, area, box in zip(columns.tolist(), self.area.tolist(), bounds, strict=True)
        ]

    def regions(self) -> list[Region]:
        """Cut the holes out, each with one pixel around it."""
        found = []
        for number, (y0, x0, y1, x1) in zip(self.numbers.tolist(), self.bounds.tolist(), strict=True):
            around = Box(y0 - 1, x0 - 1, y1 + 1, x1 + 1)
            found.append(Region(around, self.labels[around.slices] == number))
        return found


def find_holes(missing: Mask, *, limits: CoreLimits) -> HoleTable:
    """Find the enclosed holes of a window that are small enough.

    Parameters
    ----------
    missing
        (y, x): no data.
    limits
        Largest hole, pixels of this window.
    """
    labels, count = labelled(missing)
    bounds, first, area = _measured(labels, count)
    table = HoleTable(labels, np.arange(1, count + 1), bounds, first, area)
    height, width = missing.shape
    y0, x0, y1, x1 = bounds.T
    enclosed = (y0 > 0) & (x0 > 0) & (y1 < height) & (x1 < width)
    return table.where(enclosed & (table.extent <= limits.extent) & (area <= limits.area))


@compiled()
def _measured(labels: Labels, count: int) -> tuple[Integers, Integers, Integers]:
    """Measure all labelled regions in one pass: bounds, column of the first pixel, pixels."""
    bounds = np.zeros((count, 4), np.int64)
    first, area = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for y in range(labels.shape[0]):
        for x in range(labels.shape[1]):
            k = labels[y, x] - 1
            if k < 0:
                continue
            if area[k] == 0:
                bounds[k, 0], bounds[k, 1], bounds[k, 2], bounds[k, 3] = y, x, y + 1, x + 1
                first[k] = x
            area[k] += 1
            bounds[k, 1] = min(bounds[k, 1], x)
            bounds[k, 2] = y + 1
            bounds[k, 3] = max(bounds[k, 3], x + 1)
    return bounds, first, area


def regions_of(mask: Mask) -> list[Region]:
    """Cut a mask into its connected parts; those that touch the border of the window are left out."""
    labels, count = labelled(mask)
    found = []
    for number, (y0, x0, y1, x1) in enumerate(component_boxes(labels, count)[1:, :4].tolist(), 1):
        around = Box(y0, x0, y1, x1).dilated(1)
        if Box.of_shape((mask.shape[0], mask.shape[1])).contains(around):
            found.append(Region(around, labels[around.slices] == number))
    return found
