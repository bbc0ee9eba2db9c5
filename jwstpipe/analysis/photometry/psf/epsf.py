"""The effective PSF of an image, from its own stars (Anderson and King 2000).

Every pixel of a star is a sample of the same function at its own distance. Samples of all stars are gathered in cells
of a quarter pixel, clipped, averaged and smoothed by a kernel that leaves polynomials of the fourth order as they are;
stars are then placed again with what came out, and so on. Built from the mosaic itself it has the widening of the
resampling in it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from jwstpipe.analysis.opened import ImageRef
from jwstpipe.analysis.photometry.placed import Placed
from jwstpipe.analysis.photometry.psf.model import RIM, Psf
from jwstpipe.analysis.photometry.tiles import seen_around
from jwstpipe.errors import UsageError
from jwstpipe.numerics.psf.fit import FLUX, STATE, X, Y, fit_groups
from jwstpipe.numerics.robust import MAD_TO_SIGMA
from jwstpipe.settings import S3Settings

__all__ = ["FEWEST_STARS", "built_psf", "psf_of_stamps"]

Floats = NDArray[np.float64]

OVER = 4
HALF = 12
"""Half a side of the stamp, pixels."""

FEWEST_STARS, MOST_STARS = 20, 400
BRIGHT = 50.0
RING = (17.0, 23.0)
LOOK = (1.5, 3.0)
COMPACT = 0.9
ROUNDS, STILL, SETTLED, CLIP = 4, 2, 5, 2.5
"""Rounds; the first of them that leave the stars as they were measured; and how often the grid is settled in each. A
rough grid would draw places and fluxes to what fits its faults, and they would keep them."""
# fmt: off
QUARTIC = np.array([
    [+0.041632, -0.080816, 0.078368, -0.080816, +0.041632],
    [-0.080816, -0.019592, 0.200816, -0.019592, -0.080816],
    [+0.078368, +0.200816, 0.441632, +0.200816, +0.078368],
    [-0.080816, -0.019592, 0.200816, -0.019592, -0.080816],
    [+0.041632, -0.080816, 0.078368, -0.080816, +0.041632],
])
# fmt: on
"""Least squares fit of a polynomial of the fourth order to five by five samples, at the middle one."""


@dataclass(frozen=True, eq=False)
class StampsJob:
    """Stars of a tile, to be cut out."""

    image: ImageRef
    x: Floats
    y: Floats
    s3: S3Settings | None


def cut_stamps(job: StampsJob) -> Floats:
    """Cut stamps (k, n, n) of stars, the pixel of the star in the middle; NaN = no data, or saturated."""
    seen = seen_around(job.image, 0, job.x, job.y, HALF + 1.0, job.s3)
    side = 2 * (HALF + 1) + 1
    found = np.full((len(job.x), side, side), np.nan)
    rows, columns = seen.sci.shape
    for k in range(len(job.x)):
        top, left = round(float(job.y[k])) - seen.y0 - HALF - 1, round(float(job.x[k])) - seen.x0 - HALF - 1
        y0, y1, x0, x1 = max(top, 0), min(top + side, rows), max(left, 0), min(left + side, columns)
        found[k, y0 - top : y1 - top, x0 - left : x1 - left] = seen.unsaturated()[y0:y1, x0:x1]
    return found


def built_psf(at: Placed) -> Psf:
    """Build the PSF of an image from its bright stars that stand alone.

    Raises
    ------
    UsageError
        Too few of them.
    """
    chosen, bright, skies = _stars(at)
    if len(chosen) < FEWEST_STARS:
        raise UsageError(
            f"{at.image.address}: only {len(chosen)} bright stars stand alone, and a PSF is built from"
            f" {FEWEST_STARS} at least; give one in a FITS file"
        )
    side = 2 * (HALF + 1) + 1
    stamps = np.full((len(chosen), side, side), np.nan)
    x, y = at.x[chosen], at.y[chosen]
    parts = at.spread(
        cut_stamps, lambda own: StampsJob(at.ref, x[own], y[own], at.s3), name="stars of the PSF", x=x, y=y
    )
    for own, part in parts:
        stamps[own] = part
    return psf_of_stamps(stamps, x - np.rint(x), y - np.rint(y), bright, skies[:, 0], skies[:, 1])


def _stars(at: Placed) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Choose stars: bright, compact, whole, alone; their numbers, fluxes in one circle, and skies."""
    placed = np.flatnonzero(np.isfinite(at.x + at.y))
    places = np.column_stack([at.x, at.y])[placed]
    apart = cKDTree(places).query(places, k=2)[0][:, 1] if len(places) > 1 else np.full(len(places), np.inf)
    alone = placed[apart > HALF]
    if len(alone) < FEWEST_STARS:
        return alone, np.empty(len(alone)), np.empty((len(alone), 3))
    look = at.circles(at.x[alone], at.y[alone], LOOK, RING, name="stars")
    flux = look.sums - look.skies[:, :1] * look.areas
    with np.errstate(invalid="ignore", divide="ignore"):
        signal = flux[:, 1] / (look.skies[:, 1] * np.sqrt(look.areas[:, 1]))
        compact = flux[:, 0] / flux[:, 1]
    rows, columns = at.image.shape
    inside = (at.x[alone] > HALF) & (at.x[alone] < columns - 1 - HALF)
    inside &= (at.y[alone] > HALF) & (at.y[alone] < rows - 1 - HALF)
    good = (signal > BRIGHT) & ~look.saturated & inside & (look.lights > 0.95).all(axis=1)
    if not good.any():
        return alone[good], flux[good, 1], look.skies[good]
    good &= compact > COMPACT * np.percentile(compact[good], 80.0)
    order = np.flatnonzero(good)[np.argsort(-flux[good, 1], kind="stable")][:MOST_STARS]
    order.sort()
    return alone[order], flux[order, 1] / look.lights[order, 1], look.skies[order]


