"""Least squares with bounds, for a handful of unknowns."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["least_squares_above"]

Floats = NDArray[np.float64]

_LEAST_GAIN = 1e-16
"""What rounding leaves of a gain that is none, share of the largest sum of squares of a column."""

_AT_BOUND = 1e-13
"""What it leaves of an unknown that lies at its bound."""


def least_squares_above(system: Floats, goal: Floats, lower: Floats) -> Floats:
    """Solve least squares with lower bounds (Lawson and Hanson 1974, chapter 23).

    Unknowns leave their bounds one by one, that which gains most first; one that would fall below is put back. When it
    is found which lie at their bounds, the others are a plain solution: nothing is iterated towards.

    Parameters
    ----------
    system
        (n, unknown).
    goal
        (n,).
    lower
        (unknown,).
    """
    rest = goal - system @ lower
    least = _LEAST_GAIN * float(np.square(system).sum(axis=0).max())
    above, free = np.zeros(len(lower)), np.zeros(len(lower), bool)
    for _ in range(3 * len(lower)):
        gain = np.where(free, 0.0, system.T @ (rest - system @ above))
        if gain.max() <= least:
            break
        free[np.argmax(gain)] = True
        wanted = _of_free(system, rest, free)
        while (low := free & (wanted <= 0.0)).any():
            step = float(np.min(above[low] / np.maximum(above[low] - wanted[low], _AT_BOUND)))
            above += step * (wanted - above)
            free &= above > _AT_BOUND
            above[~free] = 0.0
            wanted = _of_free(system, rest, free)
        above = wanted
    return lower + above


def _of_free(system: Floats, rest: Floats, free: NDArray[np.bool_]) -> Floats:
    found = np.zeros(len(free))
    found[free] = np.linalg.lstsq(system[:, free], rest, rcond=-1)[0]
    return found
