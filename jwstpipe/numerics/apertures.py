"""Sums in apertures, exact to the share of every pixel, and the sky in rings around them.

Distances are taken from positions inside a window; whole pixels between window and image change no bit of them, and
sums run over a source's own pixels row by row, so that no cutting into tiles shows.
"""

import math

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.numerics.overlap import circle_fraction

__all__ = ["circle_sums", "ring_skies"]

Float32Image = NDArray[np.float32]
Floats = NDArray[np.float64]

HALF_DIAGONAL = 0.7071067811865476
FEWEST_SKY = 10
"""Fewer pixels of a ring say nothing of the sky."""

CLIP, ROUNDS = 3.0, 10


@compiled()
def circle_sums(
    sci: Float32Image, variance: Float32Image, xs: Floats, ys: Floats, radii: Floats, widths: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Sum samples in circles around positions.

    Parameters
    ----------
    sci
        (y, x), NaN = no data.
    variance
        Of the same shape, or empty: sums of squared shares times variances are 0 then.
    xs, ys
        (n,), 0-based positions in the window.
    radii
        (k,), pixels.
    widths
        (n,), standard deviations of a Gaussian that says which part of the light falls on pixels without data.

    Returns
    -------
    tuple of ndarray
        Each (n, k): sums; areas with data; shares of the light with data, 1 where all have; variances of the sums.
        Pixels outside the window have no data.
    """
    n, k = xs.size, radii.size
    sums, areas, lights, variances = np.zeros((n, k)), np.zeros((n, k)), np.ones((n, k)), np.zeros((n, k))
    largest = radii.max()
    for s in range(n):
        if not (math.isfinite(xs[s]) and math.isfinite(ys[s])):
            sums[s], lights[s] = np.nan, 0.0
        elif not _circles(sci, variance, xs[s], ys[s], radii, largest, sums[s], areas[s], variances[s]):
            _lights(sci, xs[s], ys[s], radii, largest, widths[s], lights[s])
    return sums, areas, lights, variances


@compiled()
def _circles(
    sci: Float32Image, variance: Float32Image, x: float, y: float, radii: Floats, largest: float,
    sums: Floats, areas: Floats, variances: Floats,
) -> bool:  # fmt: skip
    """Sum the circles around one position; tells whether all pixels of the largest have data."""
    rows, columns = sci.shape
    whole = True
    for i in range(math.floor(y - largest + 0.5), math.ceil(y + largest + 0.5)):
        for j in range(math.floor(x - largest + 0.5), math.ceil(x + largest + 0.5)):
            distance = math.sqrt((j - x) * (j - x) + (i - y) * (i - y))
            if distance >= largest + HALF_DIAGONAL:
                continue
            if not (0 <= i < rows and 0 <= j < columns) or math.isnan(sci[i, j]):
                whole = False
                continue
            value = float(sci[i, j])
            for r in range(radii.size):
                if distance >= radii[r] + HALF_DIAGONAL:
                    continue
                share = 1.0 if distance <= radii[r] - HALF_DIAGONAL else circle_fraction(j - x, i - y, radii[r])
                sums[r] += share * value
                areas[r] += share
                if variance.size:
                    variances[r] += share * share * variance[i, j]
    return whole


@compiled()
def _lights(sci: Float32Image, x: float, y: float, radii: Floats, largest: float, width: float, out: Floats) -> None:
    """Tell which share of the light of a Gaussian falls on pixels of circles that have data."""
    rows, columns = sci.shape
    known, all_light = np.zeros(radii.size), np.zeros(radii.size)
    for i in range(math.floor(y - largest + 0.5), math.ceil(y + largest + 0.5)):
        for j in range(math.floor(x - largest + 0.5), math.ceil(x + largest + 0.5)):
            light = math.exp(-0.5 * ((j - x) ** 2 + (i - y) ** 2) / (width * width))
            good = 0 <= i < rows and 0 <= j < columns and not math.isnan(sci[i, j])
            for r in range(radii.size):
                share = light * circle_fraction(j - x, i - y, radii[r])
                all_light[r] += share
                known[r] += share if good else 0.0
    for r in range(radii.size):
        out[r] = known[r] / all_light[r] if all_light[r] > 0.0 else 0.0


@compiled()
def ring_skies(sci: Float32Image, xs: Floats, ys: Floats, inner: float, outer: float) -> Floats:
    """Measure the sky in rings: median of the pixels whose centres lie in them, clipped at 3 sigma.

    Returns
    -------
    ndarray
        (n, 3): median, standard deviation of a pixel, and number of pixels; NaN where fewer than ten have data.
    """
    rows, columns = sci.shape
    found = np.full((xs.size, 3), np.nan)
    side = 2 * math.ceil(outer) + 2
    room = np.empty(side * side)
    for s in range(xs.size):
        x, y = xs[s], ys[s]
        found[s, 2] = 0.0
        if not (math.isfinite(x) and math.isfinite(y)):
            continue
        n = 0
        for i in range(max(math.floor(y - outer), 0), min(math.ceil(y + outer) + 1, rows)):
            for j in range(max(math.floor(x - outer), 0), min(math.ceil(x + outer) + 1, columns)):
                square = (j - x) ** 2 + (i - y) ** 2
                value = sci[i, j]
                if inner * inner <= square < outer * outer and value == value:  # noqa: PLR0124 - not NaN
                    room[n] = value
                    n += 1
        if n >= FEWEST_SKY:
            found[s] = _clipped_median(np.sort(room[:n]))
    return found


@compiled()
def _clipped_median(ordered: Floats) -> tuple[float, float, float]:
    """Clip sorted samples about their median; gives median, standard deviation and number of those that stay."""
    first, last = 0, ordered.size
    pivot = ordered[ordered.size // 2]
    total, squares = 0.0, 0.0
    for value in ordered:
        total += value - pivot
        squares += (value - pivot) ** 2
    median, spread = pivot, 0.0
    for step in range(ROUNDS + 1):
        count = last - first
        median = 0.5 * (ordered[first + (count - 1) // 2] + ordered[first + count // 2])
        spread = math.sqrt(max(squares / count - (total / count) ** 2, 0.0))
        if step == ROUNDS:
            break
        low, high = median - CLIP * spread, median + CLIP * spread
        while last - first > 1 and ordered[first] < low:
            total -= ordered[first] - pivot
            squares -= (ordered[first] - pivot) ** 2
            first += 1
        while last - first > 1 and ordered[last - 1] > high:
            total -= ordered[last - 1] - pivot
            squares -= (ordered[last - 1] - pivot) ** 2
            last -= 1
        if last - first == count:
            break
    return median, spread, float(last - first)
