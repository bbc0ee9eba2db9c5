"""What the exposure before left behind: pixels that it saturated, and that shine more than the sky does now."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, find_objects, label

from jwstpipe.fits.dq import DQ_BITS, dq_mask

__all__ = ["PERSISTENCE", "lingering"]

Float32Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

PERSISTENCE = np.uint32(dq_mask(("PERSISTENCE", "DO_NOT_USE")))

SURELY = 5.0
"""Significance of the mean excess of what hangs together, over what lies around it."""

BRIGHT = 1.0
"""Standard deviations of a pixel by which half of its pixels must stand out."""

NEAR, RING = 2, 6
"""Pixels around it that are left out, and up to which its surroundings reach."""


def lingering(rest: Float32Image, noise: Float32Image, known: Mask, before: NDArray[np.uint32]) -> Mask:
    """Find what lives on from the exposure before.

    Parameters
    ----------
    rest
        float32, (y, x): what the exposure has more than the mosaic.
    noise
        float32, (y, x): standard deviations of its samples.
    known
        bool, (y, x): samples that mean something, and where the mosaic is good enough.
    before
        uint32, (y, x): flags of the exposure that the same detector took before.
    """
    struck = (before & np.uint32(DQ_BITS["SATURATED"])) != 0
    labels, _ = label(struck, np.ones((3, 3)))
    mask = np.zeros(struck.shape, np.bool_)
    for number, part in enumerate(find_objects(labels), 1):
        wide = tuple(slice(max(one.start - RING, 0), one.stop + RING) for one in part)
        own = labels[wide] == number
        around = binary_dilation(own, iterations=RING) & ~binary_dilation(struck[wide], iterations=NEAR)
        scaled = rest[wide] / noise[wide]
        inside, outside = scaled[own & known[wide]], scaled[around & known[wide]]
        if not inside.size or outside.size < inside.size:
            continue
        middle = float(np.median(outside))
        error = max(float(np.std(outside)), 1.0) * np.sqrt(1.0 / inside.size + 1.5 / outside.size)
        if np.median(inside) - middle > BRIGHT and inside.mean() - middle > SURELY * error:
            mask[wide] |= own
    return mask
