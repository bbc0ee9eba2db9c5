"""What the own pixels of a source say: flux, centre, second moments, windowed centre, flags.

All sums run in raster order about the source's own peak pixel, so that no bit depends on where a window begins.
"""

import math

import numpy as np
from numpy.typing import NDArray

from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.numerics.compiled.kernel import compiled

__all__ = [
    "BAD_NEAR", "BLENDED", "COARSE", "EDGE", "HUGE", "INCOMPLETE", "MEASURES", "MOVED", "REPAIRED", "REPAIRED_BIT",
    "SATURATED", "SATURATED_BIT", "SEAM", "SKY_FILLED", "WIDTH", "measured",
]  # fmt: skip

Labels = NDArray[np.int32]
Float32 = NDArray[np.float32]
Floats = NDArray[np.float64]

BLENDED, SATURATED, EDGE, BAD_NEAR, INCOMPLETE, SEAM, HUGE, SKY_FILLED, MOVED = 2, 4, 8, 16, 32, 128, 256, 512, 4096
REPAIRED, COARSE = 1024, 8192
"""Flags; the catalogue has them all, with words."""

SATURATED_BIT, REPAIRED_BIT = DQ_BITS["SATURATED"], DQ_BITS["DO_NOT_USE"]
"""Bits of the flags of pixels; those that are not to be used have no data, so that their bit is free."""

MEASURES = (
    "peak_y", "peak_x", "pixels", "y0", "x0", "y1", "x1", "peak", "smooth_peak", "flux", "variance", "iso_x", "iso_y",
    "xx", "yy", "xy", "win_x", "win_y", "win_x_err", "win_y_err", "noise", "flags",
    "concentration", "concentration_err",
)  # fmt: skip
"""Columns of `measured`."""

WIDTH = len(MEASURES)

_STEPS = 20
_REST = 2e-4


@compiled()
def measured(
    parts: Labels, base: int, highest: NDArray[np.int64], box: NDArray[np.int64], values: Float32, smooth: Float32,
    noise: Float32, bits: NDArray[np.uint32], sigmas: tuple[float, float], frame: tuple[int, int, int, int],
    out: Floats,
) -> None:  # fmt: skip
    """Measure the parts of one component.

    Parameters
    ----------
    parts, base, highest
        Labels of parts (y, x), from ``base + 1``; and (count, 2) the pixel of the peak of each. That of a component of
        one part is the smoothed peak; of parts it is not, for it may lie on the flank of the other.
    box
        y0, x0, y1, x1 of the component.
    values, smooth, noise
        Samples without sky, smoothed, and their standard deviation (y, x).
    bits
        `SATURATED_BIT` where a sample is saturated, `REPAIRED_BIT` where it was replaced; of size 0 where that is not
        known.
    sigmas
        Of a star, and of the window of centres, pixels.
    frame
        y0, x0, y1, x1 of the image, in pixels of these arrays.
    out
        (count, `WIDTH`), columns of `MEASURES`; pixels of these arrays, centres relative to the peak pixel.
    """
    _begin(parts, base, highest, box, values, smooth, out)
    for i in range(box[0], box[2]):
        for j in range(box[1], box[3]):
            k = parts[i, j] - base - 1
            if 0 <= k < len(highest):
                _add(float(values[i, j]), float(noise[i, j]), i, j, out[k])
                out[k, 21] = int(out[k, 21]) | _flags_of(i, j, values, bits, frame)
    for k in range(len(highest)):
        row = out[k]
        i, j = int(row[0]), int(row[1])
        row[8], row[20] = smooth[i, j], noise[i, j]
        _divide(row)
        _window(values, noise, i, j, sigmas, row)


