"""Sources hidden from a measure of the sky: blocks of pixels that stand out of a box, and those around them.

Clipping takes bright pixels out of a box, not the faint sources and the wings of bright ones that no pixel tells from
noise; what they add to the sky is lost to the flux of every source. The mean of a block of pixels tells them.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.numerics.sky_level import MODE, clipped_from

__all__ = ["hide_sources"]

Float32 = NDArray[np.float32]

BLOCK = 4
"""Side of the blocks, pixels."""

HIDDEN_FROM = 3.0
"""Standard deviations of the means of blocks that one stands above their level."""

FAR_FROM = 12.0
"""The same for one whose wings reach further than the blocks beside it."""

FEWEST_BLOCKS = 4
"""Blocks along a side of the smallest box that sources are hidden in."""

MOST_HIDDEN = 0.6
"""Share of the blocks of a box that may be hidden; where it is more, nothing is: there is no sky to tell them from."""

CLIP, ROUNDS = 3.0, 10


@compiled()
def hide_sources(
    values: Float32, sky: tuple[float, float], slopes: tuple[float, float], counts: NDArray[np.int32]
) -> bool:
    """Take samples of sources out of a box, in place.

    Parameters
    ----------
    values
        (box, box), NaN = no data.
    sky
        First estimate of its level and noise.
    slopes
        Of the sky, along y and x.
    counts
        Room for `BINS` numbers.

    Returns
    -------
    bool
        Sources are hidden; False where a box is too small, or too full, to tell them from the sky.
    """
    box = values.shape[0]
    side = (box + BLOCK - 1) // BLOCK
    if side < FEWEST_BLOCKS:
        return False
    means = _block_means(values, slopes, side)
    level, spread = clipped_from(means.ravel(), (sky[0], 0.5 * sky[1]), CLIP, ROUNDS, MODE, counts)
    hidden = np.zeros((side, side), np.bool_)
    for v in range(side):
        for u in range(side):
            above = means[v, u] - level
            if above > HIDDEN_FROM * spread:
                reach = 2 if above > FAR_FROM * spread else 1
                hidden[max(v - reach, 0) : v + reach + 1, max(u - reach, 0) : u + reach + 1] = True
    count = 0
    for one in hidden.flat:
        count += one
    if count > MOST_HIDDEN * side * side:
        return False
    for v in range(side):
        for u in range(side):
            if hidden[v, u]:
                values[v * BLOCK : (v + 1) * BLOCK, u * BLOCK : (u + 1) * BLOCK] = np.nan
    return True


@compiled()
def _block_means(values: Float32, slopes: tuple[float, float], side: int) -> Float32:
    """Take the means of blocks less the slope of the sky; NaN where less than half of one has data."""
    box = values.shape[0]
    means = np.full((side, side), np.nan, np.float32)
    total, count = np.empty(box, np.float32), np.empty(box, np.float32)
    for v in range(side):
        total[:], count[:] = 0.0, 0.0
        for i in range(v * BLOCK, min((v + 1) * BLOCK, box)):
            row = values[i]
            for j in range(box):
                missing = row[j] != row[j]
                total[j] += np.float32(0.0) if missing else row[j]
                count[j] += np.float32(0.0) if missing else np.float32(1.0)
        middle = v * BLOCK + 0.5 * (BLOCK - 1) - 0.5 * (box - 1)
        for u in range(side):
            some, number = np.float32(0.0), np.float32(0.0)
            for j in range(u * BLOCK, min((u + 1) * BLOCK, box)):
                some += total[j]
                number += count[j]
            if 2.0 * number >= BLOCK * BLOCK:
                across = u * BLOCK + 0.5 * (BLOCK - 1) - 0.5 * (box - 1)
                means[v, u] = some / number - np.float32(slopes[0] * middle + slopes[1] * across)
    return means
