"""The joint fit of neighbouring sources with a point spread function.

Distances are those of absolute pixels, and sums run row by row, so that no cutting into tiles shows.
"""

import math

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.numerics.psf.spline import Mixes, mix_curves, spline_at

__all__ = [
    "CHI2",
    "ERROR",
    "FLUX",
    "MOVED",
    "PARTS",
    "SINGULAR",
    "STATE",
    "X_ERROR",
    "Y_ERROR",
    "Q",
    "X",
    "Y",
    "fit_groups",
]

Float32 = NDArray[np.float32]
Floats = NDArray[np.float64]

X, Y, FLUX, ERROR, X_ERROR, Y_ERROR, CHI2, Q, STATE = range(9)
"""Columns of `fit_groups`."""

PARTS = 9
MOVED, SINGULAR = 1.0, 2.0
"""States of a fit: the position ran away and was held; there were too few pixels."""

STEPS = 25
STEP_MOST = 0.5
"""Largest step of a position, pixels."""

REST = 1e-4
"""Step at which a fit is done, pixels and shares of the flux error."""


@compiled()
def fit_groups(
    left: Floats, variance: Float32, y0: int, x0: int, starts: NDArray[np.int64], xs: Floats, ys: Floats,
    fluxes: Floats, skies: Floats, noises: Floats, sky_errors: Floats, held: NDArray[np.bool_], mixes: Mixes,
    curves: Floats, over: float, radius: float, most: float,
) -> Floats:  # fmt: skip
    """Fit sources in groups: position and flux of all members of a group at once, by Gauss-Newton steps.

    Parameters
    ----------
    left
        (y, x), the image less all sources as they were known (`subtracted`), NaN = no data.
    variance
        Of the same shape, or empty: `noises` tell then; not above 0 = the sample is not used.
    y0, x0
        First pixel of the window.
    starts
        (g + 1,), where the members of each group begin.
    xs, ys, fluxes
        (n,), members of groups as they were known.
    skies, noises, sky_errors
        (n,), sky of a pixel beside each, its standard deviation, and the error of the sky.
    held
        (n,), positions that are not fitted.
    mixes
        For each member the curves around it, and their shares (n, 4).
    curves, over
        (k, v, u): splines of PSFs; and their samples in a pixel.
    radius
        Pixels that far from a member take part.
    most
        A position that moves farther than this, in pixels, is held where it was.

    Returns
    -------
    ndarray
        (n, `PARTS`): position, flux, their errors, reduced chi2, sum of absolute residuals over flux, state.
    """
    found = np.full((xs.size, PARTS), np.nan)
    for g in range(starts.size - 1):
        a, b = starts[g], starts[g + 1]
        own = held[a:b].copy()
        moved = np.zeros(b - a)
        mixed = curves
        if len(curves) > 1:
            mixed = np.empty((b - a, curves.shape[1], curves.shape[2]))
            for k in range(b - a):
                mix_curves(curves, mixes, a + k, mixed, k)
        for _ in range(b - a + 1):  # each round holds those that ran away
            away = _fit(
                left, variance, y0, x0, xs[a:b], ys[a:b], fluxes[a:b], skies[a:b], noises[a:b], sky_errors[a:b], own,
                mixed, over, radius, most, found[a:b],
            )  # fmt: skip
            if not away:
                break
            for k in range(b - a):
                if found[a + k, STATE] == MOVED:
                    own[k], moved[k] = True, MOVED
        for k in range(b - a):
            found[a + k, STATE] = max(found[a + k, STATE], moved[k])
    return found


