"""The drops of one image, laid on the plane one by one by the areas that they share with its pixels, exactly.

Areas come from the integral of x dy along the four sides, cut at the borders of the pixels of the plane, as renderers
of outline fonts do; nothing needs the GIL.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.warp.drizzling.centres import centres_above
from jwstpipe.mosaicking.warp.kernel_groups import Placed, Planes, WarpMap
from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["SIDE", "Drops", "drizzle_drops", "lay_drop"]

Floats = NDArray[np.float64]
Bits = NDArray[np.uint32]

SLIVER = 1e-12
"""A smaller part of a drop does not count."""

SIDE = 8
"""Room, in pixels of the plane, that the largest drop gets at first."""


class Drops(NamedTuple):
    """What the drops add up to; a plane that is not wanted has no pixels."""

    sums: Floats
    """(y, x, 2): samples times weights, and weights."""

    spread: Floats
    """Variances times squared weights."""

    used: Bits
    lost: Bits


@compiled(error_model="numpy")
def drizzle_drops(
    forward: WarpMap, planes: Planes, image: Placed, half: float, box_y: int, box_x: int, drops: Drops
) -> None:
    """Lay all drops of a window of an image, of 2 `half` pixels a side, on a window of the plane."""
    sci, wht, var, dq = planes.sci, planes.wht, planes.var, planes.dq
    sums, spread, used = drops.sums, drops.spread, drops.used
    n = sci.shape[1]
    scratch = np.empty((forward.nodes.shape[1], 2))
    xs, ys = np.empty((3, n + 2)), np.empty((3, n + 2))  # one pixel more on each side
    for i in range(-2, 0):
        centres_above(forward, image, i, scratch, xs, ys)
    px, py, areas = np.empty((4, n)), np.empty((4, n)), np.empty(n)
    spans = np.empty((4, n), dtype=np.int32)
    covered = np.zeros((SIDE, SIDE + 1))
    height, width = sums.shape[0], sums.shape[1]
    plain = spread.size == 0 and used.size == 0
    for i in range(sci.shape[0]):
        below, here, above = i % 3, (i + 1) % 3, (i + 2) % 3
        centres_above(forward, image, i, scratch, xs, ys)
        _corners(xs[below], xs[here], xs[above], half, box_x, px)
        _corners(ys[below], ys[here], ys[above], half, box_y, py)
        _bounds(px, py, areas, spans)
        for j in range(n):
            left, low, columns, rows = spans[0, j], spans[1, j], spans[2, j], spans[3, j]
            area = areas[j]
            if not (left < width and low < height and left + columns > 0 and low + rows > 0 and area > 0.0):
                continue
            w = wht[i, j] if wht.size > 0 else 1.0
            good = np.isfinite(sci[i, j]) and w > 0.0
            if not good and dq.size == 0:
                continue
            covered = _large_enough(covered, rows, columns + 1)
            for k in range(4):
                m = (k + 1) % 4
                _cover(px[k, j] - left, py[k, j] - low, px[m, j] - left, py[m, j] - low, covered)
            # a flux in a pixel becomes one in a pixel of the plane: more of it where the image's pixel is smaller
            scale = 4.0 * half * half / area if image.is_flux else 1.0
            v = var[i, j] * scale * scale if spread.size > 0 else 0.0
            bits = np.uint32(dq[i, j] if used.size > 0 else 0)
            value = sci[i, j] * scale
            inner = left >= 0 and low >= 0 and left + columns < width and low + rows <= height
            if inner and plain and good:
                _deposit_plain(covered, rows, columns + 1, left, low, value, w / area, sums)
                continue
            _deposit(covered, rows, columns + 1, left, low, value, w / area, v, bits, good, drops)


@compiled(error_model="numpy")
def _large_enough(covered: Floats, rows: int, columns: int) -> Floats:
    """Give the room for a drop, made larger for one that does not fit."""
    if rows <= covered.shape[0] and columns <= covered.shape[1]:
        return covered
    return np.zeros((max(rows, covered.shape[0]), max(columns, covered.shape[1])))


@compiled(error_model="numpy")
def _deposit(
    covered: Floats, rows: int, columns: int, left: int, low: int, value: float, rate: float, v: float,
    bits: np.uint32, good: int, drops: Drops,
) -> None:  # fmt: skip
    """Share a drop out among the pixels that it covers, and clear the areas for the next one."""
    sums, spread, used, lost = drops.sums, drops.spread, drops.used, drops.lost
    for b in range(rows):
        total = 0.0
        for a in range(columns):
            total += covered[b, a]
            covered[b, a] = 0.0
            y, x = low + b, left + a
            h = abs(total) * rate
            if h <= SLIVER * rate or x < 0 or y < 0 or x >= sums.shape[1] or y >= sums.shape[0]:
                continue
            if not good:
                lost[y, x] |= bits
                continue
            sums[y, x, 0] += h * value
            sums[y, x, 1] += h
            if spread.size > 0:
                spread[y, x] += h * h * v
            if used.size > 0:
                used[y, x] |= bits


@compiled(error_model="numpy")
def _deposit_plain(
    covered: Floats, rows: int, columns: int, left: int, low: int, value: float, rate: float, sums: Floats
) -> None:
    """Do what `_deposit` does where the drop lies inside, and there is nothing but samples; without branches."""
    for b in range(rows):
        total = 0.0
        for a in range(columns):
            total += covered[b, a]
            covered[b, a] = 0.0
            h = abs(total)
            h = h * rate if h > SLIVER else 0.0
            sums[low + b, left + a, 0] += h * value
            sums[low + b, left + a, 1] += h


@compiled(error_model="numpy")
def _corners(below: Floats, here: Floats, above: Floats, half: float, origin: int, out: Floats) -> None:
    """Place the four corners of each drop of a row on one axis, linear between the centres of neighbouring pixels.

    Positions are moved by half a pixel, so that pixel k of the window covers k to k + 1.
    """
    near, far = (1.0 - half) * (1.0 - half), half * half
    edge = half * (1.0 - half)
    shift = 0.5 - origin
    for k in range(4):
        row = below if k < 2 else above
        side = 0 if k == 0 or k == 3 else 2  # noqa: PLR1714 - a tuple costs time here
        corner = out[k]
        for j in range(corner.size):
            corner[j] = near * here[j + 1] + edge * (here[j + side] + row[j + 1]) + far * row[j + side] + shift


@compiled(error_model="numpy")
def _bounds(px: Floats, py: Floats, areas: Floats, spans: NDArray[np.int32]) -> None:
    """Give the areas of the drops of a row, and the pixels that they reach: first column, first row, how many."""
    for j in range(areas.size):
        x0, x1, x2, x3 = px[0, j], px[1, j], px[2, j], px[3, j]
        y0, y1, y2, y3 = py[0, j], py[1, j], py[2, j], py[3, j]
        areas[j] = 0.5 * abs((x1 - x3) * (y0 - y2) - (x0 - x2) * (y1 - y3))
        left, low = np.floor(min(x0, x1, x2, x3)), np.floor(min(y0, y1, y2, y3))
        spans[0, j], spans[1, j] = np.int32(left), np.int32(low)
        spans[2, j] = np.int32(np.floor(max(x0, x1, x2, x3)) - left) + 1
        spans[3, j] = np.int32(np.floor(max(y0, y1, y2, y3)) - low) + 1


@compiled(error_model="numpy")
def _cover(x0: float, y0: float, x1: float, y1: float, covered: Floats) -> None:
    """Add what a side gives to the derivative along x of the covered area of each pixel (signed by its sense)."""
    if y0 == y1:
        return
    sign = 1.0
    if y1 < y0:
        x0, y0, x1, y1, sign = x1, y1, x0, y0, -1.0
    row = int(y0)
    if y1 <= row + 1.0:
        _cover_row(x0, x1, sign * (y1 - y0), covered, row)
        return
    slope = (x1 - x0) / (y1 - y0)
    y, x = y0, x0
    while y < y1:
        end = min(y1, row + 1.0)
        stop = min(max(x0 + slope * (end - y0), min(x0, x1)), max(x0, x1)) if end < y1 else x1
        _cover_row(x, stop, sign * (end - y), covered, row)
        y, x, row = end, stop, row + 1


@compiled(error_model="numpy")
def _cover_row(x0: float, x1: float, dy: float, covered: Floats, row: int) -> None:
    """Add a piece of a side that stays in one row; `dy` is its signed height."""
    if x0 > x1:
        x0, x1 = x1, x0
    column = max(int(x0), 0)
    if x1 <= column + 1.0 or x1 == x0:
        share = column + 1.0 - 0.5 * (x0 + x1)
        covered[row, column] += dy * share
        covered[row, column + 1] += dy * (1.0 - share)
        return
    rate, x = dy / (x1 - x0), x0
    while x < x1:
        end = min(x1, column + 1.0)
        part = rate * (end - x)
        share = column + 1.0 - 0.5 * (x + end)
        covered[row, column] += part * share
        covered[row, column + 1] += part * (1.0 - share)
        x, column = end, column + 1


@compiled(error_model="numpy")
def lay_drop(
    planes: Planes, i: int, j: int, is_flux: int, px: Floats, py: Floats, low: int, high: int, area: float,
    covered: Floats, drops: Drops,
) -> Floats:  # fmt: skip
    """Lay one whole pixel by itself, and give the room for the areas."""
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
    covered = _large_enough(covered, rows, columns + 1)
    _cover(x0 - left, y0 - lower, x1 - left, y1 - lower, covered)
    _cover(x1 - left, y1 - lower, x2 - left, y2 - lower, covered)
    _cover(x2 - left, y2 - lower, x3 - left, y3 - lower, covered)
    _cover(x3 - left, y3 - lower, x0 - left, y0 - lower, covered)
    scale = 1.0 / abs(area) if is_flux else 1.0
    bits = np.uint32(dq[i, j] if dq.size > 0 else 0)
    v = planes.var[i, j] * scale * scale if drops.spread.size > 0 else 0.0
    value = sci[i, j] * scale
    _deposit(covered, rows, columns + 1, int(left), int(lower), value, w / abs(area), v, bits, good, drops)
    return covered
