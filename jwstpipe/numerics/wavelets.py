"""Noise reduction by wavelets: the a trous transform with the B3 spline (Starck and Murtagh 2006), soft thresholds.

Each scale is the difference of two smoothings; what is below the threshold on a scale is noise there and is taken out,
what is above loses the threshold. Stars and edges stand far above it and stay.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.smoothing import smoothed

__all__ = ["FINEST_NOISE", "SCALES", "denoise_margin", "denoised", "finest_scale"]

Float32Image = NDArray[np.float32]

SCALES = 3
"""Scales that are cleaned: structures of about 1, 2 and 4 pixels."""

_SPLINE = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0
_NOISE = (0.8907, 0.2007, 0.0856, 0.0413, 0.0205, 0.0103)
"""Standard deviation of white noise of 1 on the scales."""

FINEST_NOISE = _NOISE[0]
"""That of the finest scale."""


def denoise_margin(scales: int = SCALES) -> int:
    """Give the pixels around a window that decide about it."""
    return sum(2 << scale for scale in range(scales))


def finest_scale(values: Float32Image) -> Float32Image:
    """Give the finest scale, from which the noise can be measured; a pixel looks at two on each side."""
    found: Float32Image = values - smoothed(values, _spread(0))
    return found


def denoised(values: Float32Image, *, noise: float, strength: float, scales: int = SCALES) -> Float32Image:
    """Take noise out of a window of a channel.

    Parameters
    ----------
    values
        (y, x), NaN = no data; not changed.
    noise
        Standard deviation of the noise, unit of the values.
    strength
        Threshold, times the noise of each scale.
    scales
        How many are cleaned, at most six.
    """
    result = np.zeros_like(values)
    current = values
    for scale in range(scales):
        smooth = smoothed(current, _spread(scale))
        detail = current - smooth
        limit = np.float32(strength * noise * _NOISE[scale])
        result += np.sign(detail) * np.maximum(np.abs(detail) - limit, np.float32(0.0))
        current = smooth
    return np.asarray(result + current, np.float32)


def _spread(scale: int) -> Float32Image:
    """Put ``2**scale - 1`` zeros between the taps of the spline."""
    taps = np.zeros(4 * (1 << scale) + 1, np.float32)
    taps[:: 1 << scale] = _SPLINE
    return taps
