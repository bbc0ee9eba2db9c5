"""Gather and accumulate: each row of the mosaic looks up where it lies in an image, and adds what it finds there.

numba keeps compiled code by the date of the file that a function stands in, not of those that it calls: whoever
changes `kernels` or `combine` in a checkout must touch this file too.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from jwstpipe.mosaicking.sky_model import BackgroundModel
from jwstpipe.mosaicking.warp.accumulators import Accumulators, accumulate_row
from jwstpipe.mosaicking.warp.kernels import (
    LANCZOS3,
    bits_row,
    lanczos_row,
    lanczos_table,
    linear_row,
    locate_row,
    square_row,
)
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
    """Weights, or shape (1, 1) for `factor` alone."""

    var: NDArray[np.floating]
    """Variances, or shape (1, 1) for none; float64 where 32 bits could not hold them."""

    dq: NDArray[np.uint32]
    """Data quality, or shape (1, 1) for none."""

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
    """Weights without the factor of the input, or shape (1, 1) for one."""

    var: NDArray[np.floating]
    """Variances, or shape (1, 1)."""

    bits: NDArray[np.uint32]
    """Data quality, or shape (1, 1)."""


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
        Numbers from `KERNELS` and `COMBINERS`.
    """
    window = layer.window
    slopes = derivative_weights(where.step) if layer.is_flux else where.weights  # not looked at
    _add_layer(
        where.nodes, where.step, where.weights, slopes, where.box.y0, where.box.x0,
        layer.sci, layer.wht, layer.var, layer.dq,
        window.y0, window.x0, layer.shape[0], layer.shape[1], layer.factor, layer.sky.as_array(), int(layer.is_flux),
        part.y0, part.y1, part.x0, part.x1, box.y0, box.x0, kernel, combiner, LANCZOS_TABLE,
        strip.value, strip.weight, strip.variance, strip.count, strip.used, strip.lost, strip.stack, index,
    )  # fmt: skip


@njit(nogil=True, cache=True, error_model="numpy")
def _sky_row(sky: Floats, y: int, x0: int, out: Floats) -> None:
    """Write the sky along a row of the plane."""
    start = sky[0] + sky[2] * (y - sky[4])
    for j in range(out.size):
        out[j] = start + sky[1] * (x0 + j - sky[3])


@njit(nogil=True, cache=True, error_model="numpy")
def _row(plane: Samples, i: int, j0: int, j1: int) -> Samples:
    """Cut a row out of a plane, or out of its stand-in of shape (1, 1)."""
    return plane[0] if plane.shape[0] == 1 and plane.shape[1] == 1 else plane[i, j0:j1]


@njit(nogil=True, cache=True, error_model="numpy")
def _add_layer(
    nodes: Floats, step: int, lagrange: Floats, slopes: Floats, map_y: int, map_x: int,
    sci: Reals, wht: Reals, var: Reals, dq: Bits,
    origin_y: int, origin_x: int, rows: int, columns: int, factor: float, sky: Floats, is_flux: int,
    y0: int, y1: int, x0: int, x1: int, strip_y: int, strip_x: int, kernel: int, combiner: int, table: Reals,
    value: Floats, weight: Floats, variance: Floats, count: NDArray[np.uint16], used: Bits, lost: Bits,
    stack: Reals, index: int,
) -> None:  # fmt: skip
    n, first = x1 - x0, x0 - map_x
    scratch, area_scratch = np.empty((nodes.shape[1], 2)), np.empty((nodes.shape[1], 4))
    xs, ys, areas, background = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    base, fx, fy = np.empty(n, dtype=np.int32), np.empty(n), np.empty(n)
    samples = np.empty(n)
    weights = np.empty(n if wht.shape[0] > 1 else 1)
    variances = np.zeros(n if var.shape[0] > 1 else 1)
    bits = np.zeros(n if dq.shape[0] > 1 and lost.size > 1 else 1, dtype=np.uint32)
    held_y, held_x = sci.shape
    stacked = stack.shape[2] > 0
    nothing = np.empty((3, 0), dtype=stack.dtype)
    flat, flat_wht, flat_var, flat_dq = sci.reshape(-1), wht.reshape(-1), var.reshape(-1), dq.reshape(-1)
    for y in range(y0, y1):
        fill_row(nodes, step, lagrange, y - map_y, first, scratch, xs, ys)
        locate_row(kernel, xs, ys, rows, columns, origin_y, origin_x, held_y, held_x, base, fx, fy)
        linear_row(flat, held_x, base, fx, fy, samples)
        if weights.size > 1:
            linear_row(flat_wht, held_x, base, fx, fy, weights)
        if variances.size > 1:
            square_row(flat_var, held_x, base, fx, fy, variances)
        if bits.size > 1:
            bits_row(flat_dq, held_x, base, fx, fy, samples, bits)
        if kernel == LANCZOS3:
            lanczos_row(table, sci, var, base, fx, fy, samples, variances)
        if is_flux:
            area_row(nodes, step, lagrange, slopes, y - map_y, first, area_scratch, areas)
            for j in range(n):
                samples[j] *= areas[j]
            if variances.size > 1:
                for j in range(n):
                    variances[j] *= areas[j] ** 2
        _sky_row(sky, y, x0, background)
        i, j0, j1 = y - strip_y, x0 - strip_x, x1 - strip_x
        accumulate_row(
            combiner, samples, weights, variances, bits, background, factor,
            _row(value, i, j0, j1), _row(weight, i, j0, j1), _row(variance, i, j0, j1), count[i, j0:j1],
            _row(used, i, j0, j1), _row(lost, i, j0, j1), stack[:, i, index, j0:j1] if stacked else nothing,
        )  # fmt: skip


def add_resampled(
    strip: Accumulators, box: Box, found: Resampled, layer: InputWindow, *, index: int, combiner: int
) -> None:
    """Add an input that was resampled elsewhere to a strip that covers `box` of the plane."""
    _add_resampled(
        found.sci, found.wht, found.var, found.bits, layer.factor, layer.sky.as_array(),
        found.box.y0, found.box.x0, box.y0, box.x0, combiner,
        strip.value, strip.weight, strip.variance, strip.count, strip.used, strip.lost, strip.stack, index,
    )  # fmt: skip


@njit(nogil=True, cache=True, error_model="numpy")
def _add_resampled(
    sci: Reals, wht: Reals, var: Reals, dq: Bits, factor: float, sky: Floats,
    y0: int, x0: int, strip_y: int, strip_x: int, combiner: int,
    value: Floats, weight: Floats, variance: Floats, count: NDArray[np.uint16], used: Bits, lost: Bits,
    stack: Reals, index: int,
) -> None:  # fmt: skip
    n = sci.shape[1]
    background = np.empty(n)
    stacked = stack.shape[2] > 0
    nothing = np.empty((3, 0), dtype=stack.dtype)
    for row in range(sci.shape[0]):
        _sky_row(sky, y0 + row, x0, background)
        i, j0, j1 = y0 + row - strip_y, x0 - strip_x, x0 - strip_x + n
        accumulate_row(
            combiner, sci[row], _row(wht, row, 0, n), _row(var, row, 0, n), _row(dq, row, 0, n), background, factor,
            _row(value, i, j0, j1), _row(weight, i, j0, j1), _row(variance, i, j0, j1), count[i, j0:j1],
            _row(used, i, j0, j1), _row(lost, i, j0, j1), stack[:, i, index, j0:j1] if stacked else nothing,
        )  # fmt: skip
