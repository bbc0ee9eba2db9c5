"""Stars of one input, good to a few thousandths of a pixel: what alignment matches between images."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, uniform_filter

from jwstpipe.fits.dq import dq_mask
from jwstpipe.mosaicking.sources import Source
from jwstpipe.mosaicking.warp.input_window import read_layer
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import EQUATORIAL, rotated

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

HALF = 5
"""Half of the box in which a centre is measured, pixels."""

CENTRE_SIGMA = 1.6
"""Standard deviation of the window that weighs pixels around the centre."""


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
        layer = read_layer(
            job.source, window, weights="uniform", rejected=dq_mask(job.reject_dq), with_errors=False, scaled=False,
            s3=job.s3,
        )  # fmt: skip
        stars = _band_stars(layer.sci)
        stars[:, 1] += window.y0
        found.append(stars[(stars[:, 1] >= y0) & (stars[:, 1] < y0 + BAND_ROWS)])
    stars = np.concatenate(found)
    stars = stars[np.argsort(-stars[:, 2], kind="stable")][:MOST]
    wcs = job.source.wcs.exact(name=job.source.address)
    ra, dec = rotated(*wcs.to_sky(stars[:, 0], stars[:, 1]), wcs.frame, EQUATORIAL)
    return Stars(np.asarray(ra), np.asarray(dec), stars[:, 2])


def _band_stars(sci: NDArray[np.float32]) -> Floats:
    """Give x, y and flux of the stars of a window."""
    good = np.isfinite(sci)
    if good.sum() < 100 or min(sci.shape) <= 2 * HALF + 1:
        return np.empty((0, 3))
    level = np.median(sci[good])
    smooth = uniform_filter(np.where(good, sci - level, 0.0), 3)
    noise = 1.4826 * float(np.median(np.abs(smooth[good])))
    peaks = (smooth == maximum_filter(smooth, 7)) & (smooth > SIGNAL * noise) & (noise > 0.0)
    peaks[:HALF], peaks[-HALF:], peaks[:, :HALF], peaks[:, -HALF:] = False, False, False, False
    y, x = np.nonzero(peaks)
    return _centres(np.asarray(sci - level, dtype=np.float64), x, y)


@njit(nogil=True, cache=True)
def _centres(sky: Floats, xs: NDArray[np.int64], ys: NDArray[np.int64]) -> Floats:
    """Measure centres with a Gaussian window that follows them (as SExtractor's XWIN, with its factor of 2)."""
    found = np.empty((xs.size, 3))
    n = 0
    for k in range(xs.size):
        x, y, flux = float(xs[k]), float(ys[k]), 0.0
        good = True
        for _ in range(20):
            left, low = round(x) - HALF, round(y) - HALF
            if left < 0 or low < 0 or left + 2 * HALF >= sky.shape[1] or low + 2 * HALF >= sky.shape[0]:
                good = False
                break
            total, dx, dy, flux = 0.0, 0.0, 0.0, 0.0
            for i in range(low, low + 2 * HALF + 1):
                for j in range(left, left + 2 * HALF + 1):
                    value = sky[i, j]
                    if not np.isfinite(value):
                        good = False
                        continue
                    weight = value * np.exp(-((j - x) ** 2 + (i - y) ** 2) / (2.0 * CENTRE_SIGMA**2))
                    total += weight
                    dx += weight * (j - x)
                    dy += weight * (i - y)
                    flux += value
            if not good or total <= 0.0:
                good = False
                break
            step_x, step_y = 2.0 * dx / total, 2.0 * dy / total
            x, y = x + step_x, y + step_y
            if abs(step_x) + abs(step_y) < 1e-4:
                break
        if good and abs(x - xs[k]) < 2.0 and abs(y - ys[k]) < 2.0 and flux > 0.0:
            found[n, 0], found[n, 1], found[n, 2] = x, y, flux
            n += 1
    return found[:n]
