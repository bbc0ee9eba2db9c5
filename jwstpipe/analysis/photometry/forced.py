"""Known sources on one image: circles and ellipses with sky, errors and corrections, at positions that stay."""

import os
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import ImageRef, opened
from jwstpipe.analysis.photometry.empty import ApertureNoise, empty_places, noise_of_sums, white_noise
from jwstpipe.analysis.photometry.encircled import Curve, curve_from_text, public_curve
from jwstpipe.analysis.photometry.fluxes import FluxScale, flux_scale
from jwstpipe.analysis.photometry.growth import growth_curve
from jwstpipe.analysis.photometry.kron import MOST_MISSING, KronFluxes, KronShapes, kron_shapes, kron_sums
from jwstpipe.analysis.photometry.lengths import circles_wanted, pixel_arcsec, ring_wanted
from jwstpipe.analysis.photometry.placed import Placed
from jwstpipe.analysis.photometry.positions import Sources, pixel_positions
from jwstpipe.analysis.photometry.psf.epsf import built_psf
from jwstpipe.analysis.photometry.psf.fit import PsfFluxes, psf_fluxes
from jwstpipe.analysis.photometry.psf.model import psf_from_text
from jwstpipe.analysis.photometry.tiles import Circles
from jwstpipe.analysis.pixels.precision import require_single
from jwstpipe.errors import TransformError, UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.images.image import SkyImage
from jwstpipe.images.passband import passband
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.analysis.photometry import PhotometryRequest
from jwstpipe.settings import S3Settings
from jwstpipe.sky.jacobian import solid_angles_sr

__all__ = ["Forced", "measure_image"]

Floats = NDArray[np.float64]

NEIGHBOUR, SATURATED, EDGE, INCOMPLETE, KRON_CAPPED, PSF_FAILED = 1, 4, 8, 32, 64, 2048
MOST_TAKEN = 0.1
"""Share of a Kron ellipse that is another's, above which the flag says so."""


@dataclass(frozen=True, eq=False)
class Forced:
    """What was measured on one image; sums are in units of the samples, `factor` makes them uJy."""

    address: str
    band: str
    unit: str
    scale: FluxScale | None
    x: Floats
    y: Floats
    labels: tuple[str, ...]
    energies: tuple[float, ...]
    """Part of a point source's light that each circle measures, ring included; NaN = not known."""

    factor: Floats
    """(n,), uJy for a sum of 1; 1 where the unit has no flux."""

    flux: Floats
    error: Floats
    bad: Floats
    """(n,), largest share of the light of a point source on pixels without data."""

    sky: Floats
    sky_error: Floats
    flags: NDArray[np.int32]
    curve: Curve | None
    noise: ApertureNoise
    kron: KronShapes | None = None
    kron_fluxes: KronFluxes | None = None
    psf: PsfFluxes | None = None
    psf_held: float = 1.0
    """Part of a point source's light on the stamp of the PSF, by the curve of growth."""

    facts: dict[str, Any] = field(default_factory=dict)


