"""Blends taken apart by flooding from the top: exact saddles, no levels.

The pixels of a component are taken by falling smoothed value. Each joins the summit of its highest neighbour that was
taken before; one without such a neighbour is a new summit. Where two summits meet, at the value v of the saddle, each
is asked what stands above it: ``F = sum - n v``. A summit whose F is large enough, as a share of the whole component,
in noise and in pixels, stands alone from then on; of two that do not both, the lesser becomes part of the other. F only
grows as v falls, so that who once stood alone does so for good.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["Rules", "split"]

Labels = NDArray[np.int32]
Float32 = NDArray[np.float32]

Rules = tuple[float, float, int, float]
"""Contrast, significance, fewest pixels, and what smoothing leaves of white noise."""


@njit(nogil=True, cache=True)
def _summit(owners: Labels, k: int) -> int:
    while owners[k] != k:
        owners[k] = owners[owners[k]]
        k = owners[k]
    return k


@njit(nogil=True, cache=True)
def _stands(above: float, count: int, sigma: float, total: float, rules: Rules) -> bool:
    contrast, significance, fewest, left = rules
    noise = sigma * min(count * left, math.sqrt(count))
    return above > contrast * total and count >= fewest and above > significance * noise


@njit(nogil=True, cache=True)
def split(  # noqa: C901, PLR0912, PLR0915 - one compiled pass over the pixels of a component
    labels: Labels,
    k: int,
    box: NDArray[np.int64],
    smooth: Float32,
    noise: Float32,
    rules: Rules,
    parts: Labels,
    base: int,
) -> int:
    """Divide a component into the pixels of its summits.

    Parameters
    ----------
    labels, k
        Labels (y, x), and which component.
    box
        Its y0, x0, y1, x1 and number of pixels.
    smooth, noise
        (y, x): smoothed samples, and the standard deviation of samples.
    rules
        See `Rules`; an infinite contrast leaves the component whole.
    parts
        (y, x): filled with ``base + 1 ...`` for the pixels of each part, in the order of falling summits.
    base
        Highest number that is taken.

    Returns
    -------
    int
        Number of parts.
    """
    y0, x0, n = box[0], box[1], box[4]
    height, width = box[2] - y0, box[3] - x0
    places = np.empty(n, np.int64)
    values = np.empty(n, np.float32)
    m, total = 0, 0.0
    for i in range(y0, box[2]):
        for j in range(x0, box[3]):
            if labels[i, j] == k:
                places[m] = (i - y0) * width + (j - x0)
                values[m] = -smooth[i, j]
                total += smooth[i, j]
                m += 1
    order = np.argsort(values, kind="mergesort")
    turn = np.full(height * width, -1, np.int32)
    summit_of = np.empty(n, np.int32)
    owners = np.empty(n, np.int32)
    sums, counts, sigmas = np.empty(n), np.zeros(n, np.int64), np.empty(n)
    alone = np.zeros(n, np.bool_)
    summits = 0
    for t in range(n):
        place = places[order[t]]
        value = -float(values[order[t]])
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
                    above_mine, above_other = sums[mine] - counts[mine] * value, sums[other] - counts[other] * value
                    stands_mine = alone[mine] or _stands(above_mine, counts[mine], sigmas[mine], total, rules)
                    stands_other = alone[other] or _stands(above_other, counts[other], sigmas[other], total, rules)
                    if stands_mine and stands_other:
                        alone[mine] = alone[other] = True
                    elif stands_mine or (not stands_other and above_mine >= above_other):
                        owners[other] = mine
                        sums[mine] += sums[other]
                        counts[mine] += counts[other]
                    else:
                        owners[mine] = other
                        sums[other] += sums[mine]
                        counts[other] += counts[mine]
                        mine = other
        turn[place] = t
        summit_of[t] = mine
        sums[mine] += value
        counts[mine] += 1
    numbers = np.zeros(summits, np.int32)
    found = 0
    for s in range(summits):
        if owners[s] == s:
            found += 1
            numbers[s] = base + found
    for t in range(n):
        place = places[order[t]]
        parts[y0 + place // width, x0 + place % width] = numbers[_summit(owners, summit_of[t])]
    return found
