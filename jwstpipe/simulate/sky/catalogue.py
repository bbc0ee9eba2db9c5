"""Stars and galaxies of a scene, drawn from plausible populations.

Stars: fluxes at 2 um follow a power law, colours come from a temperature each, a tenth of the cloud's own stars has
warm dust around it, and the nebula dims what lies behind it, so that stars in the cloud redden. A few bright ones are
spread over the view: each saturates and shows its spikes. Galaxies: discs and spheroids behind everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.simulate.bands import Band, black_body
from jwstpipe.simulate.plane import Plane, sample_cubic

__all__ = ["Stars", "draw_stars", "paint_galaxies"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]

_BRIGHT_STARS = 9
"""Bright stars in a view of 50 arcsec; a larger one has more, in proportion to its side."""

_FAINTEST_JY = 1.2e-7
_SLOPE = 0.55
"""Stars brighter than F number F to the power of minus this."""

_STARS_PER_ARCMIN2 = 900.0
_GALAXIES_PER_ARCMIN2 = 70.0

_STERADIAN_ARCSEC2 = (np.pi / 180.0 / 3600.0) ** 2


@dataclass(frozen=True, eq=False)
class Stars:
    """Points of the scene; every array has one entry for each star."""

    ra: Floats
    """Right ascension, degrees ICRS."""

    dec: Floats
    """Declination, degrees ICRS."""

    temperature: Floats
    """Effective temperature, K."""

    flux: dict[str, Floats]
    """Flux that arrives, by filter, Jy."""

    def __len__(self) -> int:
        """Count the stars."""
        return int(self.ra.size)


def draw_stars(
    rng: np.random.Generator, plane: Plane, dust: Float32Image, bands: Sequence[Band], *, view_half: float
) -> Stars:
    """Draw the stars of a scene.

    Parameters
    ----------
    rng
        Decides all.
    plane
        Where stars may stand.
    dust
        Optical depth of the nebula in F090W on that plane: float32, (y, x).
    bands
        Filters for which fluxes are wanted.
    view_half
        Half the side of the view, arcsec: the bright stars stand within.
    """
    count = max(8, int(_STARS_PER_ARCMIN2 * (2.0 * plane.half / 60.0) ** 2))
    x, y = rng.uniform(-plane.half, plane.half, (2, count))
    flux = _FAINTEST_JY * rng.random(count) ** (-1.0 / _SLOPE)
    flux = np.minimum(flux, 3e-4)
    temperature = np.clip(np.exp(rng.normal(np.log(4400.0), 0.42, count)), 2500.0, 30_000.0)
    nearness = rng.uniform(0.0, 1.5, count)
    warm = np.where(rng.random(count) < 0.06, rng.uniform(0.5, 3.0, count), 0.0)
    bright = _spread(rng, int(_BRIGHT_STARS * max(1.0, view_half / 25.0)), 0.78 * view_half)
    x[: bright.shape[0]], y[: bright.shape[0]] = bright.T
    flux[: bright.shape[0]] = np.geomspace(2.5e-2, 9e-4, bright.shape[0])
    temperature[: bright.shape[0]] = np.resize([11_000.0, 5200.0, 24_000.0, 3700.0], bright.shape[0])
    nearness[: bright.shape[0]] = 2.0
    warm[: bright.shape[0]] = 0.0
    behind = _sample(dust, plane, x, y) * np.clip(1.0 - nearness, 0.0, 1.0)
    ra, dec = plane.to_sky(x, y)
    fluxes = {
        band.name: flux * _spectrum(band, temperature, warm) * np.exp(-band.extinction * behind) for band in bands
    }
    return Stars(ra, dec, temperature, fluxes)


def paint_galaxies(
    rng: np.random.Generator, plane: Plane, dust: Float32Image, bands: Sequence[Band], *, view_half: float
) -> dict[str, Float32Image]:
    """Draw galaxies and give their light by filter: float32, (y, x), MJy/sr, dimmed by the dust before them."""
    light = {band.name: np.zeros((plane.size, plane.size), np.float32) for band in bands}
    count = max(2, int(_GALAXIES_PER_ARCMIN2 * (2.0 * plane.half / 60.0) ** 2))
    clear = _clear_places(rng, plane, dust, 3, 0.8 * view_half)
    for n in range(count):
        large = n < clear.shape[0]
        x, y = clear[n] if large else rng.uniform(-plane.half, plane.half, 2)
        radius = rng.uniform(0.6, 0.95) if large else 0.14 * np.exp(abs(rng.normal(0.0, 0.65)))
        flux = 8e-5 * radius**2 if large else 5e-7 * rng.random() ** (-1.0 / 1.1) * (radius / 0.2)
        young = float(rng.uniform(0.5, 1.0) if large else rng.random())
        box, shape = _galaxy(plane, float(x), float(y), float(radius), rng, arms=0.45 if large else 0.3 * young)
        for band in bands:
            colour = young * _young_galaxy(band) + (1.0 - young) * black_body(band.wavelength, 3400.0)
            light[band.name][box] += shape * np.float32(flux * colour / _STERADIAN_ARCSEC2 / plane.step**2 / 1e6)
    for band in bands:
        light[band.name] *= np.exp(-band.extinction * dust)
    return light


def _spectrum(band: Band, temperature: Floats, warm: Floats) -> Floats:
    """Flux relative to that of the photosphere at 2 um."""
    star = np.array([black_body(band.wavelength, kelvin) for kelvin in temperature])
    shell = black_body(band.wavelength, 650.0) / black_body(4.4, 650.0)
    return star + warm * shell


def _young_galaxy(band: Band) -> float:
    """Spectrum of a galaxy that forms stars: flat starlight, and hydrocarbons redshifted little."""
    return black_body(band.wavelength, 7500.0) + 0.25 * band.pah


def _spread(rng: np.random.Generator, count: int, half: float) -> Floats:
    """Draw points that keep away from each other: of twelve candidates the loneliest."""
    points = rng.uniform(-half, half, (1, 2))
    for _ in range(count - 1):
        candidates = rng.uniform(-half, half, (12, 2))
        distance = np.hypot(*(candidates[:, None] - points[None]).transpose(2, 0, 1)).min(axis=1)
        points = np.vstack([points, candidates[np.argmax(distance)]])
    return points


def _clear_places(rng: np.random.Generator, plane: Plane, dust: Float32Image, count: int, half: float) -> Floats:
    """Choose far-apart points with little dust before them."""
    candidates = rng.uniform(-half, half, (400, 2))
    order = np.argsort(_sample(dust, plane, *candidates.T), kind="stable")
    clearest = candidates[order[:80]]
    chosen = clearest[:1]
    while chosen.shape[0] < count:
        distance = np.hypot(*(clearest[:, None] - chosen[None]).transpose(2, 0, 1)).min(axis=1)
        chosen = np.vstack([chosen, clearest[np.argmax(distance)]])
    return chosen


def _sample(image: Float32Image, plane: Plane, x: Floats, y: Floats) -> Floats:
    columns, rows = plane.to_pixels(x, y)
    out = np.empty((1, columns.size), np.float32)
    sample_cubic(image, columns[None, :], rows[None, :], out)
    depth: Floats = np.maximum(out[0].astype(np.float64), 0.0)
    return depth


def _galaxy(
    plane: Plane, x: float, y: float, radius: float, rng: np.random.Generator, *, arms: float
) -> tuple[tuple[slice, slice], Float32Image]:
    """Give the window of a galaxy and its light there, sum 1: a disc with spiral arms around a bulge."""
    ratio, angle, wind = rng.uniform(0.35, 0.95), rng.uniform(0.0, np.pi), rng.choice([-1.0, 1.0])
    bulge = rng.uniform(0.1, 0.5)
    columns, rows = plane.to_pixels(np.array(x), np.array(y))
    reach = int(6.0 * radius / plane.step) + 2
    i0, i1 = max(0, int(rows) - reach), min(plane.size, int(rows) + reach + 1)
    j0, j1 = max(0, int(columns) - reach), min(plane.size, int(columns) + reach + 1)
    axis = plane.axis()
    dx, dy = axis[None, j0:j1] - x, axis[i0:i1, None] - y
    along = np.cos(angle) * dx + np.sin(angle) * dy
    across = (np.cos(angle) * dy - np.sin(angle) * dx) / ratio
    r = np.hypot(along, across) / radius
    phase = 2.0 * np.arctan2(across, along) + wind * 5.0 * np.log(r + 0.15)
    disc = np.exp(-1.68 * r) * (1.0 + arms * np.cos(phase) * np.clip(2.0 * r - 0.4, 0.0, 1.0))
    core = np.exp(-5.0 * np.sqrt(r + 0.02))
    # from the whole profile, so that a galaxy over the edge keeps its surface brightness
    norm = 2.0 * np.pi * ratio * (radius / plane.step) ** 2
    disc_sum, core_sum = norm / 1.68**2, norm * 12.0 / 5.0**4
    shape = (1.0 - bulge) * disc / disc_sum + bulge * core / core_sum
    return (slice(i0, i1), slice(j0, j1)), shape.astype(np.float32)
