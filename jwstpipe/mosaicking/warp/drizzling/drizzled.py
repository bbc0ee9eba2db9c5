"""Drizzle with the square kernel: each pixel of an image, shrunk by `pixfrac`, is laid on the plane.

A pixel of the plane takes from each shrunken pixel that it overlaps in proportion to the common area, exactly. After
Fruchter & Hook 2002, PASP 114, 144; the corners are placed and the weights are normed as the ``drizzle`` library of
STScI does, so that the two agree.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.warp.drizzling.drops import Drops, drizzle_drops
from jwstpipe.mosaicking.warp.drizzling.edges import CALM, NOTHING, drizzle_edges, usual
from jwstpipe.mosaicking.warp.drizzling.whole import drizzle_whole
from jwstpipe.mosaicking.warp.kernel_groups import Placed, Planes, WarpMap
from jwstpipe.mosaicking.warp.resample import InputWindow, Resampled
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.box import Box
from jwstpipe.sky.pixelmap import PixelMap

__all__ = ["drizzled"]

Floats = NDArray[np.float64]
Reals = NDArray[np.floating]
Bits = NDArray[np.uint32]


def drizzled(layer: InputWindow, forward: PixelMap, box: Box, *, pixfrac: float) -> Resampled:
    """Drizzle one input onto a window of the plane.

    Parameters
    ----------
    layer
        The input.
    forward
        Map from the input's pixels to the plane, from `forward_map`; its window holds that of the layer and one pixel
        more on each side.
    box
        The window.
    pixfrac
        Side of the drops, pixels of the image, 0.01 to 1.

    Returns
    -------
    Resampled
        Weights are the sums of overlaps (shares of a drop) times the weights of the pixels; variances follow as
        ``sum (a w)^2 v / (sum a w)^2``.
    """
    sums = np.zeros((*box.shape, 2))
    spread = np.zeros(box.shape if layer.var.size else (0, 0))
    used = np.zeros(box.shape if layer.dq.size else (0, 0), dtype="u4")
    lost = np.zeros_like(used)
    window = layer.window
    where = WarpMap(forward.nodes, forward.step, forward.weights, forward.weights, forward.box.y0, forward.box.x0)
    planes = Planes(layer.sci, layer.wht, layer.var, layer.dq)
    placed = Placed(window.y0, window.x0, layer.shape[0], layer.shape[1], layer.factor, int(layer.is_flux))
    drops = Drops(sums, spread, used, lost)
    if pixfrac == 1.0 and layer.var.size:
        drizzle_whole(where, planes, placed, box.y0, box.x0, np.zeros((box.shape[0], box.shape[1] + 2)), drops)
    elif pixfrac == 1.0:
        slopes = np.zeros((box.shape[0], box.shape[1] + 2, 2))
        bright, weight = (CALM[k] * usual(plane.view(np.uint32)) for k, plane in enumerate((layer.sci, layer.wht)))
        light = weight / CALM[1] ** 2
        largest = drizzle_edges(where, planes, placed, box.y0, box.x0, bright, weight, light, slopes, drops)
        _add_up(slopes, NOTHING * largest, sums)
    else:
        drizzle_drops(where, planes, placed, 0.5 * pixfrac, box.y0, box.x0, drops)
    sci, wht = np.empty(box.shape, dtype="f4"), np.empty(box.shape, dtype="f4")
    var = np.empty(spread.shape, dtype=layer.var.dtype)
    _normalise(sums, spread, used, lost, sci, wht, var)
    return Resampled(box, sci, wht, var, used)


@compiled(error_model="numpy")
def _add_up(slopes: Floats, nothing: float, sums: Floats) -> None:
    """Add what lies to the left of each pixel to its sums; weights of up to `nothing` are none."""
    for i in range(sums.shape[0]):
        value, weight = 0.0, 0.0
        for j in range(sums.shape[1]):
            value += slopes[i, j, 0]
            weight += slopes[i, j, 1]
            some = weight > nothing
            sums[i, j, 0] += value if some else 0.0
            sums[i, j, 1] += weight if some else 0.0


@compiled(error_model="numpy")
def _normalise(sums: Floats, spread: Floats, used: Bits, lost: Bits, sci: Reals, wht: Reals, var: Reals) -> None:
    """Divide by the weights; a pixel that no drop reached keeps the bits that tell why."""
    for i in range(sci.shape[0]):
        for j in range(sci.shape[1]):
            total = sums[i, j, 1]
            sci[i, j] = sums[i, j, 0] / total if total > 0.0 else np.nan
            wht[i, j] = total
            if spread.size > 0:
                var[i, j] = spread[i, j] / (total * total) if total > 0.0 else 0.0
            if used.size > 0 and total <= 0.0:
                used[i, j] = lost[i, j]
