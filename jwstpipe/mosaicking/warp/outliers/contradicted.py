"""Outliers: pixels of one image that the others contradict, found at the image's own pixels.

All images are resampled to the plane; the median of each pixel is the reference, which is looked up at every pixel of
every image (blotted) and compared there, in two passes: a pixel is an outlier where it differs from the reference by
more than its noise and the steepness of the reference explain; beside such pixels less is asked for. This is the scheme
of the JWST pipeline's ``outlier_detection``
(https://jwst-pipeline.readthedocs.io/en/latest/jwst/outlier_detection/outlier_detection_imaging.html) and of ``blot``
and ``drizCR`` before it. It differs in five things:

- Where the reference is not flat, a pixel is compared with what the pixels around it, of all images, predict
  (`jwstpipe.mosaicking.warp.outliers.predicted`). Cores of undersampled stars stand higher than the reference, and
  would be lost (https://github.com/spacetelescope/jwst/issues/9989 tells of such); steps as allowances hide rays.
- Where it is flat, less is asked of a pixel that is contradicted on the plane too, where all images were interpolated
  alike.
- The noise is that of the pixel and of the reference, and, from three images on, what the images scatter beyond their
  noise; above the reference no more than they scatter around: two rays on one place would hide each other.
- Of an even number of images the lower one of the middle two is the reference, raised by what it lies below the median
  of noise: so that of two the one that has a cosmic ray loses it, where their mean would contradict both, and two rays
  among four do no harm. A pixel that one image alone has is kept.
- Where no sample is left, the reference is kept, and flagged: no holes.

The whole pixel of the image goes, before it is resampled: so its light is in none of the pixels that it would reach.
Drizzling leaves it out; kernels that interpolate find the reference in its place, as in the images that ``drizCR``
cleans, because what is left of a star without one of its pixels is no star. A pixel of the mosaic on which it lay
counts one image less, in ``n``, weight and error.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.mosaicking.warp.kernel_groups import Part, Placed, Planes, WarpMap
from jwstpipe.mosaicking.warp.mapped_source import MappedSource
from jwstpipe.mosaicking.warp.outliers.predicted import Around, around, predicted
from jwstpipe.mosaicking.warp.outliers.reference import Reference
from jwstpipe.mosaicking.warp.outliers.samples import Samples, way_to_plane
from jwstpipe.mosaicking.warp.resample import InputWindow
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.area import area_row
from jwstpipe.sky.box import Box
from jwstpipe.sky.wcs.lattice import fill_row

__all__ = ["contradicted", "fill_holes"]

K1, K1_BELOW, K2 = 3.4, 3.7, 3.0
"""Differences in standard deviations, of the first pass above and below what is expected, and of the second pass."""

S1, S2 = 0.6, 0.4
"""Share of the range of the reference within a pixel of the image, of both passes, where the reference is flat. (The
pipeline, which has no other protection of stars, takes 1.2 and 0.7 of the steepest step.)"""

FLAT = 3.0
"""The reference is flat where its range is this many standard deviations of a pixel at most."""

ASKED = 3.0
"""Standard deviations of noise by which a pixel on a steep reference must differ from it, to be predicted."""

K1_STAR, K2_STAR = 4.0, 3.0
"""Differences from that prediction, of both passes."""

SHINING, LESS = 20.0, 0.8
"""Light nearby over the noise of the pixel, from which the shape of a star says more than noise does; how much less
differences count then, and where one other image is all that tells."""

CONFIRMED, CONFIRMED_RANGE = 3.0, 0.3
"""What the pixel itself must differ by, where its sample on the plane does."""

RANGE_NOISE = 3.5
"""The range of nine pixels of noise alone, standard deviations: what it holds of the reference's is taken off."""

OUTLIER = np.uint32(DQ_BITS["OUTLIER"])

Reals = NDArray[np.floating]
Floats = NDArray[np.float64]
Bits = NDArray[np.uint32]


class _Told(NamedTuple):
    """What all images tell, as `Reference` has it."""

    middle: Reals
    spread: Reals
    even: Reals
    noise: Reals
    images: NDArray[np.uint16]


