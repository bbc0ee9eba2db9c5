"""How samples of several images become one pixel.

Mean, sum, min, max, first and last are taken one image after the other into a few accumulators, in the fixed order of
the plan; the median needs all samples of a strip at once.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numba import njit
from numpy.typing import NDArray

from jwstpipe.mosaic.kernels import sample_row
from jwstpipe.sky.lattice import fill_row
from jwstpipe.sky.pixelmap import PixelMap

__all__ = ["COMBINERS", "MEDIAN", "Layer", "Strip", "add_layer", "finish"]

MEAN, SUM, MIN, MAX, FIRST, LAST, MEDIAN = range(7)

COMBINERS = {"mean": MEAN, "sum": SUM, "min": MIN, "max": MAX, "first": FIRST, "last": LAST, "median": MEDIAN}
"""Number of a combination by its name."""

Floats = NDArray[np.float64]
Reals = NDArray[np.floating]
Bits = NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Layer:
    """A window of one input, prepared for combination."""

    sci: NDArray[np.float32]
    """(y, x), NaN where the pixel must not take part."""

    wht: NDArray[np.float32]
    """Weights, or shape (1, 1) for `factor` alone."""

    var: NDArray[np.float32]
    """Variances, or shape (1, 1) for none."""

    dq: NDArray[np.uint32]
    """Data quality, or shape (1, 1) for none."""

    origin: tuple[int, int]
    """First pixel (y, x) of the window in the input."""

    shape: tuple[int, int]
    """Shape of the whole input."""

    factor: float
    """Weight of the whole input."""

    level: float
    """Sky level to subtract."""


@dataclass(frozen=True, eq=False)
class Strip:
    """Accumulators of a strip of the mosaic, float64 so that the order of magnitude of a level does not matter."""

    value: NDArray[np.float64]
    weight: NDArray[np.float64]
    variance: NDArray[np.float64]
    count: NDArray[np.uint16]
    used: NDArray[np.uint32]
    """Bits of pixels that took part."""

    lost: NDArray[np.uint32]
    """Bits of pixels that had no data."""

    stack: NDArray[np.float32]
    """Samples and variances of every input, (2, input, y, x), NaN = none; without inputs unless a median is taken."""

    @classmethod
    def empty(cls, shape: tuple[int, int], *, inputs: int = 0) -> Self:
        """Make the accumulators of a strip of this shape, with room for a stack of `inputs`."""
        return cls(
            np.zeros(shape),
            np.zeros(shape),
            np.zeros(shape),
            np.zeros(shape, dtype="u2"),
            np.zeros(shape, dtype="u4"),
            np.zeros(shape, dtype="u4"),
            np.full((2, inputs, *shape), np.nan, dtype="f4"),
        )


def add_layer(
    strip: Strip, layer: Layer, where: PixelMap, *, index: int, row: int, column: int, kernel: int, combiner: int
) -> None:
    """Add one input to a strip.

    Parameters
    ----------
    strip
        Accumulators.
    layer
        The input.
    where
        Map of a window that overlaps the strip.
    index
        Number of the input in the strip's stack.
    row
        Row of the map's window that is the strip's first row; negative when the window starts below it.
    column
        Column of the strip at which the map's window starts; may be negative.
    kernel, combiner
        Numbers from `KERNELS` and `COMBINERS`.
    """
    _add_layer(
        where.nodes, where.step, where.weights, where.box.shape[0], where.box.shape[1],
        layer.sci, layer.wht, layer.var, layer.dq,
        layer.origin[0], layer.origin[1], layer.shape[0], layer.shape[1], layer.factor, layer.level,
        row, column, kernel, combiner,
        strip.value, strip.weight, strip.variance, strip.count, strip.used, strip.lost, strip.stack, index,
    )  # fmt: skip


@njit(nogil=True, cache=True)
def _add_layer(
    nodes: Floats, step: int, lagrange: Floats, map_rows: int, map_columns: int,
    sci: Reals, wht: Reals, var: Reals, dq: Bits,
    origin_y: int, origin_x: int, rows: int, columns: int, factor: float, level: float,
    row: int, column: int, kernel: int, combiner: int,
    value: Floats, weight: Floats, variance: Floats, count: NDArray[np.uint16], used: Bits, lost: Bits,
    stack: Reals, index: int,
) -> None:  # fmt: skip
    scratch = np.empty((nodes.shape[1], 2))
    xs, ys = np.empty(map_columns), np.empty(map_columns)
    samples, weights, variances = np.empty(map_columns), np.empty(map_columns), np.empty(map_columns)
    bits = np.empty(map_columns, dtype=np.uint32)
    for i in range(max(0, -row), min(value.shape[0], map_rows - row)):
        fill_row(nodes, step, lagrange, i + row, scratch, xs, ys)
        sample_row(
            kernel, sci, wht, var, dq, origin_y, origin_x, rows, columns, xs, ys, samples, weights, variances, bits
        )
        for j in range(max(0, -column), min(map_columns, value.shape[1] - column)):
            k = column + j
            w = factor * weights[j]
            if not np.isfinite(samples[j]) or not (w > 0.0 and w < np.inf):
                lost[i, k] |= bits[j]
                continue
            sample, spread = samples[j] - level, variances[j]
            used[i, k] |= bits[j]
            if combiner == MEAN:
                value[i, k] += w * sample
                variance[i, k] += w * w * spread
            elif combiner == MEDIAN:
                stack[0, index, i, k], stack[1, index, i, k] = sample, spread
            elif combiner == SUM:
                value[i, k] += sample
                variance[i, k] += spread
            elif (
                count[i, k] == 0
                or combiner == LAST
                or (combiner == MIN and sample < value[i, k])
                or (combiner == MAX and sample > value[i, k])
            ):
                value[i, k], variance[i, k] = sample, spread
            weight[i, k] += w
            count[i, k] += 1


def finish(strip: Strip, *, combiner: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Turn accumulators into samples and their standard deviations; NaN where no input had data."""
    sci = np.empty(strip.value.shape, dtype="f4")
    err = np.empty(strip.value.shape, dtype="f4")
    if combiner == MEDIAN:
        _median(strip.stack, sci, err)
    else:
        _normalise(int(combiner == MEAN), strip.value, strip.weight, strip.variance, strip.count, sci, err)
    return sci, err