@compiled()
def _begin(
    parts: Labels, base: int, highest: NDArray[np.int64], box: NDArray[np.int64], values: Float32, smooth: Float32,
    out: Floats,
) -> None:  # fmt: skip
    """Find peaks, bounds and numbers of pixels."""
    count = len(highest)
    for k in range(count):
        out[k, :] = 0.0
        out[k, 0], out[k, 1] = highest[k, 0], highest[k, 1]
        out[k, 8] = -np.inf
        out[k, 7] = -np.inf
        out[k, 3], out[k, 4] = box[2], box[3]
    for i in range(box[0], box[2]):
        for j in range(box[1], box[3]):
            k = parts[i, j] - base - 1
            if k < 0 or k >= count:
                continue
            row = out[k]
            if count == 1 and smooth[i, j] > row[8]:
                row[8], row[0], row[1] = smooth[i, j], i, j
            row[7] = max(row[7], values[i, j])
            row[2] += 1.0
            row[3], row[4] = min(row[3], i), min(row[4], j)
            row[5], row[6] = max(row[5], i + 1), max(row[6], j + 1)


@compiled()
def _add(value: float, noise: float, i: int, j: int, row: Floats) -> None:
    """Add a pixel to the sums of its part, relative to the peak."""
    dy, dx = i - row[0], j - row[1]
    row[9] += value
    row[10] += noise**2
    row[11] += value * dx
    row[12] += value * dy
    row[13] += value * dx * dx
    row[14] += value * dy * dy
    row[15] += value * dx * dy


@compiled()
def _flags_of(i: int, j: int, values: Float32, bits: NDArray[np.uint32], frame: tuple[int, int, int, int]) -> int:
    """Tell what a pixel makes doubtful."""
    flags = 0
    if bits.size and bits[i, j] & np.uint32(SATURATED_BIT):
        flags |= SATURATED
    if bits.size and bits[i, j] & np.uint32(REPAIRED_BIT):
        flags |= REPAIRED
    if i == frame[0] or j == frame[1] or i == frame[2] - 1 or j == frame[3] - 1:
        flags |= EDGE
    for u in range(max(i - 1, 0), min(i + 2, values.shape[0])):
        for v in range(max(j - 1, 0), min(j + 2, values.shape[1])):
            if math.isnan(values[u, v]):
                flags |= BAD_NEAR
    return flags


@compiled()
def _divide(row: Floats) -> None:
    """Make centre and second moments of sums."""
    flux = row[9]
    if flux > 0.0:
        row[11] /= flux
        row[12] /= flux
        row[13] = row[13] / flux - row[11] * row[11]
        row[14] = row[14] / flux - row[12] * row[12]
        row[15] = row[15] / flux - row[11] * row[12]
    else:
        row[11:16] = 0.0


@compiled()
def _window(values: Float32, noise: Float32, i: int, j: int, sigmas: tuple[float, float], row: Floats) -> None:
    """Centre a source in a Gaussian window that follows it (Bertin 2010), and give the error of that.

    The step is that of least squares for a star as wide as the window, over the pixels that have data: twice the
    weighted mean where all have some.
    """
    sigma = sigmas[1]
    x, y = row[11], row[12]
    if math.hypot(x, y) > 2.0:
        x, y = 0.0, 0.0
    flags = int(row[21])
    good = True
    rate_x, rate_y, vx, vy = 0.0, 0.0, 0.0, 0.0
    for _ in range(_STEPS):
        cy, cx = math.floor(y + 0.5), math.floor(x + 0.5)
        if abs(cx) > 2 or abs(cy) > 2:
            good = False
            break
        sums, squares, vx, vy, whole = _window_sums(values, noise, i, j, y, x, sigma)
        total, mx, my = sums
        star, star_x, star_y, star_xx, star_yy = squares
        flags |= 0 if whole else INCOMPLETE
        if total <= 0.0 or star_xx <= 0.0 or star_yy <= 0.0:
            good = False
            break
        height = total / star
        rate_x, rate_y = sigma * sigma / (height * star_xx), sigma * sigma / (height * star_yy)
        step_x, step_y = rate_x * (mx - height * star_x), rate_y * (my - height * star_y)
        x, y = x + step_x, y + step_y
        if math.hypot(step_x, step_y) < _REST:
            break
    if good and math.hypot(x - row[11], y - row[12]) > 1.0:
        flags |= MOVED
        good = math.hypot(x, y) <= 1.5
    row[21] = flags
    if not good:
        row[16], row[17], row[18], row[19] = row[11], row[12], np.nan, np.nan
        row[22], row[23] = np.nan, np.nan
        return
    row[16], row[17] = x, y
    row[18], row[19] = rate_x * math.sqrt(vx), rate_y * math.sqrt(vy)
    row[22], row[23] = _concentration(values, noise, i, j, y, x, sigmas[0])


