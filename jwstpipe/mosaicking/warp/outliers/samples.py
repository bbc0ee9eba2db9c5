"""Pixels of images as they came, laid down on the plane: each in the pixel of the plane that its middle lies on."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.warp.kernel_groups import Part, Placed, Planes, WarpMap
from jwstpipe.mosaicking.warp.mapped_source import MappedSource
from jwstpipe.mosaicking.warp.resample import InputWindow
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.area import area_row, derivative_weights
from jwstpipe.sky.box import Box
from jwstpipe.sky.wcs.lattice import fill_row

__all__ = ["BYTES", "DEEP", "Samples", "lay_down", "no_samples", "way_to_plane"]

Float32Cube = NDArray[np.float32]
Floats = NDArray[np.float64]

DEEP = 2
"""Pixels of an image that one of the plane can hold: turned against each other, the middles of two often lie on one."""

BYTES = 16 * DEEP
"""Of one image on one pixel of the plane."""


class Samples(NamedTuple):
    """Pixels of all images, where they lie: `DEEP` layers of each; of more on one of the plane, the first ones."""

    value: Float32Cube
    """(layer, y, x): brightness without the sky's level; NaN = none."""

    sigma: Float32Cube
    """(layer, y, x): standard deviation."""

    dy: Float32Cube
    """(layer, y, x): how far the middle of the pixel lies above that of the pixel of the plane, pixels of the plane."""

    dx: Float32Cube


def no_samples(images: int, shape: tuple[int, int]) -> Samples:
    """Make room for the pixels of images on a part of the plane."""
    value, sigma, dy, dx = np.zeros((4, DEEP * images, *shape), np.float32)
    value[:] = np.nan
    return Samples(value, sigma, dy, dx)


def way_to_plane(found: MappedSource, layer: InputWindow) -> tuple[WarpMap, Planes, Placed]:
    """Tell kernels where a window of an image lies on the plane."""
    window, blot = layer.window, found.blotted
    slopes = derivative_weights(blot.step) if layer.is_flux else blot.weights  # not looked at
    return (
        WarpMap(blot.nodes, blot.step, blot.weights, slopes, blot.box.y0, blot.box.x0),
        Planes(layer.sci, layer.wht, layer.var, layer.dq),
        Placed(window.y0, window.x0, layer.shape[0], layer.shape[1], found.source.noise, int(layer.is_flux)),
    )


def lay_down(found: MappedSource, layer: InputWindow, box: Box, index: int, samples: Samples) -> None:
    """Add the pixels of a window of an image to what covers `box`, in place."""
    where, planes, image = way_to_plane(found, layer)
    own = Samples(*(part[DEEP * index : DEEP * (index + 1)] for part in samples))
    _lay_down(where, planes, image, layer.sky.as_array(), Part.of(box), own)


@compiled(error_model="numpy")
def _lay_down(where: WarpMap, planes: Planes, image: Placed, sky: Floats, part: Part, samples: Samples) -> None:
    sci, var = planes.sci, planes.var
    height, width = sci.shape
    scratch, area_scratch = np.empty((where.nodes.shape[1], 2)), np.empty((where.nodes.shape[1], 4))
    xs, ys, areas = np.empty(width), np.empty(width), np.ones(width)
    for i in range(height):
        row, first = image.y0 + i - where.y0, image.x0 - where.x0
        fill_row(where.nodes, where.step, where.weights, row, first, scratch, xs, ys)
        if image.is_flux:
            area_row(where.nodes, where.step, where.weights, where.slopes, row, first, area_scratch, areas)
        for j in range(width):
            x, y = xs[j] - part.x0, ys[j] - part.y0
            inside = -0.5 <= x < part.x1 - part.x0 - 0.5 and -0.5 <= y < part.y1 - part.y0 - 0.5
            if not (inside and np.isfinite(sci[i, j]) and areas[j] > 0.0):
                continue
            py, px = int(np.floor(y + 0.5)), int(np.floor(x + 0.5))
            variance = var[i, j] if var.size > 0 and var[i, j] > 0.0 else image.factor**2
            background = sky[0] + sky[1] * (xs[j] - sky[3]) + sky[2] * (ys[j] - sky[4])
            layer = 0 if np.isnan(samples.value[0, py, px]) else 1
            if np.isnan(samples.value[layer, py, px]):
                samples.value[layer, py, px] = sci[i, j] / areas[j] - background
                samples.sigma[layer, py, px] = np.sqrt(variance) / areas[j]
                samples.dy[layer, py, px], samples.dx[layer, py, px] = y - py, x - px
