"""What all images together say of a pixel of the plane, and which of their samples there contradict it.

The reference that outliers are looked for against (`jwstpipe.mosaicking.warp.outliers.contradicted`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.tile_job import JUDGED, TileJob
from jwstpipe.mosaicking.warp.accumulators import MEDIAN, Accumulators
from jwstpipe.mosaicking.warp.input_groups import input_groups
from jwstpipe.mosaicking.warp.kernels import BILINEAR
from jwstpipe.mosaicking.warp.mapped_source import MappedSource
from jwstpipe.mosaicking.warp.outliers.samples import Samples, lay_down, no_samples
from jwstpipe.mosaicking.warp.resample import add_window
from jwstpipe.mosaicking.warp.scratch import ScratchBuffer
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.box import Box

__all__ = ["Reference", "reference_on"]

LOWER_MIDDLE = 1.2
"""The lower of the middle two of n normal samples lies this many n-ths of a standard deviation below the median."""

SCATTER_NOISE = 4.0
"""Scatter is beyond noise where its square is this many times the variance: that of few samples varies by itself."""

ON_PLANE, ON_PLANE_STEPS = 3.5, 1.0
"""Standard deviations, and share of the steepest step to a neighbour, by which samples on the plane may differ."""

STEP_NOISE = 2.0
"""The steepest of four steps of noise alone, standard deviations of a pixel of the reference."""

AROUND = 2
"""Pixels around one whose scatter tells whether its own is that of the sky: rays are narrower."""

FAINT_STARS = 4.0
"""Scatter, in variances of a sample, that stars make which the reference does not show."""

FEW = 24
"""So many values are sorted fastest one by one."""

Reals = NDArray[np.floating]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reference:
    """The median of all images on a part of the plane."""

    box: Box
    middle: Reals
    """(y, x) NaN where no image has data."""

    spread: Reals
    """Variance of the median, and what the images scatter beyond their noise."""

    even: Reals
    """The same, but no more of scatter than there is around, or faint stars make: more of it is that of rays."""

    noise: Reals
    """Variance of the median by the noise of the images alone."""

    weight: Reals
    """Mean weight of a sample."""

    count: NDArray[np.uint16]
    """Images that have data."""

    contrary: NDArray[np.bool_]
    """(y, image, x): samples on the plane that contradict the median."""

    samples: Samples
    """Pixels of the images as they came."""

    order: tuple[MappedSource, ...]
    """The images, as `contrary` and `samples` count them."""

    struck: NDArray[np.uint16]
    """Pixels of images that were rejected, by the pixel of the plane that they lie on."""


def reference_on(job: TileJob, band: Box, placed: Sequence[MappedSource], room: ScratchBuffer) -> Reference:
    """Make the reference of a band and of what lies around it.

    Parameters
    ----------
    job
        The work.
    band
        Part of the plane whose pixels shall be judged.
    placed
        The inputs, mapped on more than that.
    room
        Where windows of inputs are put.
    """
    outer = band.dilated(JUDGED)
    there = [(found, window) for found in placed if (window := found.needed(outer)) is not None]
    strip = Accumulators.empty(
        outer.shape, ScratchBuffer(0), errors=False, bits=False, inputs=max(len(there), 1), wide=job.wide_errors
    )
    samples = no_samples(len(there), outer.shape)
    for group in input_groups(job, there, room):
        for index, layer in group:
            found = there[index][0]
            lay_down(found, layer, outer, index, samples)
            part = outer.intersection(found.region)
            if part is not None:
                add_window(strip, outer, part, layer, found.where, index=index, kernel=BILINEAR, combiner=MEDIAN)
    noise = np.array([found.source.noise for found, _ in there] or [0.0])
    middle, spread, own, weight = (np.empty(outer.shape, strip.stack.dtype) for _ in range(4))
    count = np.empty(outer.shape, np.uint16)
    _reference(strip.stack, noise, middle, spread, own, weight, count)
    even = spread.copy()
    _leave_rays_out(spread - own, own, count, even)
    contrary = np.zeros(strip.stack.shape[1:], np.bool_)
    _contrary(strip.stack, noise, middle, spread, even, own, contrary)
    order = tuple(found for found, _ in there)
    struck = np.zeros(outer.shape, np.uint16)
    return Reference(outer, middle, spread, even, own, weight, count, contrary, samples, order, struck)


@compiled(error_model="numpy")
def _reference(
    stack: Reals, noise: Reals, middle: Reals, spread: Reals, own: Reals, weight: Reals, count: NDArray[np.uint16]
) -> None:  # fmt: skip
    kept, apart = np.empty((2, stack.shape[2]))
    for i in range(middle.shape[0]):
        for j in range(middle.shape[1]):
            n, variance, weights = 0, 0.0, 0.0
            for k in range(stack.shape[2]):
                if np.isfinite(stack[0, i, k, j]):
                    kept[n] = stack[0, i, k, j]
                    variance += stack[2, i, k, j] if stack[2, i, k, j] > 0.0 else noise[k] ** 2
                    weights += stack[1, i, k, j]
                    n += 1
            count[i, j] = n
            if n == 0:
                middle[i, j], spread[i, j], own[i, j], weight[i, j] = np.nan, np.nan, np.nan, np.nan
                continue
            variance /= n
            weight[i, j] = weights / n
            values = kept[:n]
            _sort(values)
            centre = values[(n - 1) // 2]
            if n % 2 == 0:
                centre += min(LOWER_MIDDLE / n * np.sqrt(variance), 0.5 * (values[n // 2] - centre))
            if n <= 2:
                middle[i, j] = centre
                spread[i, j] = own[i, j] = variance
                continue
            away = apart[:n]
            for k in range(n):
                away[k] = abs(values[k] - centre)
            _sort(away)
            scatter = 1.4826 * 0.5 * (away[(n - 1) // 2] + away[n // 2])
            middle[i, j] = centre
            own[i, j] = 0.5 * np.pi * variance / n
            spread[i, j] = own[i, j] + max(scatter**2 - SCATTER_NOISE * variance, 0.0)


@compiled(error_model="numpy")
def _leave_rays_out(beyond: Reals, own: Reals, count: NDArray[np.uint16], even: Reals) -> None:
    """Lower what images scatter beyond their noise to the median of what they do around: two rays are no scatter.

    Faint stars, speckles and spikes are as narrow as rays; what they scatter stays.
    """
    rows, columns = beyond.shape
    room = np.empty((2 * AROUND + 1) ** 2)
    for i in range(rows):
        for j in range(columns):
            if not beyond[i, j] > 0.0:
                continue
            n = 0
            for y in range(max(i - AROUND, 0), min(i + AROUND + 1, rows)):
                for x in range(max(j - AROUND, 0), min(j + AROUND + 1, columns)):
                    if np.isfinite(beyond[y, x]):
                        room[n] = beyond[y, x]
                        n += 1
            values = room[:n]
            values.sort()
            faint = FAINT_STARS * own[i, j] * count[i, j] / (0.5 * np.pi)
            even[i, j] = own[i, j] + min(beyond[i, j], max(values[n // 2], faint))


@compiled(error_model="numpy")
def _contrary(
    stack: Reals, noise: Reals, middle: Reals, spread: Reals, even: Reals, own: Reals, contrary: NDArray[np.bool_]
) -> None:  # fmt: skip
    """Mark the samples on the plane that contradict the median."""
    for i in range(1, middle.shape[0] - 1):
        for j in range(1, middle.shape[1] - 1):
            here, steepest = middle[i, j], 0.0
            for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                step = abs(middle[i + dy, j + dx] - here)
                if np.isfinite(step):
                    steepest = max(steepest, step)
            steepest = np.sqrt(max(steepest**2 - STEP_NOISE**2 * own[i, j], 0.0))
            for k in range(stack.shape[2]):
                variance = stack[2, i, k, j] if stack[2, i, k, j] > 0.0 else noise[k] ** 2
                away = stack[0, i, k, j] - here
                scatter = even[i, j] if away > 0.0 else spread[i, j]
                contrary[i, k, j] = abs(away) > ON_PLANE * np.sqrt(variance + scatter) + ON_PLANE_STEPS * steepest


@compiled(error_model="numpy")
def _sort(values: Floats) -> None:
    """Sort in place; a few are put in their order one by one."""
    if values.size > FEW:
        values.sort()
        return
    for k in range(1, values.size):
        value, place = values[k], k
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value
