"""Unsharp mask on the luminance, and where it may act."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.smoothing import gaussian_taps, smoothed

__all__ = ["sharpened"]

Float32Image = NDArray[np.float32]

_RED, _GREEN, _BLUE = np.float32(0.2126), np.float32(0.7152), np.float32(0.0722)


def sharpened(
    pixels: Float32Image, covered: NDArray[np.bool_], *, radius: float, amount: float, threshold: float
) -> Float32Image:
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
