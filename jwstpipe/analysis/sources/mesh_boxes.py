"""The sky and its noise in boxes that belong to the plane, not to a tile.

Boxes are counted from the absolute origin, so that every tiling measures the same ones; those of the whole image are
gathered, filtered and filled once.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from jwstpipe.analysis.opened import SourceRef, opened
from jwstpipe.analysis.sources.mesh import LEVEL, NOISE, RIM, SMOOTH_NOISE, Mesh
from jwstpipe.errors import DataError
from jwstpipe.numerics.sky_level import clipped_sky, sorted_samples
from jwstpipe.numerics.smoothing import smoothed
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["MeshJob", "gathered", "measure_boxes"]

Float32 = NDArray[np.float32]

PLAIN_NOISE = 3
"""Layer of measured boxes: noise in the unit of the sky, whatever the weights; a `Mesh` is without it."""

CLIP, ROUNDS = 3.0, 10
COARSE = 2
"""Step of the samples that tell which others may speak of the slope of a box, and of those of the smoothed image."""

FEWEST_VALID = 0.1
"""Share of a box that must have data, or its neighbours speak for it."""


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
        Absolute row and column of the first box, and the layers (4, ny, nx), `PLAIN_NOISE` last; NaN for boxes with too
        few samples.
    """
    image = opened(job.image, s3=job.s3)
    frame = Box.of_shape(image.shape)
    reach = job.taps.size // 2
    around = job.window.dilated(reach).intersection(frame)
    assert around is not None
    sci = np.ascontiguousarray(image.read("sci", around, index=job.index), np.float32)
    wht = _weights(image.read("wht", around), sci) if "wht" in image.planes else np.empty((0, 0), np.float32)
    inner = job.window.relative_to(around).slices
    smooth = smoothed(sci, job.taps)[inner]
    oy, ox = job.origin
    top, left = (job.window.y0 + oy) // job.box, (job.window.x0 + ox) // job.box
    layers = _boxes(
        np.ascontiguousarray(sci[inner]), np.ascontiguousarray(smooth),
        np.ascontiguousarray(wht[inner]) if wht.size else wht,
        job.window.y0 + oy - top * job.box, job.window.x0 + ox - left * job.box, job.box,
    )  # fmt: skip
    return top, left, layers


def _weights(wht: NDArray[np.float32], sci: Float32) -> Float32:
    """Take samples without weight out of the image."""
    found = np.ascontiguousarray(wht, np.float32)
    sci[~(found > 0.0)] = np.nan
    return found


