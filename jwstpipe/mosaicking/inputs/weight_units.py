"""Weights and errors that 32 bits cannot hold as they are.

Images in W m-2 or erg have samples of 1e-20 and variances of 1e-40: the inverse of such a variance is beyond 32-bit
floats, and the square of an error below 1e-19 is zero in them. Weights matter only relative to each other, so they are
then given in units of a usual variance, a power of two; variances are then carried in 64 bits.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from jwstpipe.images.image import SkyImage
from jwstpipe.images.open import find_image
from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.requests import Weights
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["Magnitudes", "magnitudes_of"]

HELD = 1e25
"""Weights from one over this to this are kept as they are."""

SQUARED = 1e15
"""Errors from one over this to this are squared in 32 bits: a thousandth of them still has a square there."""

LOOKED_AT = 8
"""Inputs that are looked at, the first and last among them."""

LOOKS = 5
SIDE = 64


@dataclass(frozen=True)
class Magnitudes:
    """What must be done about uncommon orders of magnitude."""

    weight_unit: float
    """Variance that gives the weight one."""

    wide_errors: bool
    """Variances need 64 bits."""

    note: str
    """What was done, for people; empty for usual numbers."""


def magnitudes_of(sources: Sequence[Source], weights: Weights, planes: Sequence[str], *, s3: S3Settings) -> Magnitudes:
    """Look at a few windows of a few inputs.

    Parameters
    ----------
    sources
        The inputs.
    weights
        What weights are made of.
    planes
        Planes of the mosaic.
    s3
        Endpoint of ``s3://`` inputs.
    """
    step = max((len(sources) - 1) / (LOOKED_AT - 1), 1.0)
    some = [sources[round(number * step)] for number in range(min(len(sources), LOOKED_AT))]
    opened = cache(partial(find_image, s3=s3))  # each once, for both planes
    unit, note = 1.0, ""
    if weights == "ivm":
        by_variance = [one for one in some if "var_rnoise" in one.planes and "wht" not in one.planes]
        variances = sorted(_usual(by_variance, "var_rnoise", opened))
        if any(not 1.0 / HELD < variance < HELD for variance in variances):
            unit = 2.0 ** round(math.log2(variances[len(variances) // 2]))
            note = f"weights are given in units of {1.0 / unit:.4g}, the inverse of a usual variance"
    errors = _usual(some, "err", opened) if "err" in planes else ()
    return Magnitudes(unit, any(not 1.0 / SQUARED < error < SQUARED for error in errors), note)


def _usual(sources: Sequence[Source], plane: str, opened: Callable[[str], SkyImage]) -> Iterator[float]:
    """Give a usual value of a plane of each input that has positive ones where it is looked at."""
    for source in sources:
        image = opened(source.address)
        rows, columns = image.shape
        for part in (2, 1, 3, 0, 4)[:LOOKS]:
            y, x = (side * part // LOOKS for side in (rows, columns))
            seen = image.read(plane, Box(y, x, min(y + SIDE, rows), min(x + SIDE, columns)))
            usable = seen[np.isfinite(seen) & (seen > 0)]
            if usable.size:
                yield float(np.median(usable.astype("f8")))
                break
