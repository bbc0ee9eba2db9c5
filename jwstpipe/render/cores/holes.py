"""Holes in the data: regions of no data, connected by sides or corners, with data all around.

What reaches the border of the image is its edge, and what is larger than a core can be is a gap between exposures: both
stay uncovered.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from jwstpipe.sky.box import Box

__all__ = ["CORNERS_TOUCH", "CoreLimits", "Hole", "Region", "find_holes", "regions_of"]

Float32Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

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


def find_holes(missing: Mask, *, limits: CoreLimits) -> Iterator[Region]:
    """Find the enclosed holes of a window that are small enough, in the order of their first rows."""
    if not missing.any():
        return
    labels, _ = scipy.ndimage.label(missing, CORNERS_TOUCH)
    outside = {*labels[0], *labels[-1], *labels[:, 0], *labels[:, -1]}
    for number, place in enumerate(scipy.ndimage.find_objects(labels), 1):
        if number in outside or place is None:
            continue
        rows, columns = place
        if max(rows.stop - rows.start, columns.stop - columns.start) > limits.extent:
            continue
        around = Box(rows.start - 1, columns.start - 1, rows.stop + 1, columns.stop + 1)
        mask = labels[around.slices] == number
        if int(mask.sum()) <= limits.area:
            yield Region(around, mask)


def regions_of(mask: Mask) -> list[Region]:
    """Cut a mask into its connected parts; those that touch the border of the window are left out."""
    labels, _ = scipy.ndimage.label(mask, CORNERS_TOUCH)
    found = []
    for number, (rows, columns) in enumerate(scipy.ndimage.find_objects(labels), 1):
        around = Box(rows.start, columns.start, rows.stop, columns.stop).dilated(1)
        if Box.of_shape((mask.shape[0], mask.shape[1])).contains(around):
            found.append(Region(around, labels[around.slices] == number))
    return found
