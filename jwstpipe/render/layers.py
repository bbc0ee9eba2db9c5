"""From images and wishes to layers: what each channel of a picture is stretched and coloured by."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import UsageError
from jwstpipe.images.image import SkyImage
from jwstpipe.render.colour.mixing import mixing_matrix
from jwstpipe.render.colour.names import WHITE, Colour
from jwstpipe.render.colour.palette import chromatic_colours
from jwstpipe.render.colour.passband import Passband, known_wavelength, passband
from jwstpipe.render.geometry.frame import check_one_grid
from jwstpipe.render.geometry.levels import level_for_pixels, read_level
from jwstpipe.render.tone.balanced import automatic_stretches
from jwstpipe.render.tone.statistics import SURVEY_PIXELS, SkyStatistics, measure_sky
from jwstpipe.render.tone.stretch import Stretch
from jwstpipe.requests import Stretch as StretchKind

__all__ = ["Channel", "Layer", "resolve_layers"]

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Channel:
    """An image of a composite, and how it is wanted."""

    image: SkyImage
    """On the grid of the other channels."""

    colour: Colour | None = None
    """None = by the order of wavelengths."""

    weight: float = 1.0
    """0 to 2."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.weight <= 2.0:
            raise UsageError(f"{self.image.address}: the weight of a channel is from 0 to 2, not {self.weight}")


@dataclass(frozen=True)
class Layer:
    """A channel with all that rendering needs."""

    image: SkyImage
    """Its samples."""

    band: Passband
    """Filter and wavelength."""

    colour: Colour
    """Its colour."""

    weight: float
    """Its weight; of the luminance: its share of the lightness, at most 1."""

    light: tuple[float, float, float]
    """Linear red, green and blue that full brightness adds."""

    statistics: SkyStatistics
    """What the limits were made from."""

    stretch: Stretch
    """Curve and limits."""


def resolve_layers(
    channels: Sequence[Channel], *, luminance: Channel | None, kind: StretchKind
) -> tuple[tuple[Layer, ...], Layer | None, tuple[str, ...]]:
    """Measure the channels, choose stretches and colours, and order them by wavelength.

    Returns
    -------
    layers : tuple of Layer
        The shortest wavelength first, then those without.
    luminance : Layer or None
        Stretched like a channel of its own.
    notes : tuple of str
        What a viewer of the picture has to know.

    Raises
    ------
    UsageError
        No colour channel, a filter whose wavelength is not known and that has no colour, weights of 0 only.
    DataError
        An image without data, or on another grid.
    """
    if not channels:
        more = "; the luminance image only brings lightness" if luminance else ""
        raise UsageError(f"a composite needs at least one colour image{more}")
    bands = [passband(channel.image) for channel in channels]
    order = sorted(range(len(channels)), key=lambda i: bands[i].wavelength_um or np.inf)
    chosen, bands = [channels[i] for i in order], [bands[i] for i in order]
    colours = _colours(chosen, bands)
    mix = mixing_matrix(colours, [channel.weight for channel in chosen])
    check_one_grid([channel.image for channel in (*chosen, *([luminance] if luminance else []))])
    statistics, notes = _measured(chosen)
    stretches = automatic_stretches(kind, statistics)
    layers = tuple(
        Layer(channel.image, band, colour, channel.weight, _triple(light), measured, stretch)
        for channel, band, colour, light, measured, stretch in zip(
            chosen, bands, colours, mix.T, statistics, stretches, strict=True
        )
    )
    return layers, None if luminance is None else _luminance(luminance, kind), notes


def _colours(channels: Sequence[Channel], bands: Sequence[Passband]) -> list[Colour]:
    """Take the colours asked for, and fill in the others by their place among all known wavelengths."""
    for channel, band in zip(channels, bands, strict=True):
        if channel.colour is None and len(channels) > 1:
            known_wavelength(channel.image, band)
    known = sorted({band.wavelength_um for band in bands if band.wavelength_um is not None})
    palette = dict(zip(known, chromatic_colours(known), strict=True)) if known else {}
    return [
        channel.colour or (palette[band.wavelength_um] if band.wavelength_um is not None else WHITE)
        for channel, band in zip(channels, bands, strict=True)
    ]


def _measured(channels: Sequence[Channel]) -> tuple[list[SkyStatistics], tuple[str, ...]]:
    """Measure every channel, and note what a viewer of the picture has to know."""
    level = level_for_pixels(channels[0].image.shape, SURVEY_PIXELS)
    statistics: list[SkyStatistics] = []
    seen: Mask | None = None
    shared = len(channels) == 1
    for channel in channels:
        values = read_level(channel.image, level=level)
        statistics.append(measure_sky(values, level=level, name=channel.image.address))
        mask = np.isfinite(values)
        shared = shared or (seen is not None and bool((seen & mask).any()))
        seen = mask if seen is None else seen | mask
    notes = () if shared else ("no two images cover the same sky: each stands alone, in its own colour",)
    return statistics, notes


def _luminance(channel: Channel, kind: StretchKind) -> Layer:
    if channel.weight > 1.0:
        raise UsageError(f"{channel.image.address}: the share of the luminance is from 0 to 1, not {channel.weight}")
    ((statistics,), _) = _measured([channel])
    (stretch,) = automatic_stretches(kind, [statistics])
    return Layer(channel.image, passband(channel.image), WHITE, channel.weight, (1.0, 1.0, 1.0), statistics, stretch)


def _triple(light: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(light[0]), float(light[1]), float(light[2])
