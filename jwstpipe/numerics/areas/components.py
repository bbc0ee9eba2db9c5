"""Connected pixels: labels inside a window, by union-find over eight neighbours or four."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["component_boxes", "labelled", "place_runs"]

Labels = NDArray[np.int32]

BLOCK = 64
"""Pixels of a row that are passed over at once where none of them is in the mask: most of an image is sky."""


@compiled()
def _root(parents: Labels, k: int) -> int:
    while parents[k] != k:
        parents[k] = parents[parents[k]]
        k = parents[k]
    return k


@compiled()
def labelled(above: NDArray[np.bool_], neighbours: int = 8) -> tuple[Labels, int]:  # noqa: C901, PLR0912 - one compiled pass
    """Give numbers to the components of a mask, 1..n in the raster order of their first pixels.

    Parameters
    ----------
    above
        (y, x).
    neighbours
        8: pixels that touch at a corner belong together; 4: they do not.

    Returns
    -------
    ndarray, int
        Labels (y, x), 0 outside; and n.
    """
    rows, columns = above.shape
    labels = np.zeros((rows, columns), np.int32)
    firsts = ((rows + 1) // 2) * ((columns + 1) // 2) if neighbours == 8 else (rows * columns + 1) // 2
    parents = np.zeros(firsts + 1, np.int32)  # no two first pixels touch
    reach = 1 if neighbours == 8 else 0
    some = _blocks(above)
    n = 0
    for place in some:
        i, block = place[0], place[1]
        for j in range(block * BLOCK, min((block + 1) * BLOCK, columns)):
            if not above[i, j]:
                continue
            mine = 0
            if j and labels[i, j - 1]:
                mine = _root(parents, labels[i, j - 1])
            if i:
                for k in range(max(j - reach, 0), min(j + reach + 1, columns)):
                    if labels[i - 1, k]:
                        other = _root(parents, labels[i - 1, k])
                        if mine == 0:
                            mine = other
                        elif other != mine:
                            low, high = min(mine, other), max(mine, other)
                            parents[high] = low
                            mine = low
            if mine == 0:
                n += 1
                parents[n] = n
                mine = n
            labels[i, j] = mine
    numbers = np.zeros(n + 1, np.int32)
    count = 0
    for k in range(1, n + 1):
        if parents[k] == k:  # a root is the first of its component in raster order
            count += 1
            numbers[k] = count
    for place in some:
        i, block = place[0], place[1]
        for j in range(block * BLOCK, min((block + 1) * BLOCK, columns)):
            if labels[i, j]:
                labels[i, j] = numbers[_root(parents, labels[i, j])]
    return labels, count


@compiled()
def _blocks(above: NDArray[np.bool_]) -> NDArray[np.int64]:
    """List the blocks of rows that hold pixels of the mask, in raster order; (n, 2), row and number in it."""
    rows, columns = above.shape
    most = (columns + BLOCK - 1) // BLOCK
    found = np.empty((rows * most, 2), np.int64)
    n = 0
    for i in range(rows):
        for block in range(most):
            part = above[i, block * BLOCK : (block + 1) * BLOCK]
            any_there = False
            for j in range(part.size):
                any_there |= part[j]
            if any_there:
                found[n, 0], found[n, 1] = i, block
                n += 1
    return found[:n]


@compiled()
def component_boxes(labels: Labels, count: int) -> NDArray[np.int64]:
    """Give for each component (n + 1, 7): y0, x0, y1, x1 (half-open), pixels, first pixel y, x; row 0 is empty."""
    found = np.zeros((count + 1, 7), np.int64)
    for i in range(labels.shape[0]):
        for j in range(labels.shape[1]):
            k = labels[i, j]
            if k == 0:
                continue
            if found[k, 4] == 0:
                found[k, 0], found[k, 1], found[k, 2], found[k, 3] = i, j, i + 1, j + 1
                found[k, 5], found[k, 6] = i, j
            found[k, 1] = min(found[k, 1], j)
            found[k, 2] = i + 1
            found[k, 3] = max(found[k, 3], j + 1)
            found[k, 4] += 1
    return found


@compiled()
def place_runs(places: Labels, y0: int, x0: int) -> Labels:
    """List the runs of pixels of one number, those below 0 left out: y, x0, x1 (half-open), number (m, 4)."""
    total = 0
    for write in range(2):
        if write:
            found = np.zeros((total, 4), np.int32)
        total = 0
        for i in range(places.shape[0]):
            j = 0
            while j < places.shape[1]:
                k = places[i, j]
                start = j
                while j < places.shape[1] and places[i, j] == k:
                    j += 1
                if k >= 0:
                    if write:
                        found[total] = i + y0, start + x0, j + x0, np.int64(k)
                    total += 1
    return found
