"""Images of points: the diffraction of a segmented mirror, scaled to each filter and integrated over pixels.

The pupil has the shape of the telescope's: eighteen hexagons around a hole, 6.6 m across the flats, three struts. Its
Fraunhofer pattern, the squared modulus of the Fourier transform, is computed once in units of wavelength over
metres; a filter's PSF is the mean of the pattern at a few wavelengths of its band. Six spikes come from the edges of
the hexagons, the weak horizontal pair from the upright strut (Rigby et al. 2023, PASP 135, 048001).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.simulate.bands import Band
from jwstpipe.simulate.plane import catmull_rom

__all__ = ["PixelPsf", "add_points", "diffraction", "load_psf", "pixel_psf", "save_psf", "star_radius"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]

OVERSAMPLE = 4
"""Samples of a `PixelPsf` to a pixel, along each axis."""

_GRID = 4096
"""Samples along each side of the pattern: eight within lambda/D, so that cubic interpolation keeps fluxes to 3e-4."""

_COLUMNS = 256
"""Columns of the pattern that are computed at once; they divide its half."""

_PITCH = 0.0127
"""Side of a sample in the pupil, metres: 520 across the mirror, so that the pattern reaches 250 lambda/D."""

_APERTURE = 540
"""Samples along each side of the part of the pupil plane that holds the mirror."""

_SEGMENT = 1.32
"""Width of a mirror segment across its flats, metres."""

_GAP = 0.007
_STRUT = 0.05
"""Gap between segments and width of a strut, metres."""

_WAVELENGTHS = 11
"""Wavelengths across a band."""


@dataclass(frozen=True, eq=False)
class PixelPsf:
    """A point's image, integrated over square pixels, on a grid of `OVERSAMPLE` samples to a pixel.

    The centre of `samples` is the point; a pixel whose centre is (dx, dy) pixels from the point receives
    ``samples[centre + dy * OVERSAMPLE, centre + dx * OVERSAMPLE]`` of its flux.
    """

    samples: Float32Image
    """float32, (y, x), odd sides; over all pixels of the largest pattern the sum is 1."""

    enclosed: Floats
    """Flux within 0, 1, 2... pixels of the point."""

    beyond: Floats
    """Largest part of the flux that a pixel 0, 1, 2... or more pixels away, along x or y, can receive."""

    @property
    def radius(self) -> int:
        """Half-width of the grid in whole pixels."""
        return int(self.samples.shape[0] // 2 // OVERSAMPLE - 2)

    @property
    def peak(self) -> float:
        """Largest part of the flux that one pixel can receive."""
        return float(self.samples.max())


def diffraction() -> Float32Image:
    """Compute the pattern of the mirror: float32, (y, x), sum 1, its centre at `size // 2` on both axes.

    One sample is wavelength over (grid x pitch): about an eighth of lambda/D.
    """
    rows, middle = scipy.fft.rfft(_pupil(), _GRID, axis=1), _GRID // 2
    pattern = np.empty((_GRID, _GRID), np.float32)
    # a few columns at once: all of them would take 170 MB
    for first in range(0, middle + 1, _COLUMNS):
        half = scipy.fft.fft(rows[:, first : first + _COLUMNS], _GRID, axis=0)
        light = np.roll(half.real**2 + half.imag**2, middle, axis=0)
        if first == middle:
            pattern[:, 0] = light[:, 0]
            break
        pattern[:, middle + first : middle + first + _COLUMNS] = light
        # the pupil is real: the pattern is the same turned by half a circle about its centre
        left = light[:, 1 if first == 0 else 0 :][:, ::-1]
        place = slice(middle - first - _COLUMNS + 1, middle - first + (first > 0))
        pattern[1:, place], pattern[0, place] = left[:0:-1], left[0]
    pattern /= pattern.sum(dtype=np.float64)
    return pattern


def pixel_psf(pattern: Float32Image, band: Band, *, scale: float, extent: float, turn: float = 0.0) -> PixelPsf:
    """Make the PSF of a band in pixels of a detector or of a sky grid.

    Parameters
    ----------
    pattern
        Answer of `diffraction`.
    band
        Filter: a mean over its wavelengths.
    scale
        Side of a pixel, arcsec.
    extent
        Half-width of the grid, arcsec.
    turn
        Position angle of the telescope's upright minus that of the pixels' y axis, degrees.
    """
    reach = int(np.ceil(extent / scale)) + 3
    fine = np.arange(-reach * OVERSAMPLE, reach * OVERSAMPLE + 1) * (scale / OVERSAMPLE)
    lower = fine[: fine.size // 2 + 1]
    density = np.zeros((lower.size, fine.size))
    offsets = (np.arange(_WAVELENGTHS) + 0.5) / _WAVELENGTHS - 0.5
    for wavelength in band.wavelength + band.width * offsets:
        sample = np.degrees(wavelength * 1e-6 / (_GRID * _PITCH)) * 3600.0
        _spread(pattern, fine / sample, lower / sample, np.cos(np.radians(turn)), np.sin(np.radians(turn)), density)
    density /= _WAVELENGTHS
    # the pattern is the same turned by half a circle
    samples = _box(_box(np.vstack([density, density[-2::-1, ::-1]])).T).T.astype(np.float32)
    return PixelPsf(samples, _enclosed(samples), _beyond(samples))


@compiled()
def _spread(pattern: Float32Image, xs: Floats, ys: Floats, cosine: float, sine: float, out: Floats) -> None:
    """Add the pattern, turned, at places given in its samples, times the area between two of them."""
    middle = pattern.shape[0] // 2
    area = (xs[1] - xs[0]) ** 2
    wx, wy = np.empty(4), np.empty(4)
    for i in range(ys.size):
        for j in range(xs.size):
            if xs[j] * xs[j] + ys[i] * ys[i] > (middle - 4.0) ** 2:
                continue
            x, y = middle + cosine * xs[j] + sine * ys[i], middle - sine * xs[j] + cosine * ys[i]
            left, low = int(x), int(y)
            catmull_rom(x - left, wx)
            catmull_rom(y - low, wy)
            total = 0.0
            for k in range(4):
                line = pattern[low + k - 1]
                total += wy[k] * (
                    wx[0] * line[left - 1] + wx[1] * line[left] + wx[2] * line[left + 1] + wx[3] * line[left + 2]
                )
            out[i, j] += area * total


def save_psf(psf: PixelPsf, path: Path) -> None:
    """Write a PSF to a file, for `load_psf` in another thread or process."""
    np.savez(path, samples=psf.samples, enclosed=psf.enclosed, beyond=psf.beyond)


def load_psf(path: Path) -> PixelPsf:
    """Read a saved PSF."""
    with np.load(path) as parts:
        return PixelPsf(parts["samples"], parts["enclosed"], parts["beyond"])


def _pupil() -> Float32Image:
    axis = (np.arange(_APERTURE, dtype=np.float64) - 0.5 * (_APERTURE - 1)) * _PITCH
    x, y = axis[None, :], axis[:, None]
    clear = np.zeros((_APERTURE, _APERTURE))
    for cx, cy in _segments():
        clear += _soft(_hexagon(x - cx, y - cy) - 0.5 * (_SEGMENT - _GAP))
    for angle in (90.0, 240.0, 300.0):
        along = x * np.cos(np.radians(angle)) + y * np.sin(np.radians(angle))
        across = np.abs(y * np.cos(np.radians(angle)) - x * np.sin(np.radians(angle)))
        clear *= 1.0 - np.where(along > 0, _soft(across - 0.5 * _STRUT), 0.0)
    return clear.astype(np.float32)


def _segments() -> Iterator[tuple[float, float]]:
    for i in range(-2, 3):
        for j in range(-2, 3):
            if abs(i + j) <= 2 and (i, j) != (0, 0):
                yield _SEGMENT * i * np.sqrt(0.75), _SEGMENT * (j + 0.5 * i)


def _hexagon(x: Floats, y: Floats) -> Floats:
    """Give the distance from the centre at which a hexagon of this size has its flat: sides up and down."""
    slanted = np.abs(x) * np.sqrt(0.75) + np.abs(y) * 0.5
    distance: Floats = np.maximum(np.abs(y), slanted)
    return distance


def _soft(distance: Floats) -> Floats:
    """Cover of a sample by an edge at this signed distance, metres: 1 inside, 0 outside, a ramp of one sample."""
    return np.clip(0.5 - distance / _PITCH, 0.0, 1.0)


def _box(density: Floats) -> Floats:
    """Sum over the width of a pixel along the first axis (trapezoid of OVERSAMPLE + 1 samples)."""
    total = np.cumsum(0.5 * (density[1:] + density[:-1]), axis=0)
    total = np.vstack([np.zeros((1, density.shape[1])), total])
    return total[OVERSAMPLE:] - total[:-OVERSAMPLE]


def _enclosed(samples: Float32Image) -> Floats:
    centre = samples.shape[0] // 2
    axis = np.arange(samples.shape[0]) - centre
    radii = np.sqrt(axis[None, :] ** 2 + axis[:, None] ** 2) / OVERSAMPLE
    sums = np.bincount(np.ceil(radii).astype(np.int64).ravel(), weights=samples.ravel().astype(np.float64))
    return np.cumsum(sums)[: centre // OVERSAMPLE + 1] / OVERSAMPLE**2


def _beyond(samples: Float32Image) -> Floats:
    centre = samples.shape[0] // 2
    crest = np.maximum(samples.max(axis=0), samples.max(axis=1)).astype(np.float64)
    folded = np.maximum(crest[centre:], crest[centre::-1])
    return np.maximum.accumulate(folded[::-1])[::-1][::OVERSAMPLE]


def star_radius(psf: PixelPsf, flux: Floats, *, faintest: float) -> NDArray[np.int64]:
    """Give the half-width of the stamp beyond which a star adds less than `faintest` to any pixel, at least 6."""
    level = faintest / np.maximum(flux, 1e-300)
    radius = psf.beyond.size - np.searchsorted(psf.beyond[::-1], level)
    return np.clip(radius, 6, psf.radius).astype(np.int64)


def add_points(
    image: Float32Image, psf: PixelPsf, x: Floats, y: Floats, flux: Floats, radius: NDArray[np.int64]
) -> None:
    """Add points to an image, in place.

    Parameters
    ----------
    image
        float32, (y, x).
    psf
        Image of a point of flux 1.
    x, y
        Positions, pixels from 0 (centre of the first pixel).
    flux
        Flux of each.
    radius
        Half-width of the square that each is drawn on, pixels; at most ``psf.radius``.
    """
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    _add_points(image, psf.samples, x, y, flux, np.minimum(radius, psf.radius))


@compiled()
def _add_points(
    image: Float32Image, samples: Float32Image, xs: Floats, ys: Floats, flux: Floats, radius: NDArray[np.int64]
) -> None:
    middle = samples.shape[0] // 2
    wx, wy = np.empty(4), np.empty(4)
    for n in range(xs.size):
        column, row = int(np.floor(xs[n] + 0.5)), int(np.floor(ys[n] + 0.5))
        # the phase within a sample is the same for every pixel of a stamp: one set of weights
        left = middle + (column - xs[n]) * OVERSAMPLE
        low = middle + (row - ys[n]) * OVERSAMPLE
        first, base = int(np.floor(left)), int(np.floor(low))
        catmull_rom(left - first, wx)
        catmull_rom(low - base, wy)
        reach = radius[n]
        for i in range(max(-reach, -row), min(reach, image.shape[0] - 1 - row) + 1):
            for j in range(max(-reach, -column), min(reach, image.shape[1] - 1 - column) + 1):
                total = 0.0
                for k in range(4):
                    line, start = base + i * OVERSAMPLE + k - 1, first + j * OVERSAMPLE - 1
                    total += wy[k] * (
                        wx[0] * samples[line, start]
                        + wx[1] * samples[line, start + 1]
                        + wx[2] * samples[line, start + 2]
                        + wx[3] * samples[line, start + 3]
                    )
                image[row + i, column + j] += flux[n] * total
