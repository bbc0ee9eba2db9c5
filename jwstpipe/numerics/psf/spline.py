"""A point spread function as a cubic spline on a fine grid: its value and slopes, and sources taken off an image.

Distances are those of absolute pixels, and sums run row by row, so that no cutting into tiles shows.
"""

import math

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["Mixes", "mix_curves", "spline_at", "subtracted"]

Float32 = NDArray[np.float32]
Floats = NDArray[np.float64]

Mixes = tuple[NDArray[np.int64], Floats]
"""Which curves a source is mixed of, and their shares, each (n, 4)."""


@compiled()
def spline_at(curves: Floats, number: int, over: float, dx: float, dy: float, out: Floats) -> bool:
    """Give value and slopes along x and y of one of some PSFs at a distance in pixels; False beyond its stamp."""
    rows, columns = curves.shape[1:]
    u, v = dx * over + 0.5 * (columns - 1), dy * over + 0.5 * (rows - 1)
    j, i = math.floor(u), math.floor(v)
    if i < 1 or j < 1 or i + 2 >= rows or j + 2 >= columns:
        return False
    s, t = u - j, v - i
    value, along, across = 0.0, 0.0, 0.0
    for a in range(4):
        line, slope = 0.0, 0.0
        for b in range(4):
            coefficient = curves[number, i - 1 + a, j - 1 + b]
            line += _tap(b, s) * coefficient
            slope += _tap_slope(b, s) * coefficient
        value += _tap(a, t) * line
        along += _tap(a, t) * slope
        across += _tap_slope(a, t) * line
    out[0], out[1], out[2] = value, along * over, across * over
    return True


@compiled()
def _tap(k: int, t: float) -> float:
    if k == 0:
        return (1.0 - t) ** 3 / 6.0
    if k == 1:
        return (3.0 * t - 6.0) * t * t / 6.0 + 2.0 / 3.0
    if k == 2:
        return ((3.0 - 3.0 * t) * t + 3.0) * t / 6.0 + 1.0 / 6.0
    return t * t * t / 6.0


@compiled()
def _tap_slope(k: int, t: float) -> float:
    if k == 0:
        return -0.5 * (1.0 - t) ** 2
    if k == 1:
        return 1.5 * t * t - 2.0 * t
    if k == 2:
        return (1.0 - 1.5 * t) * t + 0.5
    return 0.5 * t * t


@compiled()
def mix_curves(curves: Floats, mixes: Mixes, source: int, out: Floats, number: int) -> None:
    """Write the curve of a source, mixed of those around it."""
    places, shares = mixes
    out[number] = 0.0
    for c in range(4):
        share = shares[source, c]
        if share != 0.0:
            for i in range(curves.shape[1]):
                for j in range(curves.shape[2]):
                    out[number, i, j] += share * curves[places[source, c], i, j]


@compiled()
def subtracted(
    sci: Float32, y0: int, x0: int, xs: Floats, ys: Floats, fluxes: Floats, mixes: Mixes, curves: Floats, over: float
) -> Floats:
    """Take sources off an image.

    Parameters
    ----------
    sci
        (y, x), a window whose first pixel is (`y0`, `x0`) of the image.
    xs, ys, fluxes
        (n,), 0-based pixels of the image, in the order in which they are subtracted; without a flux nothing is.
    mixes
        For each source the curves around it, and their shares (n, 4).
    curves, over
        (k, v, u): splines of PSFs; and their samples in a pixel.
    """
    rows, columns = sci.shape
    left = sci.astype(np.float64)
    told = np.empty(3)
    reach = curves.shape[1] / (2.0 * over)
    mixed = curves if len(curves) == 1 else np.empty((1, curves.shape[1], curves.shape[2]))
    for s in range(xs.size):
        if not math.isfinite(fluxes[s]) or fluxes[s] == 0.0:
            continue
        if len(curves) > 1:
            mix_curves(curves, mixes, s, mixed, 0)
        for i in range(max(math.floor(ys[s] - reach), y0), min(math.ceil(ys[s] + reach) + 1, y0 + rows)):
            for j in range(max(math.floor(xs[s] - reach), x0), min(math.ceil(xs[s] + reach) + 1, x0 + columns)):
                if spline_at(mixed, 0, over, j - xs[s], i - ys[s], told):
                    left[i - y0, j - x0] -= fluxes[s] * told[0]
    return left