class _Compared(NamedTuple):
    """Pixels of a window of an image beside what all images tell; NaN where nothing is known."""

    away: Floats
    """(y, x): how far a pixel lies above what is expected."""

    sigma: Floats
    """(y, x): standard deviation of that."""

    slope: Floats
    """(y, x): range of the reference within the pixel; NaN where it is not flat."""

    misfit: Floats
    """(y, x): where it is not flat, sigmas above what the pixels around predict."""

    expected: Floats
    places: NDArray[np.int32]
    """(y, x, 2): pixel of the plane that the middle lies on."""


def contradicted(found: MappedSource, layer: InputWindow, reference: Reference, band: Box) -> int:
    """Take the outliers out of a window of an image, in place, and count those whose middle lies on the band.

    Parameters
    ----------
    found
        The image.
    layer
        A window of it; outliers become NaN there, or what was expected where the kernel interpolates.
    reference
        Of the band.
    band
        Part of the plane: that of neighbouring bands counts the others.
    """
    where, planes, image = way_to_plane(found, layer)
    own = reference.order.index(found)
    height, width = layer.sci.shape
    away, sigma, slope, misfit, expected = np.full((5, height, width), np.nan)
    compared = _Compared(away, sigma, slope, misfit, expected, np.full((height, width, 2), -1, np.int32))
    told = _Told(reference.middle, reference.spread, reference.even, reference.noise, reference.count)
    scale = found.wcs.scale_arcsec / found.job.grid.scale_arcsec
    _compare(
        where, planes, image, layer.sky.as_array(), Part.of(reference.box), told, reference.samples, own, scale,
        around(), compared,
    )  # fmt: skip
    inner = Part.of(band.relative_to(reference.box))
    return int(
        _strike(layer.sci, compared, int(found.interpolated), inner, reference.contrary[:, own], reference.struck)
    )


@compiled(error_model="numpy")
def _compare(
    where: WarpMap, planes: Planes, image: Placed, sky: Floats, outer: Part, told: _Told, samples: Samples, own: int,
    scale: float, room: Around, out: _Compared,
) -> None:  # fmt: skip
    sci, var, middle = planes.sci, planes.var, told.middle
    height, width = sci.shape
    wide = max(1, int(np.floor(scale + 0.5)))
    scratch, area_scratch = np.empty((where.nodes.shape[1], 2)), np.empty((where.nodes.shape[1], 4))
    xs, ys, areas = np.empty(width), np.empty(width), np.ones(width)
    for i in range(height):
        row, first = image.y0 + i - where.y0, image.x0 - where.x0
        fill_row(where.nodes, where.step, where.weights, row, first, scratch, xs, ys)
        if image.is_flux:
            area_row(where.nodes, where.step, where.weights, where.slopes, row, first, area_scratch, areas)
        for j in range(width):
            x, y, area = xs[j] - outer.x0, ys[j] - outer.y0, areas[j]
            inside = wide <= y < middle.shape[0] - 1 - wide and wide <= x < middle.shape[1] - 1 - wide
            if not (inside and np.isfinite(sci[i, j])):
                continue
            py, px = int(np.floor(y + 0.5)), int(np.floor(x + 0.5))
            out.places[i, j, 0], out.places[i, j, 1] = py, px
            if told.images[py, px] < 2:
                continue
            known = _looked_up(middle, y, x)
            if not np.isfinite(known):
                continue
            background = sky[0] + sky[1] * (xs[j] - sky[3]) + sky[2] * (ys[j] - sky[4])
            variance = var[i, j] if var.size > 0 and var[i, j] > 0.0 else image.factor**2
            out.expected[i, j] = area * (known + background)
            out.away[i, j] = sci[i, j] - out.expected[i, j]
            scatter = told.even[py, px] if out.away[i, j] > 0.0 else told.spread[py, px]
            out.sigma[i, j] = np.sqrt(variance + area**2 * scatter)
            slope = area * _range(middle, py, px, wide, RANGE_NOISE**2 * told.noise[py, px])
            sigma = np.sqrt(variance + area**2 * told.noise[py, px])
            if slope <= FLAT * sigma:
                out.slope[i, j] = slope
            elif out.away[i, j] > ASKED * sigma or (told.images[py, px] > 2 and -out.away[i, j] > ASKED * sigma):
                sigmas, prediction, light = predicted(
                    own, sci[i, j] / area - background, np.sqrt(variance) / area, y, x, samples, scale,
                    int(told.images[py, px]), room,
                )  # fmt: skip
                if sigmas > 0.0 or told.images[py, px] > 2:
                    careful = told.images[py, px] == 2 or light * area > SHINING * np.sqrt(variance)
                    out.misfit[i, j] = abs(sigmas) * (LESS if careful else 1.0)
                    out.expected[i, j] = area * (prediction + background)


