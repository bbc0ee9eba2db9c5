"""From sums of samples to flux in Jy and AB magnitudes, stated once.

``F[Jy] = sum(S[MJy/sr]) 1e6 Omega`` with Omega the solid angle of a pixel from the WCS;
``m_AB = -2.5 log10(F / 3631 Jy)`` (Oke and Gunn 1983).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["AB_ZERO_JY", "MAGNITUDE_PER_E", "FluxScale", "ab_magnitude", "flux_scale"]

Floats = NDArray[np.float64]

AB_ZERO_JY = 3631.0
"""Flux of AB magnitude 0."""

MAGNITUDE_PER_E = 2.5 / np.log(10.0)
"""Magnitudes for a factor e."""


@dataclass(frozen=True)
class FluxScale:
    """What turns sums of samples into Jy."""

    jy: float
    """Jy (per_sr: times sr) of a sample of 1."""

    per_sr: bool
    """Samples are brightness: the sum is multiplied by the solid angle of a pixel."""

    def factor(self, solid_angle_sr: Floats | float) -> Floats:
        """Give Jy per unit of a sum of samples, for pixels of this solid angle."""
        return np.asarray(
            self.jy * np.asarray(solid_angle_sr) if self.per_sr else np.full_like(solid_angle_sr, self.jy)
        )


_PLAIN: dict[str, FluxScale | None] = {
    "": None,
    "MJy/sr": FluxScale(1e6, per_sr=True),
    "Jy": FluxScale(1.0, per_sr=False),
}
"""What astropy makes of the commonest words."""


def flux_scale(unit: str) -> FluxScale | None:
    """Read a BUNIT; None for one that has no physical flux (counts, DN/s, none at all)."""
    words = unit.strip().replace("DN", "adu")
    if words in _PLAIN:
        return _PLAIN[words]
    from astropy import units  # noqa: PLC0415 - slow to load, and most images are in MJy/sr

    try:
        found = units.Unit(words)
    except ValueError:
        return None
    for per_sr, wanted in ((True, units.Jy / units.sr), (False, units.Jy), (False, units.Jy / units.pix)):
        try:
            return FluxScale(float((1.0 * found).to_value(wanted)), per_sr)
        except units.UnitConversionError:
            continue
    return None


def ab_magnitude(jy: Floats | float) -> Floats:
    """Give AB magnitudes; NaN where the flux is not positive."""
    flux = np.asarray(jy, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(flux > 0.0, -2.5 * np.log10(flux / AB_ZERO_JY), np.nan))
