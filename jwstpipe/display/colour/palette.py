"""Colours by the order of wavelengths."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import log

import numpy as np

from jwstpipe.display.colour.names import WHITE, ChannelColour, Colour, parse_channel_colour
from jwstpipe.display.colour.srgb import srgb_encoded
from jwstpipe.names.optics import canonical_instrument
from jwstpipe.names.passband import Passband
from jwstpipe.requests import Palette

__all__ = [
    "band_colours", "chromatic_colours", "chromatic_hues", "instrument_hues", "palette_colours", "wavelength_hue",
]  # fmt: skip

_PALETTE = (240.0, 180.0, 120.0, 60.0, 30.0, 0.0)
_FEW_HUES = {
    1: (0.0,),
    2: (240.0, 0.0),
    3: (240.0, 120.0, 0.0),
    4: (240.0, 120.0, 30.0, 0.0),
    5: (240.0, 180.0, 120.0, 30.0, 0.0),
    6: _PALETTE,
}


def chromatic_hues(count: int) -> tuple[float, ...]:
    """Give the hues of `count` filters, degrees, the shortest wavelength first.

    Up to six come from a fixed palette; more are all six and points that divide the widest gaps evenly.
    """
    if count in _FEW_HUES:
        return _FEW_HUES[count]
    inserted = [0] * (len(_PALETTE) - 1)
    gaps = [before - after for before, after in pairwise(_PALETTE)]
    for _ in range(count - len(_PALETTE)):
        widest = max(range(len(gaps)), key=lambda gap: (gaps[gap] / (inserted[gap] + 1), -gap))
        inserted[widest] += 1
    hues = []
    for start, gap, points in zip(_PALETTE, gaps, inserted, strict=False):
        hues += [start - gap * step / (points + 1) for step in range(points + 1)]
    return (*hues, _PALETTE[-1])


def chromatic_colours(wavelengths: Sequence[float]) -> tuple[Colour, ...]:
    """Colour filters by the order of their wavelengths; images of one wavelength share a colour.

    One filter alone is white, for a picture of one filter has no colours. Two take blue and orange lights that add up
    to white (the middle between them is a synthetic green); blue and red could only make magenta.
    """
    distinct = sorted(set(wavelengths))
    if len(distinct) == 1:
        colours = [WHITE]
    elif len(distinct) == 2:
        half = float(srgb_encoded(np.array([0.5], np.float32))[0])
        colours = [Colour(0.0, half, 1.0), Colour(1.0, half, 0.0)]
    else:
        colours = [Colour.from_hue(hue) for hue in chromatic_hues(len(distinct))]
    return tuple(colours[distinct.index(wavelength)] for wavelength in wavelengths)


def band_colours(named: Mapping[str, str], bands: Sequence[Passband], palette: Palette) -> list[ChannelColour]:
    """Colour bands: those that a look names take its colour and weight, the others theirs by the palette.

    Parameters
    ----------
    named
        ``COLOUR`` or ``COLOUR*WEIGHT`` by filter.
    bands
        All of one picture, also those that are named: the palette places each among all.
    palette
        For the others.

    Returns
    -------
    list of ChannelColour
        Without a colour where neither a name nor a wavelength gives one.
    """
    known = {name.upper(): parse_channel_colour(colour) for name, colour in named.items()}
    placed = palette_colours(palette, [(band.wavelength_um, band.instrument) for band in bands])
    found = [known.get(band.filter or "", ChannelColour(None, 1.0)) for band in bands]
    return [ChannelColour(one.colour or place, one.weight) for one, place in zip(found, placed, strict=True)]


def palette_colours(palette: Palette, bands: Sequence[tuple[float | None, str | None]]) -> list[Colour | None]:
    """Colour channels by (wavelength in micrometres, instrument); None for those whose wavelength is not known."""
    known = sorted({wavelength for wavelength, _ in bands if wavelength is not None})
    if len(known) < 2 or palette == "chromatic":
        by_wavelength = dict(zip(known, chromatic_colours(known), strict=True)) if known else {}
        return [None if wavelength is None else by_wavelength[wavelength] for wavelength, _ in bands]
    if palette == "wavelength":
        return [None if wavelength is None else Colour.from_hue(wavelength_hue(wavelength)) for wavelength, _ in bands]
    hues = instrument_hues([(wavelength, name) for wavelength, name in bands if wavelength is not None])
    return [None if wavelength is None else Colour.from_hue(hues[wavelength]) for wavelength, _ in bands]


def wavelength_hue(wavelength: float) -> float:
    """Spread 0.6 to 28 um evenly in logarithm over hues from 270 (violet) to 0 degrees (red)."""
    within = min(max(wavelength, 0.6), 28.0)
    return 270.0 * (1.0 - log(within / 0.6) / log(28.0 / 0.6))


def instrument_hues(bands: Sequence[tuple[float, str | None]]) -> dict[float, float]:
    """Give NIRCam (and what else is short of 5 um) hues from 240 to 120, MIRI from 60 to 0 degrees, evenly each."""
    short: set[float] = set()
    long: set[float] = set()
    for wavelength, name in bands:
        instrument = canonical_instrument(name)
        miri = instrument == "MIRI" if instrument else wavelength >= 5.0
        (long if miri else short).add(wavelength)
    hues = {}
    for group, first, last, alone in ((short, 240.0, 120.0, 180.0), (long, 60.0, 0.0, 30.0)):
        ordered = sorted(group)
        for place, wavelength in enumerate(ordered):
            step = place / (len(ordered) - 1) if len(ordered) > 1 else 0.0
            hues[wavelength] = alone if len(ordered) == 1 else first + (last - first) * step
    return hues
