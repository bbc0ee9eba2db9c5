"""The sky and its noise in boxes that belong to the plane, not to a tile.

Boxes are counted from the absolute origin, so that every tiling measures the same ones; `mesh_gathering` puts those of
the whole image together.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import SourceRef, opened
from jwstpipe.analysis.sources.meshes.halves import halved, halves_inside
from jwstpipe.analysis.sources.meshes.hiding import hide_sources
from jwstpipe.analysis.sources.meshes.mesh import LEVEL, NOISE, SMOOTH_NOISE
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.numerics.sky_level import BINS, MODE, clipped_from, clipped_sky
from jwstpipe.numerics.smoothing import smoothed_each
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["CLIP", "PLAIN_NOISE", "MeshJob", "measure_boxes"]

Float32 = NDArray[np.float32]

PLAIN_NOISE = 4
"""Layer of measured boxes: noise in the unit of the sky, whatever the weights; a `Mesh` is without it."""

CLIP, ROUNDS = 3.0, 10
SPARSE = 4
"""Pixels of a large box from one sample to the next where few will do: for a first estimate, for what is smoothed."""

FEWEST_VALID = 0.1
"""Share of a box that must have data, or its neighbours speak for it."""

FEWEST = 64
"""Samples of a first estimate; where there are less, all are taken."""


@dataclass(frozen=True)
class MeshJob:
    """The boxes of a window to measure."""

    image: SourceRef
    index: int
    window: Box
    """Pixels of the array; whole boxes, but at the edges of the image."""

    origin: tuple[int, int]
    """Absolute position (y, x) of the first pixel of the array."""

    box: int
    taps: Float32
    s3: S3Settings | None


def measure_boxes(job: MeshJob) -> tuple[int, int, Float32]:
    """Measure the boxes of a window.

    Returns
    -------
    int, int, ndarray
        Absolute row and column of the first box, and the layers (5, ny, nx), `PLAIN_NOISE` last; NaN for boxes with too
        few samples.
    """
    image = opened(job.image, s3=job.s3)
    around = job.window.dilated(2 * (job.taps.size // 2) + 2).intersection(Box.of_shape(image.shape))
    assert around is not None
    sci = np.array(image.read("sci", around, index=job.index), np.float32)
    wht = _weights(image.read("wht", around), sci) if "wht" in image.planes else np.empty((0, 0), np.float32)
    here, window = around.shifted(*job.origin), job.window.shifted(*job.origin)
    step = SPARSE if job.box >= 12 * SPARSE else 2 if job.box >= 24 else 1
    y, x = -(-window.y0 // step) * step, -(-window.x0 // step) * step
    smooth = smoothed_each(sci, job.taps, step, y - here.y0, x - here.x0)
    apart, half = max(step // 2, 1), halves_inside(here)
    v, u = -(-window.y0 // (2 * apart)) * apart, -(-window.x0 // (2 * apart)) * apart
    coarse = smoothed_each(halved(sci, here.y0, here.x0), job.taps, apart, v - half.y0, u - half.x0)
    top, left = window.y0 // job.box, window.x0 // job.box
    inner = job.window.relative_to(around)
    layers = _boxes(
        sci, wht, (inner.y0, inner.x0), (window.y0, window.x0), window.shape, job.box, step,
        (smooth, (y, x), step), (coarse, (2 * v, 2 * u), 2 * apart),
    )  # fmt: skip
    return top, left, layers


def _weights(wht: NDArray[np.float32], sci: Float32) -> Float32:
    """Take samples without weight out of the image."""
    found = np.ascontiguousarray(wht, np.float32)
    sci[~(found > 0.0)] = np.nan
    return found


Samples = tuple[Float32, tuple[int, int], int]
"""Samples, the absolute pixel of the first, and pixels from one to the next."""


@compiled()
def _boxes(
    sci: Float32, wht: Float32, begin: tuple[int, int], corner: tuple[int, int], shape: tuple[int, int], box: int,
    step: int, smooth: Samples, coarse: Samples,
) -> Float32:  # fmt: skip
    """Measure boxes of a window that begins at an index of the arrays, and at an absolute pixel."""
    top, left = corner[0] // box, corner[1] // box
    ny, nx = (corner[0] + shape[0] - 1) // box + 1 - top, (corner[1] + shape[1] - 1) // box + 1 - left
    found = np.full((5, ny, nx), np.nan, np.float32)
    samples, counts = np.empty(box * box, np.float32), np.empty(BINS, np.int32)
    band, weights = np.empty((nx, box, box), np.float32), np.empty((nx if wht.size else 0, box, box), np.float32)
    for by in range(ny):
        _band(sci, begin, corner, shape, top + by, left, band)
        if wht.size:
            _band(wht, begin, corner, shape, top + by, left, weights)
        for bx in range(nx):
            y0, x0 = (top + by) * box, (left + bx) * box
            place, plain = (y0, x0, y0 + box, x0 + box), (band[bx], (y0, x0), 1)
            if _valid(band[bx]) < FEWEST_VALID * box * box:
                continue
            n = _rising(samples, _taken(plain, place, step, (0.0, 0.0), samples))
            if n < FEWEST:
                n = _rising(samples, _taken(plain, place, 1, (0.0, 0.0), samples))
            level, noise = clipped_sky(samples, n, CLIP, ROUNDS)
            slopes = _slopes(band[bx], min(step, 2), level, CLIP * noise)
            skew = 0.0 if hide_sources(band[bx], (level, noise), slopes, counts) else MODE
            n = _taken(plain, place, 1, slopes, samples)
            level, noise = clipped_from(samples[:n], (level, noise), CLIP, ROUNDS, skew, counts)
            scale = 1.0
            if wht.size:
                scale = math.sqrt(_weight(weights[bx], samples))
            found[LEVEL, by, bx], found[PLAIN_NOISE, by, bx], found[NOISE, by, bx] = level, noise, noise * scale
            for layer in range(2):
                n = _taken(smooth if layer == 0 else coarse, place, 1, slopes, samples)
                if np.isfinite(samples[:n]).any():
                    spread = clipped_from(samples[:n], (level, noise), CLIP, ROUNDS, MODE, counts)[1]
                    found[SMOOTH_NOISE + layer, by, bx] = scale * spread
    return found


@compiled()
def _band(
    values: Float32, begin: tuple[int, int], corner: tuple[int, int], shape: tuple[int, int], row: int, left: int,
    out: Float32,
) -> None:  # fmt: skip
    """Copy a row of boxes box by box, in the order of memory; NaN beyond the window."""
    box = out.shape[1]
    for i in range(box):
        y = row * box + i - corner[0]
        for bx in range(out.shape[0]):
            x0 = (left + bx) * box - corner[1]
            line = out[bx, i]
            if y < 0 or y >= shape[0] or x0 < 0 or x0 + box > shape[1]:
                for j in range(box):
                    inside = 0 <= y < shape[0] and 0 <= x0 + j < shape[1]
                    line[j] = values[begin[0] + y, begin[1] + x0 + j] if inside else np.float32(np.nan)
            else:
                line[:] = values[begin[0] + y, begin[1] + x0 : begin[1] + x0 + box]


@compiled()
def _valid(values: Float32) -> int:
    """Count the samples of a box that have data."""
    count = 0
    for i in range(values.shape[0]):
        row = values[i]
        for j in range(row.size):
            count += row[j] == row[j]
    return count


@compiled()
def _taken(
    given: Samples, place: tuple[int, int, int, int], every: int, slopes: tuple[float, float], out: Float32
) -> int:
    """Copy the samples in a box less its slope, about its middle; give their number."""
    values, first, step = given
    middle_y, middle_x = 0.5 * (place[0] + place[2] - 1), 0.5 * (place[1] + place[3] - 1)
    y0, x0 = max(-((first[0] - place[0]) // step), 0), max(-((first[1] - place[1]) // step), 0)
    y1, x1 = -((first[0] - place[2]) // step), -((first[1] - place[3]) // step)
    y1, x1 = min(y1, values.shape[0]), min(x1, values.shape[1])
    n, wide = 0, (x1 - x0 + every - 1) // every
    if wide <= 0:
        return 0
    start, rise = slopes[1] * (first[1] + x0 * step - middle_x), np.float32(slopes[1] * step * every)
    for i in range(y0, y1, every):
        along = np.float32(slopes[0] * (first[0] + i * step - middle_y) + start)
        row, taken = values[i, x0:x1], out[n : n + wide]
        if every == 1:  # compiled to vector instructions
            for j in range(wide):
                taken[j] = row[j] - (along + rise * np.float32(j))
        else:
            for j in range(wide):
                taken[j] = row[j * every] - (along + rise * np.float32(j))
        n += wide
    return n


@compiled()
def _rising(values: Float32, count: int) -> int:
    """Bring those of the first samples that have data into rising order; give their number."""
    n = 0
    for k in range(count):
        if math.isfinite(values[k]):
            values[n] = values[k]
            n += 1
    values[:n].sort()
    return n


@compiled()
def _weight(weights: Float32, room: Float32) -> float:
    """Give the median of the weights of a box, of pixels that have some."""
    n = 0
    for weight in weights.flat:
        if weight > 0.0:
            room[n] = weight
            n += 1
    room[:n].sort()
    return float(room[n // 2]) if n else np.nan


@compiled()
def _slopes(values: Float32, every: int, level: float, reach: float) -> tuple[float, float]:
    """Fit a plane to the sky of a box, so that a slope is not taken for noise; the slopes along y and x."""
    middle = 0.5 * (values.shape[0] - 1)
    n, sy, sx, sv, syy, sxx, sxy, syv, sxv = 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(0, values.shape[0], every):
        for j in range(0, values.shape[1], every):
            value = float(values[i, j]) - level
            if not abs(value) <= reach:
                continue
            dy, dx = i - middle, j - middle
            n += 1
            sy += dy
            sx += dx
            sv += value
            syy += dy * dy
            sxx += dx * dx
            sxy += dx * dy
            syv += dy * value
            sxv += dx * value
    if n < 16:
        return 0.0, 0.0
    syy -= sy * sy / n
    sxx -= sx * sx / n
    sxy -= sx * sy / n
    syv -= sy * sv / n
    sxv -= sx * sv / n
    determinant = sxx * syy - sxy * sxy
    if determinant <= 1e-6 * sxx * syy:
        return 0.0, 0.0
    return (sxx * syv - sxy * sxv) / determinant, (syy * sxv - sxy * syv) / determinant
