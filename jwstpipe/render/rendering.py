"""One window of a picture, from samples to screen values; a pure function of layers and window.

Whatever the window, a pixel gets the same bits: limits and colours are fixed beforehand, and around a window is read
what it takes to decide about the holes in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.render.colour.names import Colour
from jwstpipe.render.colour.srgb import srgb_encoded
from jwstpipe.render.cores import CoreLimits, Hole, fill_holes
from jwstpipe.render.geometry.levels import level_shape, read_level
from jwstpipe.render.layers import Layer
from jwstpipe.render.tone.stretch import apply_stretch
from jwstpipe.sky.box import Box

__all__ = ["RenderedWindow", "layer_brightness", "render_window", "with_lightness"]

Image = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class RenderedWindow:
    """A window on the screen."""

    pixels: Image
    """(y, x, 3) sRGB in [0, 1], row 0 at the bottom."""

    holes: tuple[frozenset[Hole], ...]
    """Filled holes that touch the window: one set for each layer, the luminance last."""


def render_window(
    layers: Sequence[Layer],
    luminance: Layer | None,
    box: Box,
    *,
    level: int,
    cores: CoreLimits,
    background: Colour,
    least: int = 1,
) -> RenderedWindow:
    """Render a window of the plane.

    Parameters
    ----------
    layers
        Colour channels, at least one; a channel without data in a pixel adds no light there.
    luminance
        Image that brings the lightness, where it has data.
    box
        Window, pixels of `level`.
    level
        Level of the images.
    cores
        Largest hole that is filled, pixels of full resolution.
    background
        Where too few colour channels have data.
    least
        Channels that have to cover a pixel for it to show.
    """
    light = np.zeros((*box.shape, 3), np.float32)
    covered = np.zeros(box.shape, np.uint8)
    holes = []
    for layer in layers:
        brightness, filled = layer_brightness(layer, box, level=level, cores=cores)
        present = np.isfinite(brightness)
        brightness[~present] = 0.0
        for part, share in enumerate(layer.light):
            light[..., part] += brightness * np.float32(share)
        covered += present
        holes.append(frozenset(filled))
    np.clip(light, 0.0, 1.0, out=light)
    if luminance is not None:
        lightness, filled = layer_brightness(luminance, box, level=level, cores=cores)
        light = with_lightness(light, lightness, share=luminance.weight)
        holes.append(frozenset(filled))
    pixels = srgb_encoded(light)
    pixels[covered < least] = (background.red, background.green, background.blue)
    return RenderedWindow(pixels, tuple(holes))


def layer_brightness(layer: Layer, box: Box, *, level: int, cores: CoreLimits) -> tuple[Image, tuple[Hole, ...]]:
    """Read a window of a layer, fill its holes and stretch it; NaN where it has no data."""
    limits = cores.at(level)
    whole = Box.of_shape(level_shape(layer.image.shape, level))
    window = box.dilated(limits.margin).intersection(whole) or whole
    values, holes = fill_holes(read_level(layer.image, window, level=level), window, box, limits=limits)
    return apply_stretch(values, layer.stretch), holes


def with_lightness(light: Image, lightness: Image, *, share: float) -> Image:
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
