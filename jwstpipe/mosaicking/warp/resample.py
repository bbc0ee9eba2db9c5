"""Gather and accumulate: each row of the mosaic looks up where it lies in an image, and adds what it finds there."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.sky_model import BackgroundModel
from jwstpipe.mosaicking.warp.accumulators import Accumulators, accumulate_row
from jwstpipe.mosaicking.warp.kernel_groups import Part, Placed, Planes, Sums, WarpMap
from jwstpipe.mosaicking.warp.kernels import (
    LANCZOS3,
    lanczos_row,
    lanczos_table,
    locate_row,
    sample_row,
)
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.area import area_row, derivative_weights
from jwstpipe.sky.box import Box
from jwstpipe.sky.pixelmap import PixelMap
from jwstpipe.sky.wcs.lattice import fill_row

__all__ = ["InputWindow", "Resampled", "add_resampled", "add_window"]

Floats = NDArray[np.float64]
Reals = NDArray[np.floating]
Bits = NDArray[np.uint32]
Samples = NDArray[Any]

LANCZOS_TABLE = lanczos_table()


@dataclass(frozen=True, eq=False)
class InputWindow:
    """A window of one input, prepared for resampling."""

    sci: NDArray[np.float32]
    """(y, x), NaN where the pixel must not take part."""

    wht: NDArray[np.float32]
    """Weights, or no pixels for `factor` alone."""

    var: NDArray[np.floating]
    """Variances, or no pixels for none; float64 where 32 bits could not hold them."""

    dq: NDArray[np.uint32]
    """Data quality, or no pixels for none."""

    window: Box
    """Where the window lies in the input."""

    shape: tuple[int, int]
    """Shape of the whole input."""

    factor: float
    """Weight of the whole input."""

    sky: BackgroundModel

    is_flux: bool
    """Samples are fluxes in a pixel, not on an area of sky: they change with the area of the pixel."""


@dataclass(frozen=True, eq=False)
class Resampled:
    """One input on a part of the plane."""

    box: Box
    """The part."""

    sci: NDArray[np.float32]
    """(y, x), NaN = none."""

    wht: NDArray[np.float32]
    """Weights without the factor of the input, or no pixels for one."""

    var: NDArray[np.floating]
    """Variances, or no pixels."""

    bits: NDArray[np.uint32]
    """Data quality, or no pixels."""


def add_window(
    strip: Accumulators,
    box: Box,
    part: Box,
    layer: InputWindow,
    where: PixelMap,
    *,
    index: int,
    kernel: int,
    combiner: int,
) -> None:
    """Interpolate one input and add it to a part of a strip.

    Parameters
    ----------
    strip
        Accumulators.
    box
        Window of the plane that the strip covers.
    part
        Part of it to fill.
    layer
        The input.
    where
        Map of a window of the plane that holds the part.
    index
        Number of the input in the strip's stack.
    kernel, combiner
        Numbers of `jwstpipe.mosaicking.warp.kernels`, and of `COMBINERS`.
    """
    window = layer.window
    slopes = derivative_weights(where.step) if layer.is_flux else where.weights  # not looked at
    _add_layer(
        WarpMap(where.nodes, where.step, where.weights, slopes, where.box.y0, where.box.x0),
        Planes(layer.sci, layer.wht, layer.var, layer.dq),
        Placed(window.y0, window.x0, layer.shape[0], layer.shape[1], layer.factor, int(layer.is_flux)),
        layer.sky.as_array(), Part.of(part), Sums.of(strip, box), index, kernel, combiner, LANCZOS_TABLE,
    )  # fmt: skip


@compiled(error_model="numpy")
def _sky_row(sky: Floats, y: int, x0: int, out: Floats) -> None:
    """Write the sky along a row of the plane."""
    start = sky[0] + sky[2] * (y - sky[4])
    for j in range(out.size):
        out[j] = start + sky[1] * (x0 + j - sky[3])


@compiled(error_model="numpy")
def _row(plane: Samples, i: int, j0: int, j1: int) -> Samples:
    """Cut a row out of a plane, or nothing out of one that is not there."""
    return plane[i, j0:j1] if plane.size > 0 else plane.reshape(-1)


@compiled(error_model="numpy")
def _add_layer(
    where: WarpMap, planes: Planes, image: Placed, sky: Floats, part: Part, strip: Sums, index: int, kernel: int,
    combiner: int, table: Reals,
) -> None:  # fmt: skip
    sci, wht, var, dq = planes.sci, planes.wht, planes.var, planes.dq
    nodes, step, lagrange = where.nodes, where.step, where.weights
    n, first = part.x1 - part.x0, part.x0 - where.x0
    scratch, area_scratch = np.empty((nodes.shape[1], 2)), np.empty((nodes.shape[1], 4))
    xs, ys, areas, background = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    base, fx, fy = np.empty(n, dtype=np.int32), np.empty(n), np.empty(n)
    samples = np.empty(n)
    weights = np.empty(n if wht.size > 0 else 0)
    variances = np.zeros(n if var.size > 0 else 0)
    bits = np.zeros(n if dq.size > 0 and strip.lost.size > 0 else 0, dtype=np.uint32)
    held_y, held_x = sci.shape
    flat, flat_wht, flat_var, flat_dq = sci.reshape(-1), wht.reshape(-1), var.reshape(-1), dq.reshape(-1)
    for y in range(part.y0, part.y1):
        fill_row(nodes, step, lagrange, y - where.y0, first, scratch, xs, ys)
        locate_row(kernel, xs, ys, image.rows, image.columns, image.y0, image.x0, held_y, held_x, base, fx, fy)
        sample_row(
            flat, flat_wht, flat_var, flat_dq, held_x, base, fx, fy, samples, weights, variances, bits
        )  # fmt: skip
        if kernel == LANCZOS3:
            lanczos_row(table, sci, var, base, fx, fy, samples, variances)
        if image.is_flux:
            area_row(nodes, step, lagrange, where.slopes, y - where.y0, first, area_scratch, areas)
            for j in range(n):
                samples[j] *= areas[j]
            if variances.size > 0:
                for j in range(n):
                    variances[j] *= areas[j] ** 2
        _sky_row(sky, y, part.x0, background)
        _accumulate(combiner, samples, weights, variances, bits, background, image.factor, strip, y, part.x0, index)


@compiled(error_model="numpy")
def _accumulate(
    combiner: int, samples: Reals, weights: Reals, variances: Reals, bits: Bits, background: Floats, factor: float,
    strip: Sums, y: int, x0: int, index: int,
) -> None:  # fmt: skip
    """Add a row of an input, that lies on the plane at (y, x0), to its row of the strip."""
    i, j0 = y - strip.y0, x0 - strip.x0
    j1 = j0 + samples.size
    nothing = np.empty((3, 0), dtype=strip.stack.dtype)
    accumulate_row(
        combiner, samples, weights, variances, bits, background, factor,
        _row(strip.value, i, j0, j1), _row(strip.weight, i, j0, j1), _row(strip.variance, i, j0, j1),
        strip.inputs[i, j0:j1], _row(strip.used, i, j0, j1), _row(strip.lost, i, j0, j1),
        strip.stack[:, i, index, j0:j1] if strip.stack.shape[2] > 0 else nothing,
    )  # fmt: skip


def add_resampled(
    strip: Accumulators, box: Box, found: Resampled, layer: InputWindow, *, index: int, combiner: int
) -> None:
    """Add an input that was resampled elsewhere to a strip that covers `box` of the plane."""
    _add_resampled(
        Planes(found.sci, found.wht, found.var, found.bits), layer.factor, layer.sky.as_array(), Part.of(found.box),
        Sums.of(strip, box), index, combiner,
    )  # fmt: skip


@compiled(error_model="numpy")
def _add_resampled(
    planes: Planes, factor: float, sky: Floats, part: Part, strip: Sums, index: int, combiner: int
) -> None:
    n = planes.sci.shape[1]
    background = np.empty(n)
    for row in range(planes.sci.shape[0]):
        y = part.y0 + row
        _sky_row(sky, y, part.x0, background)
        _accumulate(
            combiner, planes.sci[row], _row(planes.wht, row, 0, n), _row(planes.var, row, 0, n),
            _row(planes.dq, row, 0, n), background, factor, strip, y, part.x0, index,
        )  # fmt: skip
