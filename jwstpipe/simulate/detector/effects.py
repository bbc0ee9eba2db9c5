"""What a detector does to the light: fixed blemishes, cosmic rays, saturation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from jwstpipe.simulate.detector.detectors import Detector
from jwstpipe.simulate.detector.flags import DQ, mark

__all__ = ["FLAT_ERROR", "Blemishes", "CosmicRays", "blemishes", "cosmic_rays", "saturation", "science_corner"]

Flags = NDArray[np.uint32]
Float32Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_DEAD_FRACTION = 0.002
_HOT_FRACTION = 0.002
FLAT_ERROR = 0.002
"""Relative error of the flat field."""

_READ_SPREAD = 0.08
_HITS = 2.4e-5
"""Cosmic rays per pixel and second."""

_STRONG_FRACTION = 0.08
"""Cosmic rays after which too few groups are left."""

_LONGEST_TRACK = 6


@dataclass(frozen=True, eq=False)
class Blemishes:
    """What stays the same in every exposure of a detector; all (y, x)."""

    dq: Flags
    """Flags of dead and hot pixels, of reference pixels and of what no light reaches."""

    flat: Float32Image
    """Sensitivity after the flat field: 1 with an error of `FLAT_ERROR`."""

    read_noise: Float32Image
    """Read noise of a pixel relative to the mean of the detector."""


@dataclass(frozen=True, eq=False)
class CosmicRays:
    """Pixels hit during one exposure."""

    weak: Mask
    """Corrected: the ramp is used in two parts."""

    strong: Mask
    """Lost."""


def blemishes(detector: Detector, seed: int) -> Blemishes:
    """Draw the fixed pattern of a detector: the same for every exposure of a programme."""
    rng = np.random.default_rng([seed, *detector.name.encode()])
    n = detector.size
    dq = np.zeros((n, n), np.uint32)
    dead, hot = rng.random((2, n, n)) < np.array([_DEAD_FRACTION, _HOT_FRACTION])[:, None, None]
    patch_y, patch_x = np.ogrid[:n, :n]
    y, x = rng.uniform(0.2 * n, 0.8 * n, 2)
    dead |= np.hypot(patch_y - y, patch_x - x) < max(1.5, 0.006 * n)
    mark(dq, dead, DQ.DEAD | DQ.DO_NOT_USE)
    mark(dq, hot, DQ.HOT | DQ.DO_NOT_USE)
    shade = science_corner(detector)
    if shade is not None:
        mark(dq, np.s_[shade[1] :, : shade[0]], DQ.NON_SCIENCE | DQ.DO_NOT_USE)
    left, right, bottom, top = detector.border
    border = np.ones((n, n), bool)
    border[bottom : n - top, left : n - right] = False
    mark(dq, border, DQ.REFERENCE_PIXEL | DQ.DO_NOT_USE)
    flat = rng.normal(1.0, FLAT_ERROR, (n, n)).astype(np.float32)
    read_noise = np.exp(rng.normal(0.0, _READ_SPREAD, (n, n))).astype(np.float32)
    return Blemishes(dq, flat, read_noise)


def science_corner(detector: Detector) -> tuple[int, int] | None:
    """Give the column left of which and the row above which a mask keeps the sky out; None without a mask."""
    if detector.instrument != "MIRI":
        return None
    return int(0.14 * detector.size), int(0.86 * detector.size)


def cosmic_rays(rng: np.random.Generator, shape: tuple[int, int], seconds: float) -> CosmicRays:
    """Draw the tracks of one exposure."""
    count = rng.poisson(_HITS * seconds * shape[0] * shape[1])
    start = rng.uniform(0.0, 1.0, (2, count)) * np.array(shape)[:, None]
    angle, length = rng.uniform(0.0, 2.0 * np.pi, count), 1 + rng.geometric(0.45, count)
    strong = rng.random(count) < _STRONG_FRACTION
    masks = (np.zeros(shape, bool), np.zeros(shape, bool))
    for step in range(_LONGEST_TRACK):
        y = (start[0] + step * np.sin(angle)).astype(np.int64)
        x = (start[1] + step * np.cos(angle)).astype(np.int64)
        here = (step < length) & (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])
        for mask, kind in zip(masks, (~strong, strong), strict=True):
            mask[y[here & kind], x[here & kind]] = True
    return CosmicRays(masks[0] & ~masks[1], masks[1])


def saturation(rate: Float32Image, detector: Detector) -> tuple[Mask, Mask, Float32Image]:
    """Tell what bright light does to the ramps.

    Parameters
    ----------
    rate
        Light without noise, DN/s: float32, (y, x).
    detector
        Its well and timing.

    Returns
    -------
    lost, reached, seconds
        Pixels with less than one group below the well, and their neighbours; pixels that reach the well before the
        end; the time that each pixel's ramp can be used, seconds (float32).
    """
    electronics = detector.electronics
    filling = electronics.well / np.maximum(rate, np.float32(1e-6))
    lost = binary_dilation(filling < electronics.group_s)
    reached = binary_dilation(filling < electronics.integration_s)
    usable = np.clip(filling, electronics.group_s, electronics.integration_s) * electronics.integrations
    return lost, reached, usable.astype(np.float32)
