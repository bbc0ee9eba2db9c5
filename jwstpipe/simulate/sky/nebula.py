"""The nebula: a torn wall of cloud under a hot star, seen through all its slices.

Far slices first, each adds its light and dims what lies behind it (the formal solution of radiative transfer for a
constant source function in the slice). Four kinds of light have spectra of their own (see `Band`): ionised gas at the
lit skin and in the cavity, starlight scattered by dust, hydrocarbons just behind the front, warm dust deep inside.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.simulate.bands import Band
from jwstpipe.simulate.detector.noise import fbm, permutation, ridged
from jwstpipe.simulate.sky.clouds import View, cloud_field, cloud_slice
from jwstpipe.simulate.sky.light import RayFan, illuminate

__all__ = ["Nebula", "build_nebula"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]

_SLICES = 5
_BRIGHTNESS = 15.0
"""MJy/sr of a unit of light."""

_OPACITY = 3.0
"""Optical depth of a unit column in F090W."""

_STAR = (0.45, 1.65)
"""Place of the ionising star, view units: above the view, to the right."""


@dataclass(frozen=True, eq=False)
class Nebula:
    """Light of the nebula in each band, and the dust that dims what lies behind it."""

    light: dict[str, Float32Image]
    """Surface brightness by filter, MJy/sr; float32, (y, x), first row in the south, first column in the east."""

    dust: Float32Image
    """Optical depth of the whole depth in F090W; float32, (y, x)."""


def build_nebula(rng: np.random.Generator, view: View, bands: Sequence[Band]) -> Nebula:
    """Compute the nebula on a raster, in the given bands.

    Parameters
    ----------
    rng
        Decides every shape.
    view
        Raster; its x axis grows to the right of a picture with north up, which is west.
    bands
        Filters to compute.
    """
    field = cloud_field(rng, view)
    haze_table = permutation(rng)
    fan = RayFan.over(view, *_STAR)
    light = np.zeros((len(bands), view.size, view.size), np.float32)
    dust = np.zeros((view.size, view.size), np.float32)
    emission = np.array([[band.gas, band.scattered, band.pah, band.dust] for band in bands])
    opacity = _OPACITY * np.array([band.extinction for band in bands])
    _add_haze(haze_table, view.axis(), _STAR[0], _STAR[1], emission[:, 0].copy(), light)
    budgets = 0.16 * rng.uniform(0.7, 1.3, _SLICES)
    for k in range(_SLICES):
        nearness = k / (_SLICES - 1)
        # nearer slices stand lower: the wall leans away from us, and we look over its edge
        density = cloud_slice(field, view, depth=0.5 * k, front=0.35 - 0.55 * nearness, tilt=0.12)
        lit = illuminate(density, view, fan, budget=float(budgets[k]))
        _add_slice(
            density, lit.neutral, lit.ionised, lit.column, lit.dilution, emission, opacity, 1.0 / _SLICES, light, dust
        )
    brightness = {band.name: _BRIGHTNESS * light[i, :, ::-1] for i, band in enumerate(bands)}
    return Nebula(brightness, np.ascontiguousarray(_OPACITY * dust[:, ::-1]))


@compiled()
def _add_haze(
    table: NDArray[np.int64], axis: Floats, x0: float, y0: float, emission: Floats, light: Float32Image
) -> None:
    """Fill the cavity behind the wall with thin gas that glows towards its star, and wisps of it."""
    for i in range(axis.size):
        for j in range(axis.size):
            x, y = axis[j], axis[i]
            bend = 0.25 * fbm(table, 0.8 * x + 4.0, 0.8 * y - 2.0, 3, 0.45)
            u, v = x + bend, y - 0.8 * bend
            swell = np.exp(0.85 * fbm(table, 0.8 * u, 0.8 * v, 8, 0.55))
            wisps = ridged(table, 1.0 * u - 5.0, 1.0 * v + 8.0, 8, 0.60) ** 2
            lamp = 1.0 / (0.5 + (x - x0) ** 2 + (y - y0) ** 2)
            shine = lamp * swell * (0.022 + 0.30 * wisps)
            for b in range(emission.size):
                light[b, i, j] += emission[b] * shine


@compiled()
def _add_slice(
    density: Float32Image,
    neutral: Float32Image,
    ionised: Float32Image,
    column: Float32Image,
    dilution: Float32Image,
    emission: Floats,
    opacity: Floats,
    thickness: float,
    light: Float32Image,
    dust: Float32Image,
) -> None:
    for i in range(density.shape[0]):
        for j in range(density.shape[1]):
            held, tau, lamp = neutral[i, j], column[i, j], dilution[i, j]
            gas = (2.6 * min(held, 4.0) * np.exp(-42.0 * tau) + 0.10 * min(density[i, j], 1.0) * ionised[i, j]) * lamp
            scattered = 0.25 * held * np.exp(-2.0 * tau) * lamp
            pah = held * np.exp(-6.0 * tau) * lamp
            warm = 0.22 * held * np.exp(-0.5 * tau) * lamp
            passed = held * thickness
            dust[i, j] += passed
            for b in range(emission.shape[0]):
                shine = emission[b, 0] * gas + emission[b, 1] * scattered + emission[b, 2] * pah + emission[b, 3] * warm
                depth = opacity[b] * passed
                fraction = np.exp(-depth)
                escape = (1.0 - fraction) / depth if depth > 1e-4 else 1.0 - 0.5 * depth
                light[b, i, j] = light[b, i, j] * fraction + shine * thickness * escape
