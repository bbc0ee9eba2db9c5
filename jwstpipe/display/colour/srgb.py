"""The sRGB transfer curve (IEC 61966-2-1): linear light to screen values and back."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["srgb_decoded", "srgb_encoded"]

Float32Image = NDArray[np.float32]
Floats = NDArray[np.float64]


def srgb_encoded(linear: Float32Image) -> Float32Image:
    """Encode linear light in [0, 1] for the screen (IEC 61966-2-1)."""
    steep = linear * np.float32(12.92)
    curve = np.float32(1.055) * np.power(linear, np.float32(1.0 / 2.4)) - np.float32(0.055)
    return np.where(linear <= np.float32(0.0031308), steep, curve)


def srgb_decoded(encoded: Floats) -> Floats:
    """Decode screen values in [0, 1] to linear light."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
