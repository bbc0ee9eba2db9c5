"""Holes in the data, filled for display: cores of stars that saturated from the first read on.

A hole is a region of no data, connected by sides or corners, with data all around it. It is filled from its own rim
with a smooth core that rises to the bright part of the rim. What reaches the border of the image stays uncovered, and
so does a hole that is too large to be a core. No science array is touched.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from jwstpipe.sky.box import Box

__all__ = ["CoreLimits", "Hole", "fill_holes"]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_RIM_PERCENTILE = 90.0
_CORNERS_TOUCH = np.ones((3, 3), bool)


@dataclass(frozen=True)
class CoreLimits:
    """The largest hole that is filled; pixels of full resolution."""

    area: int = 6000
    """Most pixels; 0 fills nothing."""

    extent: int = 160
    """Most rows, and most columns."""

    def at(self, level: int) -> "CoreLimits":
        """Give the same limits in pixels of a level."""
        return CoreLimits(max(min(1, self.area), self.area >> 2 * level), max(1, self.extent >> level))

    @property
    def margin(self) -> int:
        """Pixels of surroundings that decide about every hole of a window: its far end, the rim, one beyond."""
        return self.extent + 2


@dataclass(frozen=True, order=True)
class Hole:
    """A hole that was filled, in pixels of the image at the level that was read."""

    row: int
    """First row."""

    column: int
    """Column of its first pixel in that row."""

    area: int
    """Pixels."""


def fill_holes(values: Image, window: Box, box: Box, *, limits: CoreLimits) -> tuple[Image, tuple[Hole, ...]]:
    """Fill the holes that touch a part of a window.

    The result within `box` does not depend on the window, as long as it reaches `limits.margin` beyond `box` or to
    the border of the image: a hole that is small enough lies wholly inside, with its rim; a region that meets the edge
    of the window is larger, or meets the border.

    Parameters
    ----------
    values
        Samples of `window`; NaN = no data. Not changed.
    window, box
        Windows of the same plane, `box` inside `window`.
    limits
        Largest hole, pixels of this plane.

    Returns
    -------
    filled
        Samples of `box`.
    holes
        What was filled, in order; a hole that two boxes share is in the answers for both.
    """
    inner = box.relative_to(window)
    filled = values[inner.slices].copy()
    missing = np.isnan(values)
    if not missing[inner.slices].any():
        return filled, ()
    labels, _ = ndimage.label(missing, _CORNERS_TOUCH)
    outside = {*labels[0], *labels[-1], *labels[:, 0], *labels[:, -1]}
    places = ndimage.find_objects(labels)
    holes = []
    for label in np.unique(labels[inner.slices]):
        if label == 0 or label in outside:
            continue
        rows, columns = places[label - 1]
        if max(rows.stop - rows.start, columns.stop - columns.start) > limits.extent:
            continue
        around = Box(rows.start, columns.start, rows.stop, columns.stop).dilated(1)
        hole = labels[around.slices] == label
        area = int(hole.sum())
        if area > limits.area:
            continue
        core = np.where(hole, _core(values[around.slices], hole), np.float32(np.nan))
        _paste(filled, core, around.relative_to(inner))
        first = int(np.argmax(hole[1]))  # row 0 of `around` is rim
        holes.append(Hole(around.y0 + 1 + window.y0, around.x0 + first + window.x0, area))
    return filled, tuple(sorted(holes))


def _core(values: Image, hole: Mask) -> Image:
    """Rise from the nearest sample of the rim to the bright part of the rim, along the depth in the hole."""
    rim = ndimage.binary_dilation(hole, _CORNERS_TOUCH) & ~hole
    peak = np.percentile(values[rim], _RIM_PERCENTILE).astype(np.float32)
    depth, nearest = ndimage.distance_transform_edt(~rim, return_indices=True)
    base = values[tuple(nearest)]
    share = depth / max(1.0, depth[hole].max())
    share = (share * share * (3.0 - 2.0 * share)).astype(np.float32)
    return np.asarray(base + share * (np.maximum(peak, base) - base), np.float32)


def _paste(target: Image, patch: Image, place: Box) -> None:
    """Write the samples of a patch (NaN = none) where it overlaps an array."""
    common = place.intersection(Box.of_shape((target.shape[0], target.shape[1])))
    if common is None:
        return
    part = patch[common.relative_to(place).slices]
    view = target[common.slices]
    view[...] = np.where(np.isnan(part), view, part)
