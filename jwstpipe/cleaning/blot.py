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
from jwstpipe.sky.pixelmap import lattice_map
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
    several = "n" in mosaic.planes
    out = np.empty(exposure.shape, np.float32)
    counts = np.empty(exposure.shape if several else (0, 0), np.float32)
    held = [np.ascontiguousarray(mosaic.read(plane, window), np.float32) for plane in ("sci", "n")[: 1 + several]]
    _fill(
        where.nodes, where.step, where.weights, held[0], held[-1], window.y0, window.x0, *mosaic.shape, out, counts
    )  # fmt: skip
    if not np.isfinite(out).any():
        raise DataError(
            f"{mosaic.address}: has no data where {exposure.address} lies; give the mosaic of these exposures"
        )
    if kind_of_unit(str(exposure.header.get("BUNIT", ""))).is_flux:  # what a pixel collects goes with its area
        out *= np.float32((target.scale_arcsec / source.scale_arcsec) ** 2)
    if not several:
        return Under(out, None, USUAL_INPUTS)
    some = counts[::SAMPLED, ::SAMPLED]
    some = some[some > 0]
    return Under(out, counts, max(round(float(np.median(some))), 1) if some.size else 1)


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
    nodes: Floats, step: int, weights: Floats, samples: Float32Image, inputs: Float32Image, y0: int, x0: int,
    rows: int, columns: int, out: Float32Image, counts: Float32Image,
) -> None:  # fmt: skip
    """Interpolate a window of the mosaic at (y0, x0), and how many exposures it is made of where `counts` has pixels.

    Linear samples are replaced by those of Catmull-Rom splines (Keys 1981), where all sixteen pixels have data.
    """
    n, both = out.shape[1], counts.size > 0
    scratch, xs, ys = np.empty((nodes.shape[1], 2)), np.empty(n), np.empty(n)
    base, fx, fy = np.empty(n, dtype=np.int32), np.empty(n), np.empty(n)
    held_y, stride = samples.shape
    flat, flat_inputs = samples.reshape(-1), inputs.reshape(-1)
    across, up = np.empty(4), np.empty(4)
    for y in range(out.shape[0]):
        fill_row(nodes, step, weights, y, 0, scratch, xs, ys)
        locate_row(BILINEAR, xs, ys, rows, columns, y0, x0, held_y, stride, base, fx, fy)
        linear_row(flat, stride, base, fx, fy, out[y])
        if both:
            linear_row(flat_inputs, stride, base, fx, fy, counts[y])
        for j in range(n):
            f, g = fx[j], fy[j]
            row = np.int64(np.uint32(base[j]) // np.uint32(stride))
            column = base[j] - row * stride
            if not f >= 0.0 or row < 1 or row + 2 >= held_y or column < 1 or column + 2 >= stride:
                continue
            _spline(f, across)
            _spline(g, up)
            first = base[j] - stride - 1
            value = _cubic(flat, first, stride, across, up)
            if value == value:  # noqa: PLR0124 - not NaN
                out[y, j] = value
            if both:
                value = _cubic(flat_inputs, first, stride, across, up)
                if value == value:  # noqa: PLR0124 - not NaN
                    counts[y, j] = value


@compiled(error_model="numpy")
def _spline(f: float, weights: Floats) -> None:
    """Write the weights of four samples in a row, between whose middle ones a position lies."""
    weights[0] = f * (-0.5 + f * (1.0 - 0.5 * f))
    weights[1] = 1.0 + f * f * (-2.5 + 1.5 * f)
    weights[2] = f * (0.5 + f * (2.0 - 1.5 * f))
    weights[3] = f * f * (-0.5 + 0.5 * f)


@compiled(error_model="numpy")
def _cubic(flat: Float32Image, first: int, stride: int, across: Floats, up: Floats) -> float:
    """Add up sixteen samples."""
    a0, a1, a2, a3 = across[0], across[1], across[2], across[3]
    low = a0 * flat[first] + a1 * flat[first + 1] + a2 * flat[first + 2] + a3 * flat[first + 3]
    first += stride
    here = a0 * flat[first] + a1 * flat[first + 1] + a2 * flat[first + 2] + a3 * flat[first + 3]
    first += stride
    above = a0 * flat[first] + a1 * flat[first + 1] + a2 * flat[first + 2] + a3 * flat[first + 3]
    first += stride
    top = a0 * flat[first] + a1 * flat[first + 1] + a2 * flat[first + 2] + a3 * flat[first + 3]
    return float(up[0] * low + up[1] * here + up[2] * above + up[3] * top)
