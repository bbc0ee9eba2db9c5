"""A mosaic at the pixels of an exposure: what the sky alone would show there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError
from jwstpipe.images.image import SkyImage
from jwstpipe.mosaicking.inputs.brightness_units import kind_of_unit, same_unit
from jwstpipe.mosaicking.warp.kernels import BILINEAR, linear_row, locate_row
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import rotated
from jwstpipe.sky.pixelmap import PixelMap, lattice_map
from jwstpipe.sky.wcs.lattice import fill_row
from jwstpipe.sky.wcs.sky_wcs import SkyWcs

__all__ = ["Under", "blotted"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]

TOLERANCE = 1e-2
"""Largest error of positions in the mosaic, pixels: sharp sources are masked, and what is left is smooth."""

USUAL_INPUTS = 4
"""Exposures that overlap in a mosaic which does not tell."""

SAMPLED = 8
MARGIN = 3
MOST_PIXELS = 1 << 27
"""Of the mosaic under one exposure: 0.5 GB."""


@dataclass(frozen=True, eq=False)
class Under:
    """A mosaic under an exposure."""

    samples: Float32Image
    """float32, (y, x): in the unit of the exposure; NaN where the mosaic has no data."""

    counts: Float32Image | None
    """float32, (y, x): exposures that overlap there; None where the mosaic does not tell."""

    inputs: int
    """The same, in the middle of the range."""


def blotted(exposure: SkyImage, mosaic: SkyImage) -> Under:
    """Interpolate a mosaic at the pixels of an exposure: by cubic splines, bilinearly beside what has no data.

    The step that the pipeline calls *blot* (``outlier_detection``), with the checked lattice of the mosaics here.

    Parameters
    ----------
    exposure
        Gives shape and WCS.
    mosaic
        Image that covers it, or part of it, in the same unit.

    Returns
    -------
    Under
        Samples, and how many exposures they are made of.

    Raises
    ------
    DataError
        The mosaic does not cover the exposure, has another unit, or is too fine.
    """
    _check_units(exposure, mosaic)
    target, source = exposure.image_wcs.exact(name=exposure.address), mosaic.image_wcs.exact(name=mosaic.address)
    box = Box.of_shape(exposure.shape)
    where = lattice_map(_Through(target, source), box, tolerance=TOLERANCE)
    extent = where.extent(box)
    window = None if extent is None else _window(extent, mosaic.shape)
    if window is None:
        raise DataError(f"{mosaic.address}: does not cover {exposure.address}; give the mosaic of these exposures")
    if window.shape[0] * window.shape[1] > MOST_PIXELS:
        raise DataError(f"{mosaic.address}: its pixels are far finer than those of {exposure.address}; make it coarser")
    out = _sampled(mosaic.read("sci", window), where, window, mosaic.shape, exposure.shape)
    if not np.isfinite(out).any():
        raise DataError(
            f"{mosaic.address}: has no data where {exposure.address} lies; give the mosaic of these exposures"
        )
    if kind_of_unit(str(exposure.header.get("BUNIT", ""))).is_flux:  # what a pixel collects goes with its area
        out *= np.float32((target.scale_arcsec / source.scale_arcsec) ** 2)
    if "n" not in mosaic.planes:
        return Under(out, None, USUAL_INPUTS)
    counts = _sampled(mosaic.read("n", window), where, window, mosaic.shape, exposure.shape)
    some = counts[::SAMPLED, ::SAMPLED]
    some = some[some > 0]
    return Under(out, counts, max(round(float(np.median(some))), 1) if some.size else 1)


def _sampled(
    values: NDArray[np.generic], where: PixelMap, window: Box, whole: tuple[int, int], shape: tuple[int, int]
) -> Float32Image:
    """Interpolate a window of the mosaic, of which `whole` is the shape, at all pixels of an exposure."""
    out = np.empty(shape, np.float32)
    samples = np.ascontiguousarray(values, np.float32)
    _fill(where.nodes, where.step, where.weights, samples, window.y0, window.x0, *whole, out)
    return out


def _check_units(exposure: SkyImage, mosaic: SkyImage) -> None:
    own, other = (str(image.header.get("BUNIT", "")).strip() for image in (exposure, mosaic))
    if not same_unit(own, other):
        raise DataError(
            f"{mosaic.address}: its unit is {other or 'missing'}, that of {exposure.address} is {own or 'missing'};"
            " give the mosaic of these exposures"
        )


class _Through:
    """The exact way from the pixels of one image to those of another."""

    def __init__(self, target: SkyWcs, source: SkyWcs) -> None:
        self._target, self._source = target, source

    def __call__(self, rows: Floats, columns: Floats) -> Floats:
        lon, lat = self._target.to_sky(columns.ravel(), rows.ravel())
        x, y = self._source.to_pixel(*rotated(lon, lat, self._target.frame, self._source.frame))
        return np.stack([x.reshape(rows.shape), y.reshape(rows.shape)], axis=-1)


def _window(extent: tuple[float, float, float, float], shape: tuple[int, int]) -> Box | None:
    x0, x1, y0, y1 = extent
    corners = np.array([y0 - MARGIN, x0 - MARGIN, y1 + MARGIN, x1 + MARGIN])
    if not np.isfinite(corners).all() or np.abs(corners).max() > 1e9:
        return None
    low_y, low_x, high_y, high_x = np.floor(corners).astype(int)
    return Box(int(low_y), int(low_x), int(high_y) + 1, int(high_x) + 1).intersection(Box.of_shape(shape))


@compiled(error_model="numpy")
def _fill(
    nodes: Floats, step: int, weights: Floats, samples: Float32Image, y0: int, x0: int, rows: int, columns: int,
    out: Float32Image,
) -> None:  # fmt: skip
    n = out.shape[1]
    scratch, xs, ys = np.empty((nodes.shape[1], 2)), np.empty(n), np.empty(n)
    base, fx, fy = np.empty(n, dtype=np.int32), np.empty(n), np.empty(n)
    held_y, held_x = samples.shape
    flat = samples.reshape(-1)
    for y in range(out.shape[0]):
        fill_row(nodes, step, weights, y, 0, scratch, xs, ys)
        locate_row(BILINEAR, xs, ys, rows, columns, y0, x0, held_y, held_x, base, fx, fy)
        linear_row(flat, held_x, base, fx, fy, out[y])
        _cubic_row(flat, held_x, held_y, base, fx, fy, out[y])


@compiled(error_model="numpy")
def _cubic_row(
    flat: Float32Image, stride: int, rows: int, base: NDArray[np.int32], fx: Floats, fy: Floats, out: Float32Image
) -> None:
    """Replace linear samples by those of Catmull-Rom splines (Keys 1981), where all sixteen pixels have data."""
    for j in range(base.size):
        f, g = fx[j], fy[j]
        row, column = base[j] // stride, base[j] % stride
        if not f >= 0.0 or row < 1 or row + 2 >= rows or column < 1 or column + 2 >= stride:
            continue
        a0 = f * (-0.5 + f * (1.0 - 0.5 * f))
        a1 = 1.0 + f * f * (-2.5 + 1.5 * f)
        a2 = f * (0.5 + f * (2.0 - 1.5 * f))
        a3 = f * f * (-0.5 + 0.5 * f)
        first = base[j] - stride - 1
        low = a0 * flat[first] + a1 * flat[first + 1] + a2 * flat[first + 2] + a3 * flat[first + 3]
        first += stride
        here = a0 * flat[first] + a1 * flat[first + 1] + a2 * flat[first + 2] + a3 * flat[first + 3]
        first += stride
        up = a0 * flat[first] + a1 * flat[first + 1] + a2 * flat[first + 2] + a3 * flat[first + 3]
        first += stride
        top = a0 * flat[first] + a1 * flat[first + 1] + a2 * flat[first + 2] + a3 * flat[first + 3]
        value = (
            g * (-0.5 + g * (1.0 - 0.5 * g)) * low
            + (1.0 + g * g * (-2.5 + 1.5 * g)) * here
            + g * (0.5 + g * (2.0 - 1.5 * g)) * up
            + g * g * (-0.5 + 0.5 * g) * top
        )
        if value == value:  # noqa: PLR0124 - not NaN
            out[j] = value
