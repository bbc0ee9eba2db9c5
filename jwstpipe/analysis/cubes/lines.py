"""Which samples of a cube are a line, and which its continuum."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.cubes.cube import Cube
from jwstpipe.analysis.cubes.instrument import cube_resolution
from jwstpipe.analysis.cubes.named import NamedLine
from jwstpipe.analysis.spectra.lines.line_list import C_KMS
from jwstpipe.analysis.spectra.resolution import SIGMAS
from jwstpipe.errors import DataError, NoCoverageError
from jwstpipe.requests.analysis.cubes import LineWindow

__all__ = ["LineSamples", "line_samples"]

Floats = NDArray[np.float64]

HALF_KM_S = 500.0
"""Half of the usual range of a line."""

RESOLUTION_ELEMENTS = 1.5
"""The range is at least so many widths of an unresolved line to either side."""

SIDES = (1.2, 2.4)
FEWEST = 2
"""Samples that each side of the continuum needs."""

PER_SAMPLE = C_KMS * 1e9 * 1e-20
"""From MJy/sr times um/um2 to W/m2/sr: c in um/s, 1e-20 W/m2/Hz for a MJy."""


@dataclass(frozen=True)
class LineSamples:
    """The slices about a line."""

    line: NamedLine
    observed_um: float
    """Where a line at rest in the object lies."""

    first: int
    last: int
    """Slices that hold line and continuum, the last one not included."""

    velocity: Floats
    """(n,) of each of them, km/s: ``c (lambda / lambda0 - 1)``, as optical astronomers write it."""

    inside: NDArray[np.bool_]
    """(n,) belong to the line."""

    beside: NDArray[np.bool_]
    """(n,) belong to the continuum; none where it stays."""

    flux_of_sample: Floats
    """(n,) turns MJy/sr into W/m2/sr: ``c dlambda / lambda2``."""

    microns: Floats
    sigma_km_s: float
    """Of the instrument."""

    window: tuple[float, float]
    """Range of the line, km/s."""

    sides: tuple[float, float]
    """The continuum on either side, km/s from the line."""


def line_samples(cube: Cube, line: NamedLine, request: LineWindow) -> LineSamples:
    """Find the slices of a line and of the continuum beside it.

    Raises
    ------
    NoCoverageError
        The cube does not reach the line, or not far enough beside it.
    DataError
        Fewer than three samples in the line's range.
    """
    observed = line.rest_um * (1.0 + request.redshift)
    cube.index_of(observed)
    power = request.resolution or float(cube_resolution(cube, np.array([observed]))[0])
    fwhm = C_KMS / power
    half = max(HALF_KM_S, RESOLUTION_ELEMENTS * fwhm)
    low, high = request.velocities or (-half, half)
    reach = max(abs(low), abs(high))
    inner, outer = request.sides or (SIDES[0] * reach, SIDES[1] * reach)
    velocity = C_KMS * (cube.microns / observed - 1.0)
    inside = (velocity >= low) & (velocity <= high)
    if inside.sum() < 1:
        raise DataError(f"{cube.address}: has no sample from {low:g} to {high:g} km/s of {line.name}")
    beside = (np.abs(velocity) >= inner) & (np.abs(velocity) <= outer) & ~inside
    if not request.continuum:
        beside[:] = False
    elif min((beside & (velocity < low)).sum(), (beside & (velocity > high)).sum()) < FEWEST:
        raise NoCoverageError(
            f"{cube.address}: the continuum of {line.name} ({inner:.0f} to {outer:.0f} km/s on either side of"
            f" {observed:.6g} um) is not in it with {FEWEST} samples on each side; it covers {cube.covers}."
            " Choose nearer --sides, or --no-continuum"
        )
    needed = np.flatnonzero(inside | beside)
    first, last = int(needed[0]), int(needed[-1]) + 1
    part = slice(first, last)
    waves = cube.microns[part]
    return LineSamples(
        line, observed, first, last, velocity[part], inside[part], beside[part],
        PER_SAMPLE * cube.widths[part] / waves**2, waves, fwhm / SIGMAS,
        (low, high), (inner, outer),
    )  # fmt: skip
