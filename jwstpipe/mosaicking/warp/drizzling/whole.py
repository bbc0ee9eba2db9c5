"""Drizzle of whole pixels drop by drop, for what follows from the areas of each drop, as variances do.

The side that two pixels share is cut once, and the sides of a row in vectors; a drop adds up the cuts of its four.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.warp.drizzling.centres import centres_above
from jwstpipe.mosaicking.warp.drizzling.corners import OUTSIDE, corners_of_row, ways_of
from jwstpipe.mosaicking.warp.drizzling.drops import SIDE, SLIVER, Drops, lay_drop
from jwstpipe.mosaicking.warp.drizzling.sides import cut_sides
from jwstpipe.mosaicking.warp.kernel_groups import Placed, Planes, WarpMap
from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["drizzle_whole"]

Floats = NDArray[np.float64]
Flags = NDArray[np.uint8]
Places = NDArray[np.int32]


@compiled(error_model="numpy")
def drizzle_whole(
    forward: WarpMap, planes: Planes, image: Placed, box_y: int, box_x: int, room: Floats, drops: Drops
) -> None:
    """Lay all pixels of a window of an image that has variances, as `drizzle_drops` does.

    Parameters
    ----------
    forward, planes, image, drops
        As there.
    box_y, box_x
        First pixel of the window of the plane.
    room
        (y, x + 2) zeros, which are zeros again in the end.
    """
    height, width = drops.sums.shape[0], drops.sums.shape[1]
    rows, n = planes.sci.shape
    scratch = np.empty((forward.nodes.shape[1], 2))
    xs, ys = np.empty((3, n + 2)), np.empty((3, n + 2))  # one pixel more on each side
    for i in range(-2, 0):
        centres_above(forward, image, i, scratch, xs, ys)
    px, py = np.empty((2, n + 1)), np.empty((2, n + 1))  # corners below and above
    areas, way, none = np.empty(n), np.empty(n, dtype=np.uint8), np.zeros(n + 2, dtype=np.uint8)
    shares, places = np.empty((3, 6, n + 1)), np.empty((3, 2, n + 1), dtype=np.int32)  # below, above, between
    plain = np.empty((3, n + 1), dtype=np.uint8)
    covered = np.zeros((SIDE, SIDE + 1))
    for i in range(rows):
        low, high = i % 2, (i + 1) % 2
        centres_above(forward, image, i, scratch, xs, ys)
        corners_of_row(i, xs, ys, box_y, box_x, px, py)
        if i == 0:
            cut_sides(
                px[low, :-1], py[low, :-1], px[low, 1:], py[low, 1:], height, width,
                shares[low], places[low], plain[low, :-1],
            )  # fmt: skip
        cut_sides(
            px[high, :-1], py[high, :-1], px[high, 1:], py[high, 1:], height, width,
            shares[high], places[high], plain[high, :-1],
        )  # fmt: skip
        cut_sides(px[low], py[low], px[high], py[high], height, width, shares[2], places[2], plain[2])
        ways_of(px[low], py[low], px[high], py[high], height, width, none, none, none, areas, way)
        covered = _lay_row(planes, i, image, px, py, low, high, areas, way, shares, places, plain, covered, room, drops)


@compiled(error_model="numpy")
def _lay_row(
    planes: Planes, i: int, image: Placed, px: Floats, py: Floats, low: int, high: int, areas: Floats, way: Flags,
    shares: Floats, places: Places, plain: Flags, covered: Floats, room: Floats, drops: Drops,
) -> Floats:  # fmt: skip
    """Lay the pixels of a row, whose sides are cut, and give the room for the areas of those that reach far."""
    sci, wht, dq, flat, stride = planes.sci, planes.wht, planes.dq, room.reshape(-1), room.shape[1]
    for j in range(way.size):
        if way[j] == OUTSIDE:
            continue
        w = wht[i, j] if wht.size > 0 else 1.0
        good = np.isfinite(sci[i, j]) and w > 0.0
        if not good and dq.size == 0:
            continue
        if not (good and plain[low, j] and plain[high, j] and plain[2, j] and plain[2, j + 1]):
            covered = lay_drop(planes, i, j, image.is_flux, px, py, low, high, areas[j], covered, drops)
            continue
        _add_cuts(shares[low], places[low], j, 1.0, flat)
        _add_cuts(shares[2], places[2], j + 1, 1.0, flat)
        _add_cuts(shares[high], places[high], j, -1.0, flat)
        _add_cuts(shares[2], places[2], j, -1.0, flat)
        x0, x1, x2, x3 = px[low, j], px[low, j + 1], px[high, j], px[high, j + 1]
        y0, y1, y2, y3 = py[low, j], py[low, j + 1], py[high, j], py[high, j + 1]
        left, lower = int(min(x0, x1, x2, x3)), int(min(y0, y1, y2, y3))
        columns, rows = int(max(x0, x1, x2, x3)) - left + 1, int(max(y0, y1, y2, y3)) - lower + 1
        area = abs(areas[j])
        scale = 1.0 / area if image.is_flux else 1.0
        v = planes.var[i, j] * scale * scale
        bits = np.uint32(dq[i, j] if dq.size > 0 else 0)
        _share_out(flat, stride, left, lower, columns, rows, sci[i, j] * scale, w / area, v, bits, drops)
    return covered


@compiled(error_model="numpy")
def _add_cuts(shares: Floats, places: Places, j: int, sign: float, flat: Floats) -> None:
    """Add what a side gives to the derivative of the areas, in three columns of one row or two."""
    for k in range(2):
        place = np.uint64(places[k, j])
        if k == 0 or place > np.uint64(0):
            flat[place] += sign * shares[3 * k, j]
            flat[place + np.uint64(1)] += sign * shares[3 * k + 1, j]
            flat[place + np.uint64(2)] += sign * shares[3 * k + 2, j]


@compiled(error_model="numpy")
def _share_out(
    flat: Floats, stride: int, left: int, lower: int, columns: int, rows: int, value: float, rate: float, v: float,
    bits: np.uint32, drops: Drops,
) -> None:  # fmt: skip
    """Share a drop out among the pixels that it covers, and clear the areas for the next one."""
    sums, spread, used = drops.sums, drops.spread, drops.used
    for y in range(lower, lower + rows):
        total = 0.0
        for x in range(left, min(left + columns + 1, stride)):
            place = np.uint64(y * stride + x)
            total += flat[place]
            flat[place] = 0.0
            h = abs(total) * rate
            if abs(total) <= SLIVER or x >= sums.shape[1]:
                continue
            sums[y, x, 0] += h * value
            sums[y, x, 1] += h
            spread[y, x] += h * h * v
            if bits != 0 and used.size > 0:
                used[y, x] |= bits
