"""One exposure: the sky through telescope and detector, as calibrated planes.

The light that a pixel receives is the scene blurred by the telescope, plus the sky; the noise that is added is the
noise that the variance planes state, from the light without noise, so that weights carry no bias.
"""

from dataclasses import dataclass, replace

import numpy as np
from astropy.io.fits import Header
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline
from scipy.signal import fftconvolve

from jwstpipe.simulate.artefacts.add import Added, add_artefacts
from jwstpipe.simulate.artefacts.amounts import Artefacts
from jwstpipe.simulate.detector.detectors import Detector
from jwstpipe.simulate.detector.effects import FLAT_ERROR, Blemishes, blemishes, cosmic_rays, saturation
from jwstpipe.simulate.detector.flags import DQ, mark
from jwstpipe.simulate.detector.psf import OVERSAMPLE, PixelPsf, add_points, star_radius
from jwstpipe.simulate.plan import ROLL, Exposure
from jwstpipe.simulate.plane import Plane, sample_cubic
from jwstpipe.simulate.sky.catalogue import Stars

__all__ = ["Before", "Planes", "blurred", "expose", "light_at"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]
Flags = NDArray[np.uint32]

_NODES = 32
"""Spacing of the pixels whose position is computed exactly; a cubic spline gives the others to 1e-7 pixels."""

_MOST_STEPS = 64
"""Places that a star is drawn at along its trail."""

_WINGS_ARCSEC = 3.0
"""Reach of the blur of diffuse light."""


_AFTER_HIT = 0.6
"""Part of a ramp that can be used when a cosmic ray cuts it in two."""


@dataclass(frozen=True, eq=False)
class Planes:
    """Planes of a `_cal` file, (y, x); float32 but `dq`, MJy/sr and its square but `area`."""

    sci: Float32Image
    err: Float32Image
    dq: Flags
    area: Float32Image
    """Area of a pixel relative to the nominal one."""

    var_poisson: Float32Image
    var_rnoise: Float32Image
    var_flat: Float32Image
    added: Added | None = None
    """Artefacts, where there are any."""


@dataclass(frozen=True)
class Before:
    """The exposure that the same detector took before: what it saturated lives on."""

    exposure: Exposure
    header: Header
    """Of its SCI extension."""