def measure_image(
    ref: ImageRef,
    sources: Sources,
    options: PhotometryRequest,
    *,
    kron: KronShapes | None = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Forced:
    """Measure known sources on an image.

    Parameters
    ----------
    ref
        The image, or its address.
    sources
        Positions, from `sources_of_table`; they are not moved.
    options
        Circles, ring, errors, corrections.
    kron
        Ellipses of an image measured before; None = they are found on this one.
    s3, workers, report
        As everywhere.

    Raises
    ------
    JwstPipeError
        As `pixel_positions`; `UsageError` for lengths in arcsec on an image without a WCS, and for encircled energies
        that no curve knows.
    """
    image = opened(ref, s3=s3)
    require_single(image)
    at = Placed(ref, image, *pixel_positions(sources, image), s3, workers or ThreadWorkers(os.cpu_count() or 1), report)
    band = (passband(image).filter or "").lower()
    arcsec = pixel_arcsec(image)
    curve, stars = _curve(at, options, band, arcsec)
    labels, radii = circles_wanted(options, curve, arcsec, name=image.address)
    ring = ring_wanted(options, max(radii), arcsec, name=image.address)
    found = at.circles(at.x, at.y, radii, ring, name="apertures")
    noise = _noise(at, sources, options, radii, ring)
    sky = found.skies[:, 0] if options.local_sky else np.zeros(len(at.x))
    flux, error, bad = _fluxes(found, sky, noise, local=options.local_sky)
    scale = flux_scale(str(image.header.get("BUNIT", "")))
    flags = _flags(at, sources, found, max(radii))
    annulus = ring if options.local_sky else None
    energies = tuple(
        float("nan")
        if curve is None
        else curve.effective(r * arcsec, annulus and (annulus[0] * arcsec, annulus[1] * arcsec))
        for r in radii
    )
    made = Forced(
        image.address, band, str(image.header.get("BUNIT", "")).strip(), scale, at.x, at.y, labels, energies,
        _factor(image, scale, at.x, at.y), flux, error, bad, found.skies[:, 0], found.skies[:, 1], flags, curve, noise,
        facts={"radii_px": list(radii), "ring_px": list(ring), "stars_of_curve": stars},
    )  # fmt: skip
    made = _with_psf(made, at, sources, options, found.skies, arcsec)
    if not options.kron:
        return made
    correct = options.kron_neighbours == "correct"
    shapes = kron or kron_shapes(at, sources, sky, options.kron_factor, arcsec, correct=correct)
    fluxes = kron_sums(at, shapes, sky, found.skies[:, 1], noise, arcsec=arcsec)
    flags[shapes.capped] |= KRON_CAPPED
    flags[fluxes.taken > MOST_TAKEN] |= NEIGHBOUR
    return replace(made, kron=shapes, kron_fluxes=fluxes)


def _with_psf(
    made: Forced, at: Placed, sources: Sources, options: PhotometryRequest, skies: Floats, arcsec: float
) -> Forced:
    if options.psf is None:
        return made
    psf = built_psf(at) if options.psf == "auto" else psf_from_text(options.psf, made.band)
    fitted = psf_fluxes(
        at, psf, skies, local_sky=options.local_sky, hold=options.psf_positions == "hold", sizes=sources.shapes[:, 0],
        empty=options.empty_apertures, ring=made.facts["ring_px"],
    )  # fmt: skip
    made.flags[fitted.failed] |= PSF_FAILED
    held = float("nan") if made.curve is None else made.curve.at(psf.half * arcsec)
    return replace(made, psf=fitted, psf_held=held if np.isfinite(held) else 1.0)


def _curve(at: Placed, options: PhotometryRequest, band: str, arcsec: float) -> tuple[Curve | None, int]:
    """Choose the curve of growth; a given table wins."""
    if options.growth_table is not None:
        found = curve_from_text(options.growth_table, band)
        if found is None:
            raise UsageError(f"{at.image.address}: the given curve of growth has no filter {band.upper() or 'unnamed'}")
        return found, 0
    public = public_curve(band)
    if options.growth == "none" or not np.isfinite(arcsec):
        return None, 0
    if options.growth == "table":
        if public is None:
            raise UsageError(
                f"{at.image.address}: no public curve of growth is known here for {band.upper() or 'its filter'}; give"
                " one with --growth-table, or use --growth image"
            )
        return public, 0
    measured, stars = growth_curve(at.x, at.y, partial(_some_circles, at), scale_arcsec=arcsec, public=public)
    if measured is None and options.growth == "image":
        raise UsageError(
            f"{at.image.address}: only {stars} bright stars stand alone, too few for a curve of growth; use --growth"
            " table, or --growth-table"
        )
    return measured or public, stars


def _some_circles(
    at: Placed, numbers: NDArray[np.int64], radii: tuple[float, ...], ring: tuple[float, float]
) -> Circles:
    return at.circles(at.x[numbers], at.y[numbers], radii, ring, name="growth")


def _noise(
    at: Placed, sources: Sources, options: PhotometryRequest, radii: tuple[float, ...], ring: tuple[float, float]
) -> ApertureNoise:
    """Measure how the noise of a sum grows; independent pixels where it cannot be measured."""
    for reach in (ring[1], max(radii)):  # in a crowded field the ring may have sources, which are clipped
        x, y = empty_places(
            at.image.shape, at.x, at.y, sources.shapes[:, 0], reach=reach, count=options.empty_apertures
        )
        if 2 * len(x) >= options.empty_apertures:
            break
    if not len(x):
        return white_noise()
    found = at.circles(x, y, radii, ring, name="empty apertures")
    whole = (found.lights == 1.0).all(axis=1)
    sky = found.skies[:, 0] if options.local_sky else np.zeros(len(x))
    sums = np.where(whole[:, None], found.sums - sky[:, None] * found.areas, np.nan)
    return noise_of_sums(sums, found.areas, found.variances, found.skies[:, 1]) or white_noise()


def _fluxes(found: Circles, sky: Floats, noise: ApertureNoise, *, local: bool) -> tuple[Floats, Floats, Floats]:
    """Give fluxes, errors and the worst share without data; NaN where too much is missing."""
    enough = found.lights >= 1.0 - MOST_MISSING
    lights = np.where(enough, found.lights, np.nan)
    flux = (found.sums - sky[:, None] * found.areas) / lights
    pixel = found.skies[:, 1:2]
    if noise.places:
        variance = (np.array(noise.spread) * pixel) ** 2
        of_source = found.variances - np.array(noise.source_free) * pixel**2  # what the image's errors add on a source
        variance = variance + np.maximum(of_source, 0.0)
    else:
        known = (found.variances > 0.0).any()
        variance = found.variances if known else found.areas * pixel**2
        if local:
            with np.errstate(invalid="ignore", divide="ignore"):
                variance = variance + found.areas**2 * pixel**2 * (np.pi / 2.0) / found.skies[:, 2:3]
    return flux, np.sqrt(variance) / lights, 1.0 - found.lights.min(axis=1)


def _flags(at: Placed, sources: Sources, found: Circles, radius: float) -> NDArray[np.int32]:
    from scipy.spatial import cKDTree  # noqa: PLC0415 - beside what needs it

    flags = np.zeros(len(sources), np.int32)
    known = np.flatnonzero(np.isfinite(at.x + at.y))
    places = np.column_stack([at.x, at.y])[known]
    if len(places) > 1:
        near = cKDTree(places).query(places, k=2, distance_upper_bound=2.0 * radius)[0][:, 1]
        flags[known[np.isfinite(near)]] |= NEIGHBOUR
    rows, columns = at.image.shape
    with np.errstate(invalid="ignore"):
        edge = (at.x < radius - 0.5) | (at.y < radius - 0.5)
        edge |= (at.x > columns - 0.5 - radius) | (at.y > rows - 0.5 - radius)
    flags[edge] |= EDGE
    flags[(found.lights < 1.0).any(axis=1)] |= INCOMPLETE
    flags[found.saturated] |= SATURATED
    return flags


def _factor(image: SkyImage, scale: FluxScale | None, x: Floats, y: Floats) -> Floats:
    """Give uJy for a sum of 1 at each position."""
    if scale is None:
        return np.ones(len(x))
    omega = np.full(len(x), np.nan)
    known = np.isfinite(x + y)
    if scale.per_sr:
        try:
            omega[known] = solid_angles_sr(image.image_wcs.exact(name=image.address), x[known], y[known])
        except TransformError:
            return omega
    return scale.factor(omega) * 1e6