@compiled()
def _window_sums(
    values: Float32, noise: Float32, i: int, j: int, y: float, x: float, sigma: float
) -> tuple[tuple[float, float, float], tuple[float, float, float, float, float], float, float, bool]:
    """Add up samples in a Gaussian window around a place beside a pixel.

    Gives the sum of the samples and their moments; the sum of the squares of the weights, their moments and squared
    moments; the variances of the moments; and whether all pixels have data.
    """
    half = math.ceil(4.0 * sigma)
    cy, cx = math.floor(y + 0.5), math.floor(x + 0.5)
    total, mx, my, vx, vy = 0.0, 0.0, 0.0, 0.0, 0.0
    star, star_x, star_y, star_xx, star_yy = 0.0, 0.0, 0.0, 0.0, 0.0
    whole = True
    for a in range(cy - half, cy + half + 1):
        for b in range(cx - half, cx + half + 1):
            u, v = i + a, j + b
            if u < 0 or v < 0 or u >= values.shape[0] or v >= values.shape[1] or math.isnan(values[u, v]):
                whole = False
                continue
            dx, dy = b - x, a - y
            weight = math.exp(-(dx * dx + dy * dy) / (2.0 * sigma * sigma))
            value = weight * float(values[u, v])
            total += value
            mx += value * dx
            my += value * dy
            square = weight * weight
            star += square
            star_x += square * dx
            star_y += square * dy
            star_xx += square * dx * dx
            star_yy += square * dy * dy
            variance = (weight * float(noise[u, v])) ** 2
            vx += variance * dx * dx
            vy += variance * dy * dy
    return (total, mx, my), (star, star_x, star_y, star_xx, star_yy), vx, vy, whole


@compiled()
def _concentration(
    values: Float32, noise: Float32, i: int, j: int, y: float, x: float, sigma: float
) -> tuple[float, float]:
    """Compare the flux in a window as wide as a star with that in one twice as wide; and the error of that.

    Each is a share of what a Gaussian star has there, over the same pixels: 1 for such a star, less for what is wider.
    """
    half = math.ceil(4.0 * sigma)
    cy, cx = math.floor(y + 0.5), math.floor(x + 0.5)
    narrow, wide, of_narrow, of_wide, vn, vw, vb = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for a in range(cy - half, cy + half + 1):
        for b in range(cx - half, cx + half + 1):
            u, v = i + a, j + b
            if u < 0 or v < 0 or u >= values.shape[0] or v >= values.shape[1] or math.isnan(values[u, v]):
                continue
            star = math.exp(-((b - x) ** 2 + (a - y) ** 2) / (2.0 * sigma * sigma))
            broad = math.sqrt(math.sqrt(star))
            value, variance = float(values[u, v]), float(noise[u, v]) ** 2
            narrow += star * value
            wide += broad * value
            of_narrow += star * star
            of_wide += broad * star
            vn += star * star * variance
            vw += broad * broad * variance
            vb += star * broad * variance
    if narrow <= 0.0 or wide <= 0.0:
        return np.nan, np.nan
    ratio = narrow / of_narrow / (wide / of_wide)
    share = vn / narrow**2 + vw / wide**2 - 2.0 * vb / (narrow * wide)
    return ratio, ratio * math.sqrt(max(share, 0.0))
