"""Drizzle of whole pixels, edge by edge: two edges a pixel, where a drop by itself has four.

Neighbouring pixels share a side, and what one gives to a pixel of the plane the other lacks. So each side is laid on
the plane once, times the difference of the two, as the derivative along x of both sums; a row of the plane is added up
at the end. That holds to 1e-15 of the largest sample of a row, so that only *calm* pixels go this way: good ones, among
good ones, that are no more than some million times brighter than most. All others are laid by themselves.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.warp.drizzling.centres import centres_above
from jwstpipe.mosaicking.warp.drizzling.corners import APART, CALMLY, corners_of_row, ways_of
from jwstpipe.mosaicking.warp.drizzling.drops import SIDE, Drops, lay_drop
from jwstpipe.mosaicking.warp.drizzling.sides import lay_sides
from jwstpipe.mosaicking.warp.kernel_groups import Placed, Planes, WarpMap
from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["CALM", "NOTHING", "drizzle_edges", "usual"]

Floats = NDArray[np.float64]
Flags = NDArray[np.uint8]
Reals = NDArray[np.floating]
Bits = NDArray[np.uint32]

CALM = 2.0**23, 2.0**10
"""How many times larger than usual the samples, and larger or smaller the weights, of calm pixels may be."""

NOTHING = 1e-9
"""A smaller share of the largest weight is what rounding left."""


@compiled(error_model="numpy")
def usual(words: Bits) -> float:
    """Give the power of two that most float32 samples, given as their words, lie at; zeros do not count."""
    total, count = 0, 0
    for i in range(0, words.shape[0], 4):
        for j in range(words.shape[1]):
            exponent = int((words[i, j] >> 23) & 0xFF)
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
    height, width = drops.sums.shape[0], drops.sums.shape[1]
    rows, n = sci.shape
    scratch = np.empty((forward.nodes.shape[1], 2))
    xs, ys = np.empty((3, n + 2)), np.empty((3, n + 2))  # one pixel more on each side
    for i in range(-2, 0):
        centres_above(forward, image, i, scratch, xs, ys)
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
        centres_above(forward, image, i, scratch, xs, ys)
        corners_of_row(i, xs, ys, box_y, box_x, px, py)
        fine[above] = 0
        if i + 1 < rows:
            _fine_row(sci, wht, dq, i + 1, bright, heavy, light, fine[above])
        ways_of(px[low], py[low], px[high], py[high], height, width, fine[below], fine[here], fine[above], areas, way)
        reached = _rates(sci, wht, i, image.is_flux, areas, way, values[high], weights[high])
        largest = max(largest, reached)
        start, stop = _calm_part(way)
        if start < stop or start_below < stop_below:
            a, b = min(start, start_below), max(stop, stop_below)
            lay_sides(
                px[low, a:b], py[low, a:b], px[low, a + 1 : b + 1], py[low, a + 1 : b + 1],
                values[low, a + 1 : b + 1], weights[low, a + 1 : b + 1],
                values[high, a + 1 : b + 1], weights[high, a + 1 : b + 1], shares, places, plain[: b - a], flat, stride,
            )  # fmt: skip
            lay_sides(
                px[low, a : b + 1], py[low, a : b + 1], px[high, a : b + 1], py[high, a : b + 1],
                values[high, a + 1 : b + 2], weights[high, a + 1 : b + 2],
                values[high, a : b + 1], weights[high, a : b + 1], shares, places, plain[: b - a + 1], flat, stride,
            )  # fmt: skip
        start_below, stop_below = start, stop
        for j in range(n):
            if way[j] == APART:
                covered = lay_drop(planes, i, j, image.is_flux, px, py, low, high, areas[j], covered, drops)
    return largest


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