@compiled()
def _fit(  # noqa: C901 - steps of one fit
    left: Floats, variance: Float32, y0: int, x0: int, xs: Floats, ys: Floats, fluxes: Floats, skies: Floats,
    noises: Floats, sky_errors: Floats, held: NDArray[np.bool_], curves: Floats, over: float, radius: float,
    most: float, out: Floats,
) -> bool:  # fmt: skip
    """Fit one group; tells whether a position ran away."""
    n = xs.size
    frame = (
        max(math.floor(ys.min() - radius), y0), min(math.ceil(ys.max() + radius) + 1, y0 + left.shape[0]),
        max(math.floor(xs.min() - radius), x0), min(math.ceil(xs.max() + radius) + 1, x0 + left.shape[1]),
    )  # fmt: skip
    px, py, flux = xs.copy(), ys.copy(), fluxes.copy()
    for k in range(n):
        if not math.isfinite(flux[k]):
            flux[k] = 0.0
    matrix, right, ones = np.empty((3 * n, 3 * n)), np.empty(3 * n), np.empty(3 * n)
    sky = skies.mean()
    good = False
    for step in range(STEPS):
        pixels = _normal(
            left, variance, y0, x0, frame, xs, ys, fluxes, px, py, flux, sky, noises, held, curves, over, radius,
            step, matrix, right, ones,
        )  # fmt: skip
        good = pixels > 3 * n and _inverted(matrix)
        if not good:
            break
        rest = 0.0
        for k in range(n):
            dx, dy, df = 0.0, 0.0, 0.0
            for m in range(3 * n):
                df += matrix[3 * k, m] * right[m]
                dx += matrix[3 * k + 1, m] * right[m]
                dy += matrix[3 * k + 2, m] * right[m]
            dx, dy = min(max(dx, -STEP_MOST), STEP_MOST), min(max(dy, -STEP_MOST), STEP_MOST)
            flux[k] += df
            px[k] += dx
            py[k] += dy
            rest = max(rest, abs(dx), abs(dy), abs(df) / math.sqrt(matrix[3 * k, 3 * k]))
        if rest < REST and step > 0:
            break
    away = False
    for k in range(n):
        if not good:
            out[k, :] = np.nan
            out[k, X], out[k, Y], out[k, STATE] = xs[k], ys[k], SINGULAR
            continue
        of_sky = 0.0
        for m in range(3 * n):
            of_sky += matrix[3 * k, m] * ones[m]
        out[k, X], out[k, Y], out[k, FLUX] = px[k], py[k], flux[k]
        out[k, ERROR] = math.sqrt(matrix[3 * k, 3 * k] + (of_sky * sky_errors[k]) ** 2)
        out[k, X_ERROR] = math.nan if held[k] else math.sqrt(matrix[3 * k + 1, 3 * k + 1])
        out[k, Y_ERROR] = math.nan if held[k] else math.sqrt(matrix[3 * k + 2, 3 * k + 2])
        ran = not held[k] and not math.hypot(px[k] - xs[k], py[k] - ys[k]) <= most
        out[k, STATE] = MOVED if ran else 0.0
        away = away or ran
    if good and not away:
        _residuals(left, variance, y0, x0, xs, ys, fluxes, px, py, flux, sky, noises, curves, over, radius, out)
    return away


@compiled()
def _near(i: int, j: int, xs: Floats, ys: Floats, radius: float) -> bool:
    found = False
    for k in range(xs.size):
        found = found or (j - xs[k]) ** 2 + (i - ys[k]) ** 2 <= radius * radius
    return found


@compiled()
def _normal(  # noqa: C901, PLR0912 - one compiled pass over pixels
    left: Floats, variance: Float32, y0: int, x0: int, frame: tuple[int, int, int, int], xs: Floats, ys: Floats,
    fluxes: Floats, px: Floats, py: Floats, flux: Floats, sky: float, noises: Floats, held: NDArray[np.bool_],
    curves: Floats, over: float, radius: float, step: int, matrix: Floats, right: Floats, ones: Floats,
) -> int:  # fmt: skip
    """Add up the normal equations of a group; the first step fits fluxes only. Gives the number of pixels."""
    n = xs.size
    matrix[:], right[:], ones[:] = 0.0, 0.0, 0.0
    rows, told, many = np.zeros(3 * n), np.empty(3), len(curves)
    active = np.empty(n, np.int64)
    pixels = 0
    usual = noises.mean() ** 2
    for i in range(frame[0], frame[1]):
        for j in range(frame[2], frame[3]):
            value = left[i - y0, j - x0]
            scatter = float(variance[i - y0, j - x0]) if variance.size else usual
            if math.isnan(value) or not scatter > 0.0 or not _near(i, j, xs, ys, radius):
                continue
            pixels += 1
            value -= sky
            count = 0
            for k in range(n):
                if not math.isnan(fluxes[k]) and spline_at(
                    curves, min(k, len(curves) - 1), over, j - xs[k], i - ys[k], told
                ):
                    value += fluxes[k] * told[0]
                if spline_at(curves, k % many, over, j - px[k], i - py[k], told):
                    value -= flux[k] * told[0]
                    free = step > 0 and not held[k]
                    rows[3 * k] = told[0]
                    rows[3 * k + 1] = -flux[k] * told[1] if free else 0.0
                    rows[3 * k + 2] = -flux[k] * told[2] if free else 0.0
                    active[count] = k
                    count += 1
            for p in range(count):
                for c in range(3 * active[p], 3 * active[p] + 3):
                    weighed = rows[c] / scatter
                    right[c] += weighed * value
                    ones[c] += weighed
                    for q in range(count):
                        for d in range(3 * active[q], 3 * active[q] + 3):
                            matrix[c, d] += weighed * rows[d]
    for k in range(n):
        for c in range(3 * k + 1, 3 * k + 3):
            if matrix[c, c] == 0.0:
                matrix[c, c] = 1.0
    return pixels


