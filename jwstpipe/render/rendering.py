"""One window of a picture, from samples to screen values; a pure function of a scene and a window.

Whatever the window, a pixel gets the same bits: limits, colours and coverage weights are fixed beforehand, and around
a window is read what it takes to decide about it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.colour.names import Colour
from jwstpipe.display.presets.model import Preset
from jwstpipe.display.tone.stretch import apply_stretch
from jwstpipe.display.tone.table import stretch_table
from jwstpipe.images.image import SkyImage
from jwstpipe.images.levels import fill_level, level_shape, read_level
from jwstpipe.numerics.smoothing import gaussian_reach, gaussian_taps, smoothed
from jwstpipe.numerics.wavelets import denoise_margin, denoised
from jwstpipe.render.cores.fill import fill_holes
from jwstpipe.render.cores.holes import CoreLimits, Hole
from jwstpipe.render.layers import PlannedChannel
from jwstpipe.render.pixels.feather import Feather
from jwstpipe.render.pixels.finish import (
    ScreenLevels,
    encode_window,
    quantise,
    recolour_window,
    screen_table,
    with_lightness,
)
from jwstpipe.render.pixels.mix import Mixing, mix_window
from jwstpipe.render.pixels.paint import Finish, paint_window
from jwstpipe.render.pixels.sharpen import sharpen
from jwstpipe.sky.box import Box

__all__ = [
    "ChannelWindow",
    "Filled",
    "ReadFilled",
    "RenderedWindow",
    "Scene",
    "layer_brightness",
    "paint",
    "read_channels",
    "read_filled",
    "render_window",
]

Float32Image = NDArray[np.float32]

Filled = tuple[Float32Image, list[frozenset[Hole]], NDArray[np.bool_]]
ReadFilled = Callable[[Sequence[SkyImage], Box, int, CoreLimits], Filled]
"""Reads windows, as `read_filled` does; whoever shows images again and again keeps what it read."""

LEAST_BLUR = 0.3
"""Blurs of a smaller sigma, pixels, change nothing."""


@dataclass(frozen=True, eq=False)
class Scene:
    """All that the windows of a picture share."""

    layers: tuple[PlannedChannel, ...]
    """Colour channels, at least one."""

    luminance: PlannedChannel | None
    """Image that brings the lightness, where it has data."""

    level: int
    """Level of the images that is rendered."""

    look: Preset
    """How channels combine and what is done to the colours."""

    feather: Feather
    """How channels pass over into one another where they end."""

    cores: CoreLimits
    """Largest hole that is filled, pixels of full resolution."""

    background: Colour
    """Where too few colour channels have data."""

    least: int
    """Channels that have to cover a pixel for it to show."""

    screen: ScreenLevels = field(default_factory=ScreenLevels)
    """Levels of the finished picture."""

    read: ReadFilled = field(default_factory=lambda: read_filled)
    """Reads windows of its images."""

    @property
    def all_layers(self) -> tuple[PlannedChannel, ...]:
        """The channels, the luminance last."""
        return self.layers if self.luminance is None else (*self.layers, self.luminance)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the whole images at the level."""
        return level_shape(self.layers[0].image.shape, self.level)

    @cached_property
    def tables(self) -> Float32Image:
        """Tables of the stretches, (channel, entry)."""
        return np.stack([stretch_table(layer.stretch) for layer in self.layers])

    @cached_property
    def screen_table(self) -> Float32Image:
        """Table from linear light to the screen."""
        return screen_table(self.screen)


@dataclass(frozen=True, eq=False)
class RenderedWindow:
    """A window on the screen."""

    pixels: Float32Image
    """(y, x, 3) sRGB in [0, 1], row 0 at the bottom."""

    covered: NDArray[np.bool_]
    """(y, x): enough channels have data."""

    holes: tuple[frozenset[Hole], ...]
    """Filled holes that touch the window: one set for each layer, the luminance last."""

    repaired: NDArray[np.bool_]
    """(y, x): a channel is shown otherwise than its data, for they have a hole there."""


def render_window(scene: Scene, box: Box) -> RenderedWindow:
    """Render a window of the plane.

    Parameters
    ----------
    scene
        What to render, and how.
    box
        Window, pixels of the level of the scene.
    """
    look = scene.look
    margin = gaussian_reach(look.sharpen.radius) if look.sharpen.amount else 0
    wide = box.dilated(margin).intersection(Box.of_shape(scene.shape)) or box
    inner = box.relative_to(wide)
    found = read_channels(scene, wide)
    light, counts = _mixed(scene, wide, found.samples[: len(scene.layers)])
    if scene.luminance is not None:
        bright = apply_stretch(found.samples[-1], scene.luminance.stretch)
        light = with_lightness(light, bright, share=scene.luminance.weight)
    encode_window(light, scene.screen_table)
    covered = counts >= scene.least
    if look.sharpen.amount:
        mask = look.sharpen
        sharpen(light, covered, radius=mask.radius, amount=mask.amount, threshold=mask.threshold)
    pixels = np.ascontiguousarray(light[inner.slices])
    covered = covered[inner.slices]
    if (look.hue, look.saturation, look.vibrancy) != (0.0, 1.0, 0.0):
        recolour_window(pixels, look.hue, look.saturation, look.vibrancy)
    if not covered.all():
        pixels[~covered] = (scene.background.red, scene.background.green, scene.background.blue)
    return RenderedWindow(pixels, covered, found.holes, found.repaired[inner.slices])