def psf_of_stamps(stamps: Floats, dx: Floats, dy: Floats, fluxes: Floats, skies: Floats, noises: Floats) -> Psf:
    """Build a PSF from stamps of stars.

    Parameters
    ----------
    stamps
        (k, n, n), NaN = no data.
    dx, dy
        (k,), where the stars stand from the middle pixel; they are placed anew.
    fluxes
        (k,), of one circle around each.
    skies, noises
        (k,), sky of each, and the standard deviation of a pixel.
    """
    count, side = len(stamps), stamps.shape[1]
    middle = side // 2
    strip = np.ascontiguousarray((stamps - skies[:, None, None]).transpose(1, 0, 2).reshape(side, count * side))
    zero = np.arange(count) * side + middle
    n = 2 * HALF * OVER + 1
    grid = np.zeros((n, n))
    kept = fluxes > 0.0
    flux = fluxes.copy()
    x, y, noises = dx.astype(np.float64), dy.astype(np.float64), np.ascontiguousarray(noises)
    for step in range(ROUNDS):
        for _ in range(SETTLED):
            grid = _better(grid, strip, zero, x, y, flux, kept)
        if step < STILL:
            continue
        psf = Psf(grid, OVER, "")
        radius = float(np.clip(1.3 * psf.fwhm, 2.5, HALF - 1))
        nothing, known = np.zeros(count), np.full(count, np.nan)
        fit = fit_groups(
            strip, np.empty((0, 0), np.float32), 0, 0, np.arange(count + 1), zero + x, middle + y, known, nothing,
            noises, nothing, np.zeros(count, bool), psf.mix(x, y), psf.curves, float(OVER), radius, 1.0,
        )  # fmt: skip
        kept = (fit[:, STATE] == 0.0) & (fit[:, FLUX] > 0.0)
        x, y = np.where(kept, fit[:, X] - zero, x), np.where(kept, fit[:, Y] - middle, y)
        flux = np.where(kept, fit[:, FLUX], flux)
    return Psf(grid, OVER, f"built from {int(kept.sum())} stars of the image")


