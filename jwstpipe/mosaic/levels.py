"""Sky levels from differences between overlapping images: exact weighted least squares on a graph.

Minimise ``sum w_ij (b_i - b_j - d_ij)^2``. The normal equations are a weighted graph Laplacian, singular by one
constant for each connected component; the gauge is that the levels of a component have mean zero, so that matching
moves no component as a whole. (Montage iterates towards the same solution; here it is one sparse factorisation.)
Differences that contradict the others, as where a ghost fills an overlap, lose weight by Huber's rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

__all__ = ["Difference", "Levels", "solve_levels"]

Floats = NDArray[np.float64]
Whole = NDArray[np.integer]

OUTLIER_SIGMAS = 4.0
"""Differences whose residual passes this many robust standard deviations lose weight in proportion (Huber)."""

ROUNDS = 30
"""Most rounds of reweighting."""


@dataclass(frozen=True)
class Difference:
    """What one overlap says."""

    first: int
    """Number of the image."""

    second: int
    value: float
    """Level of the first minus level of the second."""

    weight: float
    """Inverse variance of `value`."""


@dataclass(frozen=True)
class Levels:
    """Levels of all images."""

    values: tuple[float, ...]
    components: tuple[int, ...]
    """Number of the connected component of each image; levels of different components say nothing of each other."""

    residual_rms: float
    """Weighted rms of what the differences leave unexplained."""

    doubtful: tuple[tuple[int, int], ...]
    """Overlaps that contradict the others and lost weight."""


def solve_levels(count: int, differences: Sequence[Difference]) -> Levels:
    """Find the levels of `count` images.

    Parameters
    ----------
    count
        Number of images; those without any overlap get level 0.
    differences
        Measured differences, in any order; sorted here, so that the result is the same bit for bit.
    """
    ordered = sorted(differences, key=lambda item: (item.first, item.second))
    first = np.array([item.first for item in ordered], dtype=np.int64)
    second = np.array([item.second for item in ordered], dtype=np.int64)
    value = np.array([item.value for item in ordered])
    weight = np.array([item.weight for item in ordered])
    if not ordered:
        return Levels((0.0,) * count, tuple(range(count)), 0.0, ())
    edges = coo_matrix((np.ones(len(ordered)), (first, second)), shape=(count, count))
    components = np.asarray(connected_components(edges, directed=False)[1])
    floor = 1e-9 * float(np.abs(value).max())
    share, limit = np.ones(len(ordered)), 0.0
    for _ in range(ROUNDS):
        levels = _solve(components, first, second, value, weight * share)
        residual = np.abs(levels[first] - levels[second] - value)
        limit = max(OUTLIER_SIGMAS * 1.4826 * float(np.median(residual)), floor)
        before, share = share, np.minimum(1.0, limit / np.maximum(residual, limit / 1e6 + 1e-300))
        if np.abs(share - before).max() < 1e-3:
            break
    doubtful = share < 1.0
    left = levels[first] - levels[second] - value
    return Levels(
        tuple(float(level) for level in levels),
        tuple(int(component) for component in components),
        float(np.sqrt(np.sum(weight * left**2) / np.sum(weight))),
        tuple((int(i), int(j)) for i, j in zip(first[doubtful], second[doubtful], strict=True)),
    )


def _solve(
    components: NDArray[np.integer], first: NDArray[np.int64], second: NDArray[np.int64], value: Floats, weight: Floats
) -> Floats:
    """Solve with the first image of each component held at 0, then move each component to mean zero."""
    count = components.size
    laplacian = coo_matrix(
        (
            np.concatenate([weight, weight, -weight, -weight]),
            (np.concatenate([first, second, first, second]), np.concatenate([first, second, second, first])),
        ),
        shape=(count, count),
    ).tocsc()
    right = np.bincount(first, weight * value, count) - np.bincount(second, weight * value, count)
    free = np.ones(count, dtype=bool)
    free[np.unique(components, return_index=True)[1]] = False
    levels = np.zeros(count)
    if free.any():
        system = laplacian[free][:, free].tocsc()
        factors = splu(system)
        solution = factors.solve(right[free])
        solution += factors.solve(right[free] - system @ solution)  # one refinement: full double precision
        levels[free] = solution
    means = np.bincount(components, levels) / np.bincount(components)
    return np.asarray(levels - means[components])