@dataclass(frozen=True, eq=False)
class ChannelWindow:
    """Samples of all layers in a window, as they are shown: holes filled, noise reduced."""

    samples: Float32Image
    """(layer, y, x), the luminance last; NaN = no data."""

    holes: tuple[frozenset[Hole], ...]
    """Filled holes that touch the window, of each layer."""

    repaired: NDArray[np.bool_]
    """(y, x)."""


def read_channels(scene: Scene, box: Box) -> ChannelWindow:
    """Read a window of all layers, fill their holes and reduce their noise."""
    denoise = scene.look.denoise
    blurs = [layer.blur / 2.0**scene.level for layer in scene.all_layers]
    blurred = max(blurs) >= LEAST_BLUR
    margin = (denoise_margin() if denoise else 0) + (gaussian_reach(max(blurs)) if blurred else 0)
    wide = box.dilated(margin).intersection(Box.of_shape(scene.shape)) or box
    samples, holes, repaired = scene.read([layer.image for layer in scene.all_layers], wide, scene.level, scene.cores)
    if not denoise and not blurred:
        return ChannelWindow(samples, tuple(holes), repaired)
    inner = box.relative_to(wide)
    cleaned = np.empty((len(samples), *box.shape), np.float32)
    for layer, values, blur, result in zip(scene.all_layers, samples, blurs, cleaned, strict=True):
        shown = values
        if denoise:
            noise = layer.statistics.noise * 2.0 ** (layer.statistics.level - scene.level)
            shown = denoised(shown, noise=noise, strength=denoise)
        if blur >= LEAST_BLUR:
            shown = smoothed(shown, gaussian_taps(blur))
        result[...] = shown[inner.slices]
    return ChannelWindow(cleaned, tuple(holes), repaired[inner.slices])


def layer_brightness(
    layer: PlannedChannel, box: Box, *, level: int, cores: CoreLimits
) -> tuple[Float32Image, frozenset[Hole]]:
    """Read a window of a layer, fill its holes and stretch it; NaN where it has no data."""
    values, (holes,), _ = read_filled([layer.image], box, level, cores)
    return apply_stretch(values[0], layer.stretch), holes


def paint(scene: Scene, box: Box, out: NDArray[Any], left: int) -> tuple[frozenset[Hole], ...]:
    """Render a window into rows of a picture: what `render_window` gives, rounded to whole numbers or as it is.

    Parameters
    ----------
    scene, box
        As for `render_window`.
    out
        (y, x, 3) uint8 or uint16, the top row first, or float32, the bottom row first; as many rows as `box` has.
    left
        Column of `out` where `box` begins.

    Gives the filled holes that touch the window: one set for each layer, the luminance last.
    """
    look = scene.look
    if look.sharpen.amount or scene.luminance is not None:  # needs rows above and below, or of another image
        window = render_window(scene, box)
        columns = slice(left, left + box.shape[1])
        if out.dtype == np.float32:
            out[:, columns] = window.pixels
        else:
            levels = np.empty(window.pixels.shape, out.dtype)
            quantise(window.pixels.reshape(-1), levels.reshape(-1))
            out[::-1, columns] = levels
        return window.holes
    found = read_channels(scene, box)
    background = np.array([scene.background.red, scene.background.green, scene.background.blue], np.float32)
    finish = Finish(scene.screen_table, look.hue, look.saturation, look.vibrancy, scene.least, background)
    rows = out.view(np.uint8).reshape(len(out), -1)
    paint_window(found.samples, _mixing(scene, box), finish, left, out.itemsize, rows)
    return found.holes


def _mixed(scene: Scene, box: Box, samples: Float32Image) -> tuple[Float32Image, NDArray[np.uint8]]:
    """Mix the colour channels of a window to linear light, and count those with data."""
    light = np.empty((*box.shape, 3), np.float32)
    counts = np.empty(box.shape, np.uint8)
    mix_window(samples, _mixing(scene, box), light, counts)
    return light, counts


def _mixing(scene: Scene, box: Box) -> Mixing:
    """Say how a window is mixed."""
    stretches = [layer.stretch for layer in scene.layers]
    feather = scene.feather
    step = 2.0 ** (scene.level - feather.level)
    return Mixing(
        lows=np.array([one.lo for one in stretches], np.float32),
        scales=np.array([1.0 / (one.hi - one.lo) for one in stretches], np.float32),
        tables=scene.tables,
        light=np.array([layer.light for layer in scene.layers], np.float32),
        maps=feather.weights,
        kernel=feather.kernel,
        offset=feather.offset,
        slope=feather.slope,
        y0=(box.y0 + 0.5) * step - 0.5,
        x0=(box.x0 + 0.5) * step - 0.5,
        step=step,
        lupton=int(scene.look.mixing == "lupton"),
    )


def read_filled(images: Sequence[SkyImage], box: Box, level: int, cores: CoreLimits) -> Filled:
    """Read a window of images on one grid, holes filled; only one with missing samples needs its surroundings.

    Returns
    -------
    ndarray, list of frozenset of Hole, ndarray of bool
        Samples (image, y, x), NaN = no data; the holes that were filled, of each image; (y, x) what is shown otherwise
        than its data.
    """
    values = np.empty((len(images), *box.shape), np.float32)
    whole = [fill_level(image, box, target, level=level) for image, target in zip(images, values, strict=True)]
    limits = cores.at(level)
    if limits.area == 0 or all(whole) or np.isnan(values).all():
        return values, [frozenset()] * len(images), np.zeros(box.shape, bool)
    plane = Box.of_shape(level_shape(images[0].shape, level))
    window = box.dilated(limits.margin).intersection(plane) or plane
    around = [read_level(image, window, level=level) for image in images]
    filled, holes, repaired = fill_holes(around, window, box, limits=limits)
    return np.stack(filled), holes, repaired
