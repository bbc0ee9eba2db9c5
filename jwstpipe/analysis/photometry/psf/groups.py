"""Which sources are fitted together: those whose light overlaps."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

__all__ = ["MOST", "fit_order"]

Floats = NDArray[np.float64]

MOST = 24
"""Members of a group that are solved at once; larger groups are cut, and their parts see each other by subtraction."""


def fit_order(x: Floats, y: Floats, *, linked: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Put sources into groups of friends of friends.

    Parameters
    ----------
    x, y
        (n,), pixels; what is not finite has no group.
    linked
        Two sources nearer than this are friends.

    Returns
    -------
    ndarray, ndarray
        Numbers of sources group by group, the members of each in their order; and where each group begins, with the
        end. Groups follow the lowest number in them.
    """
    known = np.flatnonzero(np.isfinite(x + y))
    if not len(known):
        return known, np.zeros(1, np.int64)
    places = np.column_stack([x, y])[known]
    pairs = cKDTree(places).query_pairs(linked, output_type="ndarray")
    ones = np.ones(len(pairs), bool)
    links = coo_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=(len(known), len(known)))
    _, labels = connected_components(links, directed=False)
    parts: list[NDArray[np.int64]] = []
    for group in np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels))[:-1]):
        parts += _cut(places, group)
    parts.sort(key=lambda part: int(part[0]))
    starts = np.cumsum([0] + [len(part) for part in parts])
    return known[np.concatenate(parts)], starts.astype(np.int64)


def _cut(places: Floats, group: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Cut a group along its longer side until no part is too large."""
    if len(group) <= MOST:
        return [np.sort(group)]
    spread = np.ptp(places[group], axis=0)
    order = group[np.argsort(places[group, int(np.argmax(spread))], kind="stable")]
    middle = len(order) // 2
    return _cut(places, order[:middle]) + _cut(places, order[middle:])