@njit(nogil=True, cache=True)
def _boxes(  # noqa: C901, PLR0912 - one compiled pass
    sci: Float32, smooth: Float32, wht: Float32, y_in: int, x_in: int, box: int
) -> Float32:
    rows, columns = sci.shape
    ny, nx = (y_in + rows - 1) // box + 1, (x_in + columns - 1) // box + 1
    found = np.full((4, ny, nx), np.nan, np.float32)
    samples, weights = np.empty(box * box, np.float32), np.empty(box * box, np.float32)
    keys, spare = np.empty(box * box, np.uint32), np.empty(box * box, np.uint32)
    for by in range(ny):
        y0, y1 = max(by * box - y_in, 0), min((by + 1) * box - y_in, rows)
        for bx in range(nx):
            x0, x1 = max(bx * box - x_in, 0), min((bx + 1) * box - x_in, columns)
            middle_y, middle_x = 0.5 * (y0 + y1 - 1), 0.5 * (x0 + x1 - 1)
            n, valid = 0, 0
            for i in range(y0, y1):
                for j in range(x0, x1):
                    value = sci[i, j]
                    valid += not math.isnan(value)
                    if (i - y0) % COARSE == 0 and (j - x0) % COARSE == 0:
                        samples[n] = value
                        n += 1
            n = sorted_samples(samples[:n], keys, spare)
            if valid < FEWEST_VALID * box * box or n == 0:
                continue
            level, noise = clipped_sky(samples, n, CLIP, ROUNDS)
            slope_y, slope_x = _slopes(sci, y0, y1, x0, x1, level, CLIP * noise)
            scale = 1.0
            if wht.size:
                n = 0
                for i in range(y0, y1):
                    for j in range(x0, x1):
                        weights[n] = wht[i, j] if wht[i, j] > 0.0 else np.nan
                        n += 1
                n = sorted_samples(weights[:n], keys, spare)
                scale = math.sqrt(weights[n // 2])
            for layer in range(2):
                values, step = (sci, 1) if layer == 0 else (smooth, COARSE)  # neighbours of a smoothed one say the same
                n = 0
                for i in range(y0, y1, step):
                    for j in range(x0, x1, step):
                        samples[n] = values[i, j] - (slope_y * (i - middle_y) + slope_x * (j - middle_x))
                        n += 1
                n = sorted_samples(samples[:n], keys, spare)
                level, noise = clipped_sky(samples, n, CLIP, ROUNDS)
                if layer == 0:
                    found[LEVEL, by, bx], found[PLAIN_NOISE, by, bx] = level, noise
                found[NOISE + layer, by, bx] = noise * scale
    return found


@njit(nogil=True, cache=True)
def _slopes(sci: Float32, y0: int, y1: int, x0: int, x1: int, level: float, reach: float) -> tuple[float, float]:
    """Fit a plane to the sky of a box, so that a slope is not taken for noise; the slopes along y and x."""
    middle_y, middle_x = 0.5 * (y0 + y1 - 1), 0.5 * (x0 + x1 - 1)
    n, sy, sx, sv, syy, sxx, sxy, syv, sxv = 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(y0, y1):
        for j in range(x0, x1):
            value = float(sci[i, j]) - level
            if not abs(value) <= reach:
                continue
            dy, dx = i - middle_y, j - middle_x
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


def _medians(layer: Float32) -> Float32:
    """Take the median of each box and its eight neighbours; at the rim the boxes there count again."""
    wide = np.pad(layer, 1, mode="edge")
    rows, columns = layer.shape
    around = np.stack([wide[dy : dy + rows, dx : dx + columns] for dy in range(3) for dx in range(3)])
    return np.asarray(np.median(around, axis=0), np.float32)


def gathered(parts: list[tuple[int, int, Float32]], *, box: int, sky: str, name: str) -> Mesh:
    """Put measured boxes together, fill those without data, and filter noise and wild levels by medians of 3 x 3.

    Parameters
    ----------
    parts
        What `measure_boxes` gave, for all windows.
    box
        Side of a box.
    sky
        ``mesh``, ``level`` (the median of all boxes everywhere) or ``none``.
    name
        The image, for errors.

    Raises
    ------
    DataError
        No box has enough data, or there is no noise at all.
    """
    top, left = min(part[0] for part in parts), min(part[1] for part in parts)
    bottom = max(part[0] + part[2].shape[1] for part in parts)
    right = max(part[1] + part[2].shape[2] for part in parts)
    layers = np.full((4, bottom - top, right - left), np.nan, np.float32)
    for y, x, part in parts:
        layers[:, y - top : y - top + part.shape[1], x - left : x - left + part.shape[2]] = part
    empty = ~np.isfinite(layers[SMOOTH_NOISE]) | ~(layers[NOISE] > 0.0)
    if empty.all():
        raise DataError(
            f"{name}: no noise can be measured (too few pixels with data, or all the same value); nothing to detect"
        )
    whole_sky = np.float32(np.median(layers[LEVEL][~empty]))
    if empty.any():
        from scipy import ndimage  # noqa: PLC0415 - slow to load, and seldom needed

        nearest = ndimage.distance_transform_edt(empty, return_distances=False, return_indices=True)
        layers = layers[:, nearest[0], nearest[1]]
    middle = np.stack([_medians(layer) for layer in layers])
    calm = np.abs(layers[LEVEL] - middle[LEVEL]) <= CLIP * middle[PLAIN_NOISE]
    level = np.where(calm, layers[LEVEL], middle[LEVEL])  # a median of all would cut the tops of nebulae
    layers = np.stack([level, middle[NOISE], middle[SMOOTH_NOISE]])
    if sky != "mesh":
        layers[LEVEL] = whole_sky if sky == "level" else 0.0
    rim = ((RIM, RIM), (RIM, RIM))
    layers = np.stack([
        np.pad(layers[LEVEL], rim, mode="reflect", reflect_type="odd"),  # a slope goes on outside
        *(np.pad(layer, rim, mode="edge") for layer in layers[1:]),
    ])  # fmt: skip
    made = np.ascontiguousarray(layers, np.float32)
    return Mesh((top - RIM, left - RIM), box, made, int(empty.sum()), np.pad(empty, RIM))
