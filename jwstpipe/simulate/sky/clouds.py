"""Clouds of dust and gas as a stack of slices, each a lognormal density field with a torn front.

Turbulent clouds have lognormal densities with filaments (Vazquez-Semadeni 1994; Federrath 2013): the logarithm is
domain-warped fractional Brownian motion plus a ridged multifractal. Warp and front come from one volume, so that
neighbouring slices belong together; the fine structure of a slice is its own.

Lengths are in view units: 1 is half the width of the view, x grows to the right and y up.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.simulate.detector.noise import fbm, fbm_slice, permutation, ridged

__all__ = ["CloudField", "View", "cloud_field", "cloud_slice"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]

_COARSE = 6
"""Spacing of the nodes of warp and front, pixels: their finest octave is a hundred pixels long."""

_FRONT_STEEPNESS = 14.0
"""Steepness of the logistic step of the density at the front, per view unit."""


@dataclass(frozen=True)
class View:
    """Raster on which slices are computed."""

    size: int
    """Pixels along each side."""

    half: float
    """Half the side, view units: more than 1, for dithers and roll."""

    @property
    def step(self) -> float:
        """Side of a pixel, view units."""
        return 2.0 * self.half / (self.size - 1)

    def axis(self, every: int = 1) -> Floats:
        """Give the coordinates along one side; with `every` > 1, of nodes that reach past the end."""
        count = self.size if every == 1 else (self.size - 1) // every + 5
        return -self.half + (np.arange(count, dtype=np.float64) - (0 if every == 1 else 2)) * self.step * every


@dataclass(frozen=True, eq=False)
class CloudField:
    """The seeded volume that slices are cut from."""

    coarse: NDArray[np.int64]
    """Hash table of warp and front."""

    fine: NDArray[np.int64]
    """Hash table of the structure within a slice."""

    octaves: int
    """Octaves of the fine structure, so that the smallest is about two pixels."""


def cloud_field(rng: np.random.Generator, view: View) -> CloudField:
    """Draw a volume whose detail ends at the pixels of `view`."""
    octaves = int(np.clip(np.floor(np.log2(0.5 / (1.6 * view.step))) + 1, 3, 12))
    return CloudField(permutation(rng), permutation(rng), octaves)


def cloud_slice(field: CloudField, view: View, *, depth: float, front: float, tilt: float) -> Float32Image:
    """Compute the density of one slice.

    Parameters
    ----------
    field
        Volume to cut.
    view
        Raster.
    depth
        Place of the slice in the volume; slices 0.5 apart share their large shapes.
    front
        Height of the mean front at x = 0, view units: cloud below, cavity above.
    tilt
        Slope of the mean front.

    Returns
    -------
    ndarray
        float32, (y, x), first row at the bottom; the median inside the cloud is about 1.
    """
    nodes = view.axis(_COARSE)
    coarse = _coarse_fields(field.coarse, nodes, depth)
    axis = view.axis()
    warp_x, warp_y, torn = (RectBivariateSpline(nodes, nodes, part)(axis, axis) for part in coarse)
    density = np.empty((view.size, view.size), np.float32)
    _fine_density(field.fine, axis, warp_x, warp_y, torn, depth, front, tilt, field.octaves, density)
    return density


@compiled()
def _coarse_fields(table: NDArray[np.int64], axis: Floats, depth: float) -> Floats:
    n = axis.size
    out = np.empty((3, n, n))
    for i in range(n):
        for j in range(n):
            x, y = axis[j], axis[i]
            wx = 0.13 * fbm_slice(table, 0.9 * x + 11.3, 0.9 * y - 4.2, 0.5 * depth + 1.7, 4, 0.47)
            wy = 0.13 * fbm_slice(table, 0.9 * x - 6.1, 0.9 * y + 9.9, 0.5 * depth - 3.1, 4, 0.47)
            out[0, i, j] = wx
            out[1, i, j] = wy
            # stretched along y: the front is torn into heads and bays, not into islands
            out[2, i, j] = 0.20 * fbm_slice(table, 1.1 * (x + wx) + 2.0, 0.4 * (y + wy), 0.9 * depth + 5.0, 4, 0.5)
    return out


@compiled()
def _fine_density(
    table: NDArray[np.int64],
    axis: Floats,
    warp_x: Floats,
    warp_y: Floats,
    torn: Floats,
    depth: float,
    front: float,
    tilt: float,
    octaves: int,
    out: Float32Image,
) -> None:
    shift = 37.0 * depth  # fine structure of a slice is its own
    for i in range(axis.size):
        for j in range(axis.size):
            x, y = axis[j] + warp_x[i, j], axis[i] + warp_y[i, j]
            inside = front + tilt * axis[j] + torn[i, j] - y
            wall = 1.0 / (1.0 + np.exp(-_FRONT_STEEPNESS * inside))
            crests = ridged(table, 1.7 * x + 1.0 + shift, 1.7 * y + 20.0, octaves, 0.62)
            swell = fbm(table, 1.5 * x - 9.0, 1.5 * y + 3.0 + shift, octaves + 1, 0.67)
            logarithm = 1.35 * swell + 3.0 * (crests - 0.28)
            logarithm += 3.2 * (wall - 0.75) + 0.9 * min(max(inside, 0.0), 1.2)
            out[i, j] = 0.2 * np.exp(1.15 * logarithm)
