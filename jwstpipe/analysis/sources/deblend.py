"""Blends taken apart by flooding from the top: exact saddles, no levels.

The pixels of a component are taken by falling value. Each joins the summit of its highest neighbour that was taken
before; one without such a neighbour is a new summit. Where two summits meet, at the value v of the saddle, each is
asked what stands above it: ``F = sum - n v``. A summit whose F is large enough, as a share of the whole component, in
noise and in pixels, stands alone from then on; of two that do not both, the lesser becomes part of the other. F only
grows as v falls, so that who once stood alone does so for good.

The values are those of the image blurred by `SHARPNESS` times the kernel that finds sources: that one is as wide as a
star, and would fill the gap between two. The test in noise keeps the rougher image from coming apart.
"""

import math

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["SHARPNESS", "Rules", "split"]

Labels = NDArray[np.int32]
Float32 = NDArray[np.float32]

SHARPNESS = 0.3
"""Width of the kernel that blends are looked at with, as a share of that of detection."""

STEEP = 2.0
"""Of a summit with fewer pixels above the saddle than a source has: times the significance that is asked of it."""

Rules = tuple[float, float, int, float]
"""Contrast, significance, fewest pixels, and the share of white noise that the kernel of blends leaves."""


@compiled()
def _blurred(values: Float32, taps: Float32, i: int, j: int) -> float:
    """Blur one pixel over what has data; the sums run in raster order."""
    reach = taps.size // 2
    total, weight = 0.0, 0.0
    for u in range(max(i - reach, 0), min(i + reach + 1, values.shape[0])):
        for v in range(max(j - reach, 0), min(j + reach + 1, values.shape[1])):
            value = float(values[u, v])
            if not math.isnan(value):
                tap = float(taps[u - i + reach]) * float(taps[v - j + reach])
                total += tap * value
                weight += tap
    return total / weight


@compiled()
def _summit(owners: Labels, k: int) -> int:
    while owners[k] != k:
        owners[k] = owners[owners[k]]
        k = owners[k]
    return k


@compiled()
def _stands(above: float, count: int, sigma: float, total: float, rules: Rules) -> bool:
    contrast, significance, fewest, left = rules
    noise = sigma * min(count * left, math.sqrt(count))
    wanted = significance if count >= fewest else STEEP * significance
    return above > contrast * total and above > wanted * noise


@compiled()
def split(
    labels: Labels,
    k: int,
    box: NDArray[np.int64],
    values: Float32,
    noise: Float32,
    taps: Float32,
    rules: Rules,
    parts: Labels,
    base: int,
) -> NDArray[np.int64]:
    """Divide a component into the pixels of its summits.

    Parameters
    ----------
    labels, k
        Labels (y, x), and which component.
    box
        Its y0, x0, y1, x1 and number of pixels.
    values, noise
        (y, x): samples without sky, and their standard deviation.
    taps
        Kernel of blends, on one axis; the arrays reach that far beyond the box, or to the end of the image.
    rules
        See `Rules`; an infinite contrast leaves the component whole.
    parts
        (y, x): filled with ``base + 1 ...`` for the pixels of each part, in the order of falling summits.
    base
        Highest number that is taken.

    Returns
    -------
    ndarray
        (n, 2): row and column of the highest pixel of each part.
    """
    y0, x0, n = box[0], box[1], box[4]
    height, width = box[2] - y0, box[3] - x0
    places, heights, total = _falling(labels, k, box, values, taps)
    turn = np.full(height * width, -1, np.int32)
    summit_of = np.empty(n, np.int32)
    owners = np.empty(n, np.int32)
    sums, counts, sigmas = np.empty(n), np.zeros(n, np.int64), np.empty(n)
    alone = np.zeros(n, np.bool_)
    summits = 0
    for t in range(n):
        place, value = places[t], float(heights[t])
        i, j = place // width, place % width
        mine, first = -1, n
        for u in range(max(i - 1, 0), min(i + 2, height)):
            for v in range(max(j - 1, 0), min(j + 2, width)):
                other = turn[u * width + v]
                if other >= 0 and other < first:
                    first = other
        if first == n:
            mine = summits
            owners[mine], sums[mine] = mine, 0.0
            sigmas[mine] = noise[y0 + i, x0 + j]
            summits += 1
        else:
            mine = _summit(owners, summit_of[first])
            for u in range(max(i - 1, 0), min(i + 2, height)):
                for v in range(max(j - 1, 0), min(j + 2, width)):
                    if turn[u * width + v] < 0:
                        continue
                    other = _summit(owners, summit_of[turn[u * width + v]])
                    if other == mine or (alone[other] and alone[mine]):
                        continue
                    mine = _meet(mine, other, value, owners, sums, counts, sigmas, alone, total, rules)
        turn[place] = t
        summit_of[t] = mine
        sums[mine] += value
        counts[mine] += 1
    return _numbered(owners[:summits], summit_of, places, box, parts, base)


