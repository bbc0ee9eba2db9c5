"""From images and options to layers: what each channel of a picture is stretched and coloured by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.colour.mixing import mixing_matrix
from jwstpipe.display.colour.names import WHITE, Colour
from jwstpipe.display.colour.palette import band_colours
from jwstpipe.display.colour.resolution import matching_sigmas, psf_fwhm_arcsec
from jwstpipe.display.presets.model import Preset
from jwstpipe.display.tone.auto import AutoFacts
from jwstpipe.display.tone.choose import choose_stretches
from jwstpipe.display.tone.statistics import SkyStatistics
from jwstpipe.display.tone.stretch import Stretch
from jwstpipe.errors import UsageError
from jwstpipe.images.image import SkyImage
from jwstpipe.images.passband import known_wavelength, passband
from jwstpipe.names.optics import canonical_instrument
from jwstpipe.names.passband import Passband
from jwstpipe.render.channel_samples import ChannelSamples, SkyPlace, measure_channels
from jwstpipe.render.geometry.one_grid import celestial_of, check_one_grid
from jwstpipe.render.pixels.feather import Feather, plan_feather
from jwstpipe.requests import ChannelLook, CompositeRequest, Palette

__all__ = [
    "Channel",
    "LayerPlan",
    "Measure",
    "PlannedChannel",
    "TonePlan",
    "feathered_layers",
    "resolve_layers",
    "toned_layers",
]

Float32Image = NDArray[np.float32]
Measure = Callable[[Sequence[SkyImage], SkyPlace | None], ChannelSamples]
"""Measures channels, as `measure_channels` does; whoever shows images again and again keeps what it found."""


@dataclass(frozen=True)
class Channel:
    """An image of a composite, and how it is wanted."""

    image: SkyImage
    """On the grid of the other channels."""

    colour: Colour | None = None
    """None = by the order of wavelengths."""

    weight: float = 1.0
    """0 to 2."""

    repaired: Callable[[], int] = lambda: 0
    """Pixels of lost cores that were filled before the image was laid on the common grid, in what was read of it."""

    look: ChannelLook | None = None
    """Stretch, limits, gamma and curve of its own, and the colour and weight that were asked for; None = none."""

    band: Passband | None = None
    """Filter and wavelength, where somebody has read them before."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.weight <= 2.0:
            raise UsageError(f"{self.image.address}: the weight of a channel is from 0 to 2, not {self.weight}")


@dataclass(frozen=True)
class PlannedChannel:
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

    blur: float = 0.0
    """Sigma of the blur that brings it to the resolution of the coarsest channel, pixels of full resolution."""

    repaired: Callable[[], int] = lambda: 0
    """Pixels of lost cores that were filled before resampling, in what was read."""

    facts: AutoFacts | None = None
    """Why, where the channel was stretched by its own statistics."""

    look: ChannelLook | None = None
    """What was asked for of this channel alone."""

    @property
    def label(self) -> str:
        """Filter, or the name of the image."""
        return self.band.filter or self.image.name


@dataclass(frozen=True, eq=False)
class TonePlan:
    """The channels of a picture, measured, coloured and stretched; how their edges blend is still to be found."""

    layers: tuple[PlannedChannel, ...]
    """The shortest wavelength first, then those without."""

    luminance: PlannedChannel | None
    """Stretched like a channel of its own."""

    measured: ChannelSamples
    """What the whole images say of the colour channels, in the order of `layers`."""

    notes: tuple[str, ...]
    """What a viewer of the picture has to know."""

    fallbacks: tuple[str, ...]
    """Stretches that could not be had, and what stands for them."""


@dataclass(frozen=True, eq=False)
class LayerPlan:
    """All channels of a picture, measured."""

    layers: tuple[PlannedChannel, ...]
    """The shortest wavelength first, then those without."""

    luminance: PlannedChannel | None
    """Stretched like a channel of its own."""

    feather: Feather
    """How channels pass over into one another where they end."""

    counts: NDArray[np.uint16]
    """(y, x) colour channels with data in each pixel of `level`."""

    level: int
    """Level of the whole images that everything was measured on."""

    notes: tuple[str, ...]
    """What a viewer of the picture has to know."""

    fallbacks: tuple[str, ...]
    """Stretches that could not be had, and what stands for them."""


def resolve_layers(
    channels: Sequence[Channel],
    *,
    luminance: Channel | None,
    look: Preset,
    options: CompositeRequest,
    measure: Measure = measure_channels,
) -> LayerPlan:
    """Measure the channels, choose stretches and colours, and order them by wavelength.

    Raises
    ------
    UsageError
        No colour channel, a filter whose wavelength is not known and that has no colour, weights of 0 only.
    DataError
        An image without data, or on another grid.
    """
    tones = toned_layers(channels, luminance=luminance, look=look, options=options, measure=measure)
    return feathered_layers(tones, look=look, options=options)


