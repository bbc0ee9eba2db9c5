"""Unsharp mask on the luminance, and where it may act."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["gaussian_taps", "sharpen_margin", "sharpened", "smoothed"]

Image = NDArray[np.float32]

_RED, _GREEN, _BLUE = np.float32(0.2126), np.float32(0.7152), np.float32(0.0722)
_TRUNCATE = 3.0


def sharpen_margin(radius: float) -> int:
    """Give the pixels around a window that decide about it."""
    return int(np.ceil(_TRUNCATE * radius))


def gaussian_taps(sigma: float) -> Image:
    """Make the weights of a blur, cut at three sigma, sum 1."""
    reach = sharpen_margin(sigma)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.asarray(taps / taps.sum(), np.float32)


def sharpened(pixels: Image, covered: NDArray[np.bool_], *, radius: float, amount: float, threshold: float) -> Image:
    """Add a share of the difference between the luminance and its blur to all three colours.

    Parameters
    ----------
    pixels
        (y, x, 3) screen values in [0, 1]; not changed.
    covered
        (y, x) pixels with data: only they take part, so that edges of coverage get no rims.
    radius, amount, threshold
        Sigma in pixels, share, smallest difference that counts.
    """
    # term by term: a matrix product may round by the shape of the window
    luminance = _RED * pixels[..., 0] + _GREEN * pixels[..., 1] + _BLUE * pixels[..., 2]
    blurred = smoothed(np.where(covered, luminance, np.float32(np.nan)), gaussian_taps(radius))
    difference = luminance - blurred
    difference[~(np.abs(difference) >= threshold)] = 0.0  # NaN too
    return np.asarray(np.clip(pixels + np.float32(amount) * difference[..., None], 0.0, 1.0), np.float32)


@njit(nogil=True, cache=True)
def smoothed(values: Image, taps: Image) -> Image:
    """Blur with a separable kernel over what has data; NaN where a pixel itself has none.

    The sums run tap by tap from one end, so that every window gives the same bits.
    """
    rows, columns = values.shape
    reach = taps.size // 2
    sums = np.zeros((rows, columns), np.float32)
    weights = np.zeros((rows, columns), np.float32)
    for i in range(rows):
        for t in range(taps.size):
            shift = t - reach
            for j in range(max(0, -shift), min(columns, columns - shift)):
                value = values[i, j + shift]
                if not np.isnan(value):
                    sums[i, j] += taps[t] * value
                    weights[i, j] += taps[t]
    result = np.zeros((rows, columns), np.float32)
    total = np.zeros((rows, columns), np.float32)
    for t in range(taps.size):
        shift = t - reach
        for i in range(max(0, -shift), min(rows, rows - shift)):
            for j in range(columns):
                result[i, j] += taps[t] * sums[i + shift, j]
                total[i, j] += taps[t] * weights[i + shift, j]
    for i in range(rows):
        for j in range(columns):
            result[i, j] = result[i, j] / total[i, j] if not np.isnan(values[i, j]) else np.float32(np.nan)
    return result