@compiled()
def _meet(
    mine: int, other: int, value: float, owners: NDArray[np.int32], sums: NDArray[np.float64],
    counts: NDArray[np.int64], sigmas: NDArray[np.float64], alone: NDArray[np.bool_], total: float, rules: Rules,
) -> int:  # fmt: skip
    """Let two summits stand alone where they meet, at the height `value`, or give the pixels of one to the other.

    Gives the one that the pixel belongs to.
    """
    above_mine, above_other = sums[mine] - counts[mine] * value, sums[other] - counts[other] * value
    stands_mine = alone[mine] or _stands(above_mine, counts[mine], sigmas[mine], total, rules)
    stands_other = alone[other] or _stands(above_other, counts[other], sigmas[other], total, rules)
    if stands_mine and stands_other:
        alone[mine] = alone[other] = True
        return mine
    if stands_mine or (not stands_other and above_mine >= above_other):
        owners[other] = mine
        sums[mine] += sums[other]
        counts[mine] += counts[other]
        return mine
    owners[mine] = other
    sums[other] += sums[mine]
    counts[other] += counts[mine]
    return other


@compiled()
def _falling(
    labels: Labels, k: int, box: NDArray[np.int64], values: Float32, taps: Float32
) -> tuple[NDArray[np.int64], Float32, float]:
    """Give the pixels of a component from the highest to the lowest: places in its box, heights, and their sum."""
    y0, x0, width = box[0], box[1], box[3] - box[1]
    places = np.empty(box[4], np.int64)
    depths = np.empty(box[4], np.float32)
    m, total = 0, 0.0
    for i in range(y0, box[2]):
        for j in range(x0, box[3]):
            if labels[i, j] == k:
                places[m] = (i - y0) * width + (j - x0)
                height = _blurred(values, taps, i, j)
                depths[m] = -height
                total += height
                m += 1
    order = np.argsort(depths, kind="mergesort")
    return places[order], -depths[order], total


@compiled()
def _numbered(
    owners: Labels, summit_of: Labels, places: NDArray[np.int64], box: NDArray[np.int64], parts: Labels, base: int
) -> NDArray[np.int64]:
    """Write the number of the summit that stands alone into each pixel; give the highest pixel of every summit."""
    y0, x0, width = box[0], box[1], box[3] - box[1]
    numbers = np.zeros(owners.size, np.int32)
    found = 0
    for s in range(owners.size):
        if owners[s] == s:
            found += 1
            numbers[s] = base + found
    highest = np.full((found, 2), -1, np.int64)
    for t in range(places.size):
        i, j = y0 + places[t] // width, x0 + places[t] % width
        number = numbers[_summit(owners, summit_of[t])]
        parts[i, j] = number
        if highest[number - base - 1, 0] < 0:
            highest[number - base - 1, 0], highest[number - base - 1, 1] = i, j
    return highest
