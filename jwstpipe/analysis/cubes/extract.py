"""The spectrum of a part of the field: sums by exact shares, errors, coverage, background; block by block."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.cubes.apertures import Aperture, aperture_of
from jwstpipe.analysis.cubes.covariance import CommonNoise
from jwstpipe.analysis.cubes.cube import Cube
from jwstpipe.analysis.cubes.instrument import cube_origin
from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.errors import DataError, HeaderError
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.requests.analysis.cubes import CubeSpectrumRequest
from jwstpipe.settings import S3Settings

__all__ = ["COVERED", "extract"]

Floats = NDArray[np.float64]

COVERED = 0.9
"""Samples of which less of the aperture has data are marked as estimated (FLUX_ESTIMATED)."""

MEDIAN_ERROR = float(np.sqrt(np.pi / 2.0))
"""Error of a median over that of a mean, for normal noise."""


@dataclass(frozen=True)
class _Sums:
    """What is summed in each slice, (n,) each."""

    total: Floats
    variance: Floats
    share: Floats
    """Spaxels that have data, by their shares."""

    full: Floats
    """Spaxels in all, by their shares."""

    ground: Floats
    """Background, a spaxel."""

    ground_variance: Floats

    @classmethod
    def empty(cls, count: int) -> "_Sums":
        return cls(*(np.zeros(count) for _ in range(6)))


def extract(cube: Cube, request: CubeSpectrumRequest, *, s3: S3Settings | None = None) -> Spectrum:
    """Take a spectrum out of a cube.

    In each slice the samples are summed by the exact share of their spaxels in the aperture. Where spaxels have no
    data, the sum is divided by the covered part of the aperture; less than `COVERED` is marked by DQ FLUX_ESTIMATED.

    Parameters
    ----------
    cube
        With wavelengths.
    request
        Place, background, factor on errors.
    s3
        Endpoint of an ``s3://`` region.

    Returns
    -------
    Spectrum
        In Jy, where the samples are surface brightnesses (sum times the solid angle of a spaxel); else the sums in the
        unit of the samples. Further columns SURF_BRIGHT and SB_ERROR (mean over the aperture), COVERAGE, NPIXELS,
        BACKGROUND.

    Raises
    ------
    HeaderError
        The slices have no wavelengths.
    DataError
        No sample of the aperture has data.
    """
    microns = cube.microns
    aperture = aperture_of(cube, request, s3=s3)
    noise = CommonNoise() if request.measured_noise else None
    sums = _summed(cube, aperture, noise)
    factor_of_errors = request.covariance
    told: tuple[str, ...] = ()
    if noise is not None:
        factor_of_errors = noise.factor(where=f"{cube.address}, {aperture.name}")
        told = (f"errors are {factor_of_errors:.3f} times those of independent samples, as measured in the aperture",)
    with np.errstate(invalid="ignore", divide="ignore"):
        coverage = np.where(sums.full > 0.0, sums.share / sums.full, 0.0)
        total = np.where(sums.share > 0.0, sums.total / coverage, np.nan)
        error = np.sqrt(sums.variance) / coverage * factor_of_errors
    if not np.isfinite(total).any():
        raise DataError(f"{cube.address}: no sample of {aperture.name} has data")
    total = total - sums.ground * sums.full
    error = np.hypot(error, np.sqrt(sums.ground_variance) * sums.full)
    unit, factor, notes = _physical(cube)
    notes = (*notes, *told)
    mean = np.where(sums.full > 0.0, total / np.where(sums.full > 0.0, sums.full, 1.0), np.nan)
    dq = np.where(coverage < COVERED, DQ_BITS["FLUX_ESTIMATED"], 0) | np.where(
        coverage <= 0.0, DQ_BITS["DO_NOT_USE"], 0
    )
    estimated = int(((coverage < COVERED) & (coverage > 0.0)).sum())
    if estimated:
        notes = (
            *notes,
            f"{estimated} samples have data for less than {COVERED:.0%} of the aperture: scaled, marked in DQ",
        )
    has_error = "err" in cube.planes
    other: dict[str, NDArray[Any]] = {
        "SURF_BRIGHT": mean, "SB_ERROR": np.where(sums.full > 0.0, error / np.maximum(sums.full, 1e-30), np.nan),
        "COVERAGE": coverage, "NPIXELS": sums.share, "BACKGROUND": sums.ground,
    }  # fmt: skip
    return Spectrum.of(
        microns, total * factor, error * factor if has_error else None, dq, unit=unit,
        origin=cube_origin(cube, aperture.name, aperture.place),
        other=other, notes=(*cube.notes, *notes),
    )  # fmt: skip


def _physical(cube: Cube) -> tuple[str, float, tuple[str, ...]]:
    """Give the unit of the sums, what they are multiplied by, and what is to be said of it."""
    try:
        notes = () if cube.placed else ("no place on the sky: the area of a spaxel is PIXAR_SR",)
        return "Jy", cube.require_brightness() * cube.pixel_area_sr() * 1e6, notes
    except HeaderError:
        told = str(cube.image.header.get("BUNIT") or "")
        return told, 1.0, (f"its unit is {told or 'not given'}: sums of samples, no flux densities",)


def _summed(cube: Cube, aperture: Aperture, noise: CommonNoise | None) -> _Sums:
    sums = _Sums.empty(cube.shape[0])
    has_error = "err" in cube.planes
    for first, last in cube.blocks(0, cube.shape[0], aperture.window):
        values = cube.read(first, last, aperture.window)
        errors = cube.read(first, last, aperture.window, plane="err") if has_error else np.zeros_like(values)
        if noise is not None:
            noise.add(values, aperture.shares((first + last) // 2))
        if aperture.fixed and aperture.ring is None:
            _add(sums, slice(first, last), values, errors, aperture.shares(first))
            continue
        for index in range(first, last):
            one = slice(index, index + 1)
            part = slice(index - first, index - first + 1)
            _add(sums, one, values[part], errors[part], aperture.shares(index))
            if aperture.ring is not None:
                _background(sums, index, values[index - first], aperture.ring(index), cube.address)
    return sums


def _add(sums: _Sums, where: slice, values: NDArray[Any], errors: NDArray[Any], shares: Floats) -> None:
    """Add up slices that have one aperture."""
    used = shares > 0.0
    weights = shares[used]
    picked = values[:, used].astype(np.float64)
    good = np.isfinite(picked)
    spread = errors[:, used].astype(np.float64)
    sums.total[where] = np.where(good, picked, 0.0) @ weights
    sums.variance[where] = np.where(good, spread, 0.0) ** 2 @ weights**2
    sums.share[where] = good @ weights
    sums.full[where] = weights.sum()


def _background(sums: _Sums, index: int, values: NDArray[Any], ring: NDArray[np.bool_], name: str) -> None:
    found = values[ring].astype(np.float64)
    found = found[np.isfinite(found)]
    if not found.size:
        if np.isfinite(values).any():
            raise DataError(f"{name}: slice {index} has no data in the annulus of the background; choose a nearer one")
        return
    middle = float(np.median(found))
    spread = 1.4826 * float(np.median(np.abs(found - middle)))
    sums.ground[index] = middle
    sums.ground_variance[index] = (MEDIAN_ERROR * spread) ** 2 / found.size
