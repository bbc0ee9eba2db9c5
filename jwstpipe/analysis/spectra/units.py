"""From what samples are in to physical flux: one place for units of spectra."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.analysis.spectra.unit_words import known_unit

__all__ = ["LINE_FLUX", "FluxScale", "flux_scale"]

Floats = NDArray[np.float64]

LINE_FLUX = 2.99792458e-12
"""W/m2 of ``integral f_nu[Jy] dlambda[um] / lambda^2[um]``: the speed of light in um/s times 1e-26."""

_JANSKYS = {"Jy": 1.0, "mJy": 1e-3, "uJy": 1e-6, "\u00b5Jy": 1e-6, "nJy": 1e-9, "MJy": 1e6}


@dataclass(frozen=True)
class FluxScale:
    """How samples become Jy, and what the flux of a line is then in."""

    factor: float
    """Jy (or Jy/sr) in one unit of the samples; NaN where they are no flux density per frequency."""

    per_wavelength: bool
    """Samples are per wavelength: Jy are ``factor`` times lambda squared (um)."""

    unit: str
    """Of the flux of a line: W/m2, W/m2/sr, or that of the samples times um."""

    @property
    def physical(self) -> bool:
        """Fluxes of lines are in physical units."""
        return math.isfinite(self.factor)

    def line_flux(self, area: Floats, middle: Floats, sigma: Floats) -> Floats:
        """Give the flux of Gaussian lines.

        Parameters
        ----------
        area
            ``integral f dlambda``, unit of the samples times um.
        middle, sigma
            Of the line, um. ``<1/lambda^2>`` of a Gaussian is ``(1 + 3 (sigma/middle)^2) / middle^2`` to fourth order.
        """
        if not self.physical:
            return area
        if self.per_wavelength:
            return area * self.factor * LINE_FLUX
        return area * self.factor * LINE_FLUX * (1.0 + 3.0 * (sigma / middle) ** 2) / middle**2


def flux_scale(spectrum: Spectrum) -> FluxScale:
    """Tell how the samples of a spectrum become physical; DN/s and the like do not."""
    plain = spectrum.unit.replace(" ", "")
    area = "/sr" if plain.endswith("/sr") else ""
    base = plain.removesuffix("/sr")
    if base in _JANSKYS:
        return FluxScale(_JANSKYS[base], per_wavelength=False, unit=f"W/m2{area}")
    return _by_astropy(spectrum.unit)


def _by_astropy(unit: str) -> FluxScale:
    from astropy import units  # noqa: PLC0415 - slow to load

    silent = FluxScale(math.nan, per_wavelength=False, unit=f"{unit or 'counts'} um")
    found = known_unit(unit)
    if found is None:
        return silent
    for area in ("", "/sr"):
        per = units.sr if area else units.dimensionless_unscaled
        if (found * per).is_equivalent(units.Jy):
            return FluxScale(float((found * per).to(units.Jy)), per_wavelength=False, unit=f"W/m2{area}")
        per_length = units.W / units.m**2 / units.um
        if (found * per).is_equivalent(per_length):
            return FluxScale(float((found * per).to(per_length)) / LINE_FLUX, per_wavelength=True, unit=f"W/m2{area}")
    return silent
