"""Colours by the order of wavelengths."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from jwstpipe.render.colour.names import WHITE, Colour
from jwstpipe.render.colour.srgb import srgb_encoded

__all__ = ["chromatic_colours", "chromatic_hues"]

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
