"""Fluxes by fitting a PSF: neighbours at once, the others subtracted, errors measured where there is no source."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import ImageRef
from jwstpipe.analysis.photometry.empty import FEWEST, empty_places
from jwstpipe.analysis.photometry.placed import Placed
from jwstpipe.analysis.photometry.positions import owners
from jwstpipe.analysis.photometry.psf.groups import fit_order
from jwstpipe.analysis.photometry.psf.model import Psf
from jwstpipe.analysis.photometry.tiles import seen_around
from jwstpipe.numerics.psf import fit as parts
from jwstpipe.numerics.psf.spline import subtracted
from jwstpipe.numerics.robust import MAD_TO_SIGMA
from jwstpipe.settings import S3Settings

__all__ = ["PsfFluxes", "psf_fluxes"]

Floats = NDArray[np.float64]

LINKED = 2.0
"""Sources nearer than so many full widths are fitted at once."""

WIDTHS, LEAST_PX = 1.25, 2.5
"""Radius of the pixels that are fitted, full widths, and at least."""

PASSES = 4
"""First with positions as they are, without the light of other groups; then with both."""

SURE = 5.0
"""Least signal over noise at which a position is fitted."""


@dataclass(frozen=True, eq=False)
class FitJob:
    """Groups of a tile, and all sources whose light reaches them."""

    image: ImageRef
    x: Floats
    y: Floats
    flux: Floats
    starts: NDArray[np.int64]
    skies: Floats
    """(n, 3): sky, standard deviation of a pixel, error of the sky."""

    held: NDArray[np.bool_]
    around: Floats
    """(m, 3): x, y, flux of all sources that are subtracted first, in their order."""

    psf: Psf
    radius: float
    most: float
    s3: S3Settings | None


@dataclass(frozen=True, eq=False)
class PsfFluxes:
    """What a PSF fit gave; a row a source."""

    fits: Floats
    """(n, `numerics.psf.fit.PARTS`); errors as the noise is, correlations included."""

    psf: Psf
    factor: float
    """Noise of empty places in units of what the fit promised there."""

    places: int
    """Empty places that were fitted; 0 = the errors are those of independent pixels."""

    radius: float

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Positions that ran away, and sources with too few pixels."""
        return np.asarray(~(self.fits[:, parts.STATE] == 0.0))

    def facts(self) -> dict[str, Any]:
        """Tell of it in plain values."""
        return {
            **self.psf.facts(), "radius_px": round(self.radius, 3), "noise_factor": round(self.factor, 4),
            "empty_places": self.places, "failed": int(self.failed.sum()),
        }  # fmt: skip


def fit_tile(job: FitJob) -> Floats:
    """Fit the groups of a tile."""
    seen = seen_around(job.image, 0, job.x, job.y, job.radius, job.s3)
    curves, over = job.psf.curves, float(job.psf.over)
    xs, ys, fluxes = np.ascontiguousarray(job.around.T)
    skies, noises, sky_errors = np.ascontiguousarray(job.skies.T)
    left = subtracted(seen.unsaturated(), seen.y0, seen.x0, xs, ys, fluxes, job.psf.mix(xs, ys), curves, over)
    found: Floats = parts.fit_groups(
        left, seen.variance, seen.y0, seen.x0, job.starts, job.x, job.y, job.flux, skies, noises, sky_errors, job.held,
        job.psf.mix(job.x, job.y), curves, over, job.radius, job.most,
    )  # fmt: skip
    return found


def psf_fluxes(
    at: Placed,
    psf: Psf,
    skies: Floats,
    *,
    local_sky: bool,
    hold: bool,
    sizes: Floats,
    empty: int,
    ring: tuple[float, float],
) -> PsfFluxes:
    """Fit a PSF to all sources of an image.

    Parameters
    ----------
    at
        The image and the positions.
    psf
        Of the image.
    skies
        (n, 3): sky of the rings, its standard deviation, and number of pixels.
    local_sky
        Take the sky of the rings away.
    hold
        Keep the positions; else those of sources above `SURE` are fitted.
    sizes
        (n,), standard deviations of the sources, pixels, which empty places keep away from.
    empty, ring
        How many empty places are fitted, and the radii of their rings.
    """
    radius = max(WIDTHS * psf.fwhm, LEAST_PX)
    rows, columns = at.image.shape
    on = (at.x > -0.5) & (at.x < columns - 0.5) & (at.y > -0.5) & (at.y < rows - 0.5)
    x, y = np.where(on, at.x, np.nan), np.where(on, at.y, np.nan)
    order, starts = fit_order(x, y, linked=LINKED * psf.fwhm)
    told = _skies(skies, local_sky=local_sky)
    flux = np.full(len(x), np.nan)
    held = np.ones(len(x), bool)
    moved = np.zeros(len(x), bool)
    fits = np.full((len(x), parts.PARTS), np.nan)
    for step in range(PASSES):
        fits = _pass(at, psf, x, y, flux, order, starts, told, held, radius)
        if step == 0:
            with np.errstate(invalid="ignore"):
                held = ~(fits[:, parts.FLUX] > SURE * fits[:, parts.ERROR]) | hold
        away = ~(np.hypot(fits[:, parts.X] - at.x, fits[:, parts.Y] - at.y) <= psf.fwhm) & on
        moved |= (fits[:, parts.STATE] == parts.MOVED) | (away & ~held)
        held = held | moved
        x = np.where(on, np.where(moved, at.x, fits[:, parts.X]), np.nan)
        y = np.where(on, np.where(moved, at.y, fits[:, parts.Y]), np.nan)
        flux = fits[:, parts.FLUX].copy()
    fits[moved & (fits[:, parts.STATE] == 0.0), parts.STATE] = parts.MOVED
    factor, places = _empty(at, psf, x, y, flux, sizes, radius, empty=empty, ring=ring, local_sky=local_sky)
    fits[:, [parts.ERROR, parts.X_ERROR, parts.Y_ERROR]] *= factor
    return PsfFluxes(fits, psf, factor, places, radius)


