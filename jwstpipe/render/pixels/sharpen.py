"""Unsharp mask on the luminance, and where it may act."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.numerics.smoothing import gaussian_taps, smoothed

__all__ = ["sharpen"]

Float32Image = NDArray[np.float32]

_RED, _GREEN, _BLUE = np.float32(0.2126), np.float32(0.7152), np.float32(0.0722)


def sharpen(
    pixels: Float32Image, covered: NDArray[np.bool_], *, radius: float, amount: float, threshold: float
) -> None:
    """Add a share of the difference between the luminance and its blur to all three colours, in place.

    Parameters
    ----------
    pixels
        (y, x, 3) screen values in [0, 1].
    covered
        (y, x) pixels with data: only they take part, so that edges of coverage get no rims.
    radius, amount, threshold
        Sigma in pixels, share, smallest difference that counts.
    """
    luminance = _luminance(pixels, covered)
    blurred = smoothed(luminance, gaussian_taps(radius))
    _add_difference(pixels, luminance, blurred, np.float32(amount), np.float32(threshold))


@compiled()
def _luminance(pixels: Float32Image, covered: NDArray[np.bool_]) -> Float32Image:
    """Give the luminance where there are data, else NaN."""
    found = np.empty(covered.shape, np.float32)
    for i in range(covered.shape[0]):
        for j in range(covered.shape[1]):
            value = _RED * pixels[i, j, 0] + _GREEN * pixels[i, j, 1] + _BLUE * pixels[i, j, 2]
            found[i, j] = value if covered[i, j] else np.float32(np.nan)
    return found


@compiled()
def _add_difference(
    pixels: Float32Image, luminance: Float32Image, blurred: Float32Image, amount: np.float32, threshold: np.float32
) -> None:
    for i in range(luminance.shape[0]):
        for j in range(luminance.shape[1]):
            difference = luminance[i, j] - blurred[i, j]
            if abs(difference) >= threshold:  # NaN is not
                for part in range(3):
                    shown = pixels[i, j, part] + amount * difference
                    pixels[i, j, part] = min(max(shown, np.float32(0.0)), np.float32(1.0))
