"""Which stars of two images are the same ones, and how far apart the images place them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import gammainc

from jwstpipe.numerics.robust import MAD_TO_SIGMA

__all__ = ["Shift", "match"]

Floats = NDArray[np.float64]

FEWEST = 5
"""Fewer common stars say nothing reliable."""

AGREEMENT = 1.5
"""Pairs whose offsets agree within this, pixels of the plane, vote for each other."""

CLIP = 4.0

BY_CHANCE = 1e-6
"""Matches that as many pairs of unrelated stars would give are none."""


@dataclass(frozen=True, eq=False)
class Shift:
    """What two lists of stars say of each other."""

    first: int
    second: int
    """Number of the images; -1 stands for a catalogue."""

    pairs: NDArray[np.int64]
    """(n, 2): numbers of the stars."""

    offset: tuple[float, float]
    """Median of first minus second along x and y, pixels of the plane."""

    scatter: float
    """Robust standard deviation of a star's offset on one axis, pixels of the plane."""


def match(first: int, second: int, a: Floats, b: Floats, *, reach: float) -> Shift | None:
    """Match the stars of two images.

    Parameters
    ----------
    first, second
        Numbers of the images.
    a, b
        Plane positions (n, 2) of their stars.
    reach
        Largest offset, pixels of the plane.

    Returns
    -------
    Shift or None
        None when fewer than `FEWEST` stars agree on one offset, or no more than the stars of two unrelated lists would:
        somewhere among many pairs a few agree always. All pairs within reach vote, as in a two-dimensional histogram
        of offsets, so that a shift larger than the distance between stars is found too.
    """
    if len(a) < FEWEST or len(b) < FEWEST:
        return None
    near = cKDTree(a).sparse_distance_matrix(cKDTree(b), reach, output_type="coo_matrix")
    i, j = near.row.astype(np.int64), near.col.astype(np.int64)
    if i.size < FEWEST:
        return None
    offsets = a[i] - b[j]
    votes = cKDTree(offsets).query_ball_point(offsets, AGREEMENT, return_length=True)
    centre = offsets[np.argmax(votes)]
    kept = np.hypot(*(offsets - centre).T) <= AGREEMENT
    for _ in range(5):
        centre = np.median(offsets[kept], axis=0)
        scatter = max(MAD_TO_SIGMA * float(np.median(np.abs(offsets[kept] - centre))), 1e-6)
        inside = np.hypot(*(offsets - centre).T) <= max(CLIP * scatter, 1e-3)
        if np.array_equal(inside, kept):
            break
        kept = inside
    count, radius = i.size, max(CLIP * scatter, 1e-3)
    i, j, rest = i[kept], j[kept], np.hypot(*(offsets[kept] - centre).T)
    order = np.argsort(rest, kind="stable")
    used_i, used_j, pairs = set(), set(), []
    for k in order:
        if int(i[k]) not in used_i and int(j[k]) not in used_j:
            used_i.add(int(i[k]))
            used_j.add(int(j[k]))
            pairs.append((int(i[k]), int(j[k])))
    if len(pairs) < FEWEST or _by_chance(len(pairs), count - len(pairs), radius / reach) > BY_CHANCE:
        return None
    return Shift(first, second, np.array(sorted(pairs)), (float(centre[0]), float(centre[1])), scatter)


def _by_chance(agreeing: int, others: int, radius: float) -> float:
    """Tell how often so many pairs agree within a part of the reach, somewhere in it, where offsets are random."""
    return float(gammainc(agreeing, max(others, 1) * radius**2) / radius**2)
