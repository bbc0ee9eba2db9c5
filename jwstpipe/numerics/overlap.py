"""How much of a pixel lies in a shape, exactly: ellipses by Green's theorem, polygons by clipping.

The part of a polygon inside the unit circle is a sum over its sides: of the triangle that a side makes with the centre,
as far as it is inside, and of the sector beside it. An ellipse is the unit circle after a linear map, under which a
pixel is a parallelogram and areas only change by the determinant.
"""

import math

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["circle_fraction", "ellipse_fraction", "ellipse_reach", "polygon_fraction"]

Floats = NDArray[np.float64]


@compiled()
def _side_area(x0: float, y0: float, x1: float, y1: float) -> float:
    """Give the signed area common to the unit circle and the triangle of its centre and a side."""
    dx, dy = x1 - x0, y1 - y0
    a = dx * dx + dy * dy
    if a == 0.0:
        return 0.0
    b = x0 * dx + y0 * dy
    c = x0 * x0 + y0 * y0 - 1.0
    root = b * b - a * c
    if root <= 0.0:
        return 0.5 * math.atan2(x0 * y1 - x1 * y0, x0 * x1 + y0 * y1)
    root = math.sqrt(root)
    first, last = (-b - root) / a, (-b + root) / a
    if last <= 0.0 or first >= 1.0:
        return 0.5 * math.atan2(x0 * y1 - x1 * y0, x0 * x1 + y0 * y1)
    ax, ay, bx, by = x0, y0, x1, y1
    area = 0.0
    if first > 0.0:
        ax, ay = x0 + first * dx, y0 + first * dy
        area += 0.5 * math.atan2(x0 * ay - ax * y0, x0 * ax + y0 * ay)
    if last < 1.0:
        bx, by = x0 + last * dx, y0 + last * dy
        area += 0.5 * math.atan2(bx * y1 - x1 * by, bx * x1 + by * y1)
    return area + 0.5 * (ax * by - bx * ay)


@compiled()
def ellipse_fraction(x: float, y: float, xx: float, xy: float, yx: float, yy: float) -> float:
    """Give the share of a pixel inside an ellipse, 0 to 1.

    Parameters
    ----------
    x, y
        Centre of the pixel minus centre of the ellipse, pixels.
    xx, xy, yx, yy
        Matrix that maps offsets (x, y) to the unit circle.
    """
    u, v = xx * x + xy * y, yx * x + yy * y
    reach = 0.5 * (math.hypot(xx, yx) + math.hypot(xy, yy))
    distance = math.hypot(u, v)
    if distance >= 1.0 + reach:
        return 0.0
    if distance <= 1.0 - reach:
        return 1.0
    cx = (-0.5, 0.5, 0.5, -0.5)
    cy = (-0.5, -0.5, 0.5, 0.5)
    area = 0.0
    for k in range(4):
        n = (k + 1) % 4
        area += _side_area(
            u + xx * cx[k] + xy * cy[k], v + yx * cx[k] + yy * cy[k],
            u + xx * cx[n] + xy * cy[n], v + yx * cx[n] + yy * cy[n],
        )  # fmt: skip
    return min(max(abs(area / (xx * yy - xy * yx)), 0.0), 1.0)


@compiled()
def circle_fraction(x: float, y: float, radius: float) -> float:
    """Give the share of a pixel inside a circle, 0 to 1.

    Parameters
    ----------
    x, y
        Centre of the pixel minus centre of the circle, pixels.
    radius
        Of the circle, pixels.

    The area of a rectangle with a corner in the centre is known in closed form, and a pixel is four of them, added
    and subtracted.
    """
    left, right, low, high = x - 0.5, x + 0.5, y - 0.5, y + 0.5
    nearest = math.hypot(max(left, -right, 0.0), max(low, -high, 0.0))
    if nearest >= radius:
        return 0.0
    if math.hypot(max(-left, right), max(-low, high)) <= radius:
        return 1.0
    area = (
        _corner_area(right, high, radius) - _corner_area(left, high, radius)
        - _corner_area(right, low, radius) + _corner_area(left, low, radius)
    )  # fmt: skip
    return min(max(area, 0.0), 1.0)


@compiled()
def _corner_area(x: float, y: float, radius: float) -> float:
    """Give the signed area of a circle inside the rectangle between its centre and a point."""
    sign = 1.0
    if x < 0.0:
        x, sign = -x, -sign
    if y < 0.0:
        y, sign = -y, -sign
    x, y = min(x, radius), min(y, radius)
    square = radius * radius
    if x * x + y * y <= square:
        return sign * x * y
    across = math.sqrt(max(square - y * y, 0.0))  # from here to x the circle is the upper edge
    down = math.sqrt(max(square - x * x, 0.0))
    angle = math.atan2(across * -down + y * x, across * x + y * down)  # between the two points on the circle
    return sign * 0.5 * (across * y + x * down + square * angle)


@compiled()
def ellipse_reach(xx: float, xy: float, yx: float, yy: float) -> tuple[float, float]:
    """Give half the width and half the height of an ellipse, from the matrix of `ellipse_fraction`."""
    determinant = abs(xx * yy - xy * yx)
    return math.hypot(xy, yy) / determinant, math.hypot(xx, yx) / determinant


@compiled()
def polygon_fraction(xs: Floats, ys: Floats, x: float, y: float) -> float:
    """Give the share of the pixel centred on (x, y) inside a polygon, convex or not, 0 to 1.

    The polygon is cut along the four sides of the pixel in turn (Sutherland and Hodgman 1974); where a side cuts a
    concave polygon in two, the pieces stay joined by lines without area.
    """
    n = xs.size
    here_x, here_y = np.empty(16 * n + 64), np.empty(16 * n + 64)
    next_x, next_y = np.empty(16 * n + 64), np.empty(16 * n + 64)
    here_x[:n], here_y[:n] = xs - x, ys - y
    for side in range(4):
        sign = 1.0 if side % 2 == 0 else -1.0
        m = 0
        for k in range(n):
            ax, ay = here_x[k], here_y[k]
            bx, by = here_x[(k + 1) % n], here_y[(k + 1) % n]
            a = 0.5 - sign * (ax if side < 2 else ay)
            b = 0.5 - sign * (bx if side < 2 else by)
            if a >= 0.0:
                next_x[m], next_y[m] = ax, ay
                m += 1
            if (a >= 0.0) != (b >= 0.0):
                t = a / (a - b)
                next_x[m], next_y[m] = ax + t * (bx - ax), ay + t * (by - ay)
                m += 1
        here_x, here_y, next_x, next_y = next_x, next_y, here_x, here_y
        n = m
        if n == 0:
            return 0.0
    area = 0.0
    for k in range(n):
        area += here_x[k] * here_y[(k + 1) % n] - here_x[(k + 1) % n] * here_y[k]
    return min(abs(0.5 * area), 1.0)