def _better(
    grid: Floats, strip: Floats, zero: NDArray[np.int64], x: Floats, y: Floats, flux: Floats, kept: NDArray[np.bool_]
) -> Floats:
    """Add to a grid what the stars have that it has not; centre it, and make its light 1."""
    n, middle = len(grid), strip.shape[0] // 2
    centre = (n - 1) / 2.0
    v, u = np.mgrid[-HALF - 1 : HALF + 2, -HALF - 1 : HALF + 2]
    coefficients = Psf(grid, OVER, "").coefficients
    cells, residuals, weights = [], [], []
    most = float(np.median(flux[kept])) * 5.0
    for k in np.flatnonzero(kept):
        right, up = (u - x[k]) * OVER + centre, (v - y[k]) * OVER + centre
        column, row = np.rint(right).astype(int), np.rint(up).astype(int)
        values = strip[v + middle, zero[k] + u] / flux[k]
        good = (column >= 0) & (column < n) & (row >= 0) & (row < n) & np.isfinite(values)
        model = ndimage.map_coordinates(coefficients, [up[good] + RIM, right[good] + RIM], order=3, prefilter=False)
        cells.append(row[good] * n + column[good])
        residuals.append(values[good] - model)
        weights.append(np.full(good.sum(), min(float(flux[k]), most) ** 2))
    change = _cell_means(np.concatenate(cells), np.concatenate(residuals), np.concatenate(weights), n)
    made = ndimage.convolve(grid + change, QUARTIC, mode="constant")
    made = ndimage.shift(made, [-one for one in _centre(made)], order=3, mode="constant")
    far = np.hypot(*(np.mgrid[:n, :n] - centre)) > HALF * OVER
    made[far] = 0.0
    return np.asarray(made * (OVER**2 / made.sum()))


def _cell_means(cells: NDArray[np.int64], values: Floats, weights: Floats, n: int) -> Floats:
    """Average samples in cells, less those far from the median of the cell; empty cells take from their neighbours."""
    order = np.lexsort((values, cells))
    cells, values, weights = cells[order], values[order], weights[order]
    counts = np.bincount(cells, minlength=n * n)
    ends = np.cumsum(counts)
    filled = counts > 0
    medians = np.zeros(n * n)
    medians[filled] = values[(ends - counts + counts // 2)[filled]]
    away = np.abs(values - medians[cells])
    by_size = np.lexsort((away, cells))
    spread = np.zeros(n * n)
    spread[filled] = MAD_TO_SIGMA * away[by_size][(ends - counts + counts // 2)[filled]]
    few = counts[cells] < 4
    weights = np.where((away <= CLIP * spread[cells]) | few, weights, 0.0)
    total, weight = (np.bincount(cells, one, minlength=n * n).reshape(n, n) for one in (weights * values, weights))
    mask = weight > 0.0
    means = np.where(mask, total / np.where(mask, weight, 1.0), 0.0)
    share = ndimage.gaussian_filter(mask.astype(np.float64), 1.0, mode="constant")
    around = ndimage.gaussian_filter(means, 1.0, mode="constant") / np.maximum(share, 1e-12)
    return np.where(mask, means, np.where(share > 1e-3, around, 0.0))


def _centre(grid: Floats) -> tuple[float, float]:
    """Give how far the centre of a grid lies from its middle, by a Gaussian window of its own width."""
    n = len(grid)
    v, u = np.mgrid[:n, :n] - (n - 1) / 2.0
    sigma = max(Psf(grid, 1, "").fwhm / 2.355, 1.5)
    y = x = 0.0
    for _ in range(30):
        weights = np.exp(-((v - y) ** 2 + (u - x) ** 2) / (2.0 * sigma**2)) * grid
        total = weights.sum()
        step = 2.0 * (weights * (v - y)).sum() / total, 2.0 * (weights * (u - x)).sum() / total
        y, x = y + step[0], x + step[1]
        if max(map(abs, step)) < 1e-4:
            break
    return float(y), float(x)
