"""Halos of stars, and all else that lies wide and faint above an even sky: what a row average would take for a stripe.

Stripes that the mosaic shares are told from the sky by what a row has in common (`jwstpipe.cleaning.mosaic_stripes`). A
halo of a tenth of the noise of a pixel over a hundred pixels is no stripe, and is seen in no pixel; but it is in means
of boxes. Where most of the sky is even, boxes that lie above it take no part. Where it is not, as in a nebula, there is
no level to lie above, and all stays.

Where fewer exposures begin to overlap, as at the ends and corners of a detector, a mosaic has other stripes from there
on, slow ones and pedestals, and the stronger the fewer are in their mean. They are no halos. So what is even is asked
of each part of an amplifier in which as many overlap.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from jwstpipe.cleaning.scene_kernels import box_sums

__all__ = ["halos"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

SIDE = 8
"""Side of a box, pixels."""

ABOVE = 0.2
"""How far a box lies above the even sky, over the noise of a pixel of the exposure."""

FEWEST = 0.1
"""Share of a box that must be free for it to be known."""

EVEN = 25.0
"""Boxes of an even sky: the fainter ones, percent; what lies above them are sources."""

FEWEST_BOXES = 24
"""Of a part in which as many exposures overlap; smaller ones are put together."""

LEFT = 0.5
"""Share of the free pixels that must be left: else the sky is not even."""


def halos(
    light: Float32Image, free: Mask, level: Floats, noise: float, edges: NDArray[np.int64],
    counts: Float32Image | None = None,
) -> Mask | None:  # fmt: skip
    """Mark what lies wide above an even sky.

    Parameters
    ----------
    light
        float32, (y, x): the mosaic at the pixels of the exposure, stripes along its rows.
    free
        (y, x): what is known, and no source by itself.
    level
        (y, amplifier): stripes in it, as far as they are known.
    noise
        Standard deviation of a pixel of the exposure.
    edges
        First column of each amplifier, and the end.
    counts
        float32, (y, x): exposures that overlap in the mosaic; None = as many everywhere.

    Returns
    -------
    (y, x) bool, or None
        None where the sky is not even.
    """
    rows = level.shape[0]
    shape = -(-rows // SIDE), -(-light.shape[1] // SIDE)
    total, count = np.zeros(shape), np.zeros(shape)
    box_sums(light, free, level, edges, SIDE, total, count)
    known = count > FEWEST * SIDE * SIDE
    if not known.any():
        return None
    box = np.divide(total, count, out=np.full(shape, np.nan), where=known)
    middles = (np.arange(shape[1]) + 0.5) * SIDE
    overlapping = np.ones(shape, np.int64) if counts is None else _overlapping(counts, shape)
    marked = np.ones(shape, np.bool_)
    for first, end in pairwise(edges):
        part = np.s_[:, np.searchsorted(middles, first) : np.searchsorted(middles, end)]
        own = box[part]
        for alike in _alike(overlapping[part], known[part]):
            marked[part][alike] = ~(own[alike] - np.percentile(own[alike], EVEN) < ABOVE * noise)
    if count[~marked].sum() < LEFT * count.sum():
        return None
    return np.repeat(np.repeat(marked, SIDE, axis=0)[:rows], SIDE, axis=1)[:, : light.shape[1]]


def _overlapping(counts: Float32Image, shape: tuple[int, int]) -> NDArray[np.int64]:
    """Give the exposures that overlap in the middle of each box."""
    rows, columns = (
        np.minimum(np.arange(boxes) * SIDE + SIDE // 2, size - 1)
        for boxes, size in zip(shape, counts.shape, strict=True)
    )
    return np.rint(np.nan_to_num(counts[np.ix_(rows, columns)])).astype(np.int64)


def _alike(overlapping: NDArray[np.int64], known: Mask) -> list[Mask]:
    """Cut known boxes into connected parts in which as many exposures overlap."""
    parts: list[Mask] = []
    rest = known.copy()
    for number in np.unique(overlapping[known]):
        labels, count = label((overlapping == number) & known)
        for one in np.flatnonzero(np.bincount(labels.ravel(), minlength=count + 1)[1:] >= FEWEST_BOXES) + 1:
            parts.append(labels == one)
            rest &= labels != one
    return [*parts, rest] if rest.any() else parts
