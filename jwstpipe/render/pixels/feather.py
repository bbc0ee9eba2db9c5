"""Edges of coverage, blended: where a channel ends, its neighbours in wavelength take over gradually.

A channel that does not cover a pixel is estimated from those that do: each by the straight line through the sky of both
that gives it the height of the missing one above it, the nearest wavelength counting most. Towards its edge a channel
passes over into that estimate, so neither brightness nor colour steps; where all channels end together nothing is
blended. Weights come from one coarse level of the whole images: every window and size sees the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.tone.stretch import Stretch, apply_stretch
from jwstpipe.numerics.areas.components import labelled
from jwstpipe.numerics.areas.distance import distance_to_outside

__all__ = ["Feather", "coverage_weights", "plan_feather"]

Float32Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_REACH = 0.35
"""Natural logarithm of the wavelength ratio over which a stand-in loses most of its weight."""

_LEAST_SHARED = 100
_SMALL_HOLE = 64
"""Pixels of the coarse level: smaller gaps inside a channel are cores and bad pixels, not edges."""


@dataclass(frozen=True, eq=False)
class Feather:
    """How channels replace one another."""

    level: int
    """Level of the images that the weights belong to."""

    weights: Float32Image
    """(channel, y, x) in [0, 1]; no rows where every channel covers what any covers."""

    kernel: Float32Image
    """(channel, channel) weight of the second as a stand-in for the first."""

    offset: Float32Image
    """(channel, channel)."""

    slope: Float32Image
    """(channel, channel): brightness of the first = offset + slope * brightness of the second."""


def plan_feather(
    samples: Sequence[Float32Image],
    stretches: Sequence[Stretch],
    wavelengths: Sequence[float | None],
    skies: Sequence[float],
    *,
    level: int,
    width: float,
    lupton: bool = False,
) -> Feather:
    """Measure coverage and stand-ins on one coarse level.

    Parameters
    ----------
    samples
        Of each channel, the whole image at `level`.
    stretches, wavelengths, skies
        Of each channel; micrometres; the sky in the unit of the image.
    level
        Recorded.
    width
        Width of a blended edge, share of the side of a channel's field; 0 blends nothing.
    lupton
        Stand-ins are made of positions between the limits, not of brightnesses.
    """
    covered = [np.isfinite(one) for one in samples]
    count = len(samples)
    offset, slope = np.zeros((count, count), np.float32), np.eye(count, dtype=np.float32)
    kernel = np.eye(count, dtype=np.float32)
    anywhere = np.logical_or.reduce(covered)
    whole = all(int(mask.sum()) == int(anywhere.sum()) for mask in covered)
    if whole or count == 1:
        return Feather(level, np.zeros((count, 0, 0), np.float32), kernel, offset, slope)
    shown = [_shown(one, stretch, lupton=lupton) for one, stretch in zip(samples, stretches, strict=True)]
    dark = [
        float(_shown(np.array([sky], np.float32), stretch, lupton=lupton)[0])
        for sky, stretch in zip(skies, stretches, strict=True)
    ]
    for c in range(count):
        for d in range(count):
            if c == d:
                continue
            both = covered[c] & covered[d]
            if int(both.sum()) < _LEAST_SHARED:  # nothing tells what the one would be where only the other is
                continue
            kernel[c, d] = _likeness(wavelengths[c], wavelengths[d])
            slope[c, d] = _slope(shown[c] - dark[c], shown[d] - dark[d], both)
            offset[c, d] = dark[c] - slope[c, d] * dark[d]
    weights = np.stack([coverage_weights(mask, width=width) for mask in covered])
    return Feather(level, weights, kernel, offset, slope)


def coverage_weights(covered: Mask, *, width: float) -> Float32Image:
    """Rise from 0 at the edge of a field to 1 inside, by the distance to the edge (smoothstep).

    Parameters
    ----------
    covered
        (y, x).
    width
        Of the rise, share of the square root of the covered area. The border of the array is no edge.
    """
    labels, _ = labelled(~covered, 4)
    areas = np.bincount(labels.ravel())
    small = areas <= _SMALL_HOLE
    small[0] = False
    filled = covered | small[labels]
    if filled.all():
        return np.ones(covered.shape, np.float32)
    distance = distance_to_outside(filled) - 1.0
    reach = max(width * float(np.sqrt(filled.sum())), 1.0)
    share = np.clip(distance / reach, 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share), np.float32)


def _shown(values: Float32Image, stretch: Stretch, *, lupton: bool) -> Float32Image:
    if lupton:
        return np.asarray((values - stretch.lo) / (stretch.hi - stretch.lo), np.float32)
    return apply_stretch(values, stretch)


def _likeness(one: float | None, other: float | None) -> float:
    if one is None or other is None:
        return 0.1
    return float(0.5 * np.exp(-abs(np.log(one / other)) / _REACH) + 1e-6)


def _slope(one: Float32Image, other: Float32Image, both: Mask) -> float:
    """Give the ratio of the heights above the sky (root of the mean square), where both have data."""
    height = float(np.mean(np.square(other[both], dtype=np.float64)))
    return (
        min(max(float(np.sqrt(np.mean(np.square(one[both], dtype=np.float64)) / height)), 0.2), 5.0) if height else 1.0
    )
