"""The boxes of a whole image made one mesh: filled where there is no data, and filtered, once."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from jwstpipe.analysis.sources.meshes.mesh import COARSE_NOISE, LEVEL, NOISE, RIM, SMOOTH_NOISE, Mesh
from jwstpipe.analysis.sources.meshes.mesh_boxes import CLIP, PLAIN_NOISE
from jwstpipe.errors import DataError

__all__ = ["gathered"]

Float32 = NDArray[np.float32]

AROUND = 5
"""Boxes on each side whose noises tell how that of a smoothed image goes with that of the image."""

SMOOTH_ERROR, COARSE_ERROR, SAMPLED_BOX = 0.12, 0.25, 64
"""Five standard errors of the noise of the smoothed images in nine boxes of that side, as shares of it."""


def _medians(layer: Float32) -> Float32:
    """Take the median of each box and its eight neighbours; at the rim the boxes there count again."""
    wide = np.pad(layer, 1, mode="edge")
    rows, columns = layer.shape
    around = np.stack([wide[dy : dy + rows, dx : dx + columns] for dy in range(3) for dx in range(3)])
    return np.asarray(np.median(around, axis=0), np.float32)


def _medians_around(layer: Float32) -> Float32:
    """Take the median of each box and those up to `AROUND` away; at the rim the boxes there count again."""
    side = 2 * AROUND + 1
    windows = sliding_window_view(np.pad(layer, AROUND, mode="edge"), (side, side))
    return np.stack([np.median(row.reshape(len(row), -1), axis=1) for row in windows])


def _in_proportion(layers: Float32, middle: Float32, layer: int, apart: float) -> Float32:
    """Give the noise of a smoothed image, of which a box has few independent samples.

    It goes with that of the image by the ratio of the boxes around, but where nine boxes differ from it by
    more than their errors, as at a nebula. An image that changed in one place keeps the thresholds of all others.
    """
    expected = _medians_around(layers[layer] / layers[NOISE]) * middle[NOISE]
    differs = np.abs(middle[layer] - expected) > apart * expected
    return np.asarray(np.where(differs, middle[layer], expected), np.float32)


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
    layers = np.full((5, bottom - top, right - left), np.nan, np.float32)
    for y, x, part in parts:
        layers[:, y - top : y - top + part.shape[1], x - left : x - left + part.shape[2]] = part
    empty = ~np.isfinite(layers[SMOOTH_NOISE : COARSE_NOISE + 1]).all(axis=0) | ~(layers[NOISE] > 0.0)
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
    smooth, coarse = (
        _in_proportion(layers, middle, layer, apart * SAMPLED_BOX / box)
        for layer, apart in ((SMOOTH_NOISE, SMOOTH_ERROR), (COARSE_NOISE, COARSE_ERROR))
    )
    layers = np.stack([level, middle[NOISE], smooth, coarse])
    if sky != "mesh":
        layers[LEVEL] = whole_sky if sky == "level" else 0.0
    rim = ((RIM, RIM), (RIM, RIM))
    layers = np.stack([
        np.pad(layers[LEVEL], rim, mode="reflect", reflect_type="odd"),  # a slope goes on outside
        *(np.pad(layer, rim, mode="edge") for layer in layers[1:]),
    ])  # fmt: skip
    made = np.ascontiguousarray(layers, np.float32)
    return Mesh((top - RIM, left - RIM), box, made, int(empty.sum()), np.pad(empty, RIM))
