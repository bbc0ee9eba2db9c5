"""Which sources lie so near to others that they share pixels."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from jwstpipe.numerics.kron import OTHERS_WITHIN

__all__ = ["neighbours_of"]

Floats = NDArray[np.float64]

USUAL = 95.0
"""Percentile of sizes; larger sources are looked at one by one."""


def neighbours_of(x: Floats, y: Floats, shapes: Floats, reach: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the neighbours of each source.

    Parameters
    ----------
    x, y
        (n,), pixels; NaN = it has no place.
    shapes
        (n, 3): standard deviations and angle; a neighbour reaches `OTHERS_WITHIN` times the first.
    reach
        (n,), radius around each source that is looked at, pixels.

    Returns
    -------
    ndarray, ndarray
        (n + 1,), where the neighbours of each begin; and their numbers, in their order.
    """
    known = np.flatnonzero(np.isfinite(x + y))
    count = len(x)
    if len(known) < 2:
        return np.zeros(count + 1, np.int64), np.empty(0, np.int64)
    places = np.column_stack([x, y])[known]
    size = OTHERS_WITHIN * shapes[known, 0]
    usual = float(np.percentile(size, USUAL))
    tree = cKDTree(places)
    around = tree.query_ball_point(places, np.minimum(reach[known], 1e6) + usual)
    one = np.repeat(np.arange(len(known)), [len(found) for found in around])
    other = np.concatenate([np.asarray(found, np.int64) for found in around])
    large = np.flatnonzero(size > usual)
    widest = float(reach[known].max())
    far = tree.query_ball_point(places[large], size[large] + widest)
    one = np.concatenate([one, *(np.asarray(found, np.int64) for found in far)])
    other = np.concatenate([other, np.repeat(large, [len(found) for found in far])])
    pairs = np.unique(np.column_stack([one, other]), axis=0)
    apart = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T)
    pairs = pairs[(pairs[:, 0] != pairs[:, 1]) & (apart < reach[known][pairs[:, 0]] + size[pairs[:, 1]])]
    starts = np.zeros(count + 1, np.int64)
    starts[1:] = np.cumsum(np.bincount(known[pairs[:, 0]], minlength=count))
    return starts, known[pairs[:, 1]]
