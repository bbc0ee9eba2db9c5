"""Drizzle of whole pixels, edge by edge: two edges a pixel, where a drop by itself has four.

Neighbouring pixels share a side, and what one gives to a pixel of the plane the other lacks. So each side is laid on
the plane once, times the difference of the two, as the derivative along x of both sums; a row of the plane is added up
at the end. That holds to 1e-15 of the largest sample of a row, so that only *calm* pixels go this way: good ones, among
good ones, that are no more than some million times brighter than most. All others are laid by themselves.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.warp.drizzling.drops import (
    SIDE,
    Drops,
    cover,
    deposit,
    extend,
    large_enough,
    map_row,
)
from jwstpipe.mosaicking.warp.kernel_groups import Placed, Planes, WarpMap
from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["CALM", "NOTHING", "drizzle_edges", "usual"]

Floats = NDArray[np.float64]
Flags = NDArray[np.uint8]
Places = NDArray[np.int32]
Reals = NDArray[np.floating]
Bits = NDArray[np.uint32]

CALM = 2.0**23, 2.0**10
"""How many times larger than usual the samples, and larger or smaller the weights, of calm pixels may be."""

NOTHING = 1e-9
"""A smaller share of the largest weight is what rounding left."""


OUTSIDE, CALMLY, APART = 0, 1, 2
"""Ways of a pixel: not at all, with its neighbours, by itself."""


@compiled(error_model="numpy")
def usual(words: Bits) -> float:
    """Give the power of two that most float32 samples, given as their words, lie at; zeros do not count."""
    total, count = 0, 0
    for i in range(0, words.shape[0], 4):
        for j in range(words.shape[1]):
            exponent = np.int64((words[i, j] >> 23) & 0xFF)
            counts = (exponent > 0) & (exponent < 255)
            total += exponent if counts else 0
            count += 1 if counts else 0
    return 2.0 ** (total / count - 127.0) if count > 0 else 0.0


@compiled(error_model="numpy")
def drizzle_edges(
    forward: WarpMap, planes: Planes, image: Placed, box_y: int, box_x: int, bright: float, heavy: float, light: float,
    slopes: Floats, drops: Drops,
) -> float:  # fmt: skip
    """Lay the pixels of a window of an image on the plane.

    Parameters
    ----------
    forward, planes, image
        As for `drizzle_drops`; without variances.
    box_y, box_x
        First pixel of the window of the plane.
    bright, heavy, light
        Largest sample, and largest and smallest weight, of calm pixels.
    slopes
        (y, x + 2, 2): takes the derivative along x of what calm pixels give to samples times weights, and weights.
    drops
        Takes what all others give.

    Returns
    -------
    float
        Largest weight of a calm pixel on the area of a pixel of the plane.
    """
    sci, wht, dq = planes.sci, planes.wht, planes.dq
    nodes, step, lagrange = forward.nodes, forward.step, forward.weights
    row0, column0 = image.y0 - forward.y0, image.x0 - forward.x0
    height, width = drops.sums.shape[0], drops.sums.shape[1]
    rows, n = sci.shape
    scratch = np.empty((nodes.shape[1], 2))
    xs, ys = np.empty((3, n + 2)), np.empty((3, n + 2))  # one pixel more on each side
    first = 1 - image.x0
    last = first + image.columns - 1
    for k in range(2):
        map_row(nodes, step, lagrange, row0 - 1 + k, column0 - 1, first, last, scratch, xs[k], ys[k])
    px, py = np.empty((2, n + 1)), np.empty((2, n + 1))  # corners below and above
    fine = np.zeros((3, n + 2), dtype=np.uint8)
    _fine_row(sci, wht, dq, 0, bright, heavy, light, fine[1])
    values, weights = np.zeros((2, n + 2)), np.zeros((2, n + 2))  # of the drops, on the area of a pixel of the plane
    areas, way = np.empty(n), np.empty(n, dtype=np.uint8)
    shares, places, plain = np.empty((6, n + 1)), np.empty((2, n + 1), dtype=np.int32), np.empty(n + 1, dtype=np.uint8)
    covered = np.zeros((SIDE, SIDE + 1))
    flat, stride = slopes.reshape(-1), slopes.shape[1]
    largest, start_below, stop_below = 0.0, n, 0
    for i in range(rows):
        below, here, above = i % 3, (i + 1) % 3, (i + 2) % 3
        low, high = i % 2, (i + 1) % 2
        map_row(nodes, step, lagrange, row0 + i + 1, column0 - 1, first, last, scratch, xs[above], ys[above])
        if image.y0 + i == 0:
            extend(xs, ys, here, above, below)
        if image.y0 + i == image.rows - 1:
            extend(xs, ys, here, below, above)
        if i == 0:
            _corner_row(xs[below], xs[here], box_x, px[low])
            _corner_row(ys[below], ys[here], box_y, py[low])
        _corner_row(xs[here], xs[above], box_x, px[high])
        _corner_row(ys[here], ys[above], box_y, py[high])
        fine[above] = 0
        if i + 1 < rows:
            _fine_row(sci, wht, dq, i + 1, bright, heavy, light, fine[above])
        _ways(px[low], py[low], px[high], py[high], height, width, fine[below], fine[here], fine[above], areas, way)
        reached = _rates(sci, wht, i, image.is_flux, areas, way, values[high], weights[high])
        largest = max(largest, reached)
        start, stop = _calm_part(way)
        if start < stop or start_below < stop_below:
            a, b = min(start, start_below), max(stop, stop_below)
            _lay_sides(
                px[low, a:b], py[low, a:b], px[low, a + 1 : b + 1], py[low, a + 1 : b + 1],
                values[low, a + 1 : b + 1], weights[low, a + 1 : b + 1],
                values[high, a + 1 : b + 1], weights[high, a + 1 : b + 1], shares, places, plain[: b - a], flat, stride,
            )  # fmt: skip
            _lay_sides(
                px[low, a : b + 1], py[low, a : b + 1], px[high, a : b + 1], py[high, a : b + 1],
                values[high, a + 1 : b + 2], weights[high, a + 1 : b + 2],
                values[high, a : b + 1], weights[high, a : b + 1], shares, places, plain[: b - a + 1], flat, stride,
            )  # fmt: skip
        start_below, stop_below = start, stop
        for j in range(n):
            if way[j] == APART:
                covered = _lay_drop(planes, i, j, image.is_flux, px, py, low, high, areas[j], covered, drops)
    return largest


@compiled(error_model="numpy")
def _corner_row(below: Floats, above: Floats, origin: int, out: Floats) -> None:
    """Place a row of corners on one axis, each amid four centres; pixel k of the window covers k to k + 1."""
    shift = 0.5 - origin
    for j in range(out.size):
        out[j] = 0.25 * ((below[j] + below[j + 1]) + (above[j] + above[j + 1])) + shift


@compiled(error_model="numpy")
def _fine_row(sci: Reals, wht: Reals, dq: Bits, i: int, bright: float, heavy: float, light: float, out: Flags) -> None:
    """Tell which pixels of a row are good and not far from usual."""
    n = sci.shape[1]
    for j in range(n):
        out[j + 1] = abs(sci[i, j]) <= bright  # NaN is not
    if wht.size > 0:
        for j in range(n):
            out[j + 1] &= (wht[i, j] >= light) & (wht[i, j] <= heavy)
    if dq.size > 0:
        for j in range(n):
            out[j + 1] &= dq[i, j] == 0


@compiled(error_model="numpy")
def _ways(
    x0: Floats, y0: Floats, x1: Floats, y1: Floats, height: int, width: int,
    below: Flags, here: Flags, above: Flags, areas: Floats, out: Flags,
) -> None:  # fmt: skip
    """Choose the way of each pixel of a row between two rows of corners; areas have the sign of the turn."""
    for j in range(areas.size):
        k = j + 1
        areas[j] = 0.5 * ((x0[j] - x1[k]) * (y0[k] - y1[j]) - (x0[k] - x1[j]) * (y0[j] - y1[k]))
        right, left = max(x0[j], x0[k], x1[j], x1[k]), min(x0[j], x0[k], x1[j], x1[k])
        upper, lower = max(y0[j], y0[k], y1[j], y1[k]), min(y0[j], y0[k], y1[j], y1[k])
        meets = (right >= 0.0) & (upper >= 0.0) & (left < width) & (lower < height) & (areas[j] != 0.0)
        calm = below[j] & below[k] & below[j + 2] & here[j] & here[k] & here[j + 2]
        calm &= above[j] & above[k] & above[j + 2]
        out[j] = (CALMLY if calm else APART) if meets else OUTSIDE


@compiled(error_model="numpy")
def _rates(
    sci: Reals, wht: Reals, i: int, is_flux: int, areas: Floats, way: Flags, values: Floats, weights: Floats
) -> float:  # fmt: skip
    """Give weights, and samples times weights, of calm pixels on the area of a pixel of the plane; of others none."""
    largest = 0.0
    for j in range(areas.size):
        weights[j + 1] = 1.0 / areas[j] if way[j] == CALMLY else 0.0
    if wht.size > 0:
        for j in range(areas.size):
            weights[j + 1] *= wht[i, j] if way[j] == CALMLY else 0.0
    for j in range(areas.size):
        values[j + 1] = weights[j + 1] * sci[i, j] if way[j] == CALMLY else 0.0
        largest = max(largest, abs(weights[j + 1]))
    if is_flux:
        for j in range(areas.size):
            values[j + 1] *= 1.0 / abs(areas[j]) if way[j] == CALMLY else 0.0
    return largest


@compiled(error_model="numpy")
def _calm_part(way: Flags) -> tuple[int, int]:
    """Give the first calm pixel of a row, and the one behind the last."""
    start, stop = 0, way.size
    while start < stop and way[start] != CALMLY:
        start += 1
    while stop > start and way[stop - 1] != CALMLY:
        stop -= 1
    return (start, stop) if start < stop else (way.size, 0)


@compiled(error_model="numpy")
def _cut(
    x0: Floats, y0: Floats, x1: Floats, y1: Floats, height: int, width: int,
    shares: Floats, places: Places, plain: Flags,
) -> None:  # fmt: skip
    """Cut sides at the borders of the pixels of the plane; without branches, so that it runs in vectors.

    Parameters
    ----------
    x0, y0, x1, y1
        Ends of the sides.
    height, width
        Of the window of the plane.
    shares
        (6, n): what a side gives to the derivative in three columns of its first row, and of the next.
    places
        (2, n): number of the first of these columns, counted through the rows, which have two more.
    plain
        The side reaches no further than that, and lies inside the window.
    """
    a0, a1, a2, b0, b1, b2 = shares[0], shares[1], shares[2], shares[3], shares[4], shares[5]
    first, second = places[0], places[1]
    for j in range(plain.size):
        up = y1[j] >= y0[j]
        xa, xb = (x0[j] if up else x1[j]), (x1[j] if up else x0[j])
        ya, yb = (y0[j] if up else y1[j]), (y1[j] if up else y0[j])
        row = np.floor(ya)
        one = yb <= row + 1.0
        ym = yb if one else row + 1.0
        xm = xb if one else xa + (xb - xa) * ((ym - ya) / (yb - ya))
        low, high = min(xa, xm), max(xa, xm)
        column = np.floor(low)
        under, over = column + 1.0 - low, high - (column + 1.0)
        across = over > 0.0
        rate = 0.5 / (high - low) if across else 0.0
        near = under * under * rate if across else under - 0.5 * (high - low)
        far = over * over * rate
        dy = (ym - ya) if up else (ya - ym)
        a0[j], a1[j], a2[j] = dy * near, dy * (1.0 - far - near), dy * far
        inside = (row >= 0.0) & (row < height) & (column >= 0.0) & (column < width) & (over <= 1.0)
        first[j] = np.int32((row * (width + 2) + column) if inside else 0.0)
        low, high = min(xm, xb), max(xm, xb)
        column = np.floor(low)
        under, over = column + 1.0 - low, high - (column + 1.0)
        across = over > 0.0
        rate = 0.5 / (high - low) if across else 0.0
        near = under * under * rate if across else under - 0.5 * (high - low)
        far = over * over * rate
        dy = (yb - ym) if up else (ym - yb)
        b0[j], b1[j], b2[j] = dy * near, dy * (1.0 - far - near), dy * far
        also = (row + 1.0 < height) & (column >= 0.0) & (column < width) & (over <= 1.0) & (yb <= row + 2.0)
        second[j] = np.int32(((row + 1.0) * (width + 2) + column) if also else 0.0)
        plain[j] = inside & (one | also)


@compiled(error_model="numpy")
def _lay_sides(
    x0: Floats, y0: Floats, x1: Floats, y1: Floats, values: Floats, weights: Floats, less: Floats, lighter: Floats,
    shares: Floats, places: Places, plain: Flags, flat: Floats, stride: int,
) -> None:  # fmt: skip
    """Lay sides times the difference of the pixels on both sides, values and weights less others."""
    a0, a1, a2, b0, b1, b2 = shares[0], shares[1], shares[2], shares[3], shares[4], shares[5]
    _cut(x0, y0, x1, y1, flat.size // (2 * stride), stride - 2, shares, places, plain)
    for j in range(plain.size):
        value, weight = values[j] - less[j], weights[j] - lighter[j]
        if weight == 0.0 and value == 0.0:
            continue
        if plain[j]:
            _lay_three(a0[j], a1[j], a2[j], value, weight, flat, places[0, j])
            if b0[j] != 0.0 or b1[j] != 0.0 or b2[j] != 0.0:
                _lay_three(b0[j], b1[j], b2[j], value, weight, flat, places[1, j])
        else:
            _lay_side(x0[j], y0[j], x1[j], y1[j], value, weight, flat, stride)


@compiled(error_model="numpy")
def _lay_three(a: float, b: float, c: float, value: float, weight: float, flat: Floats, place: int) -> None:
    k = np.uint64(2) * np.uint64(place)
    v0, w0, v1, w1 = flat[k], flat[k + np.uint64(1)], flat[k + np.uint64(2)], flat[k + np.uint64(3)]
    v2, w2 = flat[k + np.uint64(4)], flat[k + np.uint64(5)]
    flat[k], flat[k + np.uint64(1)] = v0 + a * value, w0 + a * weight
    flat[k + np.uint64(2)], flat[k + np.uint64(3)] = v1 + b * value, w1 + b * weight
    flat[k + np.uint64(4)], flat[k + np.uint64(5)] = v2 + c * value, w2 + c * weight


@compiled(error_model="numpy")
def _lay_side(
    x0: float, y0: float, x1: float, y1: float, value: float, weight: float, flat: Floats, stride: int
) -> None:  # fmt: skip
    """Add what a side gives to the derivatives, cut at the rows of the plane."""
    if y0 == y1:
        return
    if y1 < y0:
        x0, y0, x1, y1, value, weight = x1, y1, x0, y0, -value, -weight
    end = flat.size // (2 * stride)
    if y1 <= 0.0 or y0 >= end:
        return
    floor = np.floor(y0)
    row = int(floor)
    if y1 <= floor + 1.0:
        if row >= 0:
            _lay_piece(x0, x1, y1 - y0, value, weight, flat, stride, row)
        return
    slope = (x1 - x0) / (y1 - y0)
    y, x = y0, x0
    while y < y1 and row < end:
        top = min(y1, row + 1.0)
        stop = x0 + slope * (top - y0) if top < y1 else x1
        if row >= 0:
            _lay_piece(x, stop, top - y, value, weight, flat, stride, row)
        y, x, row = top, stop, row + 1


@compiled(error_model="numpy")
def _lay_piece(
    x0: float, x1: float, dy: float, value: float, weight: float, flat: Floats, stride: int, row: int
) -> None:  # fmt: skip
    """Add what a piece of a side gives to a row of the plane; what lies to the left of it covers all of the row."""
    if x0 > x1:
        x0, x1 = x1, x0
    width = stride - 2
    if x0 >= width:
        return
    value, weight = value * dy, weight * dy
    line = row * stride * 2
    if x1 <= 0.0:
        flat[np.uint64(line)] += value
        flat[np.uint64(line + 1)] += weight
        return
    left = np.floor(x0)
    column = int(left)
    if x1 <= left + 1.0:
        _lay_share(1.0, left + 1.0 - 0.5 * (x0 + x1), value, weight, flat, line, column)
        return
    rate, x = 1.0 / (x1 - x0), x0
    while x < x1 and column < width:
        right = min(x1, column + 1.0)
        part, share = rate * (right - x), column + 1.0 - 0.5 * (x + right)
        if column < 0:
            column, share = 0, 1.0
            right = min(x1, 0.0)
            part = rate * (right - x)
            _lay_share(part, 1.0, value, weight, flat, line, 0)
            x = right
            continue
        _lay_share(part, share, value, weight, flat, line, column)
        x, column = right, column + 1


@compiled(error_model="numpy")
def _lay_share(
    part: float, share: float, value: float, weight: float, flat: Floats, line: int, column: int
) -> None:  # fmt: skip
    place = np.uint64(line + 2 * column)
    value, weight = value * part, weight * part
    flat[place] += value * share
    flat[place + np.uint64(1)] += weight * share
    flat[place + np.uint64(2)] += value * (1.0 - share)
    flat[place + np.uint64(3)] += weight * (1.0 - share)


@compiled(error_model="numpy")
def _lay_drop(
    planes: Planes, i: int, j: int, is_flux: int, px: Floats, py: Floats, low: int, high: int, area: float,
    covered: Floats, drops: Drops,
) -> Floats:  # fmt: skip
    """Lay one pixel by itself, and give the room for the areas."""
    sci, wht, dq = planes.sci, planes.wht, planes.dq
    w = wht[i, j] if wht.size > 0 else 1.0
    good = np.isfinite(sci[i, j]) and w > 0.0
    if not good and dq.size == 0:
        return covered
    x0, x1, x2, x3 = px[low, j], px[low, j + 1], px[high, j + 1], px[high, j]
    y0, y1, y2, y3 = py[low, j], py[low, j + 1], py[high, j + 1], py[high, j]
    left, lower = np.floor(min(x0, x1, x2, x3)), np.floor(min(y0, y1, y2, y3))
    columns = int(np.floor(max(x0, x1, x2, x3)) - left) + 1
    rows = int(np.floor(max(y0, y1, y2, y3)) - lower) + 1
    covered = large_enough(covered, rows, columns + 1)
    cover(x0 - left, y0 - lower, x1 - left, y1 - lower, covered)
    cover(x1 - left, y1 - lower, x2 - left, y2 - lower, covered)
    cover(x2 - left, y2 - lower, x3 - left, y3 - lower, covered)
    cover(x3 - left, y3 - lower, x0 - left, y0 - lower, covered)
    scale = 1.0 / abs(area) if is_flux else 1.0
    bits = np.uint32(dq[i, j] if dq.size > 0 else 0)
    value = sci[i, j] * scale
    deposit(covered, rows, columns + 1, int(left), int(lower), value, w / abs(area), 0.0, bits, good, drops)
    return covered
