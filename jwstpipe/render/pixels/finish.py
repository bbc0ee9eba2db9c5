"""From linear light to the screen: sRGB with the levels of the picture; hue, saturation and vibrancy."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.colour.srgb import srgb_encoded
from jwstpipe.display.tone.table import look_up_all, positions
from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["ScreenLevels", "encode_window", "quantise", "recolour_window", "screen_table", "with_lightness"]

Float32Image = NDArray[np.float32]


@dataclass(frozen=True)
class ScreenLevels:
    """Levels of the finished picture, alike for red, green and blue so that greys stay grey."""

    black: float = 0.0
    """Screen value that becomes 0."""

    white: float = 1.0
    """Screen value that becomes 1."""

    gamma: float = 1.0
    """Screen values are raised to 1/gamma after that."""


def screen_table(levels: ScreenLevels) -> Float32Image:
    """Tabulate linear light to screen values (see `jwstpipe.display.tone.table`)."""
    screen = srgb_encoded(positions().astype(np.float32)).astype(np.float64)
    shown = np.clip((screen - levels.black) / (levels.white - levels.black), 0.0, 1.0) ** (1.0 / levels.gamma)
    return np.asarray(np.maximum.accumulate(shown), np.float32)


@compiled()
def encode_window(light: Float32Image, table: Float32Image) -> None:
    """Replace linear light in [0, 1] by screen values, in place."""
    look_up_all(light.reshape(-1), table)


@compiled()
def quantise(light: Float32Image, levels: NDArray[Any]) -> None:
    """Round brightness in [0, 1], (n,), to all whole numbers of the type of `levels`, which is written."""
    top, half = np.float32((1 << 8 * levels.itemsize) - 1), np.float32(0.5)
    for i in range(light.size):
        scaled = light[i] * top + half
        levels[i] = levels.dtype.type(min(max(scaled, half), top + half))


@compiled()
def _on_the_circle(sextant: float) -> float:
    """Give the rest by 6 of what lies between -6 and 12, to the bit, without a division."""
    if sextant >= 6.0:
        return sextant - 6.0
    return sextant + 6.0 if sextant < 0.0 else sextant


@compiled()
def recolour_window(pixels: Float32Image, hue: float, saturation: float, vibrancy: float) -> None:
    """Shift hues, then scale HSV saturation, then lift weak colours; in place, HSV value stays.

    Saturation s becomes ``s * saturation``, then ``s + vibrancy * s * (1 - s)``: a grey has no hue to lift, and the
    noise of a neutral sky stays grey (``s + v (1 - s)`` would make confetti of it).

    Parameters
    ----------
    pixels
        (y, x, 3) in [0, 1].
    hue
        Degrees.
    saturation, vibrancy
        Factors; 1 and 0 change nothing.
    """
    turn = hue / 60.0
    for i in range(pixels.shape[0]):
        for j in range(pixels.shape[1]):
            red, green, blue = pixels[i, j, 0], pixels[i, j, 1], pixels[i, j, 2]
            high = max(red, green, blue)
            low = min(red, green, blue)
            if high <= low:
                continue
            old = (high - low) / high
            new = min(old * saturation, 1.0)
            new += vibrancy * new * (1.0 - new)
            if turn == 0.0:
                factor = new / old
                for part in range(3):
                    pixels[i, j, part] = high - (high - pixels[i, j, part]) * factor
                continue
            if high == red:
                sextant = (green - blue) / (high - low)
            elif high == green:
                sextant = 2.0 + (blue - red) / (high - low)
            else:
                sextant = 4.0 + (red - green) / (high - low)
            sextant = _on_the_circle(sextant + turn)
            for part in range(3):  # the HSV formula of Foley and van Dam in one line a part
                k = _on_the_circle(5.0 - 2.0 * part + sextant)
                pixels[i, j, part] = high - high * new * max(0.0, min(k, 4.0 - k, 1.0))


def with_lightness(light: Float32Image, lightness: Float32Image, *, share: float) -> Float32Image:
    """Replace the HSL lightness of linear light; hue and HSL saturation stay.

    Parameters
    ----------
    light
        (y, x, 3) in [0, 1].
    lightness
        (y, x) in [0, 1]; NaN leaves the pixel alone.
    share
        0 = the old lightness, 1 = the new.
    """
    old = (light.max(axis=2) + light.min(axis=2)) * np.float32(0.5)
    new = np.where(np.isfinite(lightness), old + np.float32(share) * (lightness - old), old)
    room = 1.0 - np.abs(2.0 * old - 1.0)
    chroma = np.where(room > 1e-6, (1.0 - np.abs(2.0 * new - 1.0)) / np.maximum(room, 1e-6), 0.0)
    replaced = new[..., None] + (light - old[..., None]) * chroma[..., None]
    return np.asarray(np.clip(replaced, 0.0, 1.0), np.float32)