@compiled()
def _inverted(matrix: Floats) -> bool:  # noqa: C901, PLR0912 - Cholesky, written out
    """Replace a symmetric matrix by its inverse, by Cholesky; False where it has none."""
    n = len(matrix)
    scale = np.empty(n)
    for i in range(n):
        if not matrix[i, i] > 0.0:
            return False
        scale[i] = 1.0 / math.sqrt(matrix[i, i])
    for i in range(n):
        for j in range(n):
            matrix[i, j] *= scale[i] * scale[j]
    lower = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= lower[i, k] * lower[j, k]
            if i == j:
                if not total > 1e-12:
                    return False
                lower[i, i] = math.sqrt(total)
            else:
                lower[i, j] = total / lower[j, j]
    inverse = np.zeros((n, n))
    for j in range(n):
        inverse[j, j] = 1.0 / lower[j, j]
        for i in range(j + 1, n):
            total = 0.0
            for k in range(j, i):
                total -= lower[i, k] * inverse[k, j]
            inverse[i, j] = total / lower[i, i]
    for i in range(n):
        for j in range(i + 1):
            total = 0.0
            for k in range(i, n):
                total += inverse[k, i] * inverse[k, j]
            matrix[i, j] = total * scale[i] * scale[j]
            matrix[j, i] = matrix[i, j]
    return True


@compiled()
def _residuals(
    left: Floats, variance: Float32, y0: int, x0: int, xs: Floats, ys: Floats, fluxes: Floats, px: Floats, py: Floats,
    flux: Floats, sky: float, noises: Floats, curves: Floats, over: float, radius: float, out: Floats,
) -> None:  # fmt: skip
    """Tell how well each member is fitted by the pixels within the radius around it."""
    told, many = np.empty(3), len(curves)
    usual = noises.mean() ** 2
    for m in range(xs.size):
        chi2, absolute, pixels = 0.0, 0.0, 0
        for i in range(max(math.floor(ys[m] - radius), y0), min(math.ceil(ys[m] + radius) + 1, y0 + left.shape[0])):
            for j in range(max(math.floor(xs[m] - radius), x0), min(math.ceil(xs[m] + radius) + 1, x0 + left.shape[1])):
                value = left[i - y0, j - x0]
                scatter = float(variance[i - y0, j - x0]) if variance.size else usual
                if (j - xs[m]) ** 2 + (i - ys[m]) ** 2 > radius * radius or math.isnan(value) or not scatter > 0.0:
                    continue
                value -= sky
                for k in range(xs.size):
                    if not math.isnan(fluxes[k]) and spline_at(
                        curves, min(k, len(curves) - 1), over, j - xs[k], i - ys[k], told
                    ):
                        value += fluxes[k] * told[0]
                    if spline_at(curves, k % many, over, j - px[k], i - py[k], told):
                        value -= flux[k] * told[0]
                chi2 += value * value / scatter
                absolute += abs(value)
                pixels += 1
        out[m, CHI2] = chi2 / (pixels - 3) if pixels > 3 else math.nan
        out[m, Q] = absolute / abs(flux[m]) if flux[m] != 0.0 else math.nan
