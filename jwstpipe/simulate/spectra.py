"""Simulated spectra with known lines, written in the layouts of the pipelines; truth for tests and the demo."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray
from scipy.special import ndtr

__all__ = ["SpectrumScene", "simulated_samples", "write_x1d"]

Floats = NDArray[np.float64]

C_KMS = 299_792.458
C_UM = C_KMS * 1e9
"""Speed of light, km/s and um/s."""


@dataclass(frozen=True)
class SpectrumScene:
    """A spectrum: a straight continuum and Gaussian lines, in Jy."""

    lines: tuple[tuple[float, float], ...]
    """Wavelength at rest (um) and flux (W/m2) of each."""

    redshift: float = 0.0
    sigma_kms: float = 100.0
    """Standard deviation of all lines, as observed."""

    continuum: float = 1e-3
    """At the middle, Jy."""

    slope: float = 0.0
    """Of the continuum over the whole range, as a share of it."""

    noise: float = 1e-5
    """Standard deviation of a sample, Jy."""


def simulated_samples(waves: Floats, scene: SpectrumScene, *, seed: int = 0) -> tuple[Floats, Floats]:
    """Give samples and their errors: lines are integrated over pixels."""
    inner = 0.5 * (waves[1:] + waves[:-1])
    edges = np.r_[1.5 * waves[0] - 0.5 * waves[1], inner, 1.5 * waves[-1] - 0.5 * waves[-2]]
    flux = scene.continuum * (1.0 + scene.slope * (waves - waves.mean()) / np.ptp(waves))
    for rest, total in scene.lines:
        centre = rest * (1.0 + scene.redshift)
        sigma = centre * scene.sigma_kms / C_KMS
        area = total / (C_UM * 1e-26) * centre**2 / (1.0 + 3.0 * (sigma / centre) ** 2)
        flux = flux + area * np.diff(ndtr((edges - centre) / sigma)) / np.diff(edges)
    noise = np.random.default_rng(seed).normal(0.0, scene.noise, waves.size)
    return flux + noise, np.full(waves.size, scene.noise)


def write_x1d(
    path: str | Path, spectra: Sequence[tuple[Floats, Floats, Floats]], *, header: dict[str, Any] | None = None
) -> Path:
    """Write spectra as an x1d file, an extension each: wavelengths, samples and errors, Jy."""
    primary = fits.PrimaryHDU()
    known = {
        "TELESCOP": "JWST", "INSTRUME": "NIRSPEC", "DETECTOR": "NRS1", "GRATING": "G235M", "FILTER": "F170LP",
        "EXP_TYPE": "NRS_FIXEDSLIT", "TARGNAME": "SIMULATED", "DATAMODL": "MultiSpecModel", "PROGRAM": "01234",
    }  # fmt: skip
    primary.header.update({**known, **(header or {})})
    hdus: list[Any] = [primary]
    for number, (waves, flux, error) in enumerate(spectra, 1):
        n = len(waves)
        columns = [
            fits.Column("WAVELENGTH", "D", unit="um", array=waves), fits.Column("FLUX", "D", unit="Jy", array=flux),
            fits.Column("FLUX_ERROR", "D", unit="Jy", array=error),
            fits.Column("SURF_BRIGHT", "D", unit="MJy/sr", array=np.zeros(n)),
            fits.Column("SB_ERROR", "D", unit="MJy/sr", array=np.zeros(n)),
            fits.Column("DQ", "J", bzero=2147483648, array=np.zeros(n, "u4")),
            fits.Column("NPIXELS", "D", array=np.full(n, 5.0)),
        ]  # fmt: skip
        table = fits.BinTableHDU.from_columns(columns, name="EXTRACT1D", ver=number)
        table.header["SRCTYPE"] = "POINT"
        hdus.append(table)
    fits.HDUList(hdus).writeto(path, overwrite=True)
    return Path(path)
