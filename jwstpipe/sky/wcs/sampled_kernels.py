"""Cubic interpolation of a lattice of nodes and its inverse: the compiled half of `SampledWcs`.

A plane is an array (ny, nx, 2) with u and v of each node; positions on it count in nodes, (0, 0) is the first.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["backward", "forward"]

Floats = NDArray[np.float64]

MOST_STEPS = 25


@compiled()
def _basis(t: float, w: Floats, dw: Floats) -> None:
    """Weigh four nodes at -1, 0, 1, 2 for a position t, and give the derivatives of the weights."""
    w[0] = -t * (t - 1.0) * (t - 2.0) / 6.0
    w[1] = (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0
    w[2] = -(t + 1.0) * t * (t - 2.0) / 2.0
    w[3] = (t + 1.0) * t * (t - 1.0) / 6.0
    dw[0] = -(3.0 * t * t - 6.0 * t + 2.0) / 6.0
    dw[1] = (3.0 * t * t - 4.0 * t - 1.0) / 2.0
    dw[2] = -(3.0 * t * t - 2.0 * t - 2.0) / 2.0
    dw[3] = (3.0 * t * t - 1.0) / 6.0


@compiled()
def _evaluate(plane: Floats, i: float, j: float, work: Floats, out: Floats) -> None:
    """Write u, v and their derivatives by i and by j at lattice position (i, j) to `out`."""
    ci = min(max(int(np.floor(i)), 1), plane.shape[1] - 3)
    cj = min(max(int(np.floor(j)), 1), plane.shape[0] - 3)
    _basis(i - ci, work[0], work[1])
    _basis(j - cj, work[2], work[3])
    out[:] = 0.0
    for b in range(4):
        for a in range(4):
            value, by_i, by_j = work[0, a] * work[2, b], work[1, a] * work[2, b], work[0, a] * work[3, b]
            for k in range(2):
                node = plane[cj - 1 + b, ci - 1 + a, k]
                out[k] += value * node
                out[2 + k] += by_i * node
                out[4 + k] += by_j * node


@compiled()
def _inside(plane: Floats, i: float, j: float) -> bool:
    return bool(0.0 <= i <= plane.shape[1] - 1 and 0.0 <= j <= plane.shape[0] - 1)


@compiled()
def forward(plane: Floats, i: Floats, j: Floats, u: Floats, v: Floats) -> None:
    """Write u and v of lattice positions; NaN outside the lattice."""
    work, out = np.empty((4, 4)), np.empty(6)
    for n in range(i.size):
        if _inside(plane, i[n], j[n]):
            _evaluate(plane, i[n], j[n], work, out)
            u[n], v[n] = out[0], out[1]
        else:
            u[n], v[n] = np.nan, np.nan


@compiled()
def backward(plane: Floats, guess: Floats, u: Floats, v: Floats, rest: float, i: Floats, j: Floats) -> None:
    """Write the lattice positions of u and v by Newton's method, to rest when a step is shorter; NaN without one."""
    work, out = np.empty((4, 4)), np.empty(6)
    reach_i, reach_j = plane.shape[1], plane.shape[0]
    for n in range(u.size):
        i[n], j[n] = np.nan, np.nan
        a = u[n] * guess[0, 0] + v[n] * guess[1, 0] + guess[2, 0]
        b = u[n] * guess[0, 1] + v[n] * guess[1, 1] + guess[2, 1]
        for _ in range(MOST_STEPS):
            if not (-reach_i <= a <= 2 * reach_i and -reach_j <= b <= 2 * reach_j):
                break
            _evaluate(plane, a, b, work, out)
            det = out[2] * out[5] - out[4] * out[3]
            if det == 0.0:
                break
            du, dv = out[0] - u[n], out[1] - v[n]
            da = (du * out[5] - dv * out[4]) / det
            db = (dv * out[2] - du * out[3]) / det
            a -= da
            b -= db
            if abs(da) + abs(db) < rest:
                if _inside(plane, a, b):
                    i[n], j[n] = a, b
                break
