"""Whether magnitudes that were measured agree with known ones: offset, scatter, and a slope with brightness."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.robust import MAD_TO_SIGMA

__all__ = ["ZeroPoint", "compared"]

Floats = NDArray[np.float64]

CLIP, ROUNDS, FEWEST = 3.0, 10, 5


@dataclass(frozen=True)
class ZeroPoint:
    """What the stars say."""

    stars: int
    """With a known magnitude and a measured flux."""

    used: int
    """Those within three standard deviations of the offset."""

    offset_mag: float
    """Measured minus known: positive where the image is too faint. NaN where fewer than five stars are left."""

    error_mag: float
    """Standard error of it."""

    scatter_mag: float
    """Standard deviation of a star."""

    slope: float
    """How the difference grows with the magnitude: not 0 where a level is wrong, or the detector is not linear."""

    factor: float
    """What fluxes of the image are to be multiplied with."""

    verdict: str
    """``good``; ``off``: beyond the tolerance and three of its errors; or ``too few``."""


def compared(measured: Floats, known: Floats, *, tolerance: float) -> ZeroPoint:
    """Compare magnitudes of the same stars; NaN = not known.

    Parameters
    ----------
    measured, known
        (n,) AB magnitudes.
    tolerance
        Offset that is good enough.
    """
    good = np.isfinite(measured + known)
    difference, brightness = (measured - known)[good], known[good]
    stars = len(difference)
    kept = np.ones(stars, bool)
    for _ in range(ROUNDS):
        if kept.sum() < FEWEST:
            nothing = float("nan")
            return ZeroPoint(stars, int(kept.sum()), nothing, nothing, nothing, nothing, nothing, "too few")
        middle = float(np.median(difference[kept]))
        scatter = MAD_TO_SIGMA * float(np.median(np.abs(difference[kept] - middle)))
        inside = np.abs(difference - middle) <= max(CLIP * scatter, 1e-6)
        if np.array_equal(inside, kept):
            break
        kept = inside
    offset, spread = float(np.median(difference[kept])), float(difference[kept].std(ddof=1))
    error = float(np.sqrt(np.pi / 2.0)) * spread / float(np.sqrt(kept.sum()))
    span = brightness[kept] - brightness[kept].mean()
    slope = float((span * difference[kept]).sum() / (span**2).sum()) if np.ptp(span) > 0.0 else 0.0
    verdict = "off" if abs(offset) > max(tolerance, 3.0 * error) else "good"
    return ZeroPoint(stars, int(kept.sum()), offset, error, spread, slope, float(10.0 ** (0.4 * offset)), verdict)
