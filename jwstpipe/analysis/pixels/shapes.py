"""`Shape`: a part of an image, as pixels see it; which pixels it takes, and how much of each."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.numerics.overlap import ellipse_fraction, ellipse_reach, polygon_fraction
from jwstpipe.sky.box import Box

__all__ = ["Ellipse", "Labelled", "PixelRule", "Polygon", "Shape", "whole"]

Floats = NDArray[np.float64]
PixelRule = Literal["center", "exact"]
"""Pixels whose centre lies inside count whole, or each counts by its share."""


@dataclass(frozen=True)
class Ellipse:
    """An ellipse or, with a hole, an annulus; circles are ellipses."""

    x: float
    y: float
    """Centre, 0-based pixels."""

    matrix: tuple[float, float, float, float]
    """Maps offsets (x, y) from the centre to the unit circle: xx, xy, yx, yy."""

    hole: tuple[float, float, float, float] | None = None
    """The same for the hole of an annulus."""

    name: str = ""

    @property
    def box(self) -> Box:
        """Pixels that it may touch."""
        half_x, half_y = ellipse_reach(*self.matrix)
        return Box(
            int(np.floor(self.y - half_y)), int(np.floor(self.x - half_x)),
            int(np.ceil(self.y + half_y)) + 1, int(np.ceil(self.x + half_x)) + 1,
        )  # fmt: skip

    def weights(self, window: Box, rule: PixelRule) -> Floats:
        """Give the share of each pixel of a window."""
        found = _ellipse_weights(
            window.y0, window.x0, *window.shape, self.x, self.y, self.matrix, exact=rule == "exact"
        )
        if self.hole is not None:
            found -= _ellipse_weights(
                window.y0, window.x0, *window.shape, self.x, self.y, self.hole, exact=rule == "exact"
            )
        return found


@dataclass(frozen=True)
class Polygon:
    """A polygon, convex or not."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    """Corners, 0-based pixels."""

    name: str = ""

    @property
    def box(self) -> Box:
        """Pixels that it may touch."""
        return Box(
            int(np.floor(min(self.ys) + 0.5)), int(np.floor(min(self.xs) + 0.5)),
            int(np.ceil(max(self.ys) - 0.5)) + 1, int(np.ceil(max(self.xs) - 0.5)) + 1,
        )  # fmt: skip

    def weights(self, window: Box, rule: PixelRule) -> Floats:
        """Give the share of each pixel of a window."""
        xs, ys = np.array(self.xs), np.array(self.ys)
        return _polygon_weights(window.y0, window.x0, *window.shape, xs, ys, exact=rule == "exact")


@dataclass(frozen=True)
class Labelled:
    """The pixels that a segmentation gives one number."""

    label: int
    segmentation: str
    """Address of an image of labels with the pixels of the image that is measured."""

    box: Box
    name: str = ""


Shape = Ellipse | Polygon | Labelled


def whole(box: Box, name: str = "") -> Polygon:
    """Give a rectangle of whole pixels."""
    left, right, low, high = box.x0 - 0.5, box.x1 - 0.5, box.y0 - 0.5, box.y1 - 0.5
    return Polygon((left, right, right, left), (low, low, high, high), name)


@compiled()
def _ellipse_weights(
    y0: int, x0: int, rows: int, columns: int, x: float, y: float,
    matrix: tuple[float, float, float, float], *, exact: bool,
) -> Floats:  # fmt: skip
    found = np.zeros((rows, columns))
    xx, xy, yx, yy = matrix
    for i in range(rows):
        for j in range(columns):
            dx, dy = x0 + j - x, y0 + i - y
            if exact:
                found[i, j] = ellipse_fraction(dx, dy, xx, xy, yx, yy)
            elif (xx * dx + xy * dy) ** 2 + (yx * dx + yy * dy) ** 2 < 1.0:
                found[i, j] = 1.0
    return found


@compiled()
def _polygon_weights(
    y0: int, x0: int, rows: int, columns: int, xs: Floats, ys: Floats, *, exact: bool
) -> Floats:  # fmt: skip
    """Fill rows between crossings; only pixels that a side passes through need their exact share."""
    found = np.zeros((rows, columns))
    n = xs.size
    crossed, touched = np.zeros(columns + 1, np.int64), np.zeros(columns + 1, np.int64)
    for i in range(rows):
        crossed[:], touched[:] = 0, 0
        for k in range(n):
            ax, bx = xs[k] - x0, xs[(k + 1) % n] - x0
            ay, by = ys[k] - (y0 + i), ys[(k + 1) % n] - (y0 + i)
            if (ay > 0.0) != (by > 0.0):  # pixels left of the crossing are on the other side of it
                at = ax - ay * (bx - ax) / (by - ay)
                crossed[int(min(max(math.ceil(at), 0.0), float(columns)))] += 1
            if exact and min(ay, by) <= 0.5 and max(ay, by) >= -0.5:
                first, last = _in_band(ax, ay, bx, by)
                left = min(max(math.ceil(first - 0.5), 0.0), float(columns))
                right = min(max(math.floor(last + 0.5) + 1.0, left), float(columns))
                touched[int(left)] += 1
                touched[int(right)] -= 1
        near = 0
        for j in range(columns):
            near += touched[j]
            if near:
                found[i, j] = 2.0
        odd = 0
        for j in range(columns - 1, -1, -1):
            odd += crossed[j + 1]
            if found[i, j] == 2.0:
                found[i, j] = polygon_fraction(xs, ys, float(x0 + j), float(y0 + i))
            else:
                found[i, j] = float(odd % 2)
    return found


@compiled()
def _in_band(ax: float, ay: float, bx: float, by: float) -> tuple[float, float]:
    """Give where the part of a side within half a pixel of a row begins and ends."""
    if abs(by - ay) > 1e-12:
        slope = (bx - ax) / (by - ay)
        low, high = max(min(ay, by), -0.5), min(max(ay, by), 0.5)
        first, last = ax + (low - ay) * slope, ax + (high - ay) * slope
        return min(first, last), max(first, last)
    return min(ax, bx), max(ax, bx)
