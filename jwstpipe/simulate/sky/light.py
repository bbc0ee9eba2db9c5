"""Light of one star through a slice of cloud: rays, ionisation front, columns.

The slice is turned into polar coordinates around the star, so that a ray is a row and a column density a running sum.
Clumps then cast shadows: behind them the gas stays neutral and pillars remain, their heads towards the star.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.simulate.sky.clouds import View

__all__ = ["Illumination", "RayFan", "illuminate"]

Float32Image = NDArray[np.float32]

_RECOMBINATION = 1.3
"""Power of the density that uses up ionising light: between one (new gas) and two (recombination)."""

_SHARPNESS = 9.0
"""Steepness of the ionisation front in the logarithm of the column."""

_RESIDUE = 0.02
"""Part of the dust that survives in ionised gas."""


@dataclass(frozen=True)
class RayFan:
    """Rays from a star at (x, y), view units, that cover a view."""

    x: float
    y: float
    angle: float
    """Angle of the first ray, radians from the downward direction."""
    angle_step: float
    angles: int
    radius: float
    """Distance of the first sample of each ray."""
    radius_step: float
    radii: int

    @classmethod
    def over(cls, view: View, x: float, y: float) -> Self:
        """Spread rays over `view` from a star above it."""
        low, high = -view.half, view.half
        corners = np.array([(low, low), (low, high), (high, low), (high, high)]) - (x, y)
        angles = np.arctan2(corners[:, 0], -corners[:, 1])
        near = max(y - high, 0.02)
        far = float(np.hypot(*corners.T).max())
        count = int(1.1 * view.size)
        start, stop = float(angles.min()), float(angles.max())
        return cls(x, y, start, (stop - start) / (count - 1), count, near, (far - near) / (count - 1), count)


@dataclass(frozen=True, eq=False)
class Illumination:
    """What the star makes of a slice; all float32, (y, x)."""

    neutral: Float32Image
    """Density of what is not ionised."""

    ionised: Float32Image
    """Fraction of the gas that is ionised, 0 to 1."""

    column: Float32Image
    """Neutral column between star and pixel."""

    dilution: Float32Image
    """Starlight without absorption; 1 in the middle of the view."""


def illuminate(density: Float32Image, view: View, fan: RayFan, *, budget: float) -> Illumination:
    """Let the star ionise a slice and light what is left.

    Parameters
    ----------
    density
        float32, (y, x), first row at the bottom.
    view
        Raster of `density`.
    fan
        Rays of the star.
    budget
        Column (of density to the power 1.3) that uses up the ionising light.
    """
    shape = (fan.angles, fan.radii)
    rays, neutral_rays, column_rays = (np.empty(shape, np.float32) for _ in range(3))
    geometry = (fan.x, fan.y, fan.angle, fan.angle_step, fan.radius, fan.radius_step)
    _to_rays(density, -view.half, view.step, geometry, rays)
    _march(rays, fan.radius_step, budget, neutral_rays, column_rays)
    neutral, ionised, column, dilution = (np.empty_like(density) for _ in range(4))
    _from_rays(density, neutral_rays, column_rays, -view.half, view.step, geometry, neutral, ionised, column, dilution)
    return Illumination(neutral, ionised, column, dilution)


@compiled()
def _bilinear(image: Float32Image, row: float, column: float) -> float:
    row = min(max(row, 0.0), image.shape[0] - 1.001)
    column = min(max(column, 0.0), image.shape[1] - 1.001)
    i, j = int(row), int(column)
    v, u = row - i, column - j
    low = image[i, j] + u * (image[i, j + 1] - image[i, j])
    high = image[i + 1, j] + u * (image[i + 1, j + 1] - image[i + 1, j])
    return float(low + v * (high - low))


@compiled()
def _to_rays(density: Float32Image, origin: float, step: float, geometry: tuple[float, ...], out: Float32Image) -> None:
    x0, y0, angle, angle_step, radius, radius_step = geometry
    for i in range(out.shape[0]):
        sine, cosine = np.sin(angle + i * angle_step), np.cos(angle + i * angle_step)
        for j in range(out.shape[1]):
            r = radius + j * radius_step
            out[i, j] = _bilinear(density, (y0 - r * cosine - origin) / step, (x0 + r * sine - origin) / step)


@compiled()
def _march(rays: Float32Image, step: float, budget: float, neutral: Float32Image, column: Float32Image) -> None:
    """Walk outwards: `neutral` becomes the neutral fraction, `column` the neutral column up to the sample's middle."""
    for i in range(rays.shape[0]):
        used, passed = 0.0, 0.0
        for j in range(rays.shape[1]):
            gain = rays[i, j] ** _RECOMBINATION * step
            argument = _SHARPNESS * np.log((used + 0.5 * gain + 1e-6) / budget)
            fraction = 1.0 / (1.0 + np.exp(-min(max(argument, -30.0), 30.0)))
            used += gain
            kept = rays[i, j] * (fraction + _RESIDUE) * step
            neutral[i, j] = fraction
            column[i, j] = passed + 0.5 * kept
            passed += kept


@compiled()
def _from_rays(
    density: Float32Image,
    fraction_rays: Float32Image,
    column_rays: Float32Image,
    origin: float,
    step: float,
    geometry: tuple[float, ...],
    neutral: Float32Image,
    ionised: Float32Image,
    column: Float32Image,
    dilution: Float32Image,
) -> None:
    x0, y0, angle, angle_step, radius, radius_step = geometry
    reach = 0.25 + x0 * x0 + y0 * y0
    for i in range(density.shape[0]):
        dy = origin + i * step - y0
        for j in range(density.shape[1]):
            dx = origin + j * step - x0
            r = np.sqrt(dx * dx + dy * dy)
            row, place = (np.arctan2(dx, -dy) - angle) / angle_step, (r - radius) / radius_step
            fraction = _bilinear(fraction_rays, row, place)
            ionised[i, j] = 1.0 - fraction
            neutral[i, j] = density[i, j] * (fraction + _RESIDUE)
            column[i, j] = _bilinear(column_rays, row, place)
            dilution[i, j] = reach / (0.25 + r * r)
