"""Kron's ellipses where sources have neighbours: radii, sums, and the radius of half the light.

A pixel belongs to the source whose own ellipse it lies deepest in. One that belongs to another is replaced by the pixel
on the other side of the centre (Bertin and Arnouts 1996, ``MASK_TYPE CORRECT``), by the sky where that one is another's
too, or has no data.
"""

import math

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.numerics.overlap import circle_fraction, ellipse_fraction, ellipse_reach

__all__ = ["KRON_WITHIN", "OTHERS_WITHIN", "kron_radii", "kron_sums"]

Float32Image = NDArray[np.float32]
Floats = NDArray[np.float64]
Starts = NDArray[np.int64]

KRON_WITHIN = 6.0
"""The first moment of Kron's radius is taken inside so many times the ellipse of the second moments."""

OTHERS_WITHIN = 4.0
"""A source owns no pixel farther than so many times its ellipse."""

HALVINGS = 24


@compiled()
def _depth(dx: float, dy: float, a: float, b: float, theta: float) -> float:
    cosine, sine = math.cos(theta), math.sin(theta)
    return math.hypot((cosine * dx + sine * dy) / a, (cosine * dy - sine * dx) / b)


@compiled()
def _of_another(i: int, j: int, x: float, y: float, own: Floats, others: Floats) -> bool:
    """Tell whether a pixel belongs to one of the others: rows of x, y, half axes, angle."""
    if not len(others):
        return False
    mine = _depth(j - x, i - y, own[0], own[1], own[2])
    found = False
    for k in range(len(others)):
        other = others[k]
        if abs(j - other[0]) > OTHERS_WITHIN * other[2] or abs(i - other[1]) > OTHERS_WITHIN * other[2]:
            continue
        depth = _depth(j - other[0], i - other[1], other[2], other[3], other[4])
        found = found or (depth < mine and depth < OTHERS_WITHIN)
    return found


@compiled()
def kron_radii(
    sci: Float32Image,
    skies: Floats,
    xs: Floats,
    ys: Floats,
    shapes: Floats,
    starts: Starts,
    others: Floats,
    most: float,
) -> Floats:
    """Measure Kron's first moment radius, in units of the ellipse; pixels of others take no part.

    Parameters
    ----------
    sci
        (y, x), NaN = no data.
    skies
        (n,), taken away from every sample.
    xs, ys
        (n,), positions in the window.
    shapes
        (n, 3): standard deviations along the long and the short axis, pixels, and angle from x towards y, radians.
    starts, others
        (n + 1,) and (m, 5): where the neighbours of each begin; their positions and shapes.
    most
        Largest half axis that is looked at, pixels.

    Returns
    -------
    ndarray
        (n,); NaN where no light is found.
    """
    rows, columns = sci.shape
    found = np.full(xs.size, np.nan)
    for s in range(xs.size):
        a, b, theta = shapes[s, 0], shapes[s, 1], shapes[s, 2]
        within = min(KRON_WITHIN, most / a) if a > 0.0 else 0.0
        if not (a > 0.0 and b > 0.0 and within > 0.0 and math.isfinite(skies[s])):
            continue
        cosine, sine = math.cos(theta), math.sin(theta)
        reach_x, reach_y = ellipse_reach(
            cosine / (within * a), sine / (within * a), -sine / (within * b), cosine / (within * b)
        )
        near = others[starts[s] : starts[s + 1]]
        total, moment = 0.0, 0.0
        for i in range(max(math.floor(ys[s] - reach_y), 0), min(math.ceil(ys[s] + reach_y) + 1, rows)):
            for j in range(max(math.floor(xs[s] - reach_x), 0), min(math.ceil(xs[s] + reach_x) + 1, columns)):
                dx, dy = j - xs[s], i - ys[s]
                r = math.hypot((cosine * dx + sine * dy) / a, (cosine * dy - sine * dx) / b)
                value = sci[i, j]
                if r <= within and not math.isnan(value) and not _of_another(i, j, xs[s], ys[s], shapes[s], near):
                    total += value - skies[s]
                    moment += r * (value - skies[s])
        if total > 0.0 and moment > 0.0:
            found[s] = moment / total
    return found


