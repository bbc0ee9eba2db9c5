"""One exposure beside the mosaic of all, or by itself: what every look at a pattern begins with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.cleaning.blot import blotted
from jwstpipe.cleaning.events import trusted
from jwstpipe.cleaning.frame import read_frame
from jwstpipe.images.image import SkyImage

__all__ = ["Compared", "compare", "compare_with_itself"]

Float32Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

SAMPLED = 7
"""Of so many pixels one is looked at for the middle of all."""


@dataclass(frozen=True, eq=False)
class Compared:
    """An exposure and the mosaic at its pixels."""

    rest: Float32Image
    """(y, x): what the exposure has more than the mosaic, about 0."""

    sky: Float32Image
    """(y, x): the mosaic."""

    noise: Float32Image
    """(y, x): standard deviation of a sample."""

    known: Mask
    """(y, x): the sample means something, and the mosaic is made of several exposures and flat enough there."""


def compare(exposure: SkyImage, mosaic: SkyImage) -> Compared:
    """Compare an exposure with the mosaic of all.

    Raises
    ------
    DataError
        A mosaic that does not fit.
    """
    frame, under = read_frame(exposure), blotted(exposure, mosaic)
    rest = frame.sci - under.samples
    known = trusted(under.samples, frame.noise, under.counts, frame.weights) & np.isfinite(rest)
    return Compared(_about_zero(rest, known), under.samples, frame.noise, known)


def compare_with_itself(exposure: SkyImage) -> Compared:
    """Give an exposure without its level: all that is known of it where there is no other."""
    frame = read_frame(exposure)
    known = frame.weights > 0
    return Compared(_about_zero(np.array(frame.sci), known), np.zeros_like(frame.sci), frame.noise, known)


def _about_zero(rest: Float32Image, known: Mask) -> Float32Image:
    some = rest[known]
    return rest - np.float32(np.median(some[::SAMPLED])) if some.size else rest
