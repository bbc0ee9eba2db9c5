"""Stars of one input, good to a few thousandths of a pixel: what alignment matches between images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, uniform_filter

from jwstpipe.fits.dq import dq_mask
from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.mosaicking.warp.input_window import read_input_window
from jwstpipe.numerics.centroids import HALF, windowed_centres
from jwstpipe.numerics.robust import MAD_TO_SIGMA
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import ICRS, rotated

__all__ = ["DetectJob", "Stars", "detect"]

Floats = NDArray[np.float64]

BAND_ROWS = 1024
"""Rows looked at together, so that memory does not depend on the size of the image."""

OVERLAP = 12
"""Rows that bands share."""

SIGNAL = 10.0
"""Peaks this many standard deviations of the smoothed sky above it are stars."""

MOST = 500
"""Brightest stars that are kept."""


@dataclass(frozen=True)
class DetectJob:
    """One input to look at."""

    source: Source
    reject_dq: tuple[str, ...]
    s3: S3Settings


@dataclass(frozen=True, eq=False)
class Stars:
    """Stars of an image, brightest first."""

    ra: Floats
    """Degrees ICRS, by the image's own WCS."""

    dec: Floats
    flux: Floats


def detect(job: DetectJob) -> Stars:
    """Find the stars of an input."""
    rows, columns = job.source.shape
    found = []
    for y0 in range(0, rows, BAND_ROWS):
        window = Box(max(y0 - OVERLAP, 0), 0, min(y0 + BAND_ROWS + OVERLAP, rows), columns)
        layer = read_input_window(
            job.source, window, weights="uniform", rejected=dq_mask(job.reject_dq), with_errors=False, is_flux=False,
            s3=job.s3,
        )  # fmt: skip
        stars = _band_stars(layer.sci)
        stars[:, 1] += window.y0
        found.append(stars[(stars[:, 1] >= y0) & (stars[:, 1] < y0 + BAND_ROWS)])
    stars = np.concatenate(found)
    stars = stars[np.argsort(-stars[:, 2], kind="stable")][:MOST]
    wcs = job.source.wcs.exact(name=job.source.address)
    ra, dec = rotated(*wcs.to_sky(stars[:, 0], stars[:, 1]), wcs.frame, ICRS)
    return Stars(np.asarray(ra), np.asarray(dec), stars[:, 2])


def _band_stars(sci: NDArray[np.float32]) -> Floats:
    """Give x, y and flux of the stars of a window."""
    good = np.isfinite(sci)
    if good.sum() < 100 or min(sci.shape) <= 2 * HALF + 1:
        return np.empty((0, 3))
    level = np.median(sci[good])
    smooth = uniform_filter(np.where(good, sci - level, 0.0), 3)
    noise = MAD_TO_SIGMA * float(np.median(np.abs(smooth[good])))
    peaks = (smooth == maximum_filter(smooth, 7)) & (smooth > SIGNAL * noise) & (noise > 0.0)
    peaks[:HALF], peaks[-HALF:], peaks[:, :HALF], peaks[:, -HALF:] = False, False, False, False
    y, x = np.nonzero(peaks)
    return windowed_centres(np.asarray(sci - level, dtype=np.float64), x, y)
