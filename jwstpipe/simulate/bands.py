"""The filters that a simulated programme observes in: what passes, and how bright the sky is in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from jwstpipe.errors import UsageError

__all__ = ["BANDS", "Band", "Instrument", "bands_named", "black_body"]

Instrument = Literal["NIRCAM", "MIRI"]


@dataclass(frozen=True)
class Band:
    """A filter with its detector's sensitivity, and the spectrum of each part of the nebula in it."""

    name: str
    """As in the FILTER keyword."""

    instrument: Instrument
    """As in the INSTRUME keyword."""

    channel: Literal["SHORT", "LONG"] | None
    """NIRCam's CHANNEL; MIRI's imager has none."""

    wavelength: float
    """Pivot wavelength, micrometres."""

    width: float
    """Bandwidth, micrometres."""

    photmjsr: float
    """Surface brightness that gives 1 DN/s, MJy/sr."""

    sky: float
    """Zodiacal light and the telescope's own glow, MJy/sr."""

    gas: float
    """Light of ionised gas: recombination lines, [S III] near 0.95 um, Br alpha in F444W."""

    scattered: float
    """Starlight scattered by dust: blue."""

    pah: float
    """Bands of hydrocarbons at 3.3, 7.7 and 11.3 um."""

    dust: float
    """Warm dust and molecular hydrogen inside the cloud."""

    extinction: float
    """Optical depth of dust relative to F090W."""


def _table(*bands: Band) -> MappingProxyType[str, Band]:
    return MappingProxyType({band.name: band for band in bands})


BANDS = _table(
    Band("F090W", "NIRCAM", "SHORT", 0.901, 0.194, 3.30, 0.24, 1.00, 0.90, 0.02, 0.00, 1.00),
    Band("F200W", "NIRCAM", "SHORT", 1.990, 0.461, 1.95, 0.16, 0.70, 0.50, 0.10, 0.08, 0.33),
    Band("F335M", "NIRCAM", "LONG", 3.365, 0.347, 1.05, 0.13, 0.22, 0.15, 1.60, 0.14, 0.16),
    Band("F444W", "NIRCAM", "LONG", 4.421, 1.024, 0.43, 0.32, 0.40, 0.05, 0.75, 0.45, 0.11),
    Band("F770W", "MIRI", None, 7.639, 1.950, 0.41, 7.5, 0.45, 0.00, 7.50, 0.70, 0.06),
    Band("F1130W", "MIRI", None, 11.309, 0.730, 1.19, 31.0, 0.60, 0.00, 5.00, 4.50, 0.07),
)
"""By name, blue to red. Sensitivities and sky are of the right size for the real instruments, not their calibration."""


def bands_named(names: Iterable[str]) -> tuple[Band, ...]:
    """Look filters up, in the order given.

    Raises
    ------
    UsageError
        A filter that the simulation does not know.
    """
    found = []
    for name in names:
        if name.upper() not in BANDS:
            raise UsageError(f"the simulated telescope has no filter {name!r}; choose from {', '.join(BANDS)}")
        found.append(BANDS[name.upper()])
    return tuple(found)


def black_body(wavelength_um: float, temperature_k: float) -> float:
    """Give the spectrum of a black body per unit frequency, at this wavelength, relative to 2 micrometres."""

    def planck(wavelength: float) -> float:
        return float(wavelength**-3 / np.expm1(14_387.77 / (wavelength * temperature_k)))

    return planck(wavelength_um) / planck(2.0)
