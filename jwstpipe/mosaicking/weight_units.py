"""The unit of inverse-variance weights, where 32 bits cannot hold them as they are.

Weights matter only relative to each other. Images in W m-2 or erg have variances of 1e-40, whose inverse is beyond
32-bit floats: such weights are given in units of a usual variance of the first input, a power of two.
"""

import math
from collections.abc import Sequence

import numpy as np

from jwstpipe.images.open import find_image
from jwstpipe.mosaicking.sources import Source
from jwstpipe.requests import Weights
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["weight_unit_of"]

HELD = 1e25
"""Weights from one over this to this are kept as they are."""

LOOKS = 5
SIDE = 64


def weight_unit_of(sources: Sequence[Source], weights: Weights, *, s3: S3Settings) -> tuple[float, str]:
    """Choose the variance that gives the weight one, from a few windows of the first input.

    Returns
    -------
    float, str
        1.0 and nothing to tell for usual variances.
    """
    first = sources[0]
    if weights != "ivm" or "var_rnoise" not in first.planes or "wht" in first.planes:
        return 1.0, ""
    image = find_image(first.address, s3=s3)
    rows, columns = image.shape
    for part in (2, 1, 3, 0, 4)[:LOOKS]:
        y, x = (side * part // LOOKS for side in (rows, columns))
        window = Box(y, x, min(y + SIDE, rows), min(x + SIDE, columns))
        seen = image.read("var_rnoise", window)
        usable = seen[np.isfinite(seen) & (seen > 0)]
        if usable.size:
            variance = float(np.median(usable.astype("f8")))
            if 1.0 / HELD < variance < HELD:
                return 1.0, ""
            unit = 2.0 ** round(math.log2(variance))
            return unit, f"weights are given in units of {1.0 / unit:.4g}, the inverse of a usual variance"
    return 1.0, ""
