"""Sides of pixels cut at the borders of the pixels of the plane: what each gives to the derivative along x of areas."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["cut_sides", "lay_sides"]

Floats = NDArray[np.float64]
Flags = NDArray[np.uint8]
Places = NDArray[np.int32]


@compiled(error_model="numpy")
def cut_sides(
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
        (2, n): number of the first of these columns, counted through the rows, which have two more; of
        the next row 0 where nothing lies there.
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
        a0[j], a1[j], a2[j], column, over = _cut(xa, xm, (ym - ya) if up else (ya - ym))
        inside = (row >= 0.0) & (row < height) & (column >= 0.0) & (column < width) & (over <= 1.0)
        first[j] = np.int32((row * (width + 2) + column) if inside else 0.0)
        b0[j], b1[j], b2[j], column, over = _cut(xm, xb, (yb - ym) if up else (ym - yb))
        also = (
            (yb > row + 1.0)
            & (row + 1.0 < height)
            & (column >= 0.0)
            & (column < width)
            & (over <= 1.0)
            & (yb <= row + 2.0)
        )
        second[j] = np.int32(((row + 1.0) * (width + 2) + column) if also else 0.0)
        plain[j] = inside & (one | also)


@compiled(error_model="numpy")
def _cut(x0: float, x1: float, dy: float) -> tuple[float, float, float, float, float]:
    """Cut the part of a side in one row, which rises by `dy`, at the columns.

    Gives its shares in three columns, the first of them, and how far it reaches into the second: if more than 1, three
    do not hold it.
    """
    low, high = min(x0, x1), max(x0, x1)
    column = np.floor(low)
    under, over = column + 1.0 - low, high - (column + 1.0)
    across = over > 0.0
    rate = 0.5 / (high - low) if across else 0.0
    near = under * under * rate if across else under - 0.5 * (high - low)
    far = over * over * rate
    return dy * near, dy * (1.0 - far - near), dy * far, column, over


@compiled(error_model="numpy")
def lay_sides(
    x0: Floats, y0: Floats, x1: Floats, y1: Floats, values: Floats, weights: Floats, less: Floats, lighter: Floats,
    shares: Floats, places: Places, plain: Flags, flat: Floats, stride: int,
) -> None:  # fmt: skip
    """Lay sides times the difference of the pixels on both sides, values and weights less others."""
    a0, a1, a2, b0, b1, b2 = shares[0], shares[1], shares[2], shares[3], shares[4], shares[5]
    cut_sides(x0, y0, x1, y1, flat.size // (2 * stride), stride - 2, shares, places, plain)
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