@njit(nogil=True, cache=True)
def _normalise(
    weighted: int, value: Floats, weight: Floats, variance: Floats, count: NDArray[np.uint16], sci: Reals, err: Reals
) -> None:
    for i in range(value.shape[0]):
        for j in range(value.shape[1]):
            if count[i, j] == 0:
                sci[i, j], err[i, j] = np.nan, np.nan
                continue
            scale = 1.0 / weight[i, j] if weighted else 1.0
            sci[i, j] = value[i, j] * scale
            err[i, j] = np.sqrt(variance[i, j]) * scale


@njit(nogil=True, cache=True)
def _median(stack: Reals, sci: Reals, err: Reals) -> None:
    """Take the median of each pixel's samples.

    Its standard deviation is that of the mean, times sqrt(pi/2) from three inputs on: what the median of normal
    samples has in the limit.
    """
    kept = np.empty(stack.shape[1])
    for i in range(sci.shape[0]):
        for j in range(sci.shape[1]):
            n, spread = 0, 0.0
            for k in range(stack.shape[1]):
                if np.isfinite(stack[0, k, i, j]):
                    kept[n] = stack[0, k, i, j]
                    spread += stack[1, k, i, j]
                    n += 1
            if n == 0:
                sci[i, j], err[i, j] = np.nan, np.nan
                continue
            ordered = np.sort(kept[:n])
            sci[i, j] = 0.5 * (ordered[(n - 1) // 2] + ordered[n // 2])
            err[i, j] = np.sqrt(spread) / n * (np.sqrt(np.pi / 2.0) if n > 2 else 1.0)