def toned_layers(
    channels: Sequence[Channel],
    *,
    luminance: Channel | None,
    look: Preset,
    options: CompositeRequest,
    measure: Measure = measure_channels,
) -> TonePlan:
    """Measure the channels, choose stretches and colours: all of `resolve_layers` but the blending of edges."""
    if not channels:
        more = "; the luminance image only brings lightness" if luminance else ""
        raise UsageError(f"a composite needs at least one colour image{more}")
    bands = [channel.band or passband(channel.image) for channel in channels]
    order = sorted(range(len(channels)), key=lambda i: bands[i].wavelength_um or np.inf)
    chosen, bands = [channels[i] for i in order], [bands[i] for i in order]
    chosen, colours, unmatched = _coloured(chosen, bands, look, options.palette)
    mix = mixing_matrix(colours, [channel.weight for channel in chosen])
    check_one_grid([channel.image for channel in (*chosen, *([luminance] if luminance else []))])
    measured = measure([channel.image for channel in chosen], options.sky_region)
    tones = choose_stretches(
        look,
        options,
        measured.statistics,
        names=[band.filter or channel.image.name for channel, band in zip(chosen, bands, strict=True)],
        miri=[canonical_instrument(band.instrument) == "MIRI" for band in bands],
        looks=[channel.look for channel in chosen],
    )
    blurs, unknown = _blurs(chosen, bands) if options.match_resolution else ([0.0] * len(bands), ())
    layers = tuple(
        PlannedChannel(
            channel.image,
            band,
            colour,
            channel.weight,
            _triple(light),
            statistics,
            stretch,
            blur,
            channel.repaired,
            facts,
            channel.look,
        )
        for channel, band, colour, light, statistics, stretch, blur, facts in zip(
            chosen, bands, colours, mix.T, measured.statistics, tones.stretches, blurs, tones.facts, strict=True
        )
    )
    alone = ("no two images cover the same sky: each stands alone, in its own colour",)
    bright = None if luminance is None else _luminance(luminance, look, options, measure)
    notes = (*unmatched, *unknown, *(alone if measured.apart else ()))
    return TonePlan(layers, bright, measured, notes, tones.fallbacks)


def feathered_layers(tones: TonePlan, *, look: Preset, options: CompositeRequest) -> LayerPlan:
    """Find how channels pass over into one another where they end."""
    measured = tones.measured
    feather = plan_feather(
        measured.coarse,
        [layer.stretch for layer in tones.layers],
        [layer.band.wavelength_um for layer in tones.layers],
        [one.sky for one in measured.statistics],
        level=measured.coarse_level,
        width=options.feather,
        lupton=look.mixing == "lupton",
    )
    return LayerPlan(
        tones.layers, tones.luminance, feather, measured.counts, measured.level, tones.notes, tones.fallbacks
    )


def _coloured(
    channels: Sequence[Channel], bands: Sequence[Passband], look: Preset, palette: Palette
) -> tuple[list[Channel], list[Colour], tuple[str, ...]]:
    """Take the colours asked for, then those of the look, and the others by their place among all wavelengths."""
    named = {name.upper() for name in look.colours}
    theirs = band_colours(look.colours, bands, palette)
    weighted = []
    for channel, band, own in zip(channels, bands, theirs, strict=True):
        if channel.colour is None and band.filter not in named and len(channels) > 1:
            known_wavelength(channel.image, band)
        plain = channel.colour is None and channel.weight == 1.0
        weighted.append(replace(channel, weight=own.weight) if plain else channel)
    colours = [channel.colour or own.colour or WHITE for channel, own in zip(channels, theirs, strict=True)]
    foreign = bool(named) and not any(band.filter in named for band in bands)
    note = f"{look.title}: names none of these filters; colours go by wavelength"
    return weighted, colours, (note,) if foreign else ()


def _blurs(channels: Sequence[Channel], bands: Sequence[Passband]) -> tuple[list[float], tuple[str, ...]]:
    """Give the blur of each channel, pixels, and name the channels whose sharpness is not known."""
    celestial = celestial_of(channels[0].image)
    if celestial is None:
        return [0.0] * len(bands), ("the images have no WCS, so their resolution cannot be matched",)
    unknown = [band.filter or "?" for band in bands if psf_fwhm_arcsec(band) is None]
    note = f"no PSF is known for {', '.join(unknown)}: left as it is"
    sigmas = [sigma / celestial.scale_arcsec for sigma in matching_sigmas(bands)]
    return sigmas, (note,) if unknown else ()


def _luminance(channel: Channel, look: Preset, options: CompositeRequest, measure: Measure) -> PlannedChannel:
    if channel.weight > 1.0:
        raise UsageError(f"{channel.image.address}: the share of the luminance is from 0 to 1, not {channel.weight}")
    statistics = measure([channel.image], options.sky_region).statistics
    band = channel.band or passband(channel.image)
    miri = canonical_instrument(band.instrument) == "MIRI"
    tones = choose_stretches(look, options, statistics, names=[channel.image.name], miri=[miri])
    return PlannedChannel(
        channel.image,
        band,
        WHITE,
        channel.weight,
        (1.0, 1.0, 1.0),
        statistics[0],
        tones.stretches[0],
        repaired=channel.repaired,
        facts=tones.facts[0],
    )


def _triple(light: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(light[0]), float(light[1]), float(light[2])