@compiled()
def kron_sums(
    sci: Float32Image, xs: Floats, ys: Floats, skies: Floats, ellipses: Floats, shapes: Floats, starts: Starts,
    others: Floats,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:  # fmt: skip
    """Sum samples less the sky in ellipses, pixels of neighbours replaced.

    Parameters
    ----------
    sci, xs, ys, skies, shapes, starts, others
        See `kron_radii`.
    ellipses
        (n, 3): half axes and angle of what is summed.

    Returns
    -------
    tuple of ndarray
        Each (n,): sums; areas with data; shares of the area with data; shares of the area that are another's; radii of
        circles with half of the sum, pixels, NaN where there is none.
    """
    n = xs.size
    rows, columns = sci.shape
    sums, areas, lights = np.full(n, np.nan), np.zeros(n), np.zeros(n)
    taken, halves = np.zeros(n), np.full(n, np.nan)
    for s in range(n):
        a, b, theta = ellipses[s, 0], ellipses[s, 1], ellipses[s, 2]
        if not (a > 0.0 and b > 0.0 and math.isfinite(xs[s]) and math.isfinite(ys[s])):
            continue
        cosine, sine = math.cos(theta), math.sin(theta)
        xx, xy, yx, yy = cosine / a, sine / a, -sine / b, cosine / b
        reach_x, reach_y = ellipse_reach(xx, xy, yx, yy)
        near = others[starts[s] : starts[s + 1]]
        total = 0.0
        sums[s] = 0.0
        for i in range(math.floor(ys[s] - reach_y + 0.5), math.ceil(ys[s] + reach_y + 0.5)):
            for j in range(math.floor(xs[s] - reach_x + 0.5), math.ceil(xs[s] + reach_x + 0.5)):
                share = ellipse_fraction(j - xs[s], i - ys[s], xx, xy, yx, yy)
                if share <= 0.0:
                    continue
                total += share
                if not (0 <= i < rows and 0 <= j < columns) or math.isnan(sci[i, j]):
                    continue
                areas[s] += share
                if _of_another(i, j, xs[s], ys[s], shapes[s], near):
                    taken[s] += share
                sums[s] += share * _own_value(sci, i, j, xs[s], ys[s], skies[s], shapes[s], near)
        lights[s] = areas[s] / total if total > 0.0 else 0.0
        taken[s] = taken[s] / total if total > 0.0 else 0.0
        if sums[s] > 0.0:
            halves[s] = _half(sci, xs[s], ys[s], skies[s], shapes[s], near, a, 0.5 * sums[s])
    return sums, areas, lights, taken, halves


@compiled()
def _own_value(sci: Float32Image, i: int, j: int, x: float, y: float, sky: float, own: Floats, near: Floats) -> float:
    """Give a sample less the sky, that of the other side where it is another's."""
    if _of_another(i, j, x, y, own, near):
        i, j = math.floor(2.0 * y - i + 0.5), math.floor(2.0 * x - j + 0.5)
        if not (0 <= i < sci.shape[0] and 0 <= j < sci.shape[1]) or _of_another(i, j, x, y, own, near):
            return 0.0
        if math.isnan(sci[i, j]):
            return 0.0
    value: float = sci[i, j] - sky
    return value


@compiled()
def _half(
    sci: Float32Image, x: float, y: float, sky: float, own: Floats, near: Floats, largest: float, wanted: float
) -> float:
    """Find the circle that holds so much, by halving."""
    low, high = 0.0, largest
    side = 2 * math.ceil(largest) + 3
    first_i, first_j = math.floor(y + 0.5) - side // 2, math.floor(x + 0.5) - side // 2
    values = np.zeros((side, side))
    for i in range(max(first_i, 0), min(first_i + side, sci.shape[0])):
        for j in range(max(first_j, 0), min(first_j + side, sci.shape[1])):
            if not math.isnan(sci[i, j]):
                values[i - first_i, j - first_j] = _own_value(sci, i, j, x, y, sky, own, near)
    for _ in range(HALVINGS):
        radius = 0.5 * (low + high)
        total = 0.0
        for i in range(max(math.floor(y - radius) - first_i, 0), min(math.ceil(y + radius) - first_i + 1, side)):
            for j in range(max(math.floor(x - radius) - first_j, 0), min(math.ceil(x + radius) - first_j + 1, side)):
                total += circle_fraction(j + first_j - x, i + first_i - y, radius) * values[i, j]
        if total < wanted:
            low = radius
        else:
            high = radius
    return 0.5 * (low + high)