def _skies(skies: Floats, *, local_sky: bool) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        error = skies[:, 1] * np.sqrt(np.pi / 2.0 / skies[:, 2])
    nothing = np.zeros(len(skies))
    return np.column_stack([skies[:, 0], skies[:, 1], error] if local_sky else [nothing, skies[:, 1], nothing])


def _pass(
    at: Placed, psf: Psf, x: Floats, y: Floats, flux: Floats, order: NDArray[np.int64], starts: NDArray[np.int64],
    skies: Floats, held: NDArray[np.bool_], radius: float,
) -> Floats:  # fmt: skip
    """Fit all groups once, with the light of all sources as it was known."""
    fits = np.full((len(x), parts.PARTS), np.nan)
    first = order[starts[:-1]]
    tiles = owners(x[first], y[first], at.image.shape)
    jobs, own = {}, {}
    for key, groups in tiles.items():
        name = f"{key[0]}_{key[1]}"
        members = np.concatenate([order[starts[g] : starts[g + 1]] for g in groups])
        ends = np.cumsum([0] + [int(starts[g + 1] - starts[g]) for g in groups])
        own[name] = members
        jobs[name] = FitJob(
            at.ref, x[members], y[members], flux[members], ends, skies[members], held[members],
            _around(x, y, flux, members, radius + psf.half + 2.0), psf, radius, psf.fwhm, at.s3,
        )  # fmt: skip
    done = at.workers.run(fit_tile, jobs, name="PSF fits", report=at.report, unit="tiles")
    for name, members in own.items():
        fits[members] = done[name]
    return fits


def _around(x: Floats, y: Floats, flux: Floats, members: NDArray[np.int64], reach: float) -> Floats:
    """Give the sources whose light may fall on the window of some."""
    with np.errstate(invalid="ignore"):
        near = (x > x[members].min() - reach) & (x < x[members].max() + reach)
        near &= (y > y[members].min() - reach) & (y < y[members].max() + reach) & np.isfinite(flux)
    return np.asarray(np.column_stack([x, y, flux])[near])


def _empty(
    at: Placed, psf: Psf, x: Floats, y: Floats, flux: Floats, sizes: Floats, radius: float, *, empty: int,
    ring: tuple[float, float], local_sky: bool,
) -> tuple[float, int]:  # fmt: skip
    """Fit places without sources, and compare their scatter with what the fits promise."""
    px, py = empty_places(at.image.shape, x, y, sizes, reach=radius, count=empty)
    if len(px) < FEWEST:
        return 1.0, 0
    rings = at.circles(px, py, (radius,), ring, name="empty places")
    skies = _skies(rings.skies, local_sky=local_sky)
    fits = np.full((len(px), parts.PARTS), np.nan)

    def job(own: NDArray[np.int64]) -> FitJob:
        reach = radius + psf.half + 2.0
        near = (x > px[own].min() - reach) & (x < px[own].max() + reach) & np.isfinite(flux)
        near &= (y > py[own].min() - reach) & (y < py[own].max() + reach)
        return FitJob(
            at.ref, px[own], py[own], np.full(len(own), np.nan), np.arange(len(own) + 1), skies[own],
            np.ones(len(own), bool), np.column_stack([x, y, flux])[near], psf, radius, 1.0, at.s3,
        )  # fmt: skip

    for own, part in at.spread(fit_tile, job, name="empty places", x=px, y=py):
        fits[own] = part
    with np.errstate(invalid="ignore"):
        pulls = fits[:, parts.FLUX] / fits[:, parts.ERROR]
    pulls = pulls[np.isfinite(pulls)]
    if len(pulls) < FEWEST:
        return 1.0, 0
    spread = float(MAD_TO_SIGMA * np.median(np.abs(pulls - np.median(pulls))))
    return (spread, len(pulls)) if spread > 0.0 else (1.0, 0)
