"""Profiles across stripes, taken apart by scale: B-spline wavelets "a trous", with weights.

As in Starck & Murtagh 2006, Astronomical Image and Data Analysis, with 1 dimension. Holes have no weight.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_SCALES", "detail", "kept_of_noise", "scales_of", "white_detail"]

Floats = NDArray[np.float64]

SPLINE = (0.0625, 0.25, 0.375, 0.25, 0.0625)
"""Cubic B-spline."""

MOST_SCALES = 11


def scales_of(rows: int) -> int:
    """Tell how many scales so many rows have: at the slowest a spline reaches over half of them."""
    return min(MOST_SCALES, max(int(np.log2(max(rows, 2))) - 1, 1))


def detail(values: Floats, weights: Floats, scale: int) -> tuple[Floats, Floats, Floats]:
    """Split values, (y, ...), into what varies along y at a scale of 2**`scale` rows, and what is smoother.

    Parameters
    ----------
    values, weights
        (y, ...), `y` at least twice 2**`scale`; what has no weight may be anything but NaN.

    Returns
    -------
    fine, smooth, weights
        Details are 0 where weights are; weights are smoothed, too.
    """
    weighted = _smoothed(values * weights, scale)
    weight = _smoothed(weights, scale)
    smooth = np.divide(weighted, weight, out=np.zeros_like(weighted), where=weight > 0)
    return np.where(weights > 0, values - smooth, 0.0), smooth, weight


def _smoothed(values: Floats, scale: int) -> Floats:
    """Convolve with a spline whose taps are 2**`scale` rows apart, mirrored at both ends."""
    step, rows = 1 << scale, values.shape[0]
    padded = np.pad(values, [(2 * step, 2 * step)] + [(0, 0)] * (values.ndim - 1), mode="reflect")
    total = SPLINE[2] * values
    for tap in (0, 1):
        near, far = padded[tap * step :][:rows], padded[(4 - tap) * step :][:rows]
        total += SPLINE[tap] * (near + far)
    return total


@cache
def _responses(scales: int) -> tuple[Floats, ...]:
    """Give what becomes of a single row of strength 1: details of each scale, then the rest."""
    values = np.zeros(8 << scales)
    values[values.size // 2] = 1.0
    parts = []
    for scale in range(scales):
        fine, values, _ = detail(values, np.ones_like(values), scale)
        parts.append(fine)
    return (*parts, values)


def white_detail(scale: int) -> float:
    """Give the standard deviation of white noise of strength 1 in one scale."""
    return float(np.sqrt(np.square(_responses(scale + 1)[scale]).sum()))


def kept_of_noise(scales: int) -> float:
    """Give the variance of white noise of strength 1 in all of the first `scales`."""
    return float(np.square(sum(_responses(scales)[:scales])).sum())