@compiled(error_model="numpy")
def _strike(
    sci: Reals, compared: _Compared, filled: int, inner: Part, contrary: NDArray[np.bool_], struck: NDArray[np.uint16]
) -> int:  # fmt: skip
    """Reject in two passes; a NaN compares as no outlier."""
    height, width = sci.shape
    away, sigma, slope, misfit = np.abs(compared.away), compared.sigma, compared.slope, compared.misfit
    places, first = compared.places, np.zeros((height, width), dtype=np.bool_)
    for i in range(height):
        for j in range(width):
            limit = K1 if compared.away[i, j] > 0.0 else K1_BELOW
            first[i, j] = misfit[i, j] > K1_STAR or away[i, j] > limit * sigma[i, j] + S1 * slope[i, j]
            y, x = places[i, j, 0], places[i, j, 1]
            if contrary[y - 1 : y + 2, x - 1 : x + 2].any():
                first[i, j] |= away[i, j] > CONFIRMED * sigma[i, j] + CONFIRMED_RANGE * slope[i, j]
    counted = 0
    for i in range(height):
        for j in range(width):
            second = misfit[i, j] > K2_STAR or away[i, j] > K2 * sigma[i, j] + S2 * slope[i, j]
            beside = first[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2]
            if first[i, j] or (second and beside.any()):
                sci[i, j] = compared.expected[i, j] if filled else np.nan
                y, x = places[i, j, 0], places[i, j, 1]
                struck[y, x] += 1
                counted += int(inner.y0 <= y < inner.y1 and inner.x0 <= x < inner.x1)
    return counted


@compiled(error_model="numpy")
def _looked_up(plane: Reals, y: float, x: float) -> float:
    """Interpolate linearly; the nearest pixel where one of the four has no data."""
    i, j = int(np.floor(y)), int(np.floor(x))
    fy, fx = y - i, x - j
    found = (1.0 - fy) * ((1.0 - fx) * plane[i, j] + fx * plane[i, j + 1]) + fy * (
        (1.0 - fx) * plane[i + 1, j] + fx * plane[i + 1, j + 1]
    )
    return float(found if np.isfinite(found) else plane[int(np.floor(y + 0.5)), int(np.floor(x + 0.5))])


@compiled(error_model="numpy")
def _range(middle: Reals, y: int, x: int, wide: int, noise: float) -> float:
    """Give the range of what lies within a pixel of the image, without what noise adds to it."""
    low = high = middle[y, x]
    for dy in (-wide, 0, wide):
        for dx in (-wide, 0, wide):
            value = middle[y + dy, x + dx]
            if np.isfinite(value):
                low, high = min(low, value), max(high, value)
    return float(np.sqrt(max((high - low) ** 2 - noise, 0.0)))


def fill_holes(reference: Reference, band: Box, planes: dict[str, NDArray[Any]], *, filled: bool) -> None:
    """Put the reference where every sample was rejected, and flag and count all pixels that lost one; in place.

    Parameters
    ----------
    reference
        Of the band.
    band
        What the planes cover.
    planes
        Finished planes of the mosaic.
    filled
        Rejected pixels were filled with the reference, and count as samples so far.
    """
    inner = band.relative_to(reference.box).slices
    struck = reference.struck[inner] > 0
    holes = struck & (planes["n"] == 0) & np.isfinite(reference.middle[inner])
    planes["sci"][holes] = reference.middle[inner][holes]
    planes["wht"][holes] = reference.weight[inner][holes]
    planes["n"][holes] = 1
    if "err" in planes:
        planes["err"][holes] = np.sqrt(reference.spread[inner][holes])
    if filled:
        before = planes["n"].astype(np.int64)
        left = np.clip(before - reference.struck[inner], 1, None)
        less = struck & (left < before)
        share = left[less] / before[less]
        planes["n"][less] = left[less]
        planes["wht"][less] *= share.astype(np.float32)
        if "err" in planes:
            planes["err"][less] /= np.sqrt(share).astype(np.float32)
    if "dq" in planes:
        planes["dq"][struck] |= OUTLIER
