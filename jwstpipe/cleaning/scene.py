"""The sky under an exposure: what is subtracted before anything is said of the detector, and what is left out.

From the mosaic of all exposures, where there is one: other exposures saw the same sky through other pixels, so that a
nebula of any shape is taken away with the mosaic's own samples and not with a guess; where it is sharper than the
interpolation can follow, pixels are left out. Without a mosaic only what is smooth over `BLOCK` pixels can be told from
stripes, as in ``clean_flicker_noise`` with its ``model`` background (photutils' Background2D).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.cleaning.scene_kernels import block_medians, grown, mean_along, sharp, smooth_across
from jwstpipe.numerics.robust import MAD_TO_SIGMA

__all__ = ["Scene", "own_scene", "scene_of_mosaic"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

SMOOTH = 6
"""Rows on each side over which a mosaic is averaged, to see its structure."""

WIDE = 8
"""Columns on each side over which faint structure along the stripes is looked for."""

STRUCTURE = 3.0
"""Noise of the smoothed-off rest from which it counts as structure."""

SHARPNESS = 2.0
"""Difference from the neighbours, in noise of the exposure, from which interpolation is not trusted."""

BLOCK = 32
FEWEST = 0.25
"""Share of a block that must take part for its median to count."""

SOURCE = 3.0
"""Noise above the smooth sky, after averaging, from which a pixel belongs to a source."""

SEVERAL = 1.5
"""Exposures from which one can be told from the others."""

SAMPLED = 4


@dataclass(frozen=True, eq=False)
class Scene:
    """Sky and sources at the pixels of an exposure."""

    light: Float32Image
    """float32, (y, x), in the unit of the exposure; NaN where nothing is known of it."""

    left_out: Mask
    """Pixels of which the scene is not good enough."""

    structured: Mask
    """Pixels in which it shows more than a smooth sky."""

    origin: str
    """``mosaic`` or ``exposure``."""


def scene_of_mosaic(blot: Float32Image, noise: Float32Image, counts: Float32Image | None = None) -> Scene:
    """Make the scene of a mosaic at the pixels of the exposure.

    Parameters
    ----------
    blot
        From `jwstpipe.cleaning.blot.blotted`; stripes run along its rows.
    noise
        float32, (y, x): standard deviation of a pixel of the exposure.
    counts
        float32, (y, x): exposures that overlap in the mosaic. Where it is this one alone, its structure taken from it
        leaves nothing, and so nothing to measure.
    """
    out, flags = np.empty_like(blot), np.empty(blot.shape, np.bool_)
    sharp(blot, np.float32(SHARPNESS) * noise, flags)
    left_out = np.empty_like(flags)
    grown(flags, left_out)
    smooth_across(blot, SMOOTH, out)
    rest = blot - out
    mean_along(rest, WIDE, out)
    np.greater(np.abs(rest), STRUCTURE * _noise_of(rest), out=flags)
    flags |= np.abs(out) > STRUCTURE * _noise_of(out)
    structured = np.empty_like(flags)
    grown(flags, structured)
    if counts is not None:
        left_out |= structured & (counts < SEVERAL)
    return Scene(blot, left_out, structured, "mosaic")


def _noise_of(values: Float32Image) -> np.float32:
    some = values[::SAMPLED, ::SAMPLED]
    some = some[np.isfinite(some)]
    return np.float32(MAD_TO_SIGMA * np.median(np.abs(some))) if some.size else np.float32(np.inf)


def own_scene(values: Float32Image, weights: Float32Image, spread: float) -> Scene:
    """Make the scene of an exposure from itself: a smooth sky, and a mask of what stands out of it.

    Parameters
    ----------
    values
        float32, (y, x); stripes run along its rows, and should be taken off as far as they are known.
    weights
        float32, (y, x): inverse variances; 0 = takes no part.
    spread
        What standard deviations must be multiplied by.
    """
    side = max(4, min(BLOCK, min(values.shape) // 8))
    left_out = np.zeros(values.shape, np.bool_)
    sky = np.zeros(values.shape, np.float32)
    mean, marked = np.empty_like(values), np.empty(values.shape, np.bool_)
    for _ in range(2):
        used = np.where(left_out, np.float32(0.0), weights)
        sky = _smooth_sky(values, used, side)
        rest = np.where(weights > 0, (values - sky) * np.sqrt(weights), np.float32(np.nan))
        mean_along(rest, 1, mean)
        np.greater(mean, SOURCE * spread / np.sqrt(3.0), out=marked)
        grown(marked, left_out)
    return Scene(sky, left_out, left_out, "exposure")


def _smooth_sky(values: Float32Image, weights: Float32Image, side: int) -> Float32Image:
    """Give medians of blocks, smoothed and joined by straight lines."""
    shape = -(-values.shape[0] // side), -(-values.shape[1] // side)
    blocks = np.empty(shape)
    block_medians(values, weights, side, int(FEWEST * side * side), blocks)
    known = np.isfinite(blocks)
    if not known.any():
        return np.zeros(values.shape, np.float32)
    blocks = _filled(blocks)
    along_y, along_x = (_lines(n, blocks.shape[axis], side) for axis, n in enumerate(values.shape))
    return np.asarray(along_y @ blocks.astype(np.float32) @ along_x.T, np.float32)


def _lines(pixels: int, blocks: int, side: int) -> Float32Image:
    """Give the weights (pixel, block) that join the middles of blocks by straight lines."""
    place = np.clip((np.arange(pixels) + 0.5) / side - 0.5, 0.0, blocks - 1.0)
    return np.maximum(1.0 - np.abs(place[:, None] - np.arange(blocks)), 0.0).astype(np.float32)


def _filled(blocks: Floats) -> Floats:
    """Fill blocks without data from those around them, ring by ring."""
    blocks = blocks.copy()
    while not np.isfinite(blocks).all():
        padded = np.pad(blocks, 1, constant_values=np.nan)
        around = np.stack([padded[1:-1, :-2], padded[1:-1, 2:], padded[:-2, 1:-1], padded[2:, 1:-1]])
        known = np.isfinite(around)
        sums = np.where(known, around, 0.0).sum(axis=0)
        counts = known.sum(axis=0)
        holes = ~np.isfinite(blocks) & (counts > 0)
        blocks[holes] = sums[holes] / counts[holes]
    return blocks
