"""How samples of several images become one pixel.

Mean, sum, min, max, first and last are taken one image after the other into a few accumulators, in the fixed order of
the plan; order statistics (`jwstpipe.mosaicking.warp.order_statistics`) need all samples of a strip at once.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.warp.scratch import ScratchBuffer
from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["CLIPPED", "COMBINERS", "MEDIAN", "STACKED", "Accumulators", "accumulate_row", "normalise"]

MEAN, SUM, MIN, MAX, FIRST, LAST, MEDIAN, CLIPPED = range(8)

COMBINERS = {
    "mean": MEAN, "sum": SUM, "min": MIN, "max": MAX, "first": FIRST, "last": LAST,
    "median": MEDIAN, "clipped": CLIPPED,
}  # fmt: skip
"""Number of a combination by its name."""

STACKED = (MEDIAN, CLIPPED)
"""Combinations that need all samples at once."""

Reals = NDArray[np.floating]
Bits = NDArray[np.uint32]
Counts = NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class Accumulators:
    """Accumulators of a strip of the mosaic; a plane that is not wanted has no pixels.

    Sums are float64, so that the order of magnitude of a sky level does not matter.
    """

    value: NDArray[np.float64]
    weight: NDArray[np.float64]
    variance: NDArray[np.float64]
    count: NDArray[np.uint16]
    used: NDArray[np.uint32]
    """Bits of pixels that took part."""

    lost: NDArray[np.uint32]
    """Bits of pixels that had no data."""

    stack: NDArray[np.floating]
    """Samples, weights and variances of every input (3, y, input, x), NaN = none; empty unless order is asked for."""

    @classmethod
    def empty(
        cls, shape: tuple[int, int], room: ScratchBuffer, *, errors: bool, bits: bool, inputs: int = 0,
        wide: bool = False,
    ) -> Self:  # fmt: skip
        """Make the accumulators of a strip of this shape, as far as possible in a room.

        With a stack for `inputs` samples a pixel, in float64 if `wide`.
        """

        def zeros(dtype: str, *, wanted: bool) -> NDArray[Any]:
            made = room.take(shape if wanted else (0, 0), dtype)
            made[...] = 0
            return made

        return cls(
            zeros("f8", wanted=not inputs),
            zeros("f8", wanted=not inputs),
            zeros("f8", wanted=errors and not inputs),
            zeros("u2", wanted=True),
            zeros("u4", wanted=bits),
            zeros("u4", wanted=bits),
            np.full((3, shape[0], inputs, shape[1]), np.nan, dtype="f8" if wide else "f4"),
        )


@compiled(error_model="numpy")
def accumulate_row(
    combiner: int, samples: Reals, weights: Reals, variances: Reals, bits: Bits, background: Reals, factor: float,
    value: Reals, weight: Reals, variance: Reals, count: Counts, used: Bits, lost: Bits, stack: Reals,
) -> None:  # fmt: skip
    """Add one row of one input.

    Parameters
    ----------
    combiner
        Number of `COMBINERS`.
    samples
        Float32 samples, NaN = none.
    weights, variances, bits
        Of the samples; without a length where the input, or the mosaic, has none.
    background
        Sky to subtract.
    factor
        Weight of the whole input.
    value, weight, variance, count, used, lost
        Row of the accumulators; without a length where the mosaic has none.
    stack
        Row (3, x) of the input in the stack, or without columns.
    """
    if bits.size > 0 and lost.size > 0:
        for j in range(samples.size):  # without branches, as all sums below
            good = np.isfinite(samples[j])
            used[j] |= bits[j] if good else np.uint32(0)
            lost[j] |= np.uint32(0) if good else bits[j]
    if stack.shape[1] > 0:
        for j in range(samples.size):
            if np.isfinite(samples[j]):
                stack[0, j] = samples[j] - background[j]
                stack[1, j] = factor * (weights[j] if weights.size > 0 else 1.0)
                stack[2, j] = variances[j] if variances.size > 0 else 0.0
                count[j] += 1
    elif combiner == MEAN:
        _add_means(samples, weights, variances, background, factor, value, weight, variance, count)
    else:
        _add_others(combiner, samples, weights, variances, background, factor, value, weight, variance, count)


@compiled(error_model="numpy")
def _add_means(
    samples: Reals, weights: Reals, variances: Reals, background: Reals, factor: float,
    value: Reals, weight: Reals, variance: Reals, count: Counts,
) -> None:  # fmt: skip
    if weights.size == 0 and variances.size == 0:
        for j in range(samples.size):
            good = np.isfinite(samples[j])
            value[j] += factor * (samples[j] - background[j]) if good else 0.0
            weight[j] += factor if good else 0.0
            count[j] += 1 if good else 0
        return
    if weights.size == 0 or variances.size == 0:
        for j in range(samples.size):
            if not np.isfinite(samples[j]):
                continue
            w = factor * weights[j] if weights.size > 0 else factor
            value[j] += w * (samples[j] - background[j])
            weight[j] += w
            count[j] += 1
            if variances.size > 0:
                variance[j] += w * w * variances[j]
        return
    for j in range(samples.size):
        good = np.isfinite(samples[j])
        w = factor * weights[j]
        value[j] += w * (samples[j] - background[j]) if good else 0.0
        weight[j] += w if good else 0.0
        count[j] += 1 if good else 0
        variance[j] += w * w * variances[j] if good else 0.0


@compiled(error_model="numpy")
def _add_others(
    combiner: int, samples: Reals, weights: Reals, variances: Reals, background: Reals, factor: float,
    value: Reals, weight: Reals, variance: Reals, count: Counts,
) -> None:  # fmt: skip
    for j in range(samples.size):
        if not np.isfinite(samples[j]):
            continue
        sample = samples[j] - background[j]
        spread = variances[j] if variances.size > 0 else 0.0
        if combiner == SUM:
            value[j] += sample
            if variance.size > 0:
                variance[j] += spread
        elif (
            count[j] == 0
            or combiner == LAST
            or (combiner == MIN and sample < value[j])
            or (combiner == MAX and sample > value[j])
        ):
            value[j] = sample
            if variance.size > 0:
                variance[j] = spread
        weight[j] += factor * weights[j] if weights.size > 0 else factor
        count[j] += 1


@compiled(error_model="numpy")
def normalise(
    combiner: int, value: Reals, weight: Reals, variance: Reals, count: Counts, sci: Reals, err: Reals, wht: Reals
) -> None:
    """Turn sums into samples, standard deviations and weights; NaN where no input had data.

    Planes that are not wanted have no pixels.
    """
    for i in range(count.shape[0]):
        for j in range(count.shape[1]):
            some = count[i, j] > 0
            scale = 1.0 / weight[i, j] if combiner == MEAN else 1.0
            sci[i, j] = value[i, j] * scale if some else np.nan
            wht[i, j] = weight[i, j] if some else np.nan
        if variance.size > 0:
            for j in range(count.shape[1]):
                scale = 1.0 / weight[i, j] if combiner == MEAN else 1.0
                err[i, j] = np.sqrt(variance[i, j]) * scale if count[i, j] > 0 else np.nan
