"""Normal equations of images that overlap: few unknowns are solved by numpy, many, where most entries are 0, by scipy.

scipy takes as long to load as a small mosaic takes to start.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_DENSE", "components_of", "factored", "matrix_of"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

MOST_DENSE = 150
"""Most unknowns that are solved without scipy."""


def components_of(count: int, first: Whole, second: Whole) -> Whole:
    """Give each node of a graph the number of its connected component, in the order of their first nodes."""
    above = list(range(count))

    def top(node: int) -> int:
        while above[node] != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        low, high = sorted((top(one), top(other)))
        above[high] = low
    return np.unique([top(node) for node in range(count)], return_inverse=True)[1].astype(np.int64)


def matrix_of(entries: Floats, rows: Whole, columns: Whole, size: int) -> Any:
    """Add entries up to a square matrix."""
    if size > MOST_DENSE:
        from scipy.sparse import coo_matrix  # noqa: PLC0415 - see above

        return coo_matrix((entries, (rows, columns)), shape=(size, size)).tocsc()
    matrix = np.zeros((size, size))
    np.add.at(matrix, (rows, columns), entries)
    return matrix


def factored(matrix: Any) -> Callable[[Floats], Floats]:
    """Factor a symmetric positive definite matrix, and give what solves for a right side."""
    if not isinstance(matrix, np.ndarray):
        from scipy.sparse.linalg import splu  # noqa: PLC0415 - see above

        solve: Callable[[Floats], Floats] = splu(matrix.tocsc()).solve
        return solve
    left = matrix.copy()
    for j in range(len(left)):  # Cholesky, column by column: the same bits on every machine
        left[j:, j] /= np.sqrt(left[j, j])
        left[j + 1 :, j + 1 :] -= left[j + 1 :, j, None] * left[j + 1 :, j]

    def substituted(right: Floats) -> Floats:
        found = right.copy()
        for j in range(len(found)):
            found[j] /= left[j, j]
            found[j + 1 :] -= left[j + 1 :, j] * found[j]
        for j in range(len(found) - 1, -1, -1):
            found[j] /= left[j, j]
            found[:j] -= left[j, :j] * found[j]
        return found

    return substituted