def blurred(diffuse: Float32Image, plane: Plane, psf: PixelPsf, *, scale: float) -> Float32Image:
    """Blur diffuse light by telescope and pixel.

    Parameters
    ----------
    diffuse
        float32, (y, x), on `plane`.
    plane
        Its raster, x to the east.
    psf
        Image of a point on the detector, upright at the roll of the telescope.
    scale
        Side of a detector pixel, arcsec.
    """
    reach = min(int(_WINGS_ARCSEC / plane.step), plane.size // 3, int((psf.radius - 1) * scale / plane.step / 1.5))
    offsets = np.arange(-reach, reach + 1) * plane.step
    east, north = offsets[None, :], offsets[:, None]
    cosine, sine = np.cos(np.radians(ROLL)), np.sin(np.radians(ROLL))
    centre = psf.samples.shape[0] // 2
    columns = centre + (-east * cosine + north * sine) * (OVERSAMPLE / scale)
    rows = centre + (east * sine + north * cosine) * (OVERSAMPLE / scale)
    kernel = np.empty(columns.shape, np.float32)
    sample_cubic(psf.samples, columns, rows, kernel)
    kernel /= kernel.sum(dtype=np.float64)
    padded = np.pad(diffuse, reach, mode="edge")
    return np.asarray(fftconvolve(padded, kernel, mode="valid"), np.float32)


def light_at(header: Header, shape: tuple[int, int], diffuse: Float32Image, plane: Plane) -> Float32Image:
    """Sample diffuse light at the pixels of an image with this WCS: float32, (y, x)."""
    nodes = [np.arange(-_NODES, size + 2 * _NODES, _NODES, dtype=np.float64) for size in shape]
    grid_y, grid_x = np.meshgrid(*nodes, indexing="ij")
    ra, dec = WCS(header).all_pix2world(grid_x, grid_y, 0)
    places = plane.to_pixels(*plane.to_plane(ra, dec))
    rows, columns = np.arange(shape[0], dtype=np.float64), np.arange(shape[1], dtype=np.float64)
    maps = [RectBivariateSpline(*nodes, place)(rows, columns) for place in places]
    out = np.empty(shape, np.float32)
    sample_cubic(diffuse, maps[0], maps[1], out)
    return out


def expose(
    exposure: Exposure,
    header: Header,
    diffuse: Float32Image,
    plane: Plane,
    stars: Stars,
    psf: PixelPsf,
    *,
    seed: int,
    residual_cosmic_rays: float = 0.0,
    artefacts: Artefacts | None = None,
    before: Before | None = None,
) -> Planes:
    """Take one exposure.

    Parameters
    ----------
    exposure
        What looks where.
    header
        Header of its SCI extension: the WCS in it places every pixel.
    diffuse
        Blurred light on `plane`.
    plane, stars
        The scene's raster and points.
    psf
        Image of a point on this detector.
    seed
        Of the programme: noise follows from it and the name of the exposure.
    residual_cosmic_rays
        Fraction of pixels with a cosmic ray that nothing flags. Default 0: the official jump step finds nearly all;
        1e-4 and more give outlier rejection something to do.
    artefacts
        What electronics and stray light add; None = nothing.
    before
        For persistence: the exposure before; None = there was none.
    """
    detector = exposure.detector
    rng = np.random.default_rng([seed, *exposure.obs_id.encode()])
    fixed = blemishes(detector, seed)
    light = _light(exposure, header, diffuse, plane, stars, psf)
    lost, reached, seconds = saturation(light / np.float32(exposure.band.photmjsr), detector)
    hits = cosmic_rays(rng, fixed.dq.shape, exposure.seconds)
    seconds[hits.weak] *= _AFTER_HIT
    planes = _measure(rng, exposure, light, seconds, fixed)
    if residual_cosmic_rays > 0:
        _strike(rng, planes, residual_cosmic_rays)
    mark(planes.dq, hits.weak, DQ.JUMP_DET)
    mark(planes.dq, hits.strong, DQ.JUMP_DET | DQ.DO_NOT_USE)
    mark(planes.dq, reached, DQ.SATURATED)
    mark(planes.dq, lost, DQ.SATURATED | DQ.DO_NOT_USE)
    if artefacts is not None:
        struck_before = None
        if before is not None and artefacts.persistence:
            earlier = _light(before.exposure, before.header, diffuse, plane, stars, psf)
            struck_before = saturation(earlier / np.float32(before.exposure.band.photmjsr), detector)[1]
        planes = _with_artefacts(planes, exposure, artefacts, struck_before)
    unused = (planes.dq & DQ.DO_NOT_USE) != 0
    for image in (planes.sci, planes.err, planes.var_poisson, planes.var_rnoise, planes.var_flat):
        image[unused] = np.nan
    return planes


def _strike(rng: np.random.Generator, planes: Planes, share: float) -> None:
    """Leave cosmic rays that nothing flags."""
    struck = rng.random(planes.sci.shape) < share
    planes.sci[struck] += rng.exponential(40.0, int(struck.sum())) * np.sqrt(planes.var_rnoise[struck])


def _with_artefacts(
    planes: Planes, exposure: Exposure, artefacts: Artefacts, struck_before: NDArray[np.bool_] | None
) -> Planes:
    sigma = float(np.sqrt(np.median(planes.var_rnoise + planes.var_poisson)))
    return replace(planes, added=add_artefacts(planes.sci, planes.dq, sigma, exposure, artefacts, struck_before))


def _light(
    exposure: Exposure, header: Header, diffuse: Float32Image, plane: Plane, stars: Stars, psf: PixelPsf
) -> Float32Image:
    """Give what falls on each pixel, without noise, MJy/sr."""
    light = light_at(header, (exposure.detector.size, exposure.detector.size), diffuse, plane)
    wcs = WCS(header)
    _add_stars(light, exposure, wcs, stars, psf)
    _add_planet(light, exposure, wcs, psf)
    light += np.float32(exposure.sky)
    return light


def _measure(
    rng: np.random.Generator, exposure: Exposure, light: Float32Image, seconds: Float32Image, fixed: Blemishes
) -> Planes:
    """Measure light with noise, and state the noise; `seconds` is how long each pixel's ramp can be used."""
    electronics, per_dn = exposure.detector.electronics, np.float32(exposure.band.photmjsr)
    electrons = seconds * np.float32(electronics.gain / per_dn)
    read = per_dn * np.float32(electronics.read_noise / (electronics.gain * exposure.seconds))
    var_poisson = np.maximum(light, 0) / electrons
    var_rnoise = (read * fixed.read_noise * (np.float32(exposure.seconds) / seconds)) ** 2
    var_flat = (np.float32(FLAT_ERROR) * light) ** 2
    counted = rng.poisson(np.maximum(light * fixed.flat, 0) * electrons) / electrons
    sci = counted + rng.standard_normal(light.shape, np.float32) * np.sqrt(var_rnoise)
    err = np.sqrt(var_poisson + var_rnoise + var_flat)
    area = _areas(exposure.detector)
    return Planes(sci.astype(np.float32), err, fixed.dq.copy(), area, var_poisson, var_rnoise, var_flat)


def _areas(detector: Detector) -> Float32Image:
    offset = np.arange(detector.size) - 0.5 * (detector.size - 1)
    u, v = np.broadcast_arrays(offset[None, :], offset[:, None])
    return detector.area(u, v).astype(np.float32)


def _add_stars(light: Float32Image, exposure: Exposure, wcs: WCS, stars: Stars, psf: PixelPsf) -> None:
    detector = exposure.detector
    near = Plane(exposure.ra, exposure.dec, detector.scale, detector.size).to_plane(stars.ra, stars.dec)
    reach = 0.5 * detector.size * 1.5 + psf.radius
    chosen = np.hypot(*near) < reach * detector.scale
    nominal = stars.flux[exposure.band.name][chosen] / (detector.pixel_sr * 1e6)
    trail = _trail(exposure)
    for east, north in trail:
        ra, dec = _shifted(stars.ra[chosen], stars.dec[chosen], east, north)
        _add_light(light, exposure, wcs, psf, ra, dec, nominal / len(trail))


def _add_planet(light: Float32Image, exposure: Exposure, wcs: WCS, psf: PixelPsf) -> None:
    target = exposure.target
    if target.planet is not None:
        ra, dec, flux = target.planet.light(target.ra, target.dec)
        _add_light(light, exposure, wcs, psf, ra, dec, flux / exposure.detector.scale**2)


def _add_light(
    light: Float32Image, exposure: Exposure, wcs: WCS, psf: PixelPsf, ra: Floats, dec: Floats, nominal: Floats
) -> None:
    """Add points at positions of the sky: light of one point is `nominal` MJy/sr on a pixel of the nominal area."""
    detector = exposure.detector
    x, y = wcs.all_world2pix(ra, dec, 0, tolerance=1e-8)
    middle = 0.5 * (detector.size - 1)
    flux = nominal / detector.area(x - middle, y - middle)
    read = exposure.band.photmjsr * detector.electronics.read_noise / detector.electronics.gain / exposure.seconds
    add_points(light, psf, x, y, flux, star_radius(psf, flux, faintest=0.05 * read))


def _trail(exposure: Exposure) -> list[tuple[float, float]]:
    """Give the places that a star takes while the telescope follows a planet, arcsec east and north of its own."""
    planet = exposure.target.planet
    if planet is None:
        return [(0.0, 0.0)]
    east, north = planet.moved(exposure.seconds / 86_400.0)
    steps = int(np.clip(np.ceil(2.0 * np.hypot(east, north) / exposure.detector.scale), 1, _MOST_STEPS))
    return [(-east * part, -north * part) for part in (np.arange(steps) + 0.5) / steps - 0.5]


def _shifted(ra: Floats, dec: Floats, east: float, north: float) -> tuple[Floats, Floats]:
    if east == 0.0 and north == 0.0:
        return ra, dec
    return ra + east / 3600.0 / np.cos(np.radians(dec)), dec + north / 3600.0
