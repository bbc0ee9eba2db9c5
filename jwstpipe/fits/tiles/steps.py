"""From whole steps back to real samples: FITS 4.0, section 10.2, with the random numbers of its appendix I."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["DITHERS", "NO_BLANK", "from_steps", "random_numbers"]

DITHERS = {"NO_DITHER": 0, "SUBTRACTIVE_DITHER_1": 1, "SUBTRACTIVE_DITHER_2": 2}
"""What ZQUANTIZ may say."""

NO_BLANK = 1 << 40
"""Stands for no step at all: none has so many bits."""

ZERO = -2147483646
"""The step that stands for a sample of exactly 0, with SUBTRACTIVE_DITHER_2."""

RANDOMS = 10000
SPREAD = 500
"""A random number times this is where in the row of them a tile begins."""


@cache
def random_numbers() -> NDArray[np.float32]:
    """Give the 10,000 random numbers between 0 and 1 that all who write and read such images have."""
    seed, found = 1, np.empty(RANDOMS, np.float32)
    for number in range(RANDOMS):
        seed = seed * 16807 % 2147483647
        found[number] = seed / 2147483647
    return found


@compiled(error_model="numpy")
def from_steps(
    steps: NDArray[np.int32],
    places: NDArray[np.int64],
    counts: NDArray[np.int64],
    scales: NDArray[np.float64],
    zeros: NDArray[np.float64],
    blanks: NDArray[np.int64],
    seeds: NDArray[np.int64],
    dither: int,
    randoms: NDArray[np.float32],
    values: NDArray[np.floating],
) -> None:
    """Turn the steps of tiles into samples.

    Parameters
    ----------
    steps
        All steps.
    places, counts
        Where each tile begins in `steps` and `values`, and its number of samples.
    scales, zeros
        ZSCALE and ZZERO of each tile.
    blanks
        The step that stands for no data in each tile (`NO_BLANK` = none).
    seeds
        Which random number each tile begins with, 0 to 9,999.
    dither
        One of `DITHERS`.
    randoms
        From `random_numbers`.
    values
        Filled with the samples.
    """
    for tile in range(places.size):
        scale, zero, blank, seed = scales[tile], zeros[tile], blanks[tile], seeds[tile]
        first = places[tile]
        if dither == 0:
            for number in range(first, first + counts[tile]):
                step = steps[number]
                values[number] = np.nan if step == blank else step * scale + zero
            continue
        now = int(randoms[seed] * np.float32(SPREAD))
        for number in range(first, first + counts[tile]):
            step = steps[number]
            if step == blank:
                values[number] = np.nan
            elif dither == 2 and step == ZERO:
                values[number] = 0.0
            else:
                values[number] = (np.float64(step) - np.float64(randoms[now]) + 0.5) * scale + zero
            now += 1
            if now == RANDOMS:
                seed = (seed + 1) % RANDOMS
                now = int(randoms[seed] * np.float32(SPREAD))
